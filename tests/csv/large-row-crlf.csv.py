# SPDX-License-Identifier: MIT
import sys

ROW = b"x," * (1 << 19)

sys.stdout.buffer.write(b"a\r\n" + ROW[:-2] + b"\r\n" + ROW[:-1] + b"\r\n" + b"last\r\n")
