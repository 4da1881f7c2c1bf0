# SPDX-License-Identifier: MIT
import sys
sys.stdout.buffer.write("mpid,user_attributes.a\n1,x\n".encode("utf-16-be"))
