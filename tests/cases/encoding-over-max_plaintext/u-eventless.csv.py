import sys

# 100 rows of 20 letters each, which are two bytes in UTF-8
rows = "".join("%03d,%s\n" % (n, "é" * 20) for n in range(1, 101))
sys.stdout.buffer.write(("mpid,user_attributes.Name\n" + rows).encode("windows-1252"))
