# SPDX-License-Identifier: MIT
import sys

# each quote is doubled: what counts is the row as it is in the document
PAIRS = (1 << 20) // 2

sys.stdout.buffer.write(
    b'a\n"' + b'""' * (PAIRS - 2) + b'"\n"' + b'""' * (PAIRS - 1) + b'"\nlast\n'
)
