# SPDX-License-Identifier: MIT
# Once more: what was refused, and what the API rejected, is delivered after the cause was repaired,
# under the same ids.
. "$(dirname "$0")/lib/checks.sh"

sshd_start "$work/sftp" || exit 1
receiver_start "$work/api" || exit 1
gpg_home "$work/gpg" dropfeed || exit 1
gpg_home "$work/gpg2" late || exit 1
drop=$work/sftp/root/in
accepted=$work/api/accepted.ndjson
requests=$work/api/requests.ndjson
mkdir -p "$drop"

# clicks FILE ROWS PREFIX: each tenth row's event is called Planned, which the API will not take at
# first; row 7 is wrong in itself
clicks() {
	python3 - "$@" <<'PY'
import sys
with open(sys.argv[1], "w") as f:
    f.write("environment,user_identities.customer_id,events.data.timestamp_unixtime_ms,events.data.event_name,"
            "events.data.custom_event_type\n")
    for i in range(1, int(sys.argv[2]) + 1):
        f.write("development,%s-%d,%s,%s,other\n" % (sys.argv[3], i, "soon" if i == 7 else 1768206600000 + i,
                                                      "Planned" if i % 10 == 0 else "Clicked"))
PY
}
new_state() { # NAME [feed line...]
	{
		printf '[dropfeed]\nstate_dir = %s/%s\n' "$work" "$1"
		sftp_feed clicks in "$work/sftp"
		shift
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$conf"
}
# sums ROWS DELIVERED REJECTED: of all documents that are done
sums() {
	exits 0 "status" status --format json
	equal "the sums: $*" "$(jq -r '[.files[].documents[] | select(.state == "done")] |
		"\(map(.rows) | add) \(map(.delivered) | add) \(map(.rejected) | add)"' \
		"$work/out")" "$*"
	check "they balance" holds '[.files[].documents[]] | all(.balanced)' "$work/out"
}

# ---- rows that the API rejected, beside rows that are wrong in themselves ----
clicks "$drop/clicks-custom_event.csv" 50 A
echo 'reject-name Planned' >"$work/api/rules"
new_state s1 'receipts = receipts' 'after_done = move:done' 'lanes = 3'
exits 1 "a run whose plan does not know an event" run
sums 50 44 6
rejects=$work/s1/rejects/clicks/clicks-custom_event.csv
equal "six rows are in the reject file" "$(lines "$rejects")" 7
exits 1 "retry, nothing repaired" retry
sums 50 44 6
equal "the reject file is where it was, as it was" \
	"$(lines "$rejects") $(find "$work/s1/rejects" -type f | wc -l)" "7 1"
jq -r '.ids[]' "$requests" | sort -u >"$work/ids-before"
: >"$work/api/rules"
cp "$rejects" "$work/before.csv"
ends=$(jq -c '.documents[0] | [.first_batch, .last_batch]' \
	"$drop/receipts/clicks-custom_event.csv.receipt.json")
check "the receipt says why" holds \
	'.documents[0] | .rejected_by == {"api-rejected": 5, "not-an-integer": 1} and (.first_batch | length) == 36' \
	"$drop/receipts/clicks-custom_event.csv.receipt.json"
exits 1 "retry, repaired" retry clicks-custom_event.csv
said "says what it does" 'once more'
cp "$work/err" "$work/err-of-retry"
check "the receipt names the same batches as before" test "$ends" = \
	"$(jq -c '.documents[0] | [.first_batch, .last_batch]' \
	"$drop/receipts/clicks-custom_event.csv.receipt.json")"
equal "the five rows arrived" "$(batches events "$accepted")" 49
equal "each of them once" "$(lines "$accepted")" 49
jq -r '.ids[]' "$requests" | sort -u >"$work/ids-after"
check "under the ids that the API had seen" cmp "$work/ids-before" "$work/ids-after"
sums 50 49 1
equal "the reject file holds what is wrong in itself" \
	"$(lines "$rejects") $(grep -c not-an-integer "$rejects")" "2 1"
check "so does its copy on the source" cmp "$rejects" "$drop/receipts/clicks-custom_event.csv"
check "the receipt is a new one" holds \
	'.documents[0] | .delivered == 49 and .rejected == 1 and .rejected_by == {"not-an-integer": 1}' \
	"$drop/receipts/clicks-custom_event.csv.receipt.json"
check "the file stays where after_done put it" test -e "$drop/done/clicks-custom_event.csv" \
	-a ! -e "$drop/clicks-custom_event.csv"
check "and is not missed at the source" test "$(grep -c 'not on the source' "$work/err-of-retry")" \
	= 0
n=$(lines "$requests")
exits 0 "retry again" retry
said "has nothing to do" 'nothing to retry'
exits 0 "by name" retry clicks-custom_event.csv
said "says that there is nothing" 'clicks-custom_event.csv: nothing to retry'
equal "nothing was sent" "$(lines "$requests")" "$n"
exits 2 "a name that nobody knows" retry click-custom_event.csv
said "is answered with the nearest" "nearest is 'clicks-custom_event.csv'"
exits 2 "a wrong feed" retry --feed nobody
exits 0 "help" retry --help
said "help says what a DOCUMENT is" FILE:ENTRY

# ---- refused: a key, a column, a limit; two documents in a zip ----
cd "$work" || exit 1
mkdir -p zip
clicks zip/one-custom_event.csv 20 B
clicks zip/two-custom_event.csv 20 C
sed -i '1s/events.data.event_name/Event/' zip/two-custom_event.csv
(cd zip && zip -q "$drop/pair.zip" one-custom_event.csv two-custom_event.csv)
echo 'reject-name Planned' >"$work/api/rules"
new_state s2 'after_refused = move:bad' 'receipts = receipts'
exits 1 "a zip with a document that is refused" run
equal "is moved" "$(ls "$drop/bad")" pair.zip
cp "$drop/bad/pair.zip" "$work/pair.zip"
before=$(batches events "$accepted")
exits 1 "retry, nothing repaired" retry 'pair*'
equal "nothing of it was sent" "$(batches events "$accepted")" "$before"
cat >"$work/manifest.json" <<'JSON'
{"hasHeaderRow": true, "columns": [{"column": "Event", "action": "keep", "field": "events.data.event_name"}]}
JSON
new_state s2 'after_refused = move:bad' 'receipts = receipts' "manifest = $work/manifest.json" \
	'max_rejects = 1'
exits 1 "with a manifest, but too many rejects" retry pair.zip:two-custom_event.csv
equal "the API was not asked to take the other document's rows" "$(batches events "$accepted")" \
	$((before + 17))
sums 40 34 6
: >"$work/api/rules"
rm -r "$drop/bad"
n=$(lines "$requests")
exits 1 "the file is gone from the source" retry
said "says so, and what to do" 'neither in the spool nor on the source.*--from'
equal "nothing was sent" "$(lines "$requests")" "$n"
(cd zip && zip -q "$work/other.zip" one-custom_event.csv)
mkdir "$work/backup"
cp other.zip backup/pair.zip
exits 1 "other bytes under its name are not taken" retry --from "$work/backup"
equal "of them nothing was sent" "$(lines "$requests")" "$n"
cp pair.zip backup/pair.zip
new_state s2 'after_refused = move:bad' 'receipts = receipts' "manifest = $work/manifest.json"
exits 1 "the right bytes are, with the limit raised" retry --from "$work/backup" \
	pair.zip:two-custom_event.csv
sums 40 36 4
exits 1 "and the rows that the API had rejected" retry --from "$work/backup"
sums 40 38 2
equal "every good row arrived once" "$(lines "$accepted") $(batches events "$accepted")" "87 87"
check "the file is done" holds '.files[0].state == "done"' "$work/out"

# ---- a key that comes later ----
clicks late-custom_event.csv 10 D
encrypt "$work/gpg2" late <late-custom_event.csv >"$drop/late-custom_event.csv.gpg"
new_state s3 'encrypted = yes' "gnupg_home = $work/gpg" 'include = late*'
exits 1 "a file for a key that is not here yet" run
said "is refused" wrong-key
gpg --homedir "$work/gpg2" --batch --quiet --export-secret-keys late |
	gpg --homedir "$work/gpg" --batch --quiet --import
exits 1 "with the key, retry" retry
sums 10 9 1

# ---- killed in the middle ----
clicks killed-custom_event.csv 3000 E
mkdir -p "$work/in"
cp killed-custom_event.csv "$work/in/"
echo 'reject-name Planned' >"$work/api/rules"
{
	printf '[dropfeed]\nstate_dir = %s/s4\n' "$work"
	local_feed clicks "$work/in"
	printf 'batches_per_second = 5000\n'
} >"$conf"
exits 1 "many rows that the API rejects" run
sums 3000 2699 301
jq -r '.ids[]' "$requests" | sort -u >"$work/ids-before"
: >"$work/api/rules"
sed -i 's/^batches_per_second.*/batches_per_second = 60/' "$conf"
before=$(lines "$accepted")
killed=0
for n in 0 60 120; do
	"$dropfeed" --config "$conf" retry >"$work/out" 2>"$work/err" </dev/null &
	pid=$!
	while kill -0 $pid 2>/dev/null && [ "$(lines "$accepted")" -le $((before + n)) ]; do
		sleep 0.02
	done
	kill -9 $pid 2>/dev/null && killed=$((killed + 1))
	wait $pid 2>/dev/null
	exits 0 "status, after a kill" status --format json
	check "they balance" holds '.files[0] | .state != "done" and (.documents[0] | .balanced)' \
		"$work/out"
done
equal "killed three times in the middle" $killed 3
sed -i 's/^batches_per_second.*/batches_per_second = 5000/' "$conf"
rm -f "$work"/s4/spool/clicks/*.drop # the source still has it
exits 1 "the next run completes" run
sums 3000 2999 1
equal "every row arrived, under one id" "$(batches events "$accepted")" $((before + 300))
jq -r '.ids[]' "$requests" | sort -u >"$work/ids-after"
check "under the ids that the API had seen" cmp "$work/ids-before" "$work/ids-after"
equal "one row is left in the reject file" \
	"$(lines "$work/s4/rejects/clicks/killed-custom_event.csv")" 2

# ---- the reject file: removed with its last row, kept where somebody worked on it ----
for name in plain edited; do
	clicks $name-custom_event.csv 6 F$name
	sed 's/Clicked/Planned/' $name-custom_event.csv >"$work/in/$name-custom_event.csv"
done
echo 'reject-name Planned' >"$work/api/rules"
exits 1 "two documents of which every row is rejected" run
: >"$work/api/rules"
sed -i '2s/Planned/Corrected/' "$work/s4/rejects/clicks/edited-custom_event.csv"
touch -d '+1 hour' "$work/s4/rejects/clicks/edited-custom_event.csv"
exits 0 "are all delivered" retry 'plain*' edited-custom_event.csv
said "the edited reject file is spoken of" 'edited-custom_event.csv was changed'
equal "and stays, the other one goes" "$(ls "$work/s4/rejects/clicks")" "edited-custom_event.csv
killed-custom_event.csv"

# ---- rows that somebody took in hand are sent only when they are named ----
rejected=$work/s4/rejects/clicks
for name in removed worked dropped; do
	clicks $name-custom_event.csv 6 G$name
	sed 's/Clicked/Planned/' $name-custom_event.csv >"$work/in/$name-custom_event.csv"
done
echo 'reject-name Planned' >"$work/api/rules"
exits 1 "three documents of which every row is rejected" run
cp "$rejected/dropped-custom_event.csv" "$work/in/again-custom_event.csv"
exits 1 "one reject file is dropped again as it is" run
rm "$rejected/removed-custom_event.csv" "$rejected/again-custom_event.csv"
touch -d '+1 hour' "$rejected/worked-custom_event.csv"
: >"$work/api/rules"
before=$(lines "$accepted")
exits 0 "retry of everything" retry
removed=removed
# Where hosts share a ledger, a reject file that is not here says nothing; but rows of these lines,
# with these reasons, were dropped.
on_sqlite "reject files that were removed" || removed=dropped
for name in removed:$removed worked:edited dropped:dropped again:$removed; do
	said "passes over the one that was ${name#*:}" \
		"${name%%:*}-custom_event.csv: passed over: its reject file was ${name#*:}[a-z ]*; name it"
done
equal "and sends none of them" "$(lines "$accepted")" "$before"
exits 0 "by name" retry dropped-custom_event.csv
equal "they are sent" "$(lines "$accepted")" $((before + 6))

# ---- corrected and dropped again, from a copy: the reject file itself lies where it was ----
clicks copied-custom_event.csv 6 H
sed 's/Clicked/Planned/' copied-custom_event.csv >"$work/in/copied-custom_event.csv"
echo 'reject-name Planned' >"$work/api/rules"
exits 1 "a document of which every row is rejected" run
python3 - "$rejected/copied-custom_event.csv" "$work/in/corrected-custom_event.csv" <<'PY'
import csv, sys  # as a spreadsheet saves it: every cell quoted, our columns first, one row left out
rows = list(csv.reader(open(sys.argv[1], newline="")))
with open(sys.argv[2], "w", newline="") as f:
    csv.writer(f, quoting=csv.QUOTE_ALL).writerows([r[-2:] + [c.replace("Planned", "Clicked") for c in r[:-2]] for r in rows[:-1]])
PY
exits 0 "a corrected copy is dropped" run
: >"$work/api/rules"
before=$(lines "$accepted")
exits 0 "retry of everything, when the API would take the rows" retry
said "passes over the document" \
	'copied-custom_event.csv: passed over: its reject file was dropped again; name it'
equal "and sends no row a second time" "$(lines "$accepted")" "$before"
exits 0 "by name" retry copied-custom_event.csv
equal "they are sent" "$(lines "$accepted")" $((before + 6))

# ---- a refused file that a good one of its name has replaced ----
printf 'user_identities.nobody\nx\n' >"$work/in/late-eventless.csv"
exits 1 "a file that is refused" run
printf 'user_identities.email\na@example.com\n' >"$work/in/late-eventless.csv"
exits 0 "a good one takes its place" run
exits 0 "retry of everything is clean" retry
said "and says why" \
	'late-eventless.csv: passed over: it was refused, and a later file of its name was delivered'
finish
