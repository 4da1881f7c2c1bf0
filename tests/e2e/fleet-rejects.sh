# SPDX-License-Identifier: MIT
# Rows that somebody took in hand, where hosts share a ledger: a host that does not have the reject
# file knows of it all the same.
. "$(dirname "$0")/lib/checks.sh"

with_postgres
receiver_start "$work/api" || exit 1
accepted=$work/api/accepted.ndjson
mkdir "$work/in"
for host in A B; do
	{
		printf '[dropfeed]\nstate_dir = %s/%s\nledger = %s\nnode = %s\n' \
			"$work" "$host" "$DROPFEED_TEST_LEDGER" "$host"
		local_feed clicks "$work/in"
		printf 'guidelines = off\ngive_up_after = 1s\n'
	} >"$work/$host.conf"
done
on() { conf=$work/$1.conf; }
rejected=$work/A/rejects/clicks

# clicks NAME TAG GOOD: six rows that the API rejects, after some that it takes, so that they are on
# other lines than those of other files
clicks() {
	{
		printf '%s,%s,%s\n' user_identities.customer_id events.data.event_name \
			events.data.custom_event_type
		for ((i = 0; i < $3; i++)); do echo "good-$i,Clicked,other"; done
		for ((i = 0; i < 6; i++)); do echo "$2-$i,Planned,other"; done
	} >"$work/in/$1-custom_event.csv"
}
users() { jq -r .user_identities.customer_id "$accepted" 2>/dev/null | grep -c "^$1-"; }

echo 'reject-name Planned' >"$work/api/rules"
clicks whole W 0
clicks part P 10
clicks left L 20
on A
exits 1 "three files of which rows are rejected" run
on B
exits 1 "every host's monitor sees it" status --exit-code
on A
: >"$work/api/rules"
mv "$rejected/whole-custom_event.csv" "$work/in/again-custom_event.csv"
{
	head -n 1 "$rejected/part-custom_event.csv" &&
		sed -n 3,4p "$rejected/part-custom_event.csv"
} >"$work/in/corrected-custom_event.csv"
rm "$rejected/part-custom_event.csv" "$rejected/left-custom_event.csv"
exits 0 "a reject file is dropped again, and two rows of another one" run
equal "they arrive" "$(users W) $(users P) $(users L)" "6 2 0"

for host in B A; do
	on $host
	exits 0 "retry of everything on $host" retry
	for name in whole part; do
		said "passes over $name" \
			"$name-custom_event.csv: passed over: its reject file was dropped again; name it"
	done
	equal "nothing arrives twice; a file that is not there says nothing" \
		"$(users W) $(users P) $(users L)" "6 2 6"
done
on B
exits 0 "by name" retry part-custom_event.csv
equal "all of it arrives" "$(users P)" 8

# ---- before the file that was dropped again is read ----
clicks quick Q 30
echo 'reject-name Planned' >"$work/api/rules"
on A
exits 1 "one more" run
mv "$rejected"/quick_*-custom_event.csv "$work/in/quicker-custom_event.csv"
for ((i = 0; i < 3000; i++)); do echo 503; done >"$work/api/script"
exits 3 "the API is away when its rejects come again" run
: >"$work/api/script"
: >"$work/api/rules"
on B
"$dropfeed" --config "$conf" retry >"$work/out" 2>"$work/err"
"$dropfeed" --config "$conf" run >>"$work/out" 2>>"$work/err"
equal "they arrive once" "$(users Q)" 6
exits 0 "status knows what came again, or was delivered in the end" status --exit-code

# ---- one name, on two days and two hosts ----
mkdir "$work/daily" "$work/daily/receipts" "$work/first"
for host in A B; do
	{
		sed -n 1,4p "$work/$host.conf"
		local_feed daily "$work/daily"
		printf 'guidelines = off\ngive_up_after = 1s\nreceipts = receipts\n'
	} >"$work/$host-daily.conf"
done
echo 'reject-name Planned' >"$work/api/rules"
on A-daily
clicks daily M 0
mv "$work/in/daily-custom_event.csv" "$work/daily/"
cp "$work/daily/daily-custom_event.csv" "$work/first/"
exits 1 "the first day's" run
on B-daily
clicks daily N 3
mv "$work/in/daily-custom_event.csv" "$work/daily/"
exits 1 "the second day's" run
# both HOST: the rows of both are printed there
both() {
	on "$1"
	exits 0 "rejects on $1" rejects daily-custom_event.csv
	equal "prints each day's rows" "$(grep -c ^M- "$work/out") $(grep -c ^N- "$work/out")" "6 6"
}
copies() {
	echo "$(cat "$work"/daily/receipts/*.csv | grep -c ^M-)" \
		"$(cat "$work"/daily/receipts/*.csv | grep -c ^N-)"
}
both A-daily
both B-daily
equal "both are beside the receipts" "$(copies)" "6 6"
rm "$work"/daily/receipts/*.csv
"$PG_BIN/psql" -X -q -c "UPDATE file SET cleanup_due = TRUE WHERE feed = 'daily'"
exits 0 "another host does what is left to do at the source" run
equal "with the rows of each" "$(copies)" "6 6"
exits 1 "retry there, and they are rejected again" retry --from "$work/first" \
	daily-custom_event.csv
both B-daily
both A-daily
: >"$work/api/rules"
on B-daily
exits 0 "retry once more" retry --from "$work/first" \
	daily-custom_event.csv
equal "delivers each once" "$(users M) $(users N)" "6 6"
finish
