# SPDX-License-Identifier: MIT
import sys
out = sys.stdout.buffer
out.write(b"mpid,events.data.timestamp_unixtime_ms,events.data.screen_name\n")
for cell in b"latin \xe9", b"ok", b"surrogate \xed\xa0\x80", b"overlong \xc0\xaf", b"beyond \xf4\x90\x80\x80", b"cut \xc3", b'"\xff"':
    out.write(b"1,1500000000000," + cell + b"\n")
