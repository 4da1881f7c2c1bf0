# SPDX-License-Identifier: MIT
print("mpid,events.data.timestamp_unixtime_ms,events.data.custom_flags.f")
for i in range(5):
    print("1,1500000000000," + "x" * 50000)
