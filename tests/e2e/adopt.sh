# SPDX-License-Identifier: MIT
# A server that removes what was read, and runs that are killed: what came is not lost, and what
# cannot be taken is reported.
. "$(dirname "$0")/lib/checks.sh"

drop=$work/sftp/root
"$root/tests/peers/sshd" start "$work/sftp" --host-keys ed25519 \
	--option \
	"ForceCommand exec $root/tests/peers/quirky-sftp $drop \$(cat $work/quirks)" \
	>"$work/sftp.log" 2>&1 ||
	exit 1
sshds+=("$work/sftp")
# fresh QUIRKS [line...]: one file of three rows, a new state, and a feed with these lines
fresh() {
	echo "$1" >"$work/quirks"
	shift
	rm -rf "$work/state" "$work/batches" "$drop"
	mkdir -p "$drop" "$work/batches"
	{
		printf \
			'[dropfeed]\nstate_dir = %s/state\n[feed odd]\nsource = sftp://%s@127.0.0.1:%s/\n' \
			"$work" "$(id -un)" "$(cat "$work/sftp/port")"
		printf 'known_hosts = %s/sftp/known_hosts\nidentity_file = %s/sftp/id_ed25519\n' \
			"$work" "$work"
		printf \
			'min_age = 0s\nguidelines = off\ngive_up_after = 2s\nsink = file:%s/batches/\n' \
			"$work"
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$conf"
	rows A >"$drop/a-eventless.csv"
	touch -d '2026-01-02 03:04:05' "$drop/a-eventless.csv"
}
rows() {
	echo user_identities.customerid,user_attributes.city
	for n in 1 2 3; do echo "$1-$n,Oslo"; done
}
killed() { # STEP [COMMAND]: a run that is killed there
	(DROPFEED_CRASH_AT=$1 "$BUILD/faults/dropfeed" --config "$conf" \
		"${2:-run}" >"$work/out" 2>"$work/err" </dev/null; exit $?) 2>/dev/null
}
came() { equal "$1" "$(cat "$work"/batches/* 2>/dev/null | wc -l)" "$2"; }
in_spool() { find "$work/state/spool" -type f | wc -l; }

# ---- all of it came, and the ledger has no file yet ----
steps=0 lost=
while read -r step; do
	fresh delete
	killed "$step"
	[ $? -eq 137 ] || lost="$lost $step (not killed);"
	[ ! -e "$drop/a-eventless.csv" ] && steps=$((steps + 1))
	"$dropfeed" --config "$conf" run >"$work/out" 2>"$work/err" </dev/null
	status=$?
	"$dropfeed" --config "$conf" run >>"$work/out" 2>>"$work/err" </dev/null ||
		status="$status, $?"
	got=$(cat "$work"/batches/* 2>/dev/null | wc -l)
	[ "$status $got $(in_spool)" = '0 3 0' ] ||
		lost="$lost $step: exit $status, $got rows, $(in_spool) left in the spool;"
done <<'END'
after note a download
after write a piece of the download
before rename the download
after rename the download
after sync the spool
before give a file its place
after give a file its place
before enter a file
after enter a file
after end a download
END
equal "a kill at each step of a download loses nothing" "$lost" ''
check "at most of them the server had removed the file" test "$steps" -ge 7

fresh delete
killed 'after rename the download'
rows B | sed 's/Oslo/Bergen/' >"$drop/a-eventless.csv"
exits 0 "another file has its name when the next run comes" run
came "both are delivered" 6
# ---- all of it came, but nobody can say that it is whole ----
fresh delete
killed 'before rename the download'
rows B >"$drop/a-eventless.csv"
exits 1 "it was not compared yet, and another file has its name" run
came "only the other one is delivered" 3
said "it is reported, and kept" 'a-eventless.csv: it was read to its end by a run that was killed'
kept=$(sed -n 's/.*It is kept as \([^:]*\): if it.*/\1/p' "$work/err")
check "where it says" cmp "$kept" <(rows A)
exits 0 "once" run
exits 0 "it can be imported" import --feed odd "$kept"
came "then all are delivered" 6

# ---- a part of it came ----
fresh '' 'exclude = b-*'
head -c 3000000 /dev/urandom >"$drop/c-eventless.csv.gz"
touch -d '2026-01-01 03:04:05' "$drop/c-eventless.csv.gz"
killed 'after write a piece of the download'
check "a part of the first file came" test \
	"$(find "$work/state/spool" -name '*.part' -size +0 | wc -l)" -eq 1
part=$(find "$work/state/spool" -name '*.part' -printf '%s')
rm "$drop/c-eventless.csv.gz"
exits 1 "it is gone from the source" run
came "the other one is delivered" 3
said "the part is reported" \
	"c-eventless.csv.gz: went away from the source when $part of its 3000000 bytes had come"
equal "and removed" "$(in_spool)" 0
exits 0 "once" run

# ---- what the spool had lost is downloaded again, and the run is killed: its part is known by
#     its hash ----
fresh delete
sed -i 's/,Oslo/,Oslo,x/; 1s/$/,Note/' "$drop/a-eventless.csv"
touch -d '2026-01-02 03:04:05' "$drop/a-eventless.csv"
cp -p "$drop/a-eventless.csv" "$work/again"
exits 1 "a file is refused" run
echo 'unknown_columns = warn' >>"$conf"
cp -p "$work/again" "$drop/a-eventless.csv"
killed 'before rename the download' retry
check "it was put back, and the server removed it once it was read" test \
	! -e "$drop/a-eventless.csv"
exits 0 "the next retry has all of it" retry
came "it is delivered" 3

# ---- bytes that are gone: a kill leaves all of it open, or nothing ----
fresh '' 'batches_per_second = 1'
sed -i '/^sink/d' "$conf"
printf \
	'endpoint = http://127.0.0.1:9\napi_key = k\napi_secret_file = %s/secret\ngive_up_after = 0s\n' \
	"$work" >>"$conf"
sed -i '0,/^give_up_after/{/^give_up_after/d}' "$conf"
echo s >"$work/secret"
chmod 600 "$work/secret"
exits 3 "nobody takes the rows" run
rm "$drop/a-eventless.csv" "$work/state/spool/odd/"*.drop
killed "after close a file's documents"
exits 0 "killed while it is closed as lost" status --format json
check "it is still open" holds \
	'.files[0].state != "refused" and .files[0].documents[0].state != "refused"' "$work/out"
exits 1 "the next run closes it" run
said "with the count of rows" '3 rows were not delivered \[lost-bytes\]'
finish
