# SPDX-License-Identifier: MIT
import sys

CELL = b"x\n" * (1 << 20)

sys.stdout.buffer.write(b'a,b\n1,2\n3,"' + CELL)
