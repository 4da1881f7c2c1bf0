#!/bin/bash
# SPDX-License-Identifier: MIT
# What an operator sees of a feed to Braze: metrics, notices, receipts, status, the report, the
# pace.
. "$(dirname "$0")/lib/checks.sh"
. "$(dirname "$0")/lib/braze.sh"

peer_start 201 drop-after
feed "lanes = 1" "receipts = receipts" "on_event = cat >>'$work/notices'; echo >>'$work/notices'"
sed -i "s|^state_dir = .*|&\nmetrics_file = $work/metrics.prom|" "$conf"
{ clicks 6 && echo "C-9,1,1768206600100,REFUSE,other,9" &&
	echo ",1,1768206600100,Clicked,other,10"; } >"$work/in/first-custom_event.csv"
clicks 3 >"$work/in/second-custom_event.csv"
touch -d '-1 hour' "$work/in/first-custom_event.csv"
rows() { sed -n "s/^dropfeed_rows_total{feed=\"shop\",outcome=\"$1\"} //p" "$work/metrics.prom"; }
receipt() {
	jq -c ".documents[0] | [.rows, .delivered, .rejected, .balanced, .rejected_by]" \
		"$work/in/receipts/$1.receipt.json"
}

exits 1 "one document is refused in part, the next has no answer" run
equal "metrics: rows that were delivered" "$(rows delivered)" 6
equal "and rejected, those that may have arrived among them" "$(rows rejected)" 5
if command -v promtool >"$work/promtool"; then
	check "promtool has nothing to say" test \
		-z "$(promtool check metrics <"$work/metrics.prom" 2>&1)"
else
	skip "promtool is not here"
fi
equal "a notice for each document" \
	"$(jq -r '[.event, .file, .delivered, .rejected] | join(" ")' "$work/notices" | sort |
	tr '\n' ',')" \
	"rejects first-custom_event.csv 6 2,rejects second-custom_event.csv 0 3,"
equal "a receipt says what was refused" "$(receipt first-custom_event.csv)" \
	'[8,6,2,true,{"api-rejected":1,"missing-identity":1}]'
equal "and what is not known" "$(receipt second-custom_event.csv)" \
	'[3,0,3,true,{"delivery-unknown":3}]'
check "with the rows beside it" grep -q "delivery-unknown: " \
	"$work/in/receipts/second-custom_event.csv"
exits 0 "status, as JSON" status --format json
equal "adds up" "$(jq -c '[.files[].documents[0] | [.delivered, .rejected, .balanced]] | sort' \
	"$work/out")" '[[0,3,true],[6,2,true]]'
exits 1 "a monitor hears of it" status --exit-code
exits 0 "the report" report --format json
equal "has each code" "$(jq -c '.feeds[0].rejected_by | map([.code, .rows]) | sort' "$work/out")" \
	'[["api-rejected",1],["delivery-unknown",3],["missing-identity",1]]'
check "and the share of 1,000 requests a second" holds \
	'.total.share_of_limit != null and .total.share_of_limit <= 1' "$work/out"

exits 1 "what is wrong is refused again, the unknown rows wait" retry
equal "they are rejected still" "$(rows rejected)" 5
exits 0 "sent on purpose they are delivered" retry --unknown
check "counters go forward" test "$(rows delivered)" -ge 9
equal "the receipt is a new one" "$(receipt second-custom_event.csv)" '[3,3,0,true,{}]'
check "without rejects beside it" test ! -e "$work/in/receipts/second-custom_event.csv"
exits 0 "nothing is left to do" run
peer_stop
equal "the second document's events came once more, on purpose" \
	"$(jq -r '.[1] | select(.time < "2026-01-12T08:30:00.003Z") | .time' \
	"$peer/events.ndjson" | sort | uniq -c | awk '{ print $1 }' | tr '\n' ' ')" "3 3 3 "

# What `retry --unknown` needs is not deleted before it.
peer_start drop-after
feed "lanes = 1" "after_done = delete"
clicks 3 >"$work/in/lost-custom_event.csv"
exits 1 "a request without an answer" run
said "keeps its file" 'lost-custom_event.csv: not deleted: rows of it may not have arrived, and'
check "at the source" test -e "$work/in/lost-custom_event.csv"
exits 0 "sent on purpose" retry --unknown
check "it is deleted" test ! -e "$work/in/lost-custom_event.csv"
peer_stop

# What would count twice is not sent again by a command's default.
events() { wc -l <"$peer/events.ndjson"; }
peer_start
feed "lanes = 1"
clicks 3 >"$work/in/done-custom_event.csv"
printf 'user_identities.customer_id,user_attributes.Visit\nC-9,1\n' >"$work/in/users-eventless.csv"
exits 0 "both are delivered" run
exits 2 "resend of events under the same ids" resend done-custom_event.csv
said "says why, and what sends them on purpose" \
	'done-custom_event.csv: its events were sent.*(3 of its rows .*): --new-ids sends all of it'
equal "nothing came twice" "$(events)" 3
exits 0 "it is as it was" status --format json done-custom_event.csv
check "done" holds '.files[0].state == "done"' "$work/out"
exits 0 "attributes may be sent again" resend users-eventless.csv
exits 0 "on purpose" resend --new-ids done-custom_event.csv
equal "events come again" "$(events)" 6
peer_stop
peer_start
sed -i "s|^instance = .*|instance = http://127.0.0.1:$port|" "$conf"
rm "$work/in/users-eventless.csv"
exits 0 "the files at the source are known, of another instance" run
said "it is said what sends them to this one" \
	'done-custom_event.csv: .*to another endpoint.*resend --new-ids done-custom_event.csv'
exits 0 "as it says" resend --new-ids done-custom_event.csv
equal "they come" "$(events)" 3
peer_stop

peer_start 201 503 503 503 503 503 503 503 503 503 503 503 503 503 503
feed "lanes = 1" "give_up_after = 1s"
{ clicks 1 | head -1 && for ((i = 0; i < 200; i++)); do
	echo "C-$i,1,$((1768206600000 + i)),Clicked,other,$i"
done; } >"$work/in/half-custom_event.csv"
exits 3 "a file is sent in part" run
had=$(events)
check "some of it came" test "$had" -gt 0 -a "$had" -lt 200
: >"$peer/script"
exits 2 "restart" restart half-custom_event.csv
said "says what sends the rest" "($had of its rows .*): .dropfeed run. goes on with the rest"
equal "nothing more came" "$(events)" "$had"
exits 0 "it is given up" abandon half-custom_event.csv
exits 2 "restart of that" restart half-custom_event.csv
said "names the rest" 'its reject file has the rest'
cp "$work/state/rejects/shop/half-custom_event.csv" "$work/in/rest-custom_event.csv"
exits 0 "which is dropped" run
equal "each event came once" "$(jq -r '.[1].properties.Row' "$peer/events.ndjson" | sort | uniq |
	wc -l) $(events)" "200 200"
peer_stop
finish
