# SPDX-License-Identifier: MIT
import sys
sys.stdout.reconfigure(encoding="utf-8")
keys = ["events.data.custom_attributes.k" + str(i) for i in range(101)]
print("mpid,events.data.timestamp_unixtime_ms", *keys, sep=",")
print("1,1500000000000", *["v"] * 101, sep=",")
print("2,1500000000000", *["v"] * 100, "", sep=",")
