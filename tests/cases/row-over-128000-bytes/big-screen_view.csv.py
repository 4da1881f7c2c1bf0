# SPDX-License-Identifier: MIT
print("mpid,events.data.timestamp_unixtime_ms,events.data.custom_flags.f")
print("1,1500000000000," + "x" * 127000)
print("2,1500000000000," + "x" * 128000)
print("3,1500000000000,y")
