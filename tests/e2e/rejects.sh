# SPDX-License-Identifier: MIT
# Rows that are wrong end in the reject file, with line and reason, and can be corrected and dropped
# again.
. "$(dirname "$0")/lib/checks.sh"

sshd_start "$work/sftp" || exit 1
receiver_start "$work/api" || exit 1
drop=$work/sftp/root/in
mkdir -p "$drop"
signups=$samples/signups-custom_event.csv
cp "$signups" "$drop/"
{
	printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
	sftp_feed signups in "$work/sftp"
	echo 'receipts = receipts'
} >"$conf"
exits 1 "a run with bad rows" run
said "says how many, and why" \
	'5 rejected \(1 not-an-integer, 1 bad-timestamp, 1 missing-identity, 1 not-allowed, 1 wrong-field-count\): see'
receipts=$drop/receipts
check "a receipt goes back to the server" holds \
	'.state == "done" and (.documents[0] | .rows == 40 and .delivered == 35 and .rejected == 5)' \
	"$receipts/signups-custom_event.csv.receipt.json"
accepted=$work/api/accepted.ndjson
equal "the good rows arrived" "$(batches events "$accepted")" 35

rejects=$(find "$work/state/rejects/signups" -type f)
equal "one reject file" "$(printf '%s\n' "$rejects" | wc -l)" 1
check "a copy of it lies beside the receipt" cmp "$rejects" "$receipts/signups-custom_event.csv"
equal "that nobody else can read" "$(stat -c %a "$rejects")" 600
equal "its header is the original one and two columns more" \
	"$(head -n 1 "$rejects" | tr -d '\r')" \
	"$(head -n 1 "$signups"),dropfeed.line,dropfeed.reason"

# Which rows, which lines and why: known from the sample, lines counted by Python's CSV reader.
python3 "$e2e/lib/batches.py" starts "$signups" >"$work/starts"
want=$(for pair in 7:not-an-integer 14:bad-timestamp 21:missing-identity 28:not-allowed \
	34:wrong-field-count; do
	echo "$(sed -n "${pair%:*}p" "$work/starts") ${pair#*:}"
done)
got=$(python3 -c 'import csv, re, sys
for row in list(csv.reader(open(sys.argv[1], newline="")))[1:]:
    print(row[-2], re.search(r"[a-z]+(-[a-z0-9]+)+", row[-1])[0])' "$rejects")
equal "each bad row is there with its physical line and its code" "$got" "$want"
check "original bytes are kept" python3 -c 'import sys
original, rejects = open(sys.argv[1], "rb").read(), open(sys.argv[2], "rb").read()
bad = original.split(b"\n")[int(sys.argv[3]) - 1].rstrip(b"\r")
sys.exit(bad not in rejects)' "$signups" "$rejects" "$(sed -n 7p "$work/starts")"

# Dropped again as it is: the two columns are ignored, the rows are as wrong as before.
cp "$rejects" "$drop/again-custom_event.csv"
exits 1 "the reject file, dropped again uncorrected" run
equal "brings nothing new" "$(batches events "$accepted")" 35

python3 - "$rejects" "$drop/fixed-custom_event.csv" <<'END'
import csv, sys
rows = list(csv.reader(open(sys.argv[1], newline="")))
header = rows[0]
for row in rows[1:]:
    while len(row) < len(header):
        row.insert(len(row) - 2, "")
    cell = dict(zip(header, range(len(header))))
    row[cell["events.data.timestamp_unixtime_ms"]] = "1768206600000"
    row[cell["user_identities.email"]] = row[cell["user_identities.email"]] or "found@example.com"
    row[cell["events.data.custom_event_type"]] = "other"
csv.writer(open(sys.argv[2], "w", newline="")).writerows(rows)
END
exits 0 "the reject file, corrected" run
equal "brings the missing rows" "$(batches events "$accepted")" 40
check "without a warning" absent delivered-before "$work/err"
sed -i 's/found@example.com/found.later@example.com/' "$drop/fixed-custom_event.csv"
exits 0 "and corrected in place once more" run
said "all of it is sent once more, which is said" \
	'fixed-custom_event.csv: all of its 5 rejected rows came before .* .delivered-before.'

exits 0 "status" status --format json
check "and the sums hold: rows = delivered + rejected" holds \
	'[.. | objects | select(has("rows") and has("delivered") and
	has("rejected"))] | length > 0 and all(.rows == .delivered + .rejected)' "$work/out"

