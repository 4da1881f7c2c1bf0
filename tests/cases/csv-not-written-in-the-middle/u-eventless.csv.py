# SPDX-License-Identifier: MIT
# A block that a disk has lost, which begins where a line does.
import sys

sys.stdout.buffer.write(b"mpid,user_attributes.city\n1,Oslo\n" + bytes(4096) + b"2,Rome\n3,Bern\n")
