#!/usr/bin/env python3
print("mpid," + ",".join("user_attributes.k%d" % i for i in range(49)))
print("1," + ",".join("v%d" % i for i in range(49)))
