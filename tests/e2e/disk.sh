# SPDX-License-Identifier: MIT
# Disks that are full or may not be written, at every place: one clear line, the right exit, and the
# next run completes.
#
# Full disks are a limit on the size of files (everywhere), and a small file system (where this user
# may mount one: as root, or in a namespace of its own). As root modes don't bite; a mount that is
# read-only does.
if [ -z "${DROPFEED_MOUNTS:-}" ] && unshare -rm mount -t tmpfs none /mnt 2>/dev/null; then
	DROPFEED_MOUNTS=yes exec unshare -rm bash "$0"
fi
. "$(dirname "$0")/lib/checks.sh"

receiver_start "$work/api" || exit 1
accepted=$work/api/accepted.ndjson
state=$work/state
mkdir -p "$work/in"
ids() { batches ids "$accepted" | wc -l; }

# clicks ROWS [GOOD]: rows that compress well, of which one in GOOD is not rejected
clicks() {
	python3 -c 'import sys
print("environment,user_identities.customer_id,user_attributes.Note,"
      "events.data.timestamp_unixtime_ms,events.data.event_name,events.data.custom_event_type")
for i in range(int(sys.argv[1])):
    when = 1768206600000 + i if i % int(sys.argv[2]) == 0 else "soon"
    print("development,C-%d,%s,%s,Clicked,other" % (i // 40, "x" * 300, when))' "$1" "${2:-1}"
}

settings() {
	{
		printf '[dropfeed]\nstate_dir = %s\njobs = 1\n' "$state"
		local_feed clicks "$work/in"
		printf 'batches_per_second = 100000\n'
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$conf"
}

# one_line: the last run said what is wrong once, not once more for each step on the way out
one_line() { equal "in one line" "$(grep -c 'make room\|ulimit' "$work/err")" 1; }

# limited KIB CODE WHAT: a run that may write no file larger than that
limited() {
	local program=$dropfeed
	printf '#!/usr/bin/env bash\nulimit -f %d\nexec "%s" "$@"\n' "$1" \
		"$program" >"$work/limited"
	chmod +x "$work/limited"
	dropfeed=$work/limited
	shift
	exits "$@" run
	dropfeed=$program
}

# ---- a limit on the size of files: what is unpacked, what is pulled, the reject file, the
#     ledger ----

afresh() {
	rm -rf "$state" "$work/in"
	mkdir -p "$work/in"
	settings
}
gpg_home "$work/gnupg"
clicks 2000 | gzip -9 >"$work/a.gz"
for form in gz zip gpg; do
	afresh
	case $form in
	gz) cp "$work/a.gz" "$work/in/a-custom_event.csv.gz" ;;
	zip) (clicks 2000 >"$work/a-custom_event.csv" && cd "$work" &&
		zip -q "$work/in/a.zip" a-custom_event.csv) ;;
	gpg)
		settings 'encrypted = yes' "gnupg_home = $work/gnupg"
		clicks 2000 | encrypt "$work/gnupg" dropfeed >"$work/in/a-custom_event.csv.gpg"
		;;
	esac
	before=$(lines "$work/api/requests.ndjson")
	limited 400 3 "no room to unpack ($form)"
	said "says so" 'a.*File too large.*ulimit'
	one_line
	equal "nothing was sent" "$(lines "$work/api/requests.ndjson")" "$before"
	exits 0 "with room it is delivered ($form)" run
done
afresh
clicks 2000 >"$work/in/a-custom_event.csv"
limited 400 3 "no room for the download"
said "says so" 'a-custom_event.csv.*part: cannot write: File too large.*ulimit'
one_line
exits 0 "with room the download goes on" run
all=$(ids)

afresh
clicks 900 400 >"$work/in/a-custom_event.csv"
limited 400 3 "no room for the reject file"
said "says so" 'rejects/clicks.*File too large.*ulimit'
one_line
check "no half reject file is left" test -z "$(find "$state/rejects" -type f)"
exits 1 "with room it is written" run
equal "whole" "$(wc -l <"$state/rejects/clicks/a-custom_event.csv")" 898
check "and status balances" "$dropfeed" --config "$conf" status

