# SPDX-License-Identifier: MIT
import sys
out = sys.stdout.buffer
out.write(b"mpid,events.data.timestamp_unixtime_ms,events.data.screen_name\n1,1500000000000,a\0b\n1,1500000000000,ok\n\0,1500000000000,\n1,1500000000000,\"q\0\"\n")
