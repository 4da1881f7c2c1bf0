# SPDX-License-Identifier: MIT
# `dropfeed manifest`: what it proposes for foreign files is taken by `validate`, under the settings
# that it proposes.
. "$(dirname "$0")/lib/checks.sh"
files=$work/files
mkdir -p "$files"

# settings FILE: the proposed ones, as options, one word a line.
settings() { sed -n 's/^\/\/   \([a-z_]*\) = \(.*\)$/--set\n\1=\2/p' "$1"; }

# round WHAT FILE ACCEPTED [OPTION...]: proposes, then validates with the proposal; so many rows are
# accepted, and none rejected.
round() {
	local what=$1 file=$2 accepted=$3 options
	shift 3
	"$dropfeed" manifest "$@" "$file" >"$work/proposed.json" 2>"$work/err" || {
		not_ok "$what: exit $?"
		sed "s|$work/||g; s/^/#   /" "$work/err"
		return
	}
	mapfile -t options < <(settings "$work/proposed.json")
	"$dropfeed" validate --format json --set guidelines=off --manifest "$work/proposed.json" \
		"${options[@]}" "$file" >"$work/out" 2>"$work/err"
	equal "$what" "$(jq -r '"\(.accepted) \(.rejected) \(.refused.message // "")"' \
		"$work/out")$(cat "$work/err")" "$accepted 0 "
}
proposes() { # WHAT TEXT: is in the last proposal
	check "$1" grep -qF -- "$2" "$work/proposed.json"
}

cat >"$files/shop-commerce_event.csv" <<'END'
Name,Email,Financial Status,Paid at,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Billing Name,Billing City,Billing Zip,Billing Province,Billing Country,Notes,Note Attributes,Phone,Vendor,Id
#1001,ann@example.com,paid,2024-03-01 10:00:00 -0500,USD,30.00,5.00,2.40,37.40,,2024-03-01 09:59:00 -0500,2,Mug,10.00,MUG-1,Ann Ash,Boston,'02108,MA,US,,,,Kiln,450001
#1001,ann@example.com,,,,,,,,,2024-03-01 09:59:00 -0500,1,Beans,10.00,BEAN-7,,,,,,,,,Kiln,
#1002,bob@example.com,paid,2024-03-02 10:00:00 -0500,USD,9.00,,0.72,9.72,SPRING,2024-03-02 09:59:00 -0500,1,Filter,9.00,FIL-2,Bob Birch,Reno,89501,NV,US,"two
lines",,+15550100,Kiln,450002
END
round "a shop's orders" "$files/shop-commerce_event.csv" 3
proposes "a shop's orders: the action is what the status says" \
	'"values": { "paid": "purchase" }, "otherwise": "reject"'
proposes "a shop's orders: what the first line alone states is filled down" '"fill_by": ["Name"]'
proposes "a shop's orders: lines fold" '(1 of 1 such orders fold)'
check "a shop's orders: no value is shown" absent ann@example.com "$work/proposed.json"
check "a shop's orders: not even a product's" absent MUG-1 "$work/proposed.json"

cat >"$files/users-eventless.csv" <<'END'
ID,EMAIL_ADDRESS,FIRST_NAME,LAST_NAME,PHONE,BIRTH_DATE,GENDER,CITY,STATE,POSTAL_CODE,COUNTRY,LIFETIME_VALUE,IS_ACTIVE,TAGS[],LAT,LON,CREATED_AT,PASSWORD_HASH
1,ann@example.com,Ann,Ash,+1 555 0100,1980-01-02,f,Boston,MA,02108,US,120.50,true,vip,42.36,-71.06,2020-01-02 03:04:05,x
2,,Bob,,,,,,,,,,false,,,,2020-01-02 03:04:05,y
END
round "a warehouse's users" "$files/users-eventless.csv" 2
proposes "a warehouse's users: the key is the customer" \
	'"ID", "action": "keep", "field": "user_identities.customer_id"'
proposes "a warehouse's users: a list stays one" 'user_attributes.TAGS[]'
proposes "a warehouse's users: no hashes of passwords" '"PASSWORD_HASH", "action": "ignore"'

