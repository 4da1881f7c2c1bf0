# SPDX-License-Identifier: MIT
import sys

NAME = b"n" * (1 << 20)

sys.stdout.buffer.write(NAME + b",b\n1,2\n")
