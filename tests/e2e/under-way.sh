# SPDX-License-Identifier: MIT
# What changes between a crash and the next run: settings, manifest, keys, the source, the spool,
# the clock, the program.
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
		printf 'manifest = %s/manifest.json\nenvironment = %s\n' "$work" \
			"${environment:-development}"
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
	# In a shell of its own, which does not report that somebody was killed.
	(DROPFEED_CRASH_AT=$step "$BUILD/faults/dropfeed" --config "$conf" \
		"$@" >"$work/out" 2>"$work/err" </dev/null; exit $?) 2>/dev/null ||
		status=$?
	equal "killed $step" $status 137
}
ids() { batches ids "$accepted" | wc -l; }
sql() { ledger_sql "$state" "$1"; }
seen() { # SIZE MTIME: in the future
	sql "DELETE FROM seen WHERE name = 'z-custom_event.csv'"
	sql \
		"INSERT INTO seen VALUES('clicks', 'z-custom_event.csv', $1, $2, 9999999999999, 9999999999999)"
}

# ---- settings and manifest ----

# others: today's settings and manifest, which are not those that the document was begun with
others() {
	manifest Other
	environment=production settings 'lanes = 5' 'timestamps = auto' "$@"
}
# since N: what the receiver took after its first N requests, batch by batch
since() { tail -n +$(($1 + 1)) "$work/api/accepted.ndjson"; }

afresh 'lanes = 3'
exits 0 "a run that nobody kills" run
all=$(ids)
for step in 'before request' 'after request' "after count a lane's rows"; do
	afresh 'lanes = 3'
	dies "$step" run
	others 'max_rejects = 0' 'encrypted = yes' 'max_plaintext = 1'
	exits 0 "$step, then settings and manifest are others: it goes on with the stored ones" run
	said "and names those that differ" \
		"goes on with the settings of its first batch; today's differ in: environment, timestamps, max_rejects, lanes, manifest"
	equal "under the same ids" "$(ids)" "$all"
	equal "and all of it is in the books" "$(sql 'SELECT rows, delivered FROM document')" \
		"48 48"
done
for step in 'after note a checked document' 'before note that a document is taken' \
	'before update a file'; do
	afresh 'lanes = 3'
	dies "$step" run
	others
	before=$(lines "$accepted")
	exits 0 "$step: nothing may have been taken, so today's settings count" run
	check "and there is nothing to say about it" absent "goes on with the settings" "$work/err"
	equal "in all of it" "$(since "$before" |
		jq -r '.environment, (.user_attributes | keys[])' | sort | uniq -c |
		tr -s ' \n' ' ')" \
		" 12 Other 12 production "
	equal "and they are stored" "$(sql \
		"SELECT count(*) FROM document WHERE settings LIKE '%lanes = 5%'")" 1
	: >"$accepted" # the same rows, in batches of another content
done

# a part went to the API, the rest is to go to a file: of its own, or one for all documents
for sink in own/ all; do
	rm -f "$work/api/script"
	receiver_stop
	receiver_start "$work/api" --port "${endpoint##*:}" || exit 1
	afresh 'lanes = 1' 'batches_per_second = 20' 'give_up_after = 1s'
	printf '202\n401\n401\n' >"$work/api/script"
	exits 4 "a run whose key is refused after a request" run
	settled=$(sql 'SELECT sum(done) FROM lane')
	check "that settled a part" test "$settled" -gt 0 -a "$settled" -lt 12
	sed -i '/^endpoint/d; /^api_/d' "$conf"
	echo "sink = file:$work/sink/$sink" >>"$conf"
	exits 0 "another sink, file:$sink" run
	equal "gets the rest" "$(cat "$work"/sink/$sink* | wc -l)" $((12 - settled))
	exits 0 "once" run
	equal "and no more" "$(cat "$work"/sink/$sink* | wc -l)" $((12 - settled))
done
rm -f "$work/api/script"
receiver_stop
receiver_start "$work/api" --port "${endpoint##*:}" || exit 1
: >"$accepted"

