# SPDX-License-Identifier: MIT
print("mpid,user_attributes." + "n" * 257)
print("1,x")
