# SPDX-License-Identifier: MIT
# Expectations over weeks of a clock that is set here (faketime): what is missed is reported once,
# and once when it is over.
. "$(dirname "$0")/lib/checks.sh"

if ! command -v faketime >/dev/null; then
	skip "faketime is not installed"
	finish
fi
case $(nm -C "$dropfeed" 2>/dev/null | grep -c __asan_init) in
0) ;;
*)
	skip "a sanitizer does not bear a library that is loaded before it"
	finish
	;;
esac
drop=$work/in
mkdir -p "$drop" "$work/out.d"
# settings [LINE...]: of the feed
settings() {
	printf \
		'[dropfeed]\nstate_dir = %s/state\non_event = cat >>%s/events; echo >>%s/events\nnotify = missing recovered\n' \
		"$work" "$work" "$work"
	printf '[feed daily]\nsource = file://%s\nmin_age = 0s\nsink = file:%s/out.d/\n' "$drop" \
		"$work"
	printf '%s\n' "$@"
}
file() { # NAME ROWS
	awk -v n="$2" -v p="$1" \
		'BEGIN { print "user_identities.customer_id"; for (i = 1; i <= n; i++) print p i }' \
		>"$drop/$1-eventless.csv"
}
corrected() { # NAME: rows of a reject file, which are dropped again
	printf 'user_identities.customer_id,dropfeed.line,dropfeed.reason\n%s1,2,\n' "$1" \
		>"$drop/$1-eventless.csv"
}
# at TIME CODE WHAT [EVENTS]: a run at that time (UTC); the events that it reports
at() {
	local status=0
	rm -f "$work/events"
	at_time "$1" "$dropfeed" --config "$conf" run >"$work/out" 2>"$work/err" </dev/null ||
		status=$?
	[ -e "$work/events" ] || : >"$work/events"
	equal "$1 $3" "$status $(jq -r '[.event, .condition // empty] | join(" ")' \
		"$work/events" | tr '\n' ' ')" "$2 ${4:+$4 }"
}

# ---- expect: 2026-03-02 is a Monday ----
settings 'expect = 1 by 06:00 mon-fri' >"$conf"
at '2026-03-02 05:00:00' 0 "nothing is due"
file mon 3
at '2026-03-02 05:30:00' 0 "the first file"
at '2026-03-02 06:05:00' 0 "is there"
for day in 03 04 05 06; do
	file "d$day" 3
	at "2026-03-$day 05:50:00" 0 "a file each day"
	at "2026-03-$day 06:10:00" 0 "is enough"
done
at '2026-03-07 07:00:00' 0 "nothing on a Saturday"
at '2026-03-08 07:00:00' 0 "nor on a Sunday"
at '2026-03-09 05:55:00' 0 "Monday, before it is due"
at '2026-03-09 06:05:00' 1 "it is not there" missing
said "that is logged" 'warning: daily: missing: 1 file was expected by 2026-03-09T06:00:00Z, 0 came'
check "the command gets what is missing" holds \
	'.feed == "daily" and (.text | test("1 file was expected by 2026-03-09T06:00:00Z"))' \
	"$work/events"
exits 1 "a monitor sees it" status --exit-code
at '2026-03-09 06:10:00' 0 "the next run does not repeat it"
exits 1 "a monitor sees it as long as it holds" status --exit-code
at '2026-03-09 07:00:00' 0 "nor does the one after"
file late09 3
at '2026-03-09 09:00:00' 0 "it comes late" "recovered missing"
exits 0 "and no longer" status --exit-code
at '2026-03-09 09:10:00' 0 "that is not repeated either"
at '2026-03-10 06:05:00' 1 "what was late does not count for the next day" missing
at '2026-03-11 06:05:00' 0 "another day without a file changes nothing"
corrected fixed11
at '2026-03-11 07:00:00' 0 "nor do corrected rows that are dropped again"
file d12 3
at '2026-03-12 05:00:00' 0 "a file again" "recovered missing"
at '2026-03-12 06:05:00' 0 "counts for its day"
file d13 3
file d13b 3
at '2026-03-13 05:00:00' 0 "two on Friday"
at '2026-03-16 06:05:00' 1 "do not make up for Monday" missing
file d16 3
at '2026-03-16 06:30:00' 0 "but a late one does" "recovered missing"
for day in 17 18 19 20 23 24 25 26 27; do
	file "d$day" 3
	at "2026-03-$day 05:00:00" 0 "two good weeks"
	at "2026-03-$day 06:01:00" 0 "without an alarm"
done

