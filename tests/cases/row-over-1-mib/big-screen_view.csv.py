# SPDX-License-Identifier: MIT
print("mpid,events.data.timestamp_unixtime_ms,events.data.screen_name")
print("1,1500000000000,a")
print("2,1500000000000," + "x" * (1 << 20))
print('3,1500000000000,"' + "line\n" * (1 << 18) + '"')
print("4,1500000000000,z")
print("x,1500000000000,bad on line 262150")
