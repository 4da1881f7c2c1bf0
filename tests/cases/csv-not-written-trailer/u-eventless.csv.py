# SPDX-License-Identifier: MIT
# A copy under way, of a file whose last line is a trailer.
import sys

rows = b"mpid,user_attributes.city\n1,Oslo\n2,Rome\n3,Be"
sys.stdout.buffer.write(rows + bytes(4096 - len(rows)))
