# SPDX-License-Identifier: MIT
# Copies of the ledger while a run writes it, and what a backup that is killed leaves.
. "$(dirname "$0")/lib/checks.sh"

on_sqlite "backup, which copies a file" || finish
receiver_start "$work/api" || exit 1
mkdir "$work/in"
python3 - "$work/in/a-custom_event.csv" <<'END'
import sys
with open(sys.argv[1], "w") as f:
    f.write("user_identities.customer_id,events.data.event_name,events.data.custom_event_type\n")
    f.writelines("C-%d,Clicked,other\n" % i for i in range(6000))
END
{
	printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
	local_feed clicks "$work/in"
	printf 'guidelines = off\nbatches_per_second = 100000\n'
} >"$conf"
query() { sqlite3 -batch -noheader "$1" "$2" 2>&1; }

# ---- while a run is under way ----
for ((i = 0; i < 60; i++)); do echo slow 20; done >"$work/api/script"
"$dropfeed" --config "$conf" --quiet run 2>"$work/run.err" &
run=$!
for ((i = 0; i < 600 && $(lines "$work/api/accepted.ndjson") == 0; i++)); do sleep 0.05; done
kill -STOP "$receiver" # so that the first ones fall into the middle of it
for n in 1 2 3; do exits 0 "backup $n of a run that waits" backup "$work/copy$n.db"; done
kill -CONT "$receiver"
n=3
while kill -0 $run 2>/dev/null; do
	n=$((n + 1))
	"$dropfeed" --config "$conf" backup "$work/copy$n.db" 2>"$work/err" ||
		{ not_ok "backup $n"; cat "$work/err"; }
done
wait $run
equal "the run was not disturbed" "$? $(cat "$work/run.err")" "0 "
equal "all is delivered, once" \
	"$(jq -r .source_request_id "$work/api/accepted.ndjson" | sort | uniq -c | awk '$1 == 1' |
	wc -l)" 6000
bad=0 last=0
for ((i = 1; i <= n; i++)); do
	copy=$work/copy$i.db
	[ "$(query "$copy" 'PRAGMA integrity_check')" = ok ] || bad=$((bad + 1))
	done=$(query "$copy" 'SELECT sum(done) FROM lane')
	# each batch is one row: both are of one instant
	[ "${done:-0}" = "$(query "$copy" 'SELECT delivered FROM document')" ] || bad=$((bad + 1))
	[ "${done:-0}" -ge "$last" ] || bad=$((bad + 1))
	last=${done:-0}
done
equal "each of $n copies is whole, of one instant, and of a later one than that before it" $bad 0
equal "the first ones are of the middle of the run" \
	"$(query "$work/copy1.db" 'SELECT delivered < 6000 AND state = 3 FROM document')" 1
equal "nothing is left beside them" "$(find "$work" -name '*.tmp*' -o -name '*-journal')" ''

# ---- where something else is ----
cp "$conf" "$work/copied.conf"
for file in "$work/copied.conf" "$work/in/a-custom_event.csv"; do
	exits 2 "a backup over another file" backup "$file"
	said "is not written" "is there already, and is not a copy of a ledger"
done
check "the file is as it was" cmp "$conf" "$work/copied.conf"
for name in ledger.db ledger.db-wal ledger.db-shm; do
	exits 2 "a backup in the place of $name" backup "$work/state/$name"
	said "is not written" "$name is the ledger itself: name another file"
done
exits 0 "a backup over an older one" backup "$work/copy2.db"

# ---- put in the place of the ledger ----
rm -rf "$work/state/ledger.db"*
cp "$work/copy1.db" "$work/state/ledger.db"
exits 0 "a run goes on from the copy of the middle" run
exits 0 "status" status --format json
check "and ends as the other did" holds \
	'.files[0].documents[0] | .delivered == 6000 and .balanced' "$work/out"

# ---- killed ----
if [ ! -x "$BUILD/faults/dropfeed" ]; then
	skip "the program that can be killed at each step is not built (make faults)"
	finish
fi
status=0
(DROPFEED_CRASH_AT="before name the backup" "$BUILD/faults/dropfeed" --config "$conf" backup \
	"$work/dead.db" >"$work/out" 2>&1; exit $?) 2>/dev/null || status=$?
equal "a backup is killed" $status 137
equal "it leaves one file" "$(find "$work" -maxdepth 1 -name 'dead.db*' | wc -l)" 1
echo mine >"$work/my.dropfeed-notes.tmp"
exits 0 "the next one, of another name" backup "$work/alive.db"
equal "has removed it" "$(find "$work" -maxdepth 1 -name 'dead.db*')" ''
check "and nothing else" test -e "$work/my.dropfeed-notes.tmp"
finish
