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
if [ -n "${SANITIZE:-}" ] || ! ${CC:-cc} -w -shared -fPIC -o "$work/elsewhere.so" "$work/elsewhere.c" -ldl 2>/dev/null; then
	skip "a file system of another kind: no compiler, or a sanitized program"
else
	rm -rf "$work/far"
	mkdir -p "$work/drop"
	printf 'user_identities.customerid\nu1\n' >"$work/drop/a-eventless.csv"
	printf '[dropfeed]\nstate_dir = %s/far/state\n[feed f]\nsource = file://%s/drop\nmin_age = 0s\nsink = file:%s/far.ndjson\n' \
		"$work" "$work" "$work" >"$conf"
	for kind in 6969:NFS ff534d42:CIFS 65735546:FUSE 1021997:9p; do
		export FILE_SYSTEM=${kind%:*} LD_PRELOAD=$work/elsewhere.so
		exits 2 "a state folder on ${kind#*:}: run" run
		said "names it" "state_dir .*far/state is on a file system of the kind ${kind#*:},.* on a local disk"
		exits 2 "a state folder on ${kind#*:}: check" check
		said "names it" "far/state is on a file system of the kind ${kind#*:}"
		unset LD_PRELOAD
	done
	check "nothing was made there" test ! -e "$work/far"
	FILE_SYSTEM=ef53 LD_PRELOAD=$work/elsewhere.so "$dropfeed" --config "$conf" run >"$work/out" 2>"$work/err" </dev/null
	equal "a local one is fine" "$?" 0
fi
finish
