# SPDX-License-Identifier: MIT
# What changes between a crash and the next run: settings, manifest, keys, the source, the spool, the clock, the program.
. "$(dirname "$0")/lib/checks.sh"

receiver_start "$work/api" || exit 1
accepted=$work/api/accepted.ndjson
state=$work/state

# clicks FILE ROWS [FIRST-MS]: four rows a user
clicks() {
	python3 - "$@" <<'END'
import os, sys
first = int(sys.argv[3]) if len(sys.argv) > 3 else 1768206600000
with open(sys.argv[1], "w") as f:
    f.write("Customer,Visit,When,What,Kind\n")
    for i in range(int(sys.argv[2])):
        f.write("C-%d,%d,%d,Clicked,other\n" % (i // 4, i // 4, first + i * 1000))
os.utime(sys.argv[1], (1768206600, 1768206600))
END
}

manifest() {
	sed "s/NAME/$1/" >"$work/manifest.json" <<'END'
{"hasHeaderRow": true, "columns": [
	{"column": "Customer", "action": "keep", "field": "user_identities.customer_id"},
	{"column": "Visit", "action": "keep", "field": "user_attributes.NAME"},
	{"column": "When", "action": "keep", "field": "events.data.timestamp_unixtime_ms"},
	{"column": "What", "action": "keep", "field": "events.data.event_name"},
	{"column": "Kind", "action": "keep", "field": "events.data.custom_event_type"}]}
END
}

# settings [LINE...]: the feed, with these lines besides
settings() {
	{
		printf '[dropfeed]\nstate_dir = %s\njobs = 1\n' "$state"
		local_feed clicks "$work/in"
		printf 'manifest = %s/manifest.json\nenvironment = %s\n' "$work" "${environment:-development}"
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$conf"
}

# afresh [LINE...]: nothing was ever run, one file waits
afresh() {
	rm -rf "$state" "$work/in" "$work/sink"
	mkdir -p "$work/in" "$work/sink"
	manifest Visit
	settings "$@"
	clicks "$work/in/a-custom_event.csv" 48
}

# dies STEP ARGUMENT...: the program is killed there
dies() {
	local step=$1 status=0
	shift
	# In a shell of its own, which is not to tell that somebody was killed.
	(DROPFEED_CRASH_AT=$step "$BUILD/faults/dropfeed" --config "$conf" "$@" >"$work/out" 2>"$work/err" </dev/null; exit $?) 2>/dev/null ||
		status=$?
	equal "killed $step" $status 137
}
ids() { batches ids "$accepted" | wc -l; }
sql() { python3 -c 'import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as db:
    for row in db.execute(sys.argv[2]): print(*row)' "$state/ledger.db" "$1"; }

# ---- settings and manifest ----

afresh 'lanes = 3'
exits 0 "a run that nobody kills" run
all=$(ids)
for step in 'after note a checked document' 'after request' "after count a lane's rows" 'before update a file'; do
	afresh 'lanes = 3'
	dies "$step" run
	manifest Other
	environment=production settings 'lanes = 5' 'timestamps = auto' "sink = file:$work/sink/all" 'max_rejects = 0' \
		'encrypted = yes' 'max_plaintext = 1'
	[ "$step" = 'before update a file' ] || exits 0 "then settings and manifest are others: it goes on with the stored ones" run
	equal "under the same ids" "$(ids)" "$all"
	check "and nothing goes where new documents go" test ! -e "$work/sink/all"
done
afresh 'lanes = 3'
dies 'after request' run
sed -i '/^endpoint/d; /^api_/d' "$conf"
echo "sink = file:$work/sink/all" >>"$conf"
exits 2 "without an endpoint it cannot go on there" run
said "and says what to do" 'begun with sink = events-api.*set endpoint'
sed 's/\[feed clicks\]/[feed other]/' "$conf" >"$conf.new" && mv "$conf.new" "$conf"
exits 0 "its feed is renamed" run
said "a file that nobody goes on with is told of" 'clicks: a-custom_event.csv: not finished.*no such feed'
rm -f "$work/sink/all"
settings
exits 0 "all is put back" run
equal "and goes on under the same ids" "$(ids)" "$all"
exits 0 "status balances" status

# ---- the key went away ----

afresh 'encrypted = yes' "gnupg_home = $work/gnupg"
gpg_home "$work/gnupg" && gpg_home "$work/empty" somebody
encrypt "$work/gnupg" dropfeed <"$work/in/a-custom_event.csv" >"$work/in/a-custom_event.csv.gpg"
rm "$work/in/a-custom_event.csv"
dies 'after request' run
settings 'encrypted = yes' "gnupg_home = $work/empty"
exits 3 "a half sent file whose key went away is not refused" run
said "the reason is told" 'an earlier run could open it'
settings 'encrypted = yes' "gnupg_home = $work/gnupg"
exits 0 "with the key it goes on" run
equal "and all of it is in the books" "$(sql 'SELECT rows, delivered FROM document')" "48 48"

# ---- the source ----

afresh
exits 0 "a run that nobody kills" run
all=$(ids)
afresh
dies 'after request' run
rm "$work/in/a-custom_event.csv"
exits 0 "the source's file is gone: the spool has it" run
equal "nothing is missing, nothing new" "$(ids)" "$all"

afresh
dies 'after request' run
clicks "$work/in/a-custom_event.csv" 52
exits 0 "the source's file was replaced by a longer one: both are delivered" run
equal "each under ids of its own" "$(sql 'SELECT count(*), sum(delivered) FROM document')" "2 100"
all=$(ids)

spool() { find "$state/spool" -name '*.drop'; }
afresh
dies 'after request' run
rm "$(spool)"
exits 0 "the spool lost the file: it is pulled again" run
afresh
dies 'after request' run
printf 'X' | dd of="$(spool)" bs=1 seek=40 conv=notrunc 2>/dev/null
exits 0 "the spool's copy is damaged: it is pulled again" run
equal "under the same ids" "$(ids)" "$all"

afresh
dies 'after request' run
rm "$(spool)"
cp -p "$work/in/a-custom_event.csv" "$work/keep-custom_event.csv"
sed -i 's/C-3/C-X/' "$work/in/a-custom_event.csv"
touch -d @1768206600 "$work/in/a-custom_event.csv"
exits 3 "the spool lost it, and the source has other bytes of the same size and time" run
said "what to do is told" 'a-custom_event.csv is not finished, and its bytes are neither in the spool nor on the source any more: put the file back'
exits 3 "they are not taken by the next run either" run
equal "nothing of them was sent" "$(ids)" "$all"
"$dropfeed" --config "$conf" import --name a-custom_event.csv - <"$work/keep-custom_event.csv" >"$work/out" 2>"$work/err"
equal "the file, imported, goes on" "$?" 0
equal "where it was, under the same ids" "$(ids) $(sql 'SELECT count(*), sum(delivered) FROM document')" "$all 1 48"

# ---- imports ----

afresh
rm "$work/in/a-custom_event.csv"
clicks "$work/b-custom_event.csv" 44
for step in 'before give a file its place' 'after give a file its place' 'before enter a file' 'after enter a file'; do
	dies "$step" import "$work/b-custom_event.csv"
done
dies 'after request' import "$work/b-custom_event.csv"
touch "$work/b-custom_event.csv"
exits 0 "an import that was killed, again, with another time" import "$work/b-custom_event.csv"
equal "goes on where it was" "$(sql 'SELECT count(*), sum(delivered) FROM document')" "1 44"
exits 0 "the next run has nothing to do" run
cp "$work/b-custom_event.csv" "$work/c-custom_event.csv"
rm -rf "$state"
exits 0 "two copies in one import" import "$work/b-custom_event.csv" "$work/c-custom_event.csv"
equal "are delivered once" "$(sql 'SELECT count(*), sum(delivered) FROM document')" "1 44"

# ---- the reject file ----

afresh
sed -i '5,9s/,1768/,x1768/' "$work/in/a-custom_event.csv"
dies 'after name the reject file' run
rejects=$state/rejects/clicks/a-custom_event.csv
cp "$rejects" "$work/rejects"
dies 'after open the reject file' run
check "a reject file that has its name stays whole while it is made again" cmp "$rejects" "$work/rejects"
exits 1 "the run completes" run
check "and it is the same" cmp "$rejects" "$work/rejects"
equal "there is one" "$(find "$state/rejects" -type f | wc -l)" 1

# ---- the clock ----

now=$(date +%s)
afresh
clicks "$work/in/a-custom_event.csv" 48 $(((now - 40 * 86400) * 1000))
dies 'after note a checked document' run
sql "UPDATE document SET begun_ms = begun_ms - 20 * 86400000"
sql "UPDATE file SET pulled_ms = pulled_ms + 4000 * 86400000"
sql "INSERT OR REPLACE INTO seen VALUES('clicks', 'z-custom_event.csv', 5, 5, 9999999999999, 9999999999999)"
before=$(lines "$work/api/requests.ndjson")
exits 0 "begun twenty days ago by the stored clock, with rows that were twenty days old then" run
equal "goes where it went then, and not to historical" \
	"$(tail -n +$((before + 1)) "$work/api/requests.ndjson" | jq -r .path | sort -u)" /v2/bulkevents
settings 'min_age = 1s'
sed -i '/^min_age = 0s/d' "$conf"
clicks "$work/in/z-custom_event.csv" 4
touch -d '2060-01-01' "$work/in/z-custom_event.csv"
size=$(stat -c %s "$work/in/z-custom_event.csv")
sql "INSERT OR REPLACE INTO seen VALUES('clicks', 'z-custom_event.csv', $size, 2840140800, 9999999999999, 9999999999999)"
exits 0 "a file from the future, first seen in the future" run
equal "is delivered all the same" "$(sql "SELECT sum(delivered) FROM document")" 52
exits 0 "status balances" status

# ---- ledgers of other versions ----

sql 'PRAGMA user_version = 99' && sql 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
sha256sum "$state"/ledger.db* >"$work/sums"
clicks "$work/in/y-custom_event.csv" 8
for verb in run status; do
	exits 5 "a newer program's ledger: $verb" $verb
	said "asks for that program" 'made by a newer dropfeed \(version 99, this one knows up to [0-9]+\): upgrade'
done
check "and leaves it as it is" sha256sum --quiet -c "$work/sums"

for version in "$e2e"/data/ledger-*.sql; do
	name=$(basename "$version" .sql)
	afresh 'lanes = 3'
	mkdir -p "$state"
	python3 -c 'import sqlite3, sys
sqlite3.connect(sys.argv[1]).executescript(open(sys.argv[2]).read())' "$state/ledger.db" "$version"
	half=$(sql 'SELECT delivered FROM document')
	check "$name was left in the middle" test "$half" -gt 0 -a "$half" -lt 48
	before=$(ids)
	exits 0 "a run goes on with it" run
	equal "to the end" "$(sql 'SELECT rows, delivered, state FROM document')" "48 48 4"
	equal "under the same ids" "$(ids)" "$before"
	exits 0 "status balances" status
done
finish
