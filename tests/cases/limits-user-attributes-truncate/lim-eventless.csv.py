# SPDX-License-Identifier: MIT
import sys
sys.stdout.reconfigure(encoding="utf-8")
keys = ["user_attributes.k" + str(i) for i in range(101)]
print("mpid", *keys, sep=",")
print("1", *["v"] * 101, sep=",")
print("2", *["v"] * 100, "", sep=",")
