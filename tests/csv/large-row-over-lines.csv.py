# SPDX-License-Identifier: MIT
import sys

LINES = b"x" * 999 + b"\n"

sys.stdout.buffer.write(b'a,b\n"' + LINES * 1000 + b'",1\n"' + LINES * 1100 + b'",2\nlast,3\n')
