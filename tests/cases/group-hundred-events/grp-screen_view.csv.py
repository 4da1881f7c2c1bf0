# SPDX-License-Identifier: MIT
print("mpid,events.data.timestamp_unixtime_ms,events.data.screen_name")
for i in range(103):
    print("1,1500000000000,s%d" % i)
