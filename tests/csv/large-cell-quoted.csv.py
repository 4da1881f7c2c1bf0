# SPDX-License-Identifier: MIT
import sys

CELL = b"x" * (1 << 20)

sys.stdout.buffer.write(b"a,b\n1,\"" + CELL[:-5] + b"\"\n1,\"" + CELL[:-4] + b"\"\nlast,1\n")