# More rows that the API rejects than are held in memory at a time, and bad ones between them.
echo 'reject-name Poison' >"$work/api/rules"
mkdir -p "$work/many"
python3 - "$work/many/many-custom_event.csv" <<'END'
import sys
with open(sys.argv[1], "w") as f:
    f.write("user_identities.customer_id,events.data.timestamp_unixtime_ms,events.data.event_name,events.data.custom_event_type\n")
    for i in range(1, 1301):
        f.write("M-%d,%s,%s,other\n" % (i, "soon" if i % 100 == 50 else 1768206600000 + i, "Clicked" if i % 10 == 0 else "Poison"))
END
{
	printf '[dropfeed]\nstate_dir = %s/state5\n' "$work"
	local_feed many "$work/many"
	printf 'batches_per_second = 100000\n'
} >"$conf"
before=$(batches events "$accepted")
exits 1 "many rows that the API rejects" run
equal "the others arrived" "$(($(batches events "$accepted") - before))" 117
equal "each of them is in the reject file, in order" \
	"$(tail -n +2 "$work/state5/rejects/many/many-custom_event.csv" |
	awk -F, '{ printf "%s %s\n", $1, ($0 ~ /api-rejected/) ? "api" : "bad" }' | cksum)" \
	"$(seq 1 1300 | awk \
	'$1 % 100 == 50 { print "M-" $1 " bad"; next } $1 % 10 != 0 { print "M-" $1 " api" }' |
	cksum)"
exits 0 "rejects prints the file" rejects many-custom_event.csv
check "byte for byte" cmp "$work/out" "$work/state5/rejects/many/many-custom_event.csv"
exits 0 "by a pattern, and why" rejects --summary 'many*'
said "what the API rejected" '^ +1170 +api-rejected +- +2, 3, 4, \.\.\.$'
said "what was wrong before" \
	'^ +13 +not-an-integer +events.data.timestamp_unixtime_ms +51, 151, 251, \.\.\.$'
exits 0 "for programs" rejects --summary --format json
check "each document is an object" holds \
	'.file == "many-custom_event.csv" and .rejected == 1183 and
	(.reasons | map(.rows) | add) == 1183
	and (.reasons[] | select(.code == "not-an-integer") | .lines == [51, 151, 251])' "$work/out"
exits 2 "a name that is not known" rejects man-custom_event.csv
said "gets the nearest one" "the nearest is 'many-custom_event.csv'"
exits 2 "no name" rejects
mv "$work/state5/rejects/many/many-custom_event.csv" "$work/moved.csv"
if on_sqlite "a reject file that was moved"; then
	exits 1 "a reject file that was moved" rejects many-custom_event.csv
	said "is missed" 'many-custom_event.csv is not there any more'
else
	exits 0 "a reject file that was moved" rejects many-custom_event.csv
	check "is read from the ledger" cmp "$work/out" "$work/moved.csv"
fi
rm "$work/api/rules"

# A row of any size is copied in pieces: a quote that is closed only after 80 MB.
mkdir -p "$work/giant"
python3 - "$work/giant/big-screen_view.csv" <<'END'
import sys
with open(sys.argv[1], "w") as f:
    f.write('user_identities.customer_id,events.data.screen_name\nu1,Home\nu2,"stray\n')
    for _ in range(80):
        f.write(("u,%s\n" % ("x" * 97)) * 10000)
    f.write('u3,"\nu4,Home\n')
END
{
	printf '[dropfeed]\nstate_dir = %s/state6\n' "$work"
	local_feed giant "$work/giant"
} >"$conf"
most=60
grep -q __asan_init "$dropfeed" && most=2000 # a sanitizer has memory of its own
check "a row of 80 MB is rejected, in less memory than it takes" python3 \
	-c 'import resource, subprocess, sys
code = subprocess.run(sys.argv[2:]).returncode
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
sys.exit("exit %d, %d MiB" % (code, peak) if code != 1 or peak > int(sys.argv[1]) else 0)' \
	"$most" "$dropfeed" --config "$conf" run
giant=$work/state6/rejects/giant/big-screen_view.csv
equal "it is whole in the reject file" \
	"$(tail -n +2 "$giant" | sed '$s/,3,"row-too-large:.*//' | head -c -1 | cksum)" \
	"$(sed '1,2d; $d' "$work/giant/big-screen_view.csv" | head -c -1 | cksum)"
rm -r "$work/giant" "$work/state6"

