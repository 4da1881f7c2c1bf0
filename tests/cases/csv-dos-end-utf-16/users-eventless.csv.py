# SPDX-License-Identifier: MIT
# A line of its own for the mark, in UTF-16: without it there is no line.
import sys

text = "user_identities.customerid,user_attributes.city\r\nC-1,Bonn\r\n\x1a"
sys.stdout.buffer.write(text.encode("utf-16"))
