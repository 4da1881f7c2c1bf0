# SPDX-License-Identifier: MIT
import json
print("mpid,events.data.timestamp_unixtime_ms,events.data.custom_attributes")
for n in 100, 101:
    print("1,1500000000000", '"' + json.dumps({f"k{i}": "v" for i in range(n)}).replace('"', '""') + '"', sep=",")