# the sink and the key are never stored
afresh 'lanes = 3'
dies "after count a lane's rows" run
dies "after count a lane's rows" run
sed -i '/^endpoint/d; /^api_/d' "$conf"
echo "sink = file:$work/sink/all" >>"$conf"
exits 0 "another sink than before" run
said "is a warning that counts" \
	'another endpoint, API key or sink than before: the document is split, [0-9]+ of its batches went to the former one and [0-9]+ go to this one, up to [0-9]+ of them to both'
settled=$(grep -o 'split, [0-9]*' "$work/err" | tr -dc 0-9)
equal "the rest is there" "$(lines "$work/sink/all")" $((12 - settled))
equal "and the books balance" "$(sql 'SELECT rows, delivered, state FROM document')" "48 48 4"

afresh 'lanes = 3'
dies 'after request' run
sed 's/\[feed clicks\]/[feed other]/' "$conf" >"$conf.new" && mv "$conf.new" "$conf"
exits 0 "its feed is renamed" run
said "a file that nobody goes on with is reported" \
	'clicks: a-custom_event.csv: not finished.*no such feed'
settings 'lanes = 3'
exits 0 "all is put back" run
equal "and goes on to its end" "$(sql "SELECT rows, delivered FROM document WHERE file_id = 1")" \
	"48 48"
exits 0 "status balances" status
: >"$accepted"

# ids are remembered for 30 days or so
afresh
dies 'after request' run
sql "UPDATE document SET sent_ms = sent_ms - $((26 * 86400000))"
exits 0 "it was stopped 26 days ago" run
said "which is a warning that counts" 'goes on after 26 days.*up to 12 batches may arrive twice'

# other versions
afresh
dies 'after request' run
sql "UPDATE document SET batch_format = 3, version = '7.1'"
before=$(lines "$accepted")
exits 3 "begun under a batch_format that is not known" run
said "who began it, and what to do" \
	'begun by dropfeed 7.1.*batch_format 3.*nothing was sent.*dropfeed restart a-custom_event.csv'
sql "UPDATE file SET name = 'a b-custom_event.csv'"
exits 3 "of a name with a blank" run
said "the command may be pasted" "dropfeed restart 'a b-custom_event.csv'"
sql "UPDATE file SET name = 'a-custom_event.csv'"
sql "UPDATE document SET batch_format = 2, batches = batches + 1"
exits 3 "another number of batches comes out of it" run
said "than was stored" '13 batches of 48 events and 48 rows, not 12 of 48 and 48.*nothing was sent'
equal "nothing was sent" "$(lines "$accepted")" "$before"
sql "UPDATE document SET batches = batches - 1"
exits 0 "with the right one it goes on" run

# ---- the key went away ----

afresh 'encrypted = yes' "gnupg_home = $work/gnupg"
gpg_home "$work/gnupg" && gpg_home "$work/empty" somebody
encrypt "$work/gnupg" dropfeed <"$work/in/a-custom_event.csv" >"$work/in/a-custom_event.csv.gpg"
rm "$work/in/a-custom_event.csv"
dies 'after request' run
settings 'encrypted = yes' "gnupg_home = $work/empty"
exits 3 "a half sent file whose key went away is not refused" run
said "the reason is logged" 'an earlier run could open it'
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
exits 1 "the spool lost it, and the source has other bytes of the same size and time" run
said "it is closed, with the rows that are missing" \
	'a-custom_event.csv: closed as refused: its bytes are gone .*; [1-9][0-9]* rows were not delivered \[lost-bytes\].*retry --from'
equal "the ledger has it" "$(sql "SELECT state, code FROM file")" "5 lost-bytes"
exits 0 "the next run says nothing more of it" --quiet run
equal "nothing is logged" "$(cat "$work/err")" ""
equal "nothing of the other bytes was sent" "$(ids)" "$all"
mkdir "$work/keep"
mv "$work/keep-custom_event.csv" "$work/keep/a-custom_event.csv"
exits 0 "the bytes turn up: retry goes on" retry --from "$work/keep"
equal "where it was, under the same ids" \
	"$(ids) $(sql 'SELECT count(*), sum(delivered) FROM document')" "$all 1 48"

# ---- imports ----

afresh
rm "$work/in/a-custom_event.csv"
clicks "$work/b-custom_event.csv" 44
for step in 'before give a file its place' 'after give a file its place' 'before enter a file' \
	'after enter a file'; do
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
check "a reject file that has its name stays whole while it is made again" cmp "$rejects" \
	"$work/rejects"
