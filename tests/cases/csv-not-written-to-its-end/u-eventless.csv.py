# SPDX-License-Identifier: MIT
# A copy under way: the length is the whole file's, and NULs are where nothing has come yet.
import sys

rows = b"mpid,user_attributes.city\n1,Oslo\n2,Rome\n3,Be"
sys.stdout.buffer.write(rows + bytes(4096 - len(rows)))
