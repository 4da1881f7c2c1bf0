# SPDX-License-Identifier: MIT
import sys

# the first quoted cell is closed on line 786434, where the second one is opened
CELL = b"x\n" * (3 << 18)

sys.stdout.buffer.write(b'a,b\n"' + CELL + b'","""\n' + CELL)
