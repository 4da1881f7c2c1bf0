# SPDX-License-Identifier: MIT
import sys

CELL = b"x" * (1 << 20)

sys.stdout.buffer.write(b"a\n" + CELL[:-1] + b"\n" + CELL + b"\nlast\n")
