# SPDX-License-Identifier: MIT
# What a state folder is on, and a ledger that is put beside another one's log.
. "$(dirname "$0")/lib/checks.sh"

# ---- a state folder over the network ----
# Another file system's number is what statfs says: nothing can be mounted here.
cat >"$work/elsewhere.c" <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/vfs.h>
static int other(int rc, long *type) {
	if (rc == 0) *type = strtol(getenv("FILE_SYSTEM"), NULL, 16);
	return rc;
}
int statfs(const char *path, struct statfs *out) {
	int (*real)(const char *, struct statfs *) = dlsym(RTLD_NEXT, "statfs");
	return other(real(path, out), (long *)&out->f_type);
}
int statfs64(const char *path, struct statfs64 *out) {
	int (*real)(const char *, struct statfs64 *) = dlsym(RTLD_NEXT, "statfs64");
	return other(real(path, out), (long *)&out->f_type);
}
END
if [ -n "${SANITIZE:-}" ] || ! ${CC:-cc} -w -shared -fPIC -o "$work/elsewhere.so" \
	"$work/elsewhere.c" -ldl 2>/dev/null; then
	skip "a file system of another kind: no compiler, or a sanitized program"
else
	rm -rf "$work/far"
	mkdir -p "$work/drop"
	printf 'user_identities.customerid\nu1\n' >"$work/drop/a-eventless.csv"
	printf \
		'[dropfeed]\nstate_dir = %s/far/state\n[feed f]\nsource = file://%s/drop\nmin_age = 0s\nsink = file:%s/far.ndjson\n' \
		"$work" "$work" "$work" >"$conf"
	for kind in 6969:NFS ff534d42:CIFS 65735546:FUSE 1021997:9p; do
		export FILE_SYSTEM=${kind%:*} LD_PRELOAD=$work/elsewhere.so
		exits 2 "a state folder on ${kind#*:}: run" run
		said "names it" \
			"state_dir .*far/state is on a file system of the kind ${kind#*:},.* on a local disk"
		exits 2 "a state folder on ${kind#*:}: check" check
		said "names it" "far/state is on a file system of the kind ${kind#*:}"
		unset LD_PRELOAD
	done
	check "nothing was made there" test ! -e "$work/far"
	FILE_SYSTEM=ef53 LD_PRELOAD=$work/elsewhere.so "$dropfeed" --config "$conf" \
		run >"$work/out" 2>"$work/err" </dev/null
	equal "a local one is fine" "$?" 0
fi

# ---- somebody takes the lock file away while a run is under way ----
printf '[dropfeed]\nstate_dir = %s/held\n' "$work" >"$conf"
printf '[feed f]\nsource = file://%s/none\nsink = file:%s/held.ndjson\n' "$work" "$work" >>"$conf"
mkdir -p "$work/none"
mkfifo "$work/a-eventless.csv"
"$dropfeed" --config "$conf" import "$work/a-eventless.csv" >"$work/first" 2>&1 </dev/null &
pid=$!
exec 9>"$work/a-eventless.csv"
wait_for "$work/held/lock"
rm "$work/held/lock"
exits 75 "a run while another one waits, without its lock file" run
said "says who has the folder" "another dropfeed is running.*$work/held"
exits 0 "status" status --format json
[ ! -e /proc/locks ] || equal "shows it" "$(jq .running.pid "$work/out")" "$pid"
printf 'user_identities.customerid\nu1\n' >&9
exec 9>&-
status=0
wait $pid || status=$?
equal "the first one ends well" $status 0
exits 0 "after it there is nothing to do" run

# ---- a state folder that is a link to a disk which is not there ----
ln -s "$work/unmounted" "$work/linked"
sed -i "s|^state_dir.*|state_dir = $work/linked/state|" "$conf"
exits 2 "a state folder below a link to nowhere: check" check
said "what it is" \
	'state_dir: .*/linked is a symbolic link to a place that does not exist: mount or make'
exits 5 "a run" run
said "says it, too" '/linked is a symbolic link to a place that does not exist: mount or make'
on_sqlite "the ledger in the state folder" && {
	exits 5 "nor is it well for a monitor" status --exit-code
	said "who learns why" '/linked is a symbolic link to a place that does not exist'
}
check "nothing was made" test ! -e "$work/unmounted"
mkdir -p "$work/unmounted/state/lock"
exits 2 "a folder in the lock's place: doctor" doctor
said "does not call it free" 'FAILED +lock .*state/lock is not a regular file: move it away'

# ---- an older ledger is put back beside the log of a run that was killed ----
on_sqlite "a log without its ledger" || finish
receiver_start "$work/api" || exit 1
state=$work/state
mkdir -p "$work/in"
printf '[dropfeed]\nstate_dir = %s\n' "$state" >"$conf"
local_feed users "$work/in" >>"$conf"
printf 'user_identities.customerid,user_attributes.plan\nu1,gold\n' >"$work/in/a-eventless.csv"
exits 0 "a run" run
cp "$state/ledger.db" "$work/backup.db"
kill_at() {
	(DROPFEED_CRASH_AT=$1 "$BUILD/faults/dropfeed" --config "$conf" \
		run >"$work/out" 2>"$work/err" </dev/null; exit $?) 2>/dev/null
}
for i in 1 2 3; do
	printf 'user_identities.customerid,user_attributes.plan\nv%s,gold\n' \
		$i >"$work/in/b$i-eventless.csv"
	kill_at 'after request'
	check "a run that is killed leaves a log ($i)" test -s "$state/ledger.db-wal"
	exits 0 "which the next one takes up ($i)" run
done
for step in 'before note the ledger'"'"'s session' 'after note the ledger'"'"'s session'; do
	printf 'user_identities.customerid,user_attributes.plan\n%s,gold\n' \
		"${step%% *}" >"$work/in/d-${step%% *}-eventless.csv"
	kill_at 'after request'
	kill_at "$step"
	exits 0 "killed $step: the log is its own" run
done
printf 'user_identities.customerid,user_attributes.plan\nw,gold\n' >"$work/in/c-eventless.csv"
kill_at 'after request'
cp -p "$work/backup.db" "$state/ledger.db"
exits 2 "an older ledger.db beside that log" run
said "what it is, and what to do" \
	'state/ledger.db is not the ledger that the log beside it belongs to.*Move .*ledger.db-wal'
mv "$state/ledger.db-wal" "$work/" && rm -f "$state/ledger.db-shm"
exits 0 "without the log the older one is continued" run
# ---- a ledger of which pages are damaged ----
if on_sqlite "a damaged file"; then
	python3 - "$work/state/ledger.db" <<-'END'
	import sys
	with open(sys.argv[1], "r+b") as f:
	    size = f.seek(0, 2)
	    f.seek(4096)
	    f.write(b"\xff" * (size - 4096))
	END
	rm -f "$work/state/ledger.db-"*
	exits 5 "status of a damaged ledger" status
	said "says what it is" 'ledger.db is damaged'
	equal "and not that nothing was received" "$(cat "$work/out")" ''
	exits 5 "doctor looks into it, too" doctor
	said "and fails" 'FAILED +ledger .*is damaged'

	# ---- a ledger that is gone ----
	rm "$work/state/ledger.db"
	exits 0 "a run where the ledger is gone" run
	said "warns" \
		'warning: .*ledger.db: the ledger that was here is gone, and a new one is begun'
	exits 0 "the next one" run
	equal "does not" "$(grep -c 'is gone' "$work/err")" 0
fi

finish
