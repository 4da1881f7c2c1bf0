# SPDX-License-Identifier: MIT
# explain: one line's way into its batch, or why it has none.
. "$(dirname "$0")/lib/checks.sh"
cd "$work" || exit 1
orders=$samples/orders-commerce_event.csv
signups=$samples/signups-custom_event.csv

# shown WHAT TEXT: the last run's standard output holds it, as it is.
shown() {
	# what does not fit into a line goes on in the next one
	if { cat "$work/out"; tr -s '\n ' ' ' <"$work/out"; } | grep -qF -- "$2"; then ok "$1"; else
		not_ok "$1: '$2' is not in"
		sed "s/^/#   /" "$work/out" "$work/err" | head -n 40
	fi
}
hidden() { if grep -qF -- "$2" "$work/out"; then not_ok "$1: '$2' is there"; else ok "$1"; fi; }

exits 0 "a row" explain "$orders:3"
shown "a row: which it is" ", line 3, row 2 (commerce_event): would be delivered"
shown "a row: a cell" 'user_identities.customerid: C-10259'
equal "a row: its table fits into 80 columns" \
	"$(sed '/^Batch/,$d' "$work/out" | awk 'NR > 1 && length > 80' | wc -l)" 0
shown "a row: where it goes" 'user_identities.customer_id = "C-10259" (string)'
shown "a row: a number keeps its digits" '= 79.00 (number)'
shown "a row: an empty cell" \
	'events.data.product_action.coupon_code (string): left out, the cell is empty'
shown "a row: its place in the batch" 'row 2 is event 2 of 8'
shown "a row: the rows it is with" 'The other rows of the batch: 1 (line 2), 3 (line 4), '
shown "a row: its event alone" '... 6 after'
equal "a row: one event" "$(grep -c source_message_id "$work/out")" 1
exits 0 "a row, --verbose" --verbose explain "$orders:3"
equal "a row, --verbose: all events" "$(grep -c source_message_id "$work/out")" 8
hidden "a row, --verbose: nothing is cut" '…'
sed -n '/^{/,$p' "$work/out" >"$work/pretty.json"
"$dropfeed" import --sink - "$orders" >"$work/imported" 2>/dev/null
equal "a row, --verbose: the batch is import's" "$(jq -S -c . "$work/pretty.json")" \
	"$(jq -S -c 'select(.source_request_id == "'"$(jq -r .source_request_id \
	"$work/pretty.json")"'")' "$work/imported")"
exits 0 "a row as JSON" explain --format json "$orders:3"
check "a row as JSON" holds \
	'.verdict == "delivered" and .line == 3 and .row == 2 and
	.header == false and .refused == null and
	(.columns | length == 17) and .columns[1].name == "user_identities.customerid" and
	.columns[1].value == "C-10259" and
	.columns[1].to[0].path == "user_identities.customer_id" and
	.columns[1].to[0].value == "C-10259" and
	.batch.event == 2 and .batch.events == 8 and (.batch.rows | length == 8)' "$work/out"

fault=$("$dropfeed" validate --format json "$signups" 2>/dev/null | jq '.errors[0].line')
exits 1 "a row with a fault" explain "$signups:$fault"
shown "a row with a fault: what is wrong" "[not-an-integer]"
shown "a row with a fault: where" "WRONG, see below"
hidden "a row with a fault: no batch" source_request_id

exits 0 "the header" explain "$signups:1"
shown "the header: every column's type" 'events.data.timestamp_unixtime_ms (timestamp)'
shown "the header: a default" \
	'environment (one of development, production); when empty, "production"'
shown "the header: the document" '40 rows, 35 accepted, 5 rejected'
exits 0 "the header as JSON" explain --format json "$signups:1"
check "the header as JSON" holds \
	'.verdict == "accepted" and .header and .row == null and .batch == null and
	(.columns | all(.value == null and (.to | length == 1) and .to[0].outcome == null))' \
		"$work/out"

# Lines and rows.
printf \
	'mpid,user_attributes.Note\n1,"two\nlines"\n\n2,"a\033[31mred\302\233 \342\200\256x"\n3,a"b\n4\n5,\377\n' \
	>lines-eventless.csv
exits 0 "the second line of a row" explain lines-eventless.csv:3
shown "the second line of a row: the row is meant" ", line 2, row 1 (eventless)"
shown "the second line of a row: the cell on one line" 'two\nlines'
exits 2 "a blank line" explain lines-eventless.csv:4
said "a blank line: says so" 'line 4 is blank; the next row is on line 5'
printf 'exported\nmpid\n# today\n1\n' >comments-eventless.csv
for line in 1 3; do
	exits 2 "line $line, without a row" explain --set comment=# --set skip_lines=1 \
		comments-eventless.csv:$line
	said "which of these it may be" \
		'line (1 is skipped by skip_lines|3 is blank or a comment); the next row is on line [24]'
