# SPDX-License-Identifier: MIT
import io, sys, zipfile
made = io.BytesIO()
with zipfile.ZipFile(made, "w") as z:
    z.writestr(zipfile.ZipInfo("a.csv"), "mpid\n1\n")
data = bytearray(made.getvalue())
data[6] |= 1  # "encrypted" among the flags of the entry, and of the directory
data[data.index(b"PK\1\2") + 8] |= 1
sys.stdout.buffer.write(data)