cat >"$files/ga-custom_event.csv" <<'END'
event_date,event_timestamp,event_name,event_params.key,user_pseudo_id,user_id,platform,device.category,device.mobile_model_name,geo.country,geo.city,traffic_source.source,ga_session_id,page_location
20240131,1706695200000000,page_view,x,1234.5678,,WEB,desktop,,Germany,Bonn,google,1706695100,https://example.com/?a=b
20240131,1706695201000000,scroll,y,1234.5678,u-9,WEB,desktop,,Germany,Bonn,google,1706695100,"https://example.com/?q=""x"""
END
round "an analytics' events" "$files/ga-custom_event.csv" 2
proposes "an analytics' events: the finer time is the event's" \
	'"event_timestamp", "action": "keep", "field": "events.data.timestamp_unixtime_ms"'
proposes "an analytics' events: the setting for it" '//   timestamps = auto'
proposes "an analytics' events: the type is the feed's" '//   event_type = other'

cat >"$files/pages-screen_view.csv" <<'END'
visitor id,page title,time,ip address,user agent
v1,Home,12/31/2023 11:59:59 PM,10.0.0.1,curl
v2,Shop,1/1/2024 1:00:00 AM,::1,curl
END
round "pages" "$files/pages-screen_view.csv" 2
proposes "pages: half a day's hours" '//   timestamps = %m/%d/%Y %I:%M:%S %p'

# names that are hard to write down
odd_names=' user id ,"He said ""hi""",a.b,$x,y[],"line
break",日本語,back\slash,{{ x }},a*b,**,$unmapped,"c,d",events.data.nothing'
odd_names=$odd_names',Ünïcode Ω,tab	here,//,/*,<>'
odd_row='u1,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18'
printf '%s\n%s\n' "$odd_names" "$odd_row" | tee \
	"$files/odd-eventless.csv" >"$files/odd-custom_event.csv"
printf 'sku,%s\ns,%s\n' "$odd_names" "$odd_row" >"$files/odd-commerce_event.csv"
round "odd names" "$files/odd-custom_event.csv" 1
round "odd names, attributes of a user" "$files/odd-eventless.csv" 1
round "odd names, in a field transformation" "$files/odd-commerce_event.csv" 1
proposes "odd names: it is one" '"destination_type": "event_batch"'
"$dropfeed" import --sink - --manifest "$work/proposed.json" \
	"$files/odd-commerce_event.csv" >"$work/out" 2>"$work/err"
check "odd names: each is the attribute's name" holds \
	'.events[0].data.custom_attributes | ."{{ x }}" == "8" and ."a*b" == "9" and
	."**" == "10" and
	."$unmapped" == "11" and ."line\nbreak" == "5" and length == 18' "$work/out"

python3 \
	-c \
	'print(",".join(["user id"] + ["c%d" % i for i in range(200)])); print(",".join(["u"] + ["x"] * 200))' \
	>"$files/wide-custom_event.csv"
round "200 columns" "$files/wide-custom_event.csv" 1
proposes "200 columns: the API takes 100 attributes" '"c100", "action": "ignore"'
python3 -c 'print("user id,note"); print("u," + "x" * 5000)' >"$files/long-custom_event.csv"
round "a value that is too long" "$files/long-custom_event.csv" 1
proposes "a value that is too long: the setting" '//   limits = truncate'
printf 'user id,,\nu,1,2\n' >"$files/nameless-custom_event.csv"
round "columns without names" "$files/nameless-custom_event.csv" 1
printf 'sku,user id,,\ns,u,1,2\n' >"$files/nameless-commerce_event.csv"
round "columns without names, in a field transformation" "$files/nameless-commerce_event.csv" 1
printf '\357\273\277user id,created_at\r\nu,2024-01-01\r\n' >"$files/bom-custom_event.csv"
round "a BOM and CRLF" "$files/bom-custom_event.csv" 1
printf 'user id,created_at\n' >"$files/empty-custom_event.csv"
round "a header alone" "$files/empty-custom_event.csv" 0
for f in orders-commerce_event.csv pages-screen_view.csv customers-eventless.csv \
	promotions-commerce_event.csv; do
	round "names that are paths: $f" "$samples/$f" \
		"$("$dropfeed" validate --format json "$samples/$f" | jq .rows)"
	check "names that are paths: $f: nothing is guessed" absent guessed "$work/proposed.json"
