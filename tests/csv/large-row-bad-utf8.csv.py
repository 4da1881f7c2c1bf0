# SPDX-License-Identifier: MIT
import sys

CELL = b"x" * ((1 << 20) - 3)

sys.stdout.buffer.write(b"a\n\xff" + CELL + b"\n" + CELL + b"\xe2\n" + b"\xff" + CELL + b"xx\n")