exits 1 "the run completes" run
check "and it is the same" cmp "$rejects" "$work/rejects"
equal "there is one" "$(find "$state/rejects" -type f | wc -l)" 1

# ---- the clock ----

now=$(date +%s)
afresh
clicks "$work/in/a-custom_event.csv" 48 $(((now - 40 * 86400) * 1000))
dies 'before request' run
sql "UPDATE document SET begun_ms = begun_ms - $((20 * 86400000))"
sql "UPDATE file SET pulled_ms = pulled_ms + $((4000 * 86400000))"
seen 5 5
before=$(lines "$work/api/requests.ndjson")
exits 0 "begun twenty days ago by the stored clock, with rows that were twenty days old then" run
equal "goes where it went then, and not to historical" \
	"$(tail -n +$((before + 1)) "$work/api/requests.ndjson" | jq -r .path | sort -u)" \
	/v2/bulkevents
settings 'min_age = 1s'
sed -i '/^min_age = 0s/d' "$conf"
clicks "$work/in/z-custom_event.csv" 4
touch -d '2060-01-01' "$work/in/z-custom_event.csv"
size=$(stat -c %s "$work/in/z-custom_event.csv")
seen "$size" 2840140800
exits 0 "a file from the future, first seen in the future" run
equal "is delivered all the same" "$(sql "SELECT sum(delivered) FROM document")" 52
exits 0 "status balances" status

# ---- ledgers of other versions ----

on_sqlite "a file that another version wrote" || finish

sql 'PRAGMA user_version = 99' && sql 'PRAGMA wal_checkpoint(TRUNCATE)' >/dev/null
sha256sum "$state"/ledger.db* >"$work/sums"
clicks "$work/in/y-custom_event.csv" 8
for verb in run status; do
	exits 5 "a newer program's ledger: $verb" $verb
	said "asks for that program" \
		'made by a newer dropfeed \(version 99, this one knows up to [0-9]+\): upgrade'
done
check "and leaves it as it is" sha256sum --quiet -c "$work/sums"

# Another program's database is not taken over, whatever version it has.
for version in 0 1 99; do
	afresh
	mkdir -p "$state"
	rm -f "$state"/ledger.db*
	sqlite3 "$state/ledger.db" \
		"CREATE TABLE file(name TEXT); CREATE TABLE song(x); PRAGMA user_version = $version"
	sha256sum "$state/ledger.db" >"$work/sums"
	clicks "$work/in/y-custom_event.csv" 8
	for verb in run status "backup $work/copy"; do
		# shellcheck disable=SC2086 # a command and its operand
		exits 2 "another program's database, version $version: $verb" $verb
		said "says what it is" 'ledger\.db is the SQLite database of another program'
	done
	check "and leaves it as it is" sha256sum --quiet -c "$work/sums"
	check "without files beside it" test ! -e "$state/ledger.db-wal" -a ! -e "$work/copy"
done

# of the first batches of the sample
ids_of_0_1() {
	python3 -c 'import hashlib, sys, uuid
sha = hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest()
space = uuid.uuid5(uuid.UUID("6f1d0c52-8e3b-4c97-a405-2b71d9663ef8"), "6:clicks %s 0:" % sha)
for i in range(12): print(uuid.uuid5(space, "b%d" % i))' "$work/in/a-custom_event.csv"
}

for version in "$e2e"/data/ledger-*.sql; do
	name=$(basename "$version" .sql)
	afresh 'lanes = 3'
	mkdir -p "$state"
	python3 -c 'import sqlite3, sys
sqlite3.connect(sys.argv[1]).executescript(open(sys.argv[2]).read())' "$state/ledger.db" "$version"
	half=$(sql 'SELECT delivered FROM document')
	check "$name was left in the middle" test "$half" -gt 0 -a "$half" -lt 48
	: >"$accepted"
	exits 0 "a run goes on with it" run
	equal "to the end" "$(sql 'SELECT rows, delivered, state FROM document')" "48 48 4"
	check "under the ids that 0.1 gives" test "$(ids)" -gt 0 -a \
		-z "$(batches ids "$accepted" | grep -vxF -f <(ids_of_0_1))"
	exits 0 "status balances" status
done
finish
