# SPDX-License-Identifier: MIT
# `report` sums up what runs did: counts, causes, times, what a data plan does not allow; as text,
# as JSON and as a page.
. "$(dirname "$0")/lib/checks.sh"

receiver_start "$work/api" || exit 1
mkdir -p "$work/in" "$work/plain" "$work/quiet"
{
	printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
	local_feed phone "$work/in"
	printf \
		'environment = development\nevent_name = Phone Order\nevent_type = transaction\nplan = %s\n' \
		"$root/tests/plan/shop.json"
	local_feed signups "$work/plain"
	printf 'guidelines = off\n'
	local_feed quiet "$work/quiet"
} >"$conf"
exits 0 "before the first run" report
said "nothing is there" 'phone: no file was closed'

# Two rows are planned, two have an attribute that is not, one has no identity, one a time that is
# not one.
now=$(date +%s)
{
	printf \
		'user_identities.customerid,events.data.timestamp_unixtime_ms,events.data.custom_attributes.order_id,'
	printf 'events.data.custom_attributes.total,events.data.custom_attributes.colour\n'
	printf 'c1,%s000,AB-1,12.50,\nc2,%s000,AB-2,2.50,\n' $((now - 7200)) $((now - 3600))
	printf 'c3,%s000,AB-3,1,red\nc4,%s000,AB-4,1,blue\n' $((now - 3600)) $((now - 3600))
	printf ',%s000,AB-5,1,\nc6,soon,AB-6,1,\n' $((now - 3600))
} >"$work/in/phone-custom_event.csv"
cp "$samples/signups-custom_event.csv" "$work/plain/"
printf 'user_identities.customerid,user_attribute.tier\nc1,x\n' >"$work/plain/wrong-eventless.csv"
exits 1 "a run" run

exits 0 "a report" report
said "of all feeds, with the balance" \
	'^3 files of .* \(1 refused\): 46 rows = 39 delivered \+ 7 rejected$'
said "of one" '^phone: 1 file of'
said "the range of the events' times" \
	"events from $(date -u -d "@$((now - 7200))" '+%F %H:%M') to $(date -u \
	-d "@$((now - 3600))" '+%F %H:%M')"
said "why rows were rejected, by code and column" \
	'^ +1  not-an-integer      events.data.timestamp_unixtime_ms$'
said "and those without a column" '^ +1  missing-identity    -$'
said "what the plan does not allow" \
	"^ +2  unplanned           custom_event 'Phone Order' \(transaction\), #/data/custom_attributes/colour: it is not planned$"
said "the refused file, with its reason" \
	'signups: wrong-eventless.csv: unknown-column: .*user_attribute\.tier'
said "a feed of which nothing came" '^quiet: no file was closed$'

exits 0 "as JSON" report --format json
check "the same numbers" holds \
	'.total.rows == {"all": 46, "delivered": 39, "rejected": 7, "skipped": 0} and .total.files.refused == 1' \
	"$work/out"
check "each day has its rows" holds '[.total.days[] | .delivered] | add == 39 and length == 8' \
	"$work/out"
check "causes of a feed" holds \
	'.feeds[] | select(.feed == "phone") | .rejected_by | map({(.code): .rows}) | add == {"not-an-integer": 1, "missing-identity": 1}' \
	"$work/out"
check "and its findings" holds \
	'.feeds[] | select(.feed == "phone") | .data_plan | length == 1 and .[0].rows == 2 and .[0].code == "unplanned"' \
	"$work/out"
check "how long it took" holds \
	'.feeds[] | select(.feed == "phone") | .median_seconds >= 0 and .longest_seconds >= .median_seconds' \
	"$work/out"
check "the sums of the ledger" test \
	"$("$dropfeed" --config "$conf" status --format json |
	jq '[.files[].documents[].delivered] | add')" = 39
exits 0 "one feed" report --feed signups --format json
check "alone" holds '.feeds | length == 1 and .[0].feed == "signups"' "$work/out"
exits 0 "only what is later" report --since "$(date -u -d '+1 day' +%FT%H:%M)" --format json
check "is nothing" holds '.total.files.closed == 0' "$work/out"
exits 2 "a feed that is not there" report --feed nobody
exits 2 "another format" report --format pdf
said "the formats are named" "'pdf' is not text, html or json"

exits 0 "as a page" report --format html
cp "$work/out" "$work/page.html"
said "a sentence first" '<h1>39 of 46 rows were delivered, 7 rejected, 1 file refused</h1>'
check "no script, and nothing that has to be fetched" sh \
	-c '! grep -qiE "<script|src=|@import|url\(|<link" "$1"' sh "$work/page.html"
if command -v tidy >/dev/null; then
	equal "tidy has nothing to say of it" "$(tidy -q -e "$work/page.html" 2>&1)" ""
else
	skip "tidy is not here: the page is not checked"
fi
check "no value of a cell is in any of it" absent blue -e AB-6 -e c6 "$work/page.html"

# A report reads only, while a run is under way as well, and without the secret.
rm "$work/api-secret"
exits 0 "without the secret" report
printf 'demo-secret\n' >"$work/api-secret"
finish