done

# packed, and by other ways
gzip -nk "$files/ga-custom_event.csv"
round "gzip" "$files/ga-custom_event.csv.gz" 2
for pack in gzip bzip2 xz; do # under a name without an event type
	case $pack in gzip) end=gz ;; bzip2) end=bz2 ;; xz) end=xz ;; esac
	$pack -c <"$files/ga-custom_event.csv" >"$files/export.csv.$end"
	exits 0 "$pack, by any name" manifest --event-type custom_event "$files/export.csv.$end"
done
(cd "$files" && zip -q all.zip users-eventless.csv ga-custom_event.csv)
exits 0 "a zip: the first document" manifest "$files/all.zip"
said "a zip: says which" 'all.zip holds 2 documents; this is for users-eventless.csv'
exits 0 "a zip: the one that is meant" manifest --event-type custom_event "$files/all.zip"
said "a zip: says which one" 'this is for ga-custom_event.csv'
cp "$files/users-eventless.csv" "$files/users.csv" && (cd "$files" && zip -q users.zip users.csv)
exits 2 "a zip that does not say what is in it" manifest "$files/users.zip"
said "a zip that does not say what is in it: the list" 'add --event-type with one of .*eventless'
round "the same, plain" "$files/users-eventless.csv" 2 --event-type eventless
exits 0 "a zip, with --event-type" manifest --event-type eventless "$files/users.zip"
equal "a zip, with --event-type: the same" "$(cat "$work/out")" "$(cat "$work/proposed.json")"
gpg_home "$work/gpg" && encrypt "$work/gpg" \
	dropfeed <"$files/ga-custom_event.csv" >"$files/ga-custom_event.csv.gpg"
export GNUPGHOME=$work/gpg
round "encrypted" "$files/ga-custom_event.csv.gpg" 2
unset GNUPGHOME
cp "$files/ga-custom_event.csv" "$files/export"
exits 2 "a name without an event type" manifest "$files/export"
said "a name without an event type: the list" \
	'add --event-type with one of .*custom_event.*eventless'
exits 0 "any name, with --event-type" manifest --event-type custom_event "$files/export"
cp "$work/out" "$work/export.json"
"$dropfeed" manifest --event-type custom_event - <"$files/export" >"$work/out" 2>"$work/err"
equal "standard input" "$?$(cat "$work/err")$(diff "$work/out" "$work/export.json")" 0
exits 2 "an unknown event type" manifest --event-type purchase "$files/export"
exits 2 "no file" manifest
exits 2 "a file that is not there" manifest "$files/nowhere-custom_event.csv"

printf \
	'7,ann@example.com,2024-01-31T10:00:00Z,x\n8,bob@example.com,2024-01-31T10:00:00Z,y\n' \
	>"$files/bare-custom_event.csv"
round "no header" "$files/bare-custom_event.csv" 2 --no-header
proposes "no header: e-mail addresses are seen" \
	'"column": "column 2", "action": "keep", "field": "user_identities.email"'

exits 2 "no header, and nobody says so" manifest "$files/bare-custom_event.csv"
said "no header, and nobody says so: what to add" \
	'cell 2 of the first row looks like data.*--no-header'
check "no header, and nobody says so: no value is shown" absent ann@example.com "$work/out" \
	"$work/err"

