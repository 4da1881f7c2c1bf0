# SPDX-License-Identifier: MIT
import sys

NAMES = ",".join(f"c{i}" for i in range(5000))
ROW = ",".join(f'"{i}"' for i in range(5000))

sys.stdout.buffer.write(f"{NAMES}\n{ROW}\n{ROW},\n".encode())
