# SPDX-License-Identifier: MIT
import sys

ROW = b"," * ((1 << 20) - 1)

sys.stdout.buffer.write(ROW + b"\n" + ROW + b",\n" + ROW)
