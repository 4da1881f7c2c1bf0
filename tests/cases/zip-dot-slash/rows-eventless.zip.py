# Names as some programs write them: "./a.csv" is at the top, "./sub/c.csv" is not.
import io, sys, zipfile
out = io.BytesIO()
with zipfile.ZipFile(out, "w") as z:
    for name, user in (("./a-eventless.csv", "A"), (".//b-eventless.csv", "B"), ("./sub/c-eventless.csv", "C")):
        z.writestr(zipfile.ZipInfo(name), "user_identities.customer_id\n%s-1\n" % user)
sys.stdout.buffer.write(out.getvalue())
