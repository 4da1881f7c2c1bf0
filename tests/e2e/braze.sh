#!/bin/bash
# SPDX-License-Identifier: MIT
# Braze as the sink: what it refuses, what it answers, and what has no answer.
. "$(dirname "$0")/lib/checks.sh"

. "$(dirname "$0")/lib/braze.sh"

rows_taken() {
	jq -r 'select(.[0] == "events") | .[1].properties.Row' "$peer/events.ndjson" | sort -n |
		uniq -c | awk '{ print $1 }' | sort -u | tr '\n' ' '
}

# ---- what is refused ----
peer_start
feed "app_id = app-1" "type_detection = both"
cat >"$work/in/visits-custom_event.csv" <<'END'
user_identities.customer_id,user_identities.email,user_attributes.$FirstName,user_attributes.Points,events.data.timestamp_unixtime_ms,events.data.event_name,events.data.custom_event_type,events.data.custom_attributes.n
C-1,ada@example.com,Ada,12,1768206600000,Clicked,other,1
C-1,ada@example.com,Ada,12,1768206601000,REFUSE,other,2
C-1,ada@example.com,Ada,12,1768206601500,Left,other,2.5
,bob@example.com,Bob,3,1768206602000,Clicked,other,3
C-3,,REFUSE,4,1768206602000,Clicked,other,4
END
cat >"$work/in/orders-commerce_event.csv" <<'END'
user_identities.customer_id,events.data.timestamp_unixtime_ms,events.data.product_action.action,events.data.product_action.products[0].id,events.data.product_action.products[0].price,events.data.product_action.products[0].quantity,events.data.product_action.products[1].id,events.data.product_action.products[1].price
C-1,1768206600000,purchase,S-1,9.90,2,REFUSE,3
C-2,1768206600000,purchase,S-1,9.90,200,,
C-2,1768206600000,refund,S-1,9.90,2,,
END
exits 0 "the configuration is whole" check
exits 0 "the key is good" doctor
said "without an object" "credentials +accepted; nothing was sent"
sed -i 's/^the-key/other-key/' "$work/key"
exits 4 "another one is not" doctor
said "and doctor says what to look at" "users.track"
sed -i 's/^other-key/the-key/' "$work/key"
equal "nothing was written" "$(lines "$peer/events.ndjson")" 0
exits 1 "a dry run opens no connection" run --dry-run
said "and forecasts objects, requests and data points" \
	"visits-custom_event.csv: 5 rows, 1 would be rejected .1 missing-identity.; 6 objects \\(9 data points\\) in at least 2 requests, 0.0 min"
exits 0 "explain" explain --feed shop --format json "$work/in/orders-commerce_event.csv:2"
equal "shows what a row becomes there" \
	"$(jq -c '.batch.json | [keys, (.purchases | length)]' "$work/out")" '[["purchases"],2]'
exits 1 "validate knows the limits" validate --feed shop "$work/in/orders-commerce_event.csv"
said "of the sink" "too-long"
equal "nothing was sent" "$(lines "$peer/requests.ndjson")" 2
exits 1 "some rows are refused" run
equal "one row by Braze, one whose user's attributes it refused, one without the id" \
	"$(reasons visits-custom_event.csv)" "2 api-rejected 1 missing-identity "
equal "one row of whose products one is refused, one over the limit of a quantity" \
	"$(reasons orders-commerce_event.csv)" "1 api-rejected 1 too-long "
check "the words are Braze's" grep -q "api-rejected: 'name' is not valid (events)" \
	"$work/state/rejects/shop/visits-custom_event.csv"
check "and a row of which a part was taken says that it would count twice" \
	grep -q "would count twice if the row were dropped again" \
	"$work/state/rejects/shop/orders-commerce_event.csv"
exits 0 "the rows add up" status
said "and are counted" "5 rows = 2 delivered \\+ 3 rejected"
exits 1 "a row of which a purchase was taken is not sent again, and the others are refused again" \
	retry
peer_stop
equal "a user's attributes" "$(jq -c '.["C-1"]' "$peer/users.json")" \
	'{"Points":12,"email":"ada@example.com","external_id":"C-1","first_name":"Ada"}'
equal "events are what the mapping makes of them" \
	"$(jq -c 'select(.[1].name == "Left")[1]' "$peer/events.ndjson")" \
	'{"external_id":"C-1","app_id":"app-1","name":"Left","time":"2026-01-12T08:30:01.500Z","properties":{"n":2.5}}'
