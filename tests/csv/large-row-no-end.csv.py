# SPDX-License-Identifier: MIT
import sys

ROW = b"x" * (1 << 20)

sys.stdout.buffer.write(b"a\n" + ROW)
