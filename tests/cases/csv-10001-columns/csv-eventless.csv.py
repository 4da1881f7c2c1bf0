# SPDX-License-Identifier: MIT
NAMES = ["mpid"] + [f"user_attributes.a{i}" for i in range(10000)]
print(",".join(NAMES), ",".join("1" for _ in NAMES), sep="\n")
