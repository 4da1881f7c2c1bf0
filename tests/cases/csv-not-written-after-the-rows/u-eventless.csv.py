# SPDX-License-Identifier: MIT
# More than any program fills a block up with.
import sys

sys.stdout.buffer.write(b"mpid,user_attributes.city\n1,Oslo\n" + bytes(3 << 20))
