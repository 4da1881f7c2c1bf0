import io, sys, zipfile
out = io.BytesIO()
with zipfile.ZipFile(out, "w") as z:
    z.writestr(zipfile.ZipInfo("a-eventless.csv"), "user_identities.customer_id\nA-1\nA-2\n")
sys.stdout.buffer.write(out.getvalue() + bytes(10240 - len(out.getvalue())))
