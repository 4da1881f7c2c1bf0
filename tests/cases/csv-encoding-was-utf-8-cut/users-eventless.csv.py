# SPDX-License-Identifier: MIT
# two bytes of a letter in UTF-8, of which the first is the last byte that is read at once
import sys
READ = 256 << 10
text = b"user_identities.email,user_attributes.a\na@example.com,1\n"
text += b"b@example.com,2\n" * ((READ - len(text)) // 16 - 1)
text += b"c@example.com," + b"x" * (READ - len(text) - 15) + b"\xc3\xa9\n"
assert text[READ - 1] >= 0x80
sys.stdout.buffer.write(text + b"d@example.com,3\n" * 10)
