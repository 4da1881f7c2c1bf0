# SPDX-License-Identifier: MIT
# A ledger moves from SQLite to PostgreSQL and back without a loss on the way.
. "$(dirname "$0")/lib/checks.sh"

on_sqlite "a ledger that is copied from it" || finish
with_postgres
receiver_start "$work/api" || exit 1
echo demo-secret >"$work/api-secret"
mkdir "$work/in"
cp "$samples"/*.csv "$work/in/"
echo 'user_identities.email,no such column' >"$work/in/broken-eventless.csv"

# configure [LINE...]: of [dropfeed]
configure() {
	{
		printf '[dropfeed]\nstate_dir = %s/state\nnode = one\n' "$work"
		printf '%s\n' "$@"
		local_feed shop "$work/in"
		printf 'guidelines = off\n'
	} >"$conf"
}
known() { "$dropfeed" --config "$conf" status --format json | jq -S 'del(.nodes)'; }
sql() { "$PG_BIN/psql" -X -q -t -A -c "$1"; }
url=$DROPFEED_TEST_LEDGER

configure
exits 2 "without a ledger there is nothing to copy" ledger copy --to "$url"
said "and it says so" 'there is no ledger yet'
exits 1 "a run with SQLite" run
"$dropfeed" --config "$conf" --quiet abandon 'broken*' 2>/dev/null
before=$(known)
exits 2 "a path in place of an address" ledger copy --to "$work/other.db"
said "is explained" 'not a URL such as postgresql://'
exits 2 "a password in it" ledger copy --to postgresql://me:hidden@127.0.0.1/x
check "is not repeated" absent hidden "$work/err"
exits 2 "into itself" ledger copy --to sqlite
exits 3 "a database that is away" ledger copy --to 'postgresql://127.0.0.1:1/x'
exits 0 "into PostgreSQL" ledger copy --to "$url"
said "what to do next" 'name it as `ledger`'
equal "what is counted was counted once" \
	"$(sql "SELECT coalesce(string_agg(feed || name || value, ' ' ORDER BY feed, name), '')
	FROM tally")" \
	"$(python3 -c 'import sqlite3, sys
ledger = sqlite3.connect(sys.argv[1])
rows = ledger.execute("SELECT * FROM tally ORDER BY feed, name")
print(" ".join(feed + name + str(value) for feed, name, value in rows))' \
	"$work/state/ledger.db")"
equal "and will be" "$(sql "SELECT count(*) FROM pg_trigger WHERE tgenabled <> 'O'")" 0
exits 2 "a second time" ledger copy --to "$url"
said "there are files already" 'into an empty one'

configure "ledger = $url"
equal "the status is the same" "$(known)" "$before"
exits 0 "nothing is to be done there" run
equal "and nothing was sent again" \
	"$(jq -r .source_request_id "$work/api/accepted.ndjson" | sort | uniq -d | wc -l)" 0
printf 'user_identities.email,user_attributes.A\na@example.com,1\n' >"$work/in/new-eventless.csv"
exits 0 "a new file has a new id" run
equal "after the copied ones" \
	"$(sql "SELECT count(*) FROM file WHERE name = 'new-eventless.csv'
	AND id <= (SELECT max(id) FROM file WHERE name <> 'new-eventless.csv')")" 0
exits 0 "a file of before is known in all details" rejects --summary
cp "$work/out" "$work/summary"
after=$(known)

mv "$work/state/ledger.db" "$work/old.db"
rm -f "$work/state"/ledger.db-* "$work/state/ledger.session"
sql \
	"UPDATE file SET holder = 'two/1/1', lease_until = clock_timestamp() + INTERVAL '1 minute' WHERE id = 1"
exits 3 "a host is at work" ledger copy --to sqlite
said "and it says so" 'let their runs end first'
sql "UPDATE file SET holder = NULL, lease_until = 'epoch'"
rm -f "$work/state"/ledger.*
listed=$work/listed-eventless.csv
printf 'user_identities.email,user_attributes.A\na@example.com,3\n' >"$listed"
sql "INSERT INTO file(feed, name, size, mtime, source, sha256, event_type, state, pulled_ms)
	SELECT 'shop', 'listed-eventless.csv', $(stat -c '%s, %Y' "$listed"),
	source, '', 'eventless', 7, 1 FROM file WHERE source IS NOT NULL LIMIT 1"
for command in retry restart resend; do
	exits 0 "$command of a file that is listed only" $command listed-eventless.csv
	said "which a run pulls" 'it is listed, and .dropfeed run. pulls it'
	equal "and is left as it is" "$(sql "SELECT state FROM file WHERE name LIKE 'listed%'")" 7
done
exits 0 "back into the state folder" ledger copy --to sqlite
configure
equal "the status is the same there" "$(known)" "$after"
exits 0 "the reasons of rejects, too" rejects --summary
check "by line" cmp "$work/out" "$work/summary"
exits 0 "nothing is to be done" run
mv "$listed" "$work/in/"
exits 0 "a file that was listed only is pulled" run
equal "and delivered" "$(sqlite3 "$work/state/ledger.db" \
	"SELECT state FROM file WHERE name LIKE 'listed%'")" 4
printf 'user_identities.email,user_attributes.A\na@example.com,2\n' >"$work/in/newer-eventless.csv"
exits 0 "and a new file is delivered" run
equal "nothing was sent twice" \
	"$(jq -r .source_request_id "$work/api/accepted.ndjson" | sort | uniq -d | wc -l)" 0
equal "the integrity of the ledger" \
	"$(sqlite3 "$work/state/ledger.db" 'PRAGMA integrity_check; PRAGMA foreign_key_check')" ok
finish
