# SPDX-License-Identifier: MIT
import sys

CELL = b'""x,\n' * (3 << 18)

sys.stdout.buffer.write(b'a,b\n"' + CELL + b'",1\r\n1,2\n1,"' + CELL + b'""",""\n3,4\n')
