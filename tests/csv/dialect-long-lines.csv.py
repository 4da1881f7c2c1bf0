# SPDX-License-Identifier: MIT
import sys

# comments and preamble lines far longer than what is kept in memory
sys.stdout.buffer.write(
    b"x" * (3 << 20)
    + b"\na,b\n1,2\n#"
    + b"y\"" * (2 << 20)
    + b"\n3,4\n"
    + b"#c\n" * 200000
    + b"5,6\n"
)