# A budget for rejects.
mkdir -p "$work/budget"
sed 's/C-2/C-3/' "$signups" >"$work/budget/signups-custom_event.csv"
{
	printf '[dropfeed]\nstate_dir = %s/state2\n' "$work"
	local_feed budget "$work/budget"
	printf 'max_rejects = 2%%\n'
} >"$conf"
exits 1 "more rejects than max_rejects allows" run
said "says too-many-rejects" too-many-rejects
equal "and nothing of that document is sent" "$(batches events "$accepted")" 164

# Without a header, into files of the feed's own.
mkdir -p "$work/bare" # the folder of the sink is made
cat >"$work/bare.json" <<'END'
{"hasHeaderRow": false, "columns": [ // by position
	{"column": "customer", "action": "keep", "field": "user_identities.customerid"},
	{"column": "screen", "action": "keep", "field": "events.data.screen_name"},
	{"column": "time", "action": "keep", "field": "events.data.timestamp_unixtime_ms"}]}
END
{
	printf \
		'[dropfeed]\nstate_dir = %s/state3\n[feed bare]\nsource = file://%s/bare\nmin_age = 0s\n' \
		"$work" "$work"
	printf 'manifest = %s/bare.json\nsink = file:%s/sink/\n' "$work" "$work"
} >"$conf"
printf \
	'1,home,1790000000000\n2,"a, b",soon\n,cart,1790000000001\n' \
	>"$work/bare/visits-screen_view.csv"
exits 1 "a document without a header, with bad rows" run
bare=$work/state3/rejects/bare/visits-screen_view.csv
equal "its rejects begin with a header of places" "$(head -n 1 "$bare")" \
	dropfeed.column1,dropfeed.column2,dropfeed.column3,dropfeed.line,dropfeed.reason
equal "and hold the two rows" "$(lines "$bare")" 3
cp "$bare" "$work/bare/again-screen_view.csv"
exits 1 "they are taken back as they are" run
equal "and rejected with one line number and one reason" \
	"$(grep -c 'not-an-integer' "$work/state3/rejects/bare/again-screen_view.csv") \
$(grep -o 'not-an-integer' "$work/state3/rejects/bare/again-screen_view.csv" | wc -l)" "1 \
1"
tail -n +2 "$bare" | sed \
	's/,soon,/,1790000000002,/; s/^,cart/3,cart/' >"$work/bare/old-screen_view.csv"
exits 1 "without that header, as version 0.1 wrote them" run
said "they are refused, and the header is named" \
	'old-screen_view.csv: refused.*dropfeed.column1,...,dropfeed.column3,'
sed 's/,soon,/,1790000000002,/; s/^,cart/3,cart/' "$bare" >"$work/bare/fixed-screen_view.csv"
exits 0 "corrected" run
equal "each row is in the sink once" "$(cat "$work/sink/"* | batches events /dev/stdin)" 3

# The same into one file, run after run.
sed -i "s|^state_dir.*|state_dir = $work/state4|; s|^sink.*|sink = file:$work/all.ndjson|" "$conf"
exits 1 "four files into one" run
equal "they are all there" "$(batches events "$work/all.ndjson")" 3
exits 0 "another run" run
equal "adds nothing" "$(lines "$work/all.ndjson")" 3
printf '4,late,1790000000003\n' >"$work/bare/late-screen_view.csv"
# as by a crash between the ledger's last word and the removal
echo left >"$work/state4/spool/bare/0123456789abcdef.drop"
exits 0 "another file" run
equal "is added" "$(lines "$work/all.ndjson") $(batches events "$work/all.ndjson")" "4 4"
equal "and the spool is empty afterwards" "$(find "$work/state4/spool" -type f)" ""
# One name each day: where the reject file of the first was moved away, to be corrected, that of the
# second has its name.
mkdir -p "$work/daily"
{
	printf '[dropfeed]\nstate_dir = %s/state9\n' "$work"
	local_feed daily "$work/daily"
} >"$conf"
for day in 1 2; do
	printf 'user_identities.customer_id,user_attributes.day\n,%s\n' $day$day \
		>"$work/daily/users-eventless.csv"
	touch -d "2026-11-0$day" "$work/daily/users-eventless.csv"
	exits 1 "day $day" run
	[ $day = 2 ] || mv "$work/state9/rejects/daily/users-eventless.csv" "$work/corrected"
done
exits 0 "rejects of the name" rejects users-eventless.csv
equal "prints the second one alone, once" \
	"$(grep -c '^,' "$work/out") $(grep -c ^,22 "$work/out")" '1 1'
said "and names the first" 'is a later document.s by now'

finish
