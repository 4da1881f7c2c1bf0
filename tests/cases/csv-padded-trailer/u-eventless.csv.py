# SPDX-License-Identifier: MIT
# Rows, a trailer, and NULs up to the end of a block.
import sys

rows = b"mpid,user_attributes.city\n1,Oslo\n2,Rome\nTRL,2\n"
sys.stdout.buffer.write(rows + bytes(10240 - len(rows)))
