# SPDX-License-Identifier: MIT
import io, sys, zipfile
made = io.BytesIO()
with zipfile.ZipFile(made, "w") as z:
    for name, text in [("a.csv", "mpid\n1\n"), ("b.csv", "mpid\n2\n")]:
        z.writestr(zipfile.ZipInfo(name), text)
sys.stdout.buffer.write(made.getvalue())