equal "and purchases" "$(jq -c 'select(.[0] == "purchases")[1]' "$peer/events.ndjson")" \
	'{"external_id":"C-1","app_id":"app-1","product_id":"S-1","currency":"USD","price":9.9,"quantity":2,"time":"2026-01-12T08:30:00.000Z"}'

# ---- a row of which a part was taken ----
peer_start
feed
cat >"$work/in/orders-commerce_event.csv" <<'END'
user_identities.customer_id,events.data.timestamp_unixtime_ms,events.data.product_action.action,events.data.product_action.products[0].id,events.data.product_action.products[0].price,events.data.product_action.products[1].id,events.data.product_action.products[1].price
C-1,1768206600000,purchase,S-1,9.90,REFUSE,3
END
cat >"$work/in/visits-custom_event.csv" <<'END'
user_identities.customer_id,user_attributes.Tier,events.data.timestamp_unixtime_ms,events.data.event_name,events.data.custom_event_type
C-2,REFUSE,1768206600000,Clicked,other
C-2,REFUSE,1768206600001,Left,other
C-3,gold,1768206600000,REFUSE,other
END
exits 1 "some parts are refused" run
equal "each of those rows is rejected" \
	"$(reasons visits-custom_event.csv)$(reasons orders-commerce_event.csv)" \
	"3 api-rejected 1 api-rejected "
exits 1 "retry sends them to somebody who thinks the same" retry
peer_stop
equal "and the parts that were taken did not come again" \
	"$(jq -r '.[1] | .product_id // .name' "$peer/events.ndjson" | sort | tr '\n' ' ')" \
	"Clicked Left S-1 "
refuse=NOTHING peer_start
sed -i "s|^instance = .*|instance = http://127.0.0.1:$port|" "$conf"
exits 0 "retry sends the rest" retry
peer_stop
equal "of the events what had not come" \
	"$(jq -r '.[1] | .product_id // .name' "$peer/events.ndjson" | sort | tr '\n' ' ')" \
	"REFUSE REFUSE "
equal "of the users the one that had not" "$(jq -c . "$peer/users.json")" \
	'{"C-2":{"Tier":"REFUSE","external_id":"C-2"}}'
exits 0 "all rows are delivered" status
said "now" "3 rows = 3 delivered"

# a part refused, a part without an answer: the one that is known to be taken never goes again
peer_start 201 drop-after
feed "lanes = 1"
python3 - "$work/in" <<'END'
import sys
item = "events.data.product_action.products[%d]."
with open(sys.argv[1] + "/long-commerce_event.csv", "w") as f:
    f.write("user_identities.customer_id,events.data.timestamp_unixtime_ms,events.data.product_action.action,")
    f.write(",".join(item % i + k for i in range(90) for k in ("id", "price")) + "\n")
    f.write("C-1,1768206600000,purchase," + ",".join("%s,1" % ("REFUSE" if i == 3 else "P%d" % i) for i in range(90)) + "\n")
END
exits 1 "a purchase of ninety products: no answer to the second request" run
equal "is unknown" "$(reasons long-commerce_event.csv)" "1 delivery-unknown "
exits 1 "sent on purpose" retry --unknown
peer_stop
equal "the first request's products came once" \
	"$(jq -r '.[1].product_id' "$peer/events.ndjson" | head -n 74 | sort | uniq -c |
	awk '{ print $1 }' | sort -u)" 1
equal "none of them again" "$(jq -r '.[1].product_id' "$peer/events.ndjson" | sort | uniq -c |
	awk '{ n[$1]++ } END { print n[1], n[2] }')" "74 15"

# ---- limits of a request ----
peer_start
feed "lanes = 1"
python3 - "$work/in" <<'END'
import sys
item = "events.data.product_action.products[%d]."
with open(sys.argv[1] + "/many-commerce_event.csv", "w") as f:
    f.write("user_identities.customer_id,user_attributes.T,events.data.timestamp_unixtime_ms,events.data.product_action.action,")
    f.write(",".join(item % i + k for i in range(100) for k in ("id", "price")) + "\n")
    f.write("C-1,x,1768206600000,purchase," + ",".join("P%d,1" % i for i in range(100)) + "\n")
    f.write("C-2,x,1768206600000,purchase," + ",".join("Q%d,1" % i if i < 40 else "," for i in range(100)) + "\n")
    f.write("C-3,x,1768206600000,purchase," + ",".join("R%d,1" % i if i < 40 else "," for i in range(100)) + "\n")