# ---- by the clock of a place ----
rm -rf "$work/state" "$drop"/*
settings 'expect = 2 by 06:00 Europe/Berlin' >"$conf"
at '2026-03-27 12:00:00' 0 "begins"
file a1 1
file a2 1
at '2026-03-28 04:00:00' 0 "two files by 6 in Berlin, which is 5 here"
at '2026-03-28 05:30:00' 0 "are there"
file b1 1
at '2026-03-29 03:30:00' 0 "summer time: 6 in Berlin is 4 here"
at '2026-03-29 04:30:00' 1 "one of two" missing
said "is said" '2 files were expected by 2026-03-29T04:00:00Z, 1 came'

# ---- expect_age ----
rm -rf "$work/state" "$drop"/*
settings 'expect_age = 26h' >"$conf"
at '2026-03-02 05:00:00' 0 "begins"
at '2026-03-03 06:00:00' 0 "25 hours"
at '2026-03-03 08:00:00' 1 "27 hours" missing
file a 1
at '2026-03-03 09:00:00' 0 "a file" "recovered missing"
corrected fixed
at '2026-03-04 10:00:00' 0 "25 hours later, corrected rows"
at '2026-03-04 12:00:00' 1 "27 hours later, for which they do not count" missing
settings >"$conf"
at '2026-03-04 12:30:00' 0 "nothing is expected any more" "recovered missing"

# ---- expect_rows ----
rm -rf "$work/state" "$drop"/*
settings 'expect_rows = 50%..200%' >"$conf"
day=1
for n in 100 90 110 95 105; do
	file "r$day" $n
	at "2026-04-0$day 05:00:00" 0 "$n rows are usual"
	day=$((day + 1))
done
file few 10
at '2026-04-06 05:00:00' 1 "10 rows are not" missing
said "that is said" 'few-eventless.csv: 10 rows, which is 10% of the usual 100 \(expect_rows\)'
equal "once" "$(grep -c '10 rows, which' "$work/err")" 1
equal "they are delivered all the same" "$(cat "$work"/out.d/few-eventless.*.ndjson | wc -l)" 10
file few2 11
at '2026-04-07 05:00:00' 0 "nor are 11, which is logged"
said "each time" 'few2-eventless.csv: 11 rows'
file good 120
at '2026-04-08 05:00:00' 0 "120 are" "recovered missing"
file many 500
at '2026-04-09 05:00:00' 1 "500 are not" missing
settings 'expect_rows = 50%..200%' 'expect_action = refuse' >"$conf"
file many2 501
at_time '2026-04-10 04:00:00' "$dropfeed" --config "$conf" run --dry-run >"$work/out" 2>"$work/err"
equal "a dry run knows that a run will refuse them" $? 1
said "and says so" 'many2-eventless.csv: would be refused: 501 rows, which is .*\[row-count\]'
said "with nothing to send" '0 batches in at least 0 requests'
exits 1 "a dry run of import" import --feed daily --dry-run "$drop/many2-eventless.csv"
said "as well" \
	'many2-eventless.csv: refused, nothing of it was sent: 501 rows, which is .*\[row-count\]'
at '2026-04-10 05:00:00' 1 "nothing of them is sent with expect_action = refuse"
said "as row-count" 'many2-eventless.csv: refused, nothing of it was sent: 501 rows.*\[row-count\]'
equal "which is logged once" "$(grep -c '501 rows' "$work/err")" 1
check "none is sent" test ! -e "$work"/out.d/many2-eventless.*.ndjson
settings 'expect_rows = 50%..200%' >"$conf"
at_time '2026-04-11 05:00:00' "$dropfeed" \
	--config "$conf" retry >"$work/out" 2>"$work/err"
equal "retry delivers them under expect_action = warn" \
	"$(cat "$work"/out.d/many2-eventless.*.ndjson | wc -l)" 501
settings 'expect_rows = 1000..' >"$conf"
file last 100
at '2026-04-12 05:00:00' 0 "numbers alone"
said "count as they are" '100 rows, fewer than expected'
exits 0 "status" status
said "shows what is missing" \
	'^daily: missing since 2026-04-09T05:00:0[0-9]Z: many-eventless.csv: 500 rows'
exits 0 "status as JSON" status --format json
check "as well" holds \
	'.conditions == [{"feed": "daily", "condition": "missing", "since": .conditions[0].since,
	"text": .conditions[0].text}] and (.conditions[0].since | test("^2026-04-09T05:00:0"))' \
		"$work/out"
settings >"$conf"
at '2026-04-12 05:10:00' 0 "rows are not expected any more" "recovered missing"

# A reject file that is dropped again is neither judged by how many rows are usual, nor usual.
rm -rf "$work/state" "$drop"/*
settings 'expect_rows = 50%..200%' 'expect_action = refuse' >"$conf"
awk 'BEGIN { print "mpid"; for (i = 1; i <= 100; i++) print i % 50 ? i : "x" i }' \
	>"$drop/m1-eventless.csv"
at '2026-04-13 05:00:00' 1 "100 rows, 2 of them rejected"
sed 's/^x/9/' "$work/state/rejects/daily/m1-eventless.csv" >"$work/corrected.csv"
cp "$work/corrected.csv" "$drop/m2-eventless.csv"
exits 0 "a dry run of the corrected rows" run --dry-run
exits 0 "a dry run of their import" import --feed daily --dry-run "$drop/m2-eventless.csv"
at '2026-04-13 05:10:00' 0 "the 2 rows, corrected"
equal "are delivered" "$(cat "$work"/out.d/m2-eventless.*.ndjson | wc -l)" 2
sed 's/^9/8/' "$work/corrected.csv" >"$drop/m3-eventless.csv"
at '2026-04-13 05:20:00' 0 "and once more"
file m4 100
at '2026-04-14 05:00:00' 0 "100 rows are usual as before"

# ---- mistakes ----
rm -rf "$work/state"
for wrong in 'expect = by 06:00' 'expect = 1 by 6' 'expect = 1 by 25:00' 'expect = 0 by 06:00' \
	'expect = 1 by 06:00 mon-xyz' \
	'expect = 1 by 06:00 Europe/Atlantis' 'expect_rows = 50%' 'expect_rows = 200%..50%' \
	'expect_rows = 50%..100' 'expect_age = soon' \
	'expect_action = maybe' 'notify = everything' 'webhook = chat.example.com'; do
	settings "$wrong" >"$conf"
	exits 2 "$wrong" check
	said "is a mistake of its line" "^[^ ]*dropfeed.conf:[0-9]+: ${wrong%% =*}: "
done
finish