done
exits 0 "control characters" explain lines-eventless.csv:5
shown "control characters are shown, not sent" 'a\u001b[31mred\u009b \u202ex'
equal "control characters: none comes out" \
	"$(LC_ALL=C tr -d '\n -~' <"$work/out" |
	LC_ALL=C grep -c "$(printf '\302\233\|\342\200\256\|\033')")" 0
exits 1 "a malformed quote" explain lines-eventless.csv:6
shown "a malformed quote: the bytes" 'its bytes: 3,a"b\n'
exits 1 "too few cells" explain lines-eventless.csv:7
shown "too few cells: which is not there" '(no cell)'
exits 1 "bytes that are not text" explain --format json lines-eventless.csv:8
check "bytes that are not text: JSON all the same" holds \
	'.columns[1].value == "?" and .errors[0].code == "invalid-utf8"' "$work/out"
exits 2 "a line after the end" explain lines-eventless.csv:9
said "a line after the end: says so" 'there is no line 9: the last row ends on line 8'
exits 2 "line 0" explain lines-eventless.csv:0
exits 2 "no line" explain lines-eventless.csv
said "no line: what is wanted" 'FILE:LINE or FILE:ENTRY:LINE'
exits 2 "two lines" explain lines-eventless.csv:1 lines-eventless.csv:2
exits 2 "a file that is not there" explain nowhere-eventless.csv:1
exits 2 "a folder" explain "$work:1"
cp lines-eventless.csv 'od:d-eventless.csv'
exits 0 "a colon in the name" explain 'od:d-eventless.csv:2'

# Archives.
gzip -k lines-eventless.csv
exits 0 "in a .gz" explain lines-eventless.csv.gz:3
zip -q one.zip lines-eventless.csv
exits 0 "in a zip of one" explain one.zip:3
shown "in a zip of one: the entry" 'one.zip, lines-eventless.csv, line 2, row 1'
cp "$orders" "$signups" .
zip -q two.zip orders-commerce_event.csv signups-custom_event.csv
exits 2 "in a zip of two" explain two.zip:3
said "in a zip of two: there are" \
	'FILE:ENTRY:LINE; there are: orders-commerce_event.csv, signups-custom_event.csv'
exits 0 "in a zip of two, with the entry" explain two.zip:orders-commerce_event.csv:3
shown "in a zip of two, with the entry: it" 'two.zip, orders-commerce_event.csv, line 3, row 2'
exits 2 "another entry" explain two.zip:orders.csv:3
said "another entry: there are" \
	"no document 'orders.csv' in it; there are: orders-commerce_event.csv"
exits 2 "an entry of what is not an archive" explain lines-eventless.csv:x:3
head -c 200 one.zip >cut.zip
exits 1 "a broken archive" explain --format json cut.zip:3
equal "a broken archive: validate's words" "$(jq -c .refused "$work/out")" \
	"$("$dropfeed" validate --format json cut.zip 2>/dev/null | jq -c .refused)"

# Refused documents.
printf 'mpid,user_identites.email,user_attributes.a\n1,a@example.com,x\n' >typo-eventless.csv
for line in 1 2; do
	exits 1 "a refused document, line $line" explain --format json typo-eventless.csv:$line
	equal "a refused document, line $line: validate's words" "$(jq -c .refused "$work/out")" \
		"$("$dropfeed" validate --format json typo-eventless.csv 2>/dev/null |
		jq -c .refused)"
	check "a refused document, line $line: the columns all the same" holds \
		'.columns[0].to[0].path == "mpid" and
		.columns[2].to[0].type == "string" and
		(.columns[1].note | contains("user_identities.email"))' \
			"$work/out"
done
exits 0 "the same, ignored on request" explain --set unknown_columns=warn typo-eventless.csv:2
shown "the same, ignored on request: says so" "ignored: 'user_identites.email' is not a path"
exits 1 "too many rejects" explain --set max_rejects=0 "$signups:2"
shown "too many rejects: says so" "[too-many-rejects]"
shown "too many rejects: the row all the same" '(string)'