END
exits 0 "a purchase of a hundred products is two requests" run
python3 - "$work/in" <<'END'
import sys
data = "events.data."
with open(sys.argv[1] + "/wide-commerce_event.csv", "w", encoding="utf-8") as f:
    f.write("user_identities.customer_id,%stimestamp_unixtime_ms,%sproduct_action.action" % (data, data))
    f.write("".join(",%scustom_attributes.a%d" % (data, i) for i in range(95)))
    f.write("".join(",%sproduct_action.products[%d].%s" % (data, i, k) for i in range(70) for k in ("id", "price")) + "\n")
    f.write("C-4,1768206600000,purchase," + ",".join("\U0001f389" * 250 for i in range(95)) + ",")
    f.write(",".join("W%d,1" % i for i in range(70)) + "\n")
END
exits 0 "one of seventy, with much to each of them" run
peer_stop
equal "no request is over 4 MB" "$(jq -s 'map(.bytes) | max <= 4000000' "$peer/requests.ndjson")" \
	true
equal "and all of its products came" "$(grep -c '"product_id": "W' "$peer/events.ndjson")" 70
equal "no request has more than 75 objects" \
	"$(jq -s 'map(.attributes + .events + .purchases) | max <= 75' "$peer/requests.ndjson")" \
	true
equal "and each product came once" \
	"$(jq -r '.[1].product_id | select(test("^[PQR]"))' "$peer/events.ndjson" | sort |
	uniq -c | awk '{ n[$1]++ } END { print n[1] + 0, length(n) }')" "180 1"

# ---- audiences ----
# members: rows of three users, not side by side: C-1 is in two, was in a third; C-2 has left; C-3
# is in 26.
members() {
	echo \
		"user_identities.customer_id,user_identities.email,audience.id,audience.name,audience.member"
	echo 'C-1,,13053,Ibiza dreamers,true'
	echo 'C-2,,13053,Ibiza dreamers,false'
	echo 'C-1,,13051,"Say ""hi""",TRUE'
	echo ',x@example.com,13051,Nobody there,true'
	echo 'C-1,,13052,Possible Parisians,true'
	local i
	for ((i = 1; i <= 26; i++)); do echo "C-3,,A$i,Audience $i,true"; done
	echo 'C-1,,13052,Possible Parisians,false'
}
for how in string array attribute "string array" "string attribute" "array attribute" \
	"string array attribute"; do
	peer_start
	feed "audiences = $how"
	members >"$work/in/all-audience.csv"
	exits 1 "audiences = $how" run
	peer_stop
	wanted='{"external_id":"C-1"'
	case $how in
	*attribute*)
		wanted=$wanted',"In Ibiza dreamers":true,"In Possible Parisians":false'
		wanted=$wanted',"In Say \"hi\"":true'
		;;
	esac
	case $how in *string*) wanted=$wanted",\"SegmentMembership\":\"'13053','13051'\"" ;; esac
	case $how in *array*) wanted=$wanted',"SegmentMembershipArray":["13053","13051"]' ;; esac
	equal "$how: the whole membership of a user" "$(jq -cS '.["C-1"]' "$peer/users.json")" \
		"$(jq -cS . <<<"$wanted}")"
	left=$(jq -cS '.["C-2"]' "$peer/users.json")
	wanted='{"external_id":"C-2"'
	case $how in *attribute*) wanted=$wanted',"In Ibiza dreamers":false' ;; esac
	case $how in *string*) wanted=$wanted',"SegmentMembership":""' ;; esac
	case $how in *array*) wanted=$wanted',"SegmentMembershipArray":[]' ;; esac
	equal "$how: somebody who left" "$left" "$(jq -cS . <<<"$wanted}")"
	case $how in *array*)
		equal "$how: 25 of 26" "$(jq '.["C-3"].SegmentMembershipArray | length' \
			"$peer/users.json")" 25
		said "with a warning" "over the limits of the feed's sink"
		;;
	esac
	equal "$how: one object for each user" \
		"$(jq -s 'map(.attributes) | add' "$peer/requests.ndjson")" 3
	equal "$how: a row without the id is rejected" "$(reasons all-audience.csv)" \
		"1 missing-identity "
done
# A user of whom a row is rejected is not sent as one who has left.
peer_start
feed "audiences = string"
printf 'user_identities.customer_id,audience.id,audience.name,audience.member\n%s' \
	$'C-1,1,A,true\nC-2,1,A,true\nC-1,2,B,yes\nC-1,3,C,true\n' >"$work/in/part-audience.csv"
