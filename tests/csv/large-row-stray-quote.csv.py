# SPDX-License-Identifier: MIT
import sys

# the row ends with its line: a quote within an unquoted cell opens nothing
CELL = b"x" * (3 << 20)

sys.stdout.buffer.write(b'a,b\n' + CELL + b'"y,"1\n1,2\n' + CELL + b',"z"y"\r\n3,4\n')
