# SPDX-License-Identifier: MIT
# Every form a drop file can have, over SFTP, delivered once and with the same events.
. "$(dirname "$0")/lib/checks.sh"

sshd_start "$work/sftp" || exit 1
receiver_start "$work/api" || exit 1
gpg_home "$work/gpg" || exit 1
drop=$work/sftp/root
mkdir -p "$drop/open" "$drop/vault"
orders=$samples/orders-commerce_event.csv
pages=$samples/pages-screen_view.csv
promotions=$samples/promotions-commerce_event.csv

# Plain forms. A zip that was written to a pipe has data descriptors instead of sizes; what does not
# belong in it is skipped.
cp "$orders" "$drop/open/"
gzip -c "$orders" >"$drop/open/orders2-commerce_event.CSV.GZ"
{ head -n 20 "$orders" | gzip; tail -n +21 "$orders" |
	gzip; } >"$drop/open/orders3-commerce_event.csv.gz"
mkdir -p "$work/zip/__MACOSX" "$work/zip/sub"
cp "$orders" "$pages" "$work/zip/"
cp "$promotions" "$work/zip/promotions.csv"
cp "$promotions" "$work/zip/sub/"
echo junk | tee "$work/zip/__MACOSX/._pages-screen_view.csv" \
	"$work/zip/.hidden-screen_view.csv" >"$work/zip/readme.txt"
(cd "$work/zip" && zip -qr "$drop/open/weekly.zip" orders-commerce_event.csv pages-screen_view.csv \
	sub __MACOSX readme.txt .hidden-screen_view.csv)
(cd "$work/zip" && zip -q - promotions.csv | cat >"$drop/open/week2-commerce_event.zip")

# Encrypted forms.
encrypt "$work/gpg" dropfeed <"$orders" >"$drop/vault/orders-commerce_event.csv.gpg"
gzip -c "$orders" | encrypt "$work/gpg" dropfeed >"$drop/vault/orders-commerce_event.csv.gz.pgp"
gpg --homedir "$work/gpg" --batch -q --trust-model always -r dropfeed@example.com --armor --sign \
	--encrypt \
	<"$pages" >"$drop/vault/pages-screen_view.csv.asc"
(cd "$work/zip" && zip -q - pages-screen_view.csv) |
	encrypt "$work/gpg" dropfeed >"$drop/vault/pages.zip.gpg"
encrypt "$work/gpg" \
	dropfeed <"$samples/customers-eventless.csv" >"$drop/vault/customers-eventless.csv.gpg"

# None of these is a drop file yet, or ever.
cp "$orders" "$drop/open/half-commerce_event.csv.part"
cp "$orders" "$drop/open/.orders-commerce_event.csv"
cp "$orders" "$drop/open/notes.txt"

{
	printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
	sftp_feed open open "$work/sftp"
	sftp_feed vault vault "$work/sftp"
	printf 'encrypted = yes\ngnupg_home = %s/gpg\nafter_done = move:done\n' "$work"
} >"$conf"

exits 0 "check likes the configuration" check
exits 0 "one run delivers every form" run
accepted=$work/api/accepted.ndjson
check "orders: six forms, every row once in each" batches covers "$orders" 6 "$accepted"
check "pages: three forms, every row once in each" batches covers "$pages" 3 "$accepted"
check "promotions: one form; the zip's own sub-folder is left alone" batches covers "$promotions" \
	1 "$accepted"
equal "customers: one batch each, without events" \
	"$(jq -c 'select(.user_identities.other_id_2 != null) | .events // [] | length' \
	"$accepted" | sort | uniq -c | tr -s ' ')" ' 26 0'
equal "attribute names come through verbatim" \
	"$(jq \
	-r \
	'select(.user_identities.other_id_2 == "LOY00000") | .user_attributes["$FirstName"] + "/" + .user_attributes["locale.preferred"]' \
	"$accepted")" \
	Ada/tr-TR
equal "every batch says development" "$(jq -r .environment "$accepted" | sort -u)" development
equal "done files were moved on the server" "$(find "$drop/vault/done" -type f | wc -l)" 5
equal "the others stay where they are" "$(find "$drop/open" -maxdepth 1 -type f | wc -l)" 8
check "no plaintext of an encrypted file is left" absent LOY07919 "$work/state"

requests=$(lines "$work/api/requests.ndjson")
exits 0 "a second run finds nothing to do" run
equal "and sends nothing" "$(lines "$work/api/requests.ndjson")" "$requests"
exits 0 "status has something to say" status
said "status names the feeds" vault
exits 0 "status as JSON" status --format json
check "is JSON" holds . "$work/out"

# The same bytes under another name are not new to the same feed.
cp "$orders" "$drop/open/again-commerce_event.csv"
exits 0 "the same bytes again are skipped" run
equal "and not sent" "$(lines "$work/api/requests.ndjson")" "$requests"

# Under another event type they say something else: it is sent, under ids of its own.
printf 'user_identities.customerid\nE-1\n' >"$drop/open/day-session_start.csv"
cp "$drop/open/day-session_start.csv" "$drop/open/day-uninstall.csv"
cp "$drop/open/day-session_start.csv" "$drop/open/same-uninstall.csv"
exits 0 "the same bytes as two event types" run
equal "each of them is sent once" \
	"$(jq -r 'select(.user_identities.customer_id == "E-1").events[].event_type' "$accepted" |
	sort | tr '\n' ' ')" \
	"session_start uninstall "
equal "under ids of its own" \
	"$(jq \
	-r \
	'select(.user_identities.customer_id == "E-1") | .source_request_id, .events[].data.source_message_id' \
	"$accepted" |
		sort -u | wc -l)" 4

# Unless they are wanted: then under ids of their own, because the API drops those that it knows.
mkdir -p "$work/twice"
{
	printf '[dropfeed]\nstate_dir = %s/state2\n' "$work"
	local_feed twice "$work/twice"
	echo 'duplicates = import'
} >"$conf"
cp "$orders" "$work/twice/first-commerce_event.csv"
before=$(batches events "$accepted")
exits 0 "the bytes once" run
once=$(($(batches events "$accepted") - before))
cp "$orders" "$work/twice/second-commerce_event.csv"
exits 0 "the same bytes with duplicates = import" run
equal "make as many new events" "$(($(batches events "$accepted") - before))" "$((2 * once))"
finish
