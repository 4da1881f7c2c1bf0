# SPDX-License-Identifier: MIT
# Memory that does not grow with the rows of a document, and work that grows with its bytes alone.
# What counts is time of the processor, of which a machine under load takes no more.
. "$(dirname "$0")/lib/checks.sh"

if ldd "$dropfeed" 2>/dev/null | grep -qE 'lib[at]san'; then
	skip "a sanitizer has memory of its own"
	finish
fi
# peak FILE: KiB that its delivery to nowhere takes
peak() {
	python3 -c 'import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
      if done.returncode == 0 else "failed")' \
		"$dropfeed" import --set guidelines=off --set group_window=1MiB --sink - "$1"
}

# ---- ids of its own: a million of them ----
python3 - "$work" <<'END'
import sys
for name, own in (("plain", False), ("own", True)):
    with open("%s/%s-screen_view.csv" % (sys.argv[1], name), "w") as f:
        f.write("user_identities.customer_id,events.data.screen_name%s\n" % (",source_request_id" if own else ""))
        f.writelines("C-%d,Home%s\n" % (i, ",request-%d" % i if own else "") for i in range(1000000))
END
# Buffers that are filled once take 5 to 7 MiB more, by the allocator; a table of a million ids
# would take 16 at least.
plain=$(peak "$work/plain-screen_view.csv") own=$(peak "$work/own-screen_view.csv")
check "a column source_request_id takes no memory for each row ($own KiB, $plain without)" test \
	"$own" -lt $((plain + 12000))

# ---- work: a tenth of this is needed ----
within() ( # SECONDS ARGUMENT...
	ulimit -t "$1"
	shift
	"$dropfeed" "$@" >"$work/out" 2>"$work/err" </dev/null
)
python3 - "$work" <<'END'
import json, sys, zipfile
header = "mpid," + ",".join("user_attributes.%d" % i for i in range(9999)) + "\n"
with zipfile.ZipFile(sys.argv[1] + "/many-eventless.zip", "w", zipfile.ZIP_DEFLATED) as z:
    for i in range(60):
        z.writestr("a%d.csv" % i, header)
with open(sys.argv[1] + "/lists-eventless.csv", "w") as f:
    f.write("id,words\n")
    for k in range(4):
        f.write('C-%d,"%s"\n' % (k, ",".join("word-number-%08d" % i for i in range(40000))))
json.dump({"id": "t", "name": "t", "destination_type": "event_batch", "mappings": [
    {"mapping_type": "column", "source": "id", "destination": "user_identities.customer_id"},
    {"mapping_type": "column", "source": "words", "destination": "user_attributes.n",
     "value": '{{ value | split: "," | uniq | size }}'}]}, open(sys.argv[1] + "/uniq.json", "w"))
END
check "sixty headers of ten thousand columns" within 8 validate --set guidelines=off \
	"$work/many-eventless.zip"
check "uniq of forty thousand words" within 8 import --set guidelines=off \
	--manifest "$work/uniq.json" --sink - "$work/lists-eventless.csv"
equal "counts them" "$(jq -r .user_attributes.n "$work/out" | sort | uniq -c | tr -s ' ')" \
	" 4 40000"
finish