exits 1 "validate finds a row" validate "$work/in/part-audience.csv"
check "and says what becomes of the others" grep -q \
	'line 2 .row 1.: line 4, about the same user, is rejected.*\[audience-incomplete\]' \
	"$work/out"
exits 1 "a document with a bad row" run
equal "all rows of its user are rejected" "$(sed 1d "$work/state/rejects/shop/part-audience.csv" |
	grep -o 'audience-incomplete\|not-a-boolean' | tr '\n' ' ')" \
	"audience-incomplete not-a-boolean audience-incomplete "
equal "the other user is sent" "$(jq -s 'map(.attributes) | add' "$peer/requests.ndjson")" 1
exits 0 "status adds up" status --format json part-audience.csv
equal "to the rows" "$(jq -c '.files[0].documents[0] | [.rows, .delivered, .rejected, .balanced]' \
	"$work/out")" '[4,1,3,true]'
sed 's/,yes,/,true,/' "$work/state/rejects/shop/part-audience.csv" >"$work/in/new-audience.csv"
exits 0 "the reject file, corrected and dropped" run
peer_stop
equal "is the whole membership" "$(jq -r '.["C-1"].SegmentMembership' "$peer/users.json")" \
	"'1','2','3'"
# Braze knows a user by the id alone: what other identities rows have makes no other user.
peer_start
feed "audiences = string"
printf '%s\n' user_identities.{customer_id,email} audience.{id,name,member} |
	paste -sd, >"$work/in/mails-audience.csv"
printf '%s\n' C-1,a@b.de,1,A,true C-1,,2,B,true C-1,c@b.de,3,C,true >>"$work/in/mails-audience.csv"
exits 0 "a user with three addresses" run
peer_stop
equal "is in all audiences" "$(jq -r '.["C-1"].SegmentMembership' "$peer/users.json")" "'1','2','3'"
equal "in one object" "$(jq -s 'map(.attributes) | add' "$peer/requests.ndjson")" 1

# many: rows of 700 users, each of whom has some here and some there; one has 300 audiences.
many() {
	echo "user_identities.customer_id,audience.id,audience.name,audience.member"
	awk 'BEGIN {
		for (i = 0; i < 2800; i++)
			printf "U-%d,A%d,Audience %d,%s\n",
				i * 7919 % 700, i % 30, i % 30, i % 5 ? "true" : "false"
		for (i = 0; i < 300; i++)
			printf "U-7,B%d,Other %d,true\n", i, i
	}'
}
for window in 64MiB 1MiB; do
	peer_start
	feed "audiences = string array attribute" "group_window = $window"
	many >"$work/in/many-audience.csv"
	exits 0 "a document of many users, a window of $window" run
	peer_stop
	mv "$peer/users.json" "$work/users.$window"
	equal "each user is one object" \
		"$(jq -s 'map(.attributes) | add' "$peer/requests.ndjson")" 700
done
equal "three hundred names" "$(jq '.["U-7"] | keys | map(select(startswith("In Other"))) | length' \
	"$work/users.64MiB")" 300
check "what waits in a file becomes the same as what waits in memory" cmp "$work/users.64MiB" \
	"$work/users.1MiB"
exits 1 "other sinks take no audience document" import --sink - "$work/in/many-audience.csv"
said "and that is said" "sink = braze takes them"

# ---- answers that are certain ----
peer_start 202 500 503 "429 1" 400 201
feed "lanes = 1"
clicks 200 >"$work/in/clicks-custom_event.csv"
exits 0 "queued, failing, throttled, refused without a reason: all arrive" run
equal "each event came once" "$(rows_taken)" "1 "
equal "all of them" "$(lines "$peer/events.ndjson")" 200
peer_stop

# The time of the next request in milliseconds would be in the year 58000.
peer_start "429 1 ms" lost
feed "lanes = 1" "give_up_after = 20s"
clicks 20 >"$work/in/clicks-custom_event.csv"
exits 0 "a limit whose end is given in milliseconds is waited for" run
said "errors that name no object are not passed over in silence" \
	'warning: Braze: 4 errors of an answer name no object that was sent'
equal "each event came once" "$(rows_taken)" "1 "
peer_stop

peer_start 401
feed
clicks 5 >"$work/in/clicks-custom_event.csv"
exits 4 "a wrong key stops the feed" run
said "and says what to look at" "api_key_file .*users.track"
check "the key is in no log" absent the-key "$work/out" "$work/err"
exits 0 "nothing was consumed" run
equal "each event came once" "$(rows_taken)" "1 "
peer_stop

