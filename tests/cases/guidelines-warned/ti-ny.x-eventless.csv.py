# SPDX-License-Identifier: MIT
print("mpid", *["user_attributes.k%d" % i for i in range(49)], sep=",")
print("1", *["x" for i in range(49)], sep=",")
print("2", "x" * 4000, *["x" * 1600 for i in range(48)], sep=",")
