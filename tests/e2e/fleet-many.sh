# SPDX-License-Identifier: MIT
# A ledger in PostgreSQL with very many files: no command holds all of them in memory.
. "$(dirname "$0")/lib/checks.sh"

if ldd "$dropfeed" 2>/dev/null | grep -qE 'lib[at]san'; then
	skip "a sanitizer has memory of its own"
	finish
fi
with_postgres
mkdir "$work/in"
receiver_start "$work/api" || exit 1
{
	printf '[dropfeed]\nstate_dir = %s/A\nnode = A\nledger = %s\n' \
		"$work" "$DROPFEED_TEST_LEDGER"
	local_feed clicks "$work/in"
} >"$work/A.conf"
# peak ARGUMENT...: KiB that a command takes, and its exit code
peak() {
	python3 -c 'import resource, subprocess, sys
with open(sys.argv[1], "w") as out:
    done = subprocess.run(sys.argv[2:], stdout=out, stderr=subprocess.STDOUT)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, done.returncode)' \
		"$work/out" "$dropfeed" --config "$work/A.conf" "$@"
}
equal "an empty one is made" "$(peak run | cut -d" " -f2)" 0
read -r few _ < <(peak status '*none*')
# without the triggers that count: in one transaction each row would wait longer than the one before
"$PG_BIN/psql" -X -q -c "SET session_replication_role = replica;
	INSERT INTO file(feed, name, size, mtime, source, sha256, event_type, state,
		pulled_ms, closed_ms)
	SELECT 'clicks', 'f' || n || '-custom_event.csv', n, n, '$work/in', repeat('a', 64),
		'custom_event', 4, n, n + 1
	FROM generate_series(1, 150000) n" || echo failed >"$work/failed"
check "150,000 files are entered" test ! -e "$work/failed"

read -r many code < <(peak status '*9999-*')
equal "status looks at all of them" "$code $(grep -c '9999-custom_event' "$work/out")" "0 15"
check "in little memory ($many KiB, $few without them)" test "$many" -lt $((few + 12000))
read -r many code < <(peak prune --older-than 1d --dry-run)
equal "prune does as well" "$code" 0
check "in little memory ($many KiB)" test "$many" -lt $((few + 12000))

# ---- a ledger is copied ----
# a counter is not changed once for each file, which takes longer each time
on_sqlite "a ledger that is copied from it" || finish
"$PG_BIN/createdb" other
other() { PGDATABASE=other "$PG_BIN/psql" -X -q -t -A -c "$1"; }
grep -v '^ledger = ' "$work/A.conf" | sed 's,/A$,/B,' >"$work/B.conf"
"$dropfeed" --config "$work/B.conf" run 2>/dev/null
python3 - "$work/B/ledger.db" "$work/in" <<'END'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.executemany("INSERT INTO file(feed, name, size, mtime, source, sha256, event_type, state, pulled_ms, closed_ms)"
               " VALUES('clicks', ?, ?, ?, ?, 'a', 'custom_event', 4, 1, 2)",
               (("f%d-custom_event.csv" % n, n, n, sys.argv[2]) for n in range(500)))
db.commit()
END
check "500 files are copied" "$dropfeed" --config "$work/B.conf" \
	ledger copy --to "postgresql://dropfeed@/other?host=$PGHOST&port=$PGPORT"
equal "all of them" "$(other 'SELECT count(*) FROM file')" 500
equal "and counters with them" \
	"$(other "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'tally'")" 0
finish