sizes="4 8 16 24 32 48 64"
on_sqlite "a ledger that may not grow" || sizes=
for kib in $sizes; do
	afresh
	echo 'environment,user_identities.customer_id' >"$work/in/b-eventless.csv"
	limited $kib 3 "a ledger that may not grow beyond $kib KiB"
	said "says so" "ledger .*(ulimit|SQLite)|part: cannot write: .*ulimit"
	exits 0 "and is whole afterwards" run
done

# ---- the ledger may not be written ----

afresh
if on_sqlite "a folder in the ledger's place"; then
	mkdir -p "$state/ledger.db"
	exits 5 "a folder in the ledger's place" run
	said "is reported" 'cannot open the ledger .*/state/ledger.db: Is a directory'
fi
afresh
: >"$state"
exits 5 "a file in the state_dir's place" run
said "is reported" 'cannot make the folder .*/state/spool: Not a directory'
rm -f "$state"

# ---- a small file system ----

small=$work/small
mkdir -p "$small"
if [ -z "${DROPFEED_MOUNTS:-}" ] || ! mount -t tmpfs -o size=1m,mode=700 none \
	"$small" 2>/dev/null; then
	skip "this user may not mount anything"
	finish
fi
state=$small/state
afresh
clicks 400 7 >"$work/in/a-custom_event.csv"
clicks 60 >"$work/in/b-custom_event.csv"
exits 1 "a run with room" run
all=$(ids)
whole=$(cat "$state"/rejects/clicks/* | sha256sum)

# crowded HOW-MUCH: a first run with so little room, then one with room
crowded() {
	local before status=0 again=0 sent books rejects
	before=$(wc -l <"$accepted")
	"$dropfeed" --config "$conf" run >"$work/out" 2>"$work/err" </dev/null || status=$?
	sent=$(($(wc -l <"$accepted") - before))
	rm -rf "$small/filler"
	"$dropfeed" --config "$conf" run >"$work/out2" 2>"$work/err2" </dev/null || again=$?
	books=$("$dropfeed" --config "$conf" status --format json |
		jq \
		-c '[.files[].documents[] | .rows, .delivered, .rejected, .balanced]' 2>/dev/null)
	rejects=$(cat "$state"/rejects/clicks/* | sha256sum)
	if { [ $status -eq 3 ] && grep -qE 'make room|disk of the ledger' "$work/err" ||
		[ $status -eq 1 ]; } && [ $again -le 1 ] &&
		[ "$(ids)" = "$all" ] && [ "$rejects" = "$whole" ] &&
		[ -z "$(find "$state/spool" -type f)" ]; then
		ok "$1 free: exit $status, $sent batches sent; then exit $again, all of it"
	else
		not_ok "$1 free: exit $status, then $again, $(ids) of $all ids, $books"
		sed "s|$work/||g; s/^/#   /" "$work/err" "$work/err2" | head -n 20
	fi
}
# shellcheck disable=SC2154 # of checks.sh
for ((kib = 0; kib <= 640; kib += 16 * every)); do
	rm -rf "$state"
	dd if=/dev/zero of="$small/filler" bs=1k count=$((1024 - kib)) 2>/dev/null
	crowded "$kib KiB"
done
rm -rf "$state"
mount -o remount,nr_inodes=24 "$small"
for n in 0 1 2 3 4 5 6 7 8 10 12; do
	rm -rf "$state"
	mkdir "$small/filler"
	i=0
	while touch "$small/filler/$i" 2>/dev/null; do i=$((i + 1)); done
	for ((; i > 0 && n > 0; n--)); do rm "$small/filler/$((--i))"; done
	crowded "room for $(df --output=iavail "$small" | tail -n 1 | tr -d ' ') files is"
done
mount -o remount,nr_inodes=1000 "$small"

# ---- read-only ----

rm -rf "$state"
exits 1 "a run" run
mount -o remount,ro "$small"
exits 5 "then the file system is read-only" run
said "is reported, with what to do" \
	'cannot open the lock file .*: Read-only file system: mount it for writing'
exits 2 "doctor sees it" doctor
said "and does not take it for another user's" 'lock .*lock: Read-only file system: mount it'
check "at all" absent "another user's" "$work/out"
mount -o remount,rw "$small"
exits 0 "and back" run
cd / && umount "$small"
finish