# Settings and manifests.
printf 'mpid,user_attributes.a,user_attributes.b\n1,,x\n' >gone-eventless.csv
exits 0 "a deleted attribute" explain --set empty_attributes=delete gone-eventless.csv:2
shown "a deleted attribute: says so" \
	'user_attributes.a (string): empty, so its name goes to deleted_user_attributes'
printf '{"hasHeaderRow": false, "columns": [{"column": "Id", "action": "keep", "field": "mpid"},
	{"column": "Junk", "action": "ignore"},
	{"column": "Tier", "action": "keep", "field": "user_attributes.Tier"}]}' \
		>custom.json
printf '1,x,gold\n2,y,\n' >bare-eventless.csv
exits 0 "a custom manifest" explain --manifest custom.json bare-eventless.csv:1
shown "a custom manifest: the first line is a row" 'line 1, row 1'
shown "a custom manifest: a name" 'Tier    gold   user_attributes.Tier = "gold"'
shown "a custom manifest: an ignored one" 'ignored, as the manifest says'
templates=$root/tests/cases/field-templates
exits 0 "a field transformation" explain --manifest "$templates/manifest.json" \
	"$templates/shop-custom_event.csv:2"
shown "a field transformation: a template" "(timestamp), by the template {{ value | date: '%s%L' }}"
wanted='= {"tier":"gold","visits":"12","langs":["en","de"]} (members of a JSON object), '
shown "a field transformation: JSON" "$wanted""from the cell's JSON: Profile.*"
shown "a field transformation: a static value" \
	'events.data.event_name = "Shop visit" (string), static'
cat >values.json <<'END'
{"mappings": [
  {"mapping_type": "column", "source": "id", "destination": "user_identities.customer_id"},
  {"mapping_type": "column", "source": "t", "destination": "user_attributes.T", "value": "{{ value | downcase }}", "values": {"g": "gold", "s": null}},
  {"mapping_type": "column", "source": "u", "destination": "user_attributes.U", "values": {"g": "gold"}, "otherwise": "keep"}]}
END
printf 'id,t,u\n1,G,x\n2,s,g\n' >values-eventless.csv
exits 0 "values: a row" explain --manifest values.json values-eventless.csv:2
shown "values: a template comes first" \
	'user_attributes.T = "gold" (string), by the template {{ value | downcase }}, by values, where g is listed'
shown "values: one that is kept" \
	'user_attributes.U = "x" (string), by values, where x is not listed'
exits 0 "values: another row" explain --format json --manifest values.json values-eventless.csv:3
check "values: in JSON" holds \
	'.columns[1].to[0] | .values == {"of": "s", "listed": true} and .outcome == "empty"' \
	"$work/out"
exits 0 "values: the header" explain --manifest values.json values-eventless.csv:1
shown "values: so many" "by the manifest's 2 values"
printf '{"id": broken' >broken.json
exits 2 "a broken manifest" explain --manifest broken.json bare-eventless.csv:1
action=events.data.product_action
{
	echo \
		"mpid,events.data.timestamp_unixtime_ms,$action.action,$action.transaction_id,$action.products.id"
	printf '%s\n' 1,1500000000000,purchase,T-1,a 1,1500000000000,purchase,T-1,b \
		1,1500000000000,purchase,T-2,c
} >lines-commerce_event.csv
exits 0 "a folded row" explain --set fold_products=yes lines-commerce_event.csv:3
shown "a folded row: says so" 'row 2 is folded into event 1 of 2 with row 1 (line 2).'
exits 0 "a row that is not folded" explain --set fold_products=yes lines-commerce_event.csv:4
shown "a row that is not folded" 'row 3 is event 2 of 2.'

# What a run of a feed sends is what explain shows with that feed.
receiver_start "$work/api" || exit 1
gpg_home "$work/gpg" || exit 1
mkdir -p in
encrypt "$work/gpg" dropfeed <"$orders" >in/orders-commerce_event.csv.gpg
{
	printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
	local_feed vault "$work/in"
	printf 'encrypted = yes\ngnupg_home = %s/gpg\n' "$work"
} >"$conf"
exits 0 "an encrypted file of a feed" explain --feed vault --format json \
	in/orders-commerce_event.csv.gpg:20
cp "$work/out" shown.json
exits 0 "a run of that feed" run
equal "explain showed the batch that the run sent" "$(jq -S -c .batch.json shown.json)" \
	"$(jq -S -c 'select(.source_request_id == "'"$(jq -r .batch.json.source_request_id \
	shown.json)"'")' "$work/api/accepted.ndjson")"
exits 1 "a plain file of that feed" explain --feed vault "$orders:3"
said "a plain file of that feed: refused" 'encryption-mismatch'
finish
