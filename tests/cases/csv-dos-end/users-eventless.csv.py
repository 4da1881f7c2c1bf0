# SPDX-License-Identifier: MIT
# The text of a DOS program: its end is marked, and its last block filled up. One within a cell stays.
import sys

sys.stdout.buffer.write(
    b"user_identities.customerid,user_attributes.city\r\nC-1,Bo\x1ann\r\nC-2,Ulm" + b"\x1a" * 41
)
