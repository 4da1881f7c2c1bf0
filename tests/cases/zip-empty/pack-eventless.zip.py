# SPDX-License-Identifier: MIT
import io, sys, zipfile
made = io.BytesIO()
with zipfile.ZipFile(made, "w") as z:
    for name, text in []:
        z.writestr(zipfile.ZipInfo(name), text)
sys.stdout.buffer.write(made.getvalue())
