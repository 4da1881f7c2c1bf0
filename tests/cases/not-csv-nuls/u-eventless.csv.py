# SPDX-License-Identifier: MIT
# A file whose blocks were never written.
import sys

sys.stdout.buffer.write(bytes(4096))
