# SPDX-License-Identifier: MIT
import sys
sys.stdout.buffer.write(b"mpid,user_attributes.n\xe4me\n1,x\n")
