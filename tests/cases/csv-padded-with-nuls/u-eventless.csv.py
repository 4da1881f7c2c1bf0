# SPDX-License-Identifier: MIT
# A tape's last block: whole rows, and NULs up to its end.
import sys

rows = b"mpid,user_attributes.city\n1,Oslo\n2,Rome\n"
sys.stdout.buffer.write(rows + bytes(10240 - len(rows)))