peer_start page-200
feed
clicks 5 >"$work/in/clicks-custom_event.csv"
exits 4 "somebody's page stops the feed" run
exits 0 "and takes nothing" run
equal "each event came once" "$(rows_taken)" "1 "
peer_stop

peer_start "gateway 200"
feed
clicks 5 >"$work/in/clicks-custom_event.csv"
exits 4 "a message alone makes nobody Braze" run
said "and is quoted" 'no Braze gives \(HTTP 200: .*Bad Request'
exits 0 "nothing was taken" run
equal "each event came once" "$(rows_taken)" "1 "
equal "all of them" "$(lines "$peer/events.ndjson")" 5
peer_stop

peer_start "gateway 400" "gateway 400" "gateway 400" "gateway 400"
feed "lanes = 1"
clicks 2 >"$work/in/clicks-custom_event.csv"
exits 0 "a gateway's 400 rejects no row" run
equal "each event came once" "$(rows_taken)" "1 "
peer_stop

peer_start one-error
feed "lanes = 1"
clicks 5 | sed '3s/Clicked/REFUSE/' >"$work/in/clicks-custom_event.csv"
exits 1 "one error in place of a list" run
equal "rejects its row" "$(reasons clicks-custom_event.csv)" "1 api-rejected "
peer_stop

# ---- no answer ----
for lost in drop-after taken-502 drop-before 504; do
	peer_start 201 $lost
	feed "lanes = 1"
	clicks 200 >"$work/in/clicks-custom_event.csv"
	exits 1 "$lost: the rows of that request are rejected" run
	unknown=$(reasons clicks-custom_event.csv)
	came=$(lines "$peer/events.ndjson")
	equal "$lost: as delivery-unknown" "${unknown#* }" "delivery-unknown "
	equal "$lost: what came, came once" "$(rows_taken)" "1 "
	exits 0 "status shows them" status
	said "as rejected" "${unknown%% *} rejected"
	said "and counts them" "delivery-unknown: ${unknown%% *} rows may have arrived"
	exits 0 "$lost: retry leaves them alone" retry
	equal "$lost: nothing more came" "$(lines "$peer/events.ndjson")" "$came"
	exits 0 "$lost: retry --unknown sends them" retry --unknown
	equal "$lost: the reject file is gone" "$(ls "$work/state/rejects/shop")" ""
	equal "$lost: they all came now" "$(lines "$peer/events.ndjson")" \
		"$((came + ${unknown%% *}))"
	exits 0 "and then there is nothing to do" run
	peer_stop
	equal "$lost: attributes are those of the last rows" \
		"$(jq -r '.[] | .Visit' "$peer/users.json" | sort -u)" 39
done

peer_start 201 drop-after
feed "lanes = 1"
clicks 60 | cut -d, -f1,2 >"$work/in/users-eventless.csv"
exits 0 "attributes alone are sent again" run
peer_stop
equal "and are those of the last rows" "$(jq -r '.[] | .Visit' "$peer/users.json" | sort -u)" 11

# ---- a retry whose answer is lost ----
peer_start drop-before 201 drop-after
feed "lanes = 1"
clicks 5 >"$work/in/clicks-custom_event.csv"
exits 1 "no answer" run
exits 1 "nor to the retry" retry --unknown
equal "the rows are unknown again" "$(reasons clicks-custom_event.csv)" "5 delivery-unknown "
equal "and came once" "$(rows_taken)" "1 "
peer_stop

# ---- killed ----
if [ -x "$BUILD/faults/dropfeed" ]; then
	for at in "before request" "after request"; do
		peer_start
		feed "lanes = 1"
		clicks 5 >"$work/in/clicks-custom_event.csv"
		status=0
		{ DROPFEED_CRASH_AT=$at "$BUILD/faults/dropfeed" --config "$conf" \
			run >"$work/out" 2>&1 </dev/null; } 2>/dev/null || status=$?
		equal "killed $at" $status 137
		exits 1 "the next run finishes" run
		equal "its rows are unknown" "$(reasons clicks-custom_event.csv)" \
			"5 delivery-unknown "
		peer_stop
		equal "attributes arrived" "$(jq -r '.[] | .Visit' "$peer/users.json" | wc -l)" 5
		check "no event came twice" test "$(lines "$peer/events.ndjson")" -le 5
	done
else
	skip "the program that kills itself was not built (make faults)"
fi
finish
