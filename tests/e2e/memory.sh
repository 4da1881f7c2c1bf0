# SPDX-License-Identifier: MIT
# Memory that does not grow with the rows of a document.
. "$(dirname "$0")/lib/checks.sh"

if ldd "$dropfeed" 2>/dev/null | grep -qE 'lib[at]san'; then
	skip "a sanitizer has memory of its own"
	finish
fi
# peak FILE: KiB that its delivery to nowhere takes
peak() {
	python3 -c 'import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss if done.returncode == 0 else "failed")' \
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
plain=$(peak "$work/plain-screen_view.csv") own=$(peak "$work/own-screen_view.csv")
check "a column source_request_id takes no memory for each row ($own KiB, $plain without)" test "$own" -lt $((plain + 6000))
finish