printf 'user id,a,a\nu,1,2\n' >"$files/twice-custom_event.csv"
exits 1 "a name twice" manifest "$files/twice-custom_event.csv"
said "a name twice: says so" "'a'.*duplicate-column"
printf 'user id;Preis\n1;"1,50"\n2;9,90\n' >"$files/semi-custom_event.csv"
round "semicolons" "$files/semi-custom_event.csv" 2
proposes "semicolons: the setting" '//   delimiter = ;'
printf 'user id\ttown\n1\tK\366ln\n2\tUlm\n(2 rows)\n' >"$files/latin-custom_event.csv"
round "tabs, windows-1252 and a last line" "$files/latin-custom_event.csv" 2
proposes "tabs, windows-1252 and a last line: the encoding" '//   encoding = windows-1252'
proposes "tabs, windows-1252 and a last line: the last line" '//   skip_last_lines = 1'
printf 'user id,town\n1,"3 in \\""\n2,x\n' >"$files/backslash-custom_event.csv"
round "a backslash before a quote" "$files/backslash-custom_event.csv" 2
proposes "a backslash before a quote: the setting" '//   escape = backslash'
printf '# a\n# b\nuser id,town\n1,x\nuser id,town\n2,y\n' >"$files/comments-custom_event.csv"
exits 0 "comments and a second header" manifest "$files/comments-custom_event.csv"
said "comments and a second header: the setting" '//   comment = #'
check "comments and a second header: lines are not skipped besides" absent skip_lines "$work/out"
said "comments and a second header: it would be rejected" \
	'2 accepted, 1 rejected .1 repeated-header.'
printf 'a report\n\nuser id,town\n1,x\n2,y\n' | iconv -t UTF-16 >"$files/wide16-custom_event.csv"
round "UTF-16 and a preamble" "$files/wide16-custom_event.csv" 2
proposes "UTF-16 and a preamble: the preamble" '//   skip_lines = 2'
: >"$files/zero-custom_event.csv"
exits 1 "an empty file" manifest "$files/zero-custom_event.csv"
printf 'name,town\nx,y\n' >"$files/nobody-eventless.csv"
exits 0 "nobody is identified" manifest "$files/nobody-eventless.csv"
said "nobody is identified: said on top" 'no column identifies the user'
said "nobody is identified: and what it leads to" 'no-identity-column'

# a feed's own settings need not be proposed
mkdir "$work/sink"
printf \
	'[dropfeed]\nstate_dir = %s/state\n[feed a]\nsource = file://%s\nsink = file:%s/sink/o\ntimestamps = auto\nevent_type = other\n' \
	"$work" "$files" "$work" >"$conf"
exits 0 "under a feed's settings" manifest --feed a "$files/ga-custom_event.csv"
check "under a feed's settings: none is missing" absent 'It needs these settings' "$work/out"
rm "$conf"

data=$shared/data/online-retail-1000.csv
if [ -r "$data" ]; then
	grep -v ',,[^,]*$' "$data" >"$files/retail-commerce_event.csv" # those with a customer
	round "the Online Retail rows" "$files/retail-commerce_event.csv" \
		"$(($(wc -l <"$files/retail-commerce_event.csv") - 1))"
	proposes "the Online Retail rows: orders are seen" '//   fold_products = yes'
else
	skip "the Online Retail rows are not here"
fi

check "dropfeed.manifest(5): its examples are true, and every filter is named" \
	python3 "$e2e/lib/man_examples.py" "$dropfeed" "$root/src/dropfeed.manifest.5" "$work"

# what is there to be copied has been tried: tests/cases/manifests-NAME
for f in "$root"/manifests/*.json; do
	name=$(basename "$f" .json)
	check "manifests/$name.json has a case" test "$f" \
		-ef "$root/tests/cases/manifests-$name/manifest.json"
done

# ---- a number that no integer holds is not rounded ----
printf 'user_identities.customer_id\nA-1\n' >"$files/a-eventless.csv"
printf '{ "id": "n", "name": "n", "destination_type": "event_batch", "mappings": [\n%s\n] }\n' \
	'{ "mapping_type": "static", "value": 123456789012345678901234567890, "destination": "user_attributes.n" }' \
	>"$work/number.json"
exits 0 "a fixed value over 64 bits" import --sink - --manifest "$work/number.json" \
	"$files/a-eventless.csv"
check "a fixed value over 64 bits: its digits are as they were" grep \
	-qF '"n":"123456789012345678901234567890"' "$work/out"

finish
