# SPDX-License-Identifier: MIT
import sys

BLANK = b"\n" * (1 << 20) + b"\r\n" * (1 << 19)

sys.stdout.buffer.write(b"a\n" + BLANK + b"1\n" + BLANK)
