# SPDX-License-Identifier: MIT
# What happens on the server afterwards: receipts, after_done, after_refused; done after the ledger
# has the last word, again by the next run where it fails, and never lost when the connection dies
# in between.
. "$(dirname "$0")/lib/checks.sh"

sshd_start "$work/sftp" || exit 1
direct=$sftp
receiver_start "$work/api" || exit 1
pin=$(ssh-keygen -lf "$work/sftp/known_hosts" | awk '{ print $2; exit }')
drop=$work/sftp/root/in
accepted=$work/api/accepted.ndjson
mkdir -p "$drop"
# configure NAME [line...]
configure() {
	local name=$1
	shift
	{
		printf '[dropfeed]\nstate_dir = %s/state-%s\n' "$work" "$name"
		sftp_feed "$name" in "$work/sftp"
		printf 'host_key = %s\n' "$pin"
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} | sed '/^known_hosts/d' >"$conf"
}
people() { # FIRST LAST: rows of people; every tenth has a bad time, every 15th nobody in it
	awk -v a="$1" -v b="$2" \
		'BEGIN { print "user_identities.customerid,device_info.limit_ad_tracking";
		for (i = a; i <= b; i++)
		print (i % 15 ? "C-" i : "") "," (i % 10 ? "true" : "perhaps") }'
}

# ---- what a receipt says ----
people 1 60 >"$drop/people-eventless.csv"
(cd "$drop" && people 1 10 >a-eventless.csv && people 11 20 >b-eventless.csv &&
	zip -q two.zip a-eventless.csv b-eventless.csv && rm a-* b-*)
head -c 300 /dev/urandom >"$drop/junk-eventless.csv.gz"
touch -d '2026-01-02 03:04:05Z' "$drop/people-eventless.csv"
sha=$(sha256sum <"$drop/people-eventless.csv" | cut -c1-64)
size=$(stat -c %s "$drop/people-eventless.csv")
configure first 'receipts = back' 'after_done = move:done' 'after_refused = move:/~/refused'
exits 1 "a file with bad rows, one that is not CSV, a zip" run
back=$drop/back
receipt=$back/people-eventless.csv.receipt.json
check "receipt: what came" holds \
	".feed == \"first\" and .file == \"people-eventless.csv\" and
	.size == $size and .sha256 == \"$sha\" and
	.modified == \"2026-01-02T03:04:05Z\" and .state == \"done\" and .refused == null" \
		"$receipt"
check "receipt: when" holds '[.pulled, .closed, .documents[0].begun, .documents[0].closed] |
	all(test("^20[0-9-]+T[0-9:]+Z$")) and .[0] <= .[1]' "$receipt"
# of 60 rows 6 have a bad time and 4 nobody; 2 have both
check "receipt: rows, each counted once" holds \
	'.documents[0] | .rows == 60 and .rejected == 8 and .delivered == 52 and .balanced and
	([.rejected_by[]] | add) == 8 and
	(.rejected_by | keys) == ["missing-identity", "not-a-boolean"]' \
		"$receipt"
who() {
	jq -r --arg id "$(jq -r ".documents[0].$1" "$receipt")" \
		'select(.source_request_id == $id).user_identities.customer_id' "$accepted"
}
equal "receipt: the first and the last batch arrived, and are those of the first and the last row" \
	"$(who first_batch) $(who last_batch)" "C-1 C-59"
check "receipt: names the copy of the reject file" test \
	"$(jq -r '.documents[0].rejects' "$receipt")" = people-eventless.csv
check "and that is there, the same as the one here" cmp "$back/people-eventless.csv" \
	"$work/state-first/rejects/first/people-eventless.csv"
check "receipt: nothing of this machine's folders" absent "$work" "$back"
check "receipt of a zip: its documents" holds '[.documents[] | {document, rows, rejected}] ==
	[{"document": "a-eventless.csv", "rows": 10, "rejected": 1},
	{"document": "b-eventless.csv", "rows": 10, "rejected": 2}]' \
		"$back/two.zip.receipt.json"
check "receipt of a refused file: why" holds \
	'.state == "refused" and .refused.code == "corrupt-archive" and
	(.refused.message | length) > 10 and .documents == []' \
		"$back/junk-eventless.csv.gz.receipt.json"
equal "each went where it was to go" \
	"$(cd "$work/sftp/root" && find . -type f ! -path './in/back/*' | sort)" \
	"$(printf '%s\n' ./in/done/people-eventless.csv ./in/done/two.zip \
	./refused/junk-eventless.csv.gz)"
check "status says the same of reasons and batches" test \
	"$("$dropfeed" --config "$conf" status --format json |
	jq \
	-cS \
	'.files[] | select(.file == "people-eventless.csv").documents[0] |
	[.rejected_by, .first_batch, .last_batch]')" \
	= \
	"$(jq -cS '.documents[0] | [.rejected_by, .first_batch, .last_batch]' "$receipt")"

# ---- a name as long as names get: what is named after it has to be cut ----
long=$(printf '%0239dé' 7)-eventless.csv # 239 + 2 + 14 bytes
configure long 'receipts = long' 'after_done = move:done'
people 1 10 >"$drop/$long"
exits 1 "a name of ${#long} letters, 255 bytes" run
check "its receipt has most of the name and a piece of the hash" holds ".file == \"$long\"" \
	"$(find "$drop/long" -name "0000*~$(printf %s "$long" | sha256sum |
	cut -c1-8).receipt.json")"
check "and the reject file all of it" test -f "$drop/long/$long"
people 3 13 >"$drop/$long"
exits 1 "another one of that name" run
check "it was moved and its number fits" test \
	-n "$(find "$drop/done" -name "0000*~$(printf %s "$long" | sha256sum | cut -c1-8).1")"
check "and so does the number of its rejects" test \
	-n "$(find "$drop/long" -name '*_2-eventless.csv')"
rm -r "$drop/done/$long"* "$drop/long"
configure first 'receipts = back' 'after_done = move:done' 'after_refused = move:/~/refused'

# ---- nothing is overwritten, duplicates are reported ----
cp "$drop/done/people-eventless.csv" "$work/first-people"
people 100 101 >"$drop/people-eventless.csv"
(cd "$drop" && cp done/two.zip again.zip)
exits 1 "another file of a name that came before, and the same bytes under another name" run
check "a move overwrites nothing" cmp "$drop/done/people-eventless.csv" "$work/first-people"
check "it takes a number" test -f "$drop/done/people-eventless.csv.1"
check "the receipt of a duplicate says of what" holds \
	'.state == "done" and (.note | test("two.zip")) and .documents == []' \
	"$back/again.zip.receipt.json"
check "and it is moved, too" test -f "$drop/done/again.zip"
configure second 'receipts = back2'
cp "$drop/done/again.zip" "$drop/once.zip"
exits 1 "receipts and nothing else" run
cp "$drop/once.zip" "$drop/twice.zip"
exits 0 "a duplicate" run
check "it has a receipt also where files stay" holds '.note | test("once.zip")' \
	"$drop/back2/twice.zip.receipt.json"
rm -f "$drop"/*.zip

# ---- where it fails, the next run does it ----
configure third 'after_done = delete' 'receipts = taken/back'
touch "$drop/taken" # where a folder is to be
people 200 204 >"$drop/a-eventless.csv"
people 205 208 >"$drop/b-eventless.csv"
exits 3 "a folder that cannot be made" run
said "it says what and where" 'a-eventless.csv: not finished at the source: .*taken.*not a folder'
check "one file that fails does not keep the next one from being tried" grep \
	-q 'b-eventless.csv: not finished' "$work/err"
equal "the files are still there" "$(find "$drop" -maxdepth 1 -name '*-eventless.csv' | wc -l)" 2
check "status reports it" sh -c '"$1" --config "$2" status | grep -c "still to be" | grep -qx 2' \
	sh "$dropfeed" "$conf"
sent=$(lines "$accepted")
people 1 3 >"$drop/b-eventless.csv" # before the next run: not the file that was read
rm "$drop/taken"
cp "$conf" "$work/conf"
echo 'exclude = b-*' >>"$conf"
exits 0 "the next run, which does not look at the new file" run
check "what took the name of the file that was read stays" test -s "$drop/b-eventless.csv"
cp "$work/conf" "$conf"
exits 0 "one that does" run
check "the file that was read is deleted" test ! -e "$drop/a-eventless.csv"
check "its receipt is there" holds '.documents[0].delivered == 4' \
	"$drop/taken/back/a-eventless.csv.receipt.json"
equal "the new one was delivered, not just deleted" "$(($(lines "$accepted") - sent))" 3
check "and its receipt is the last one" holds '.documents[0].rows == 3' \
	"$drop/taken/back/b-eventless.csv.receipt.json"
exits 0 "then there is nothing to do" run

# ---- rejects that cannot be read for a while: the file is not done with before their copy is
#     on the source ----
configure fourth 'receipts = back'
rm -rf "$drop"
mkdir "$drop"
touch "$drop/back" # where a folder is to be
people 300 310 >"$drop/r-eventless.csv"
exits 3 "a folder that cannot be made" run
rm "$drop/back"
rejects=$work/state-fourth/rejects/fourth/r-eventless.csv
mv "$rejects" "$rejects.away"
ln -s /proc/self/mem "$rejects" # reading its beginning is an input/output error
exits 3 "rejects on a disk that fails" run
said "reported as what it is" \
	'r-eventless.csv: not finished at the source: .*cannot read .*/r-eventless.csv: (Input/output error|Permission denied)'
rm "$rejects"
ln -s "$rejects" "$rejects"
exits 3 "rejects that cannot be opened" run
rm "$rejects"
mv "$rejects.away" "$rejects"
exits 0 "the next run" run
check "copies them" cmp "$rejects" "$drop/back/r-eventless.csv"
rm -rf "$drop"
mkdir "$drop"

# ---- the connection dies at every place from the listing to the last rename ----
# Enough for the login and the listing; then it breaks a little later each time.
sent=$(lines "$accepted") cuts=0 broke=0 bad=
# shellcheck disable=SC2154 # of checks.sh
for cut in $(seq 2700 $((130 * every)) 6700); do
	cuts=$((cuts + 1))
	name=cut$cut
	people 1001 1015 | sed "s/C-/$name-/" >"$drop/$name-eventless.csv"
	rm -f "$drop"/done/* "$drop"/back/*
	proxy_start "$work/net" "$work/sftp" --cut "$cut" --for 1
	configure "$name" 'receipts = back' 'after_done = move:done' 'give_up_after = 0s'
	"$dropfeed" --config "$conf" run >"$work/out" 2>"$work/err" </dev/null
	status=$?
	[ "$status" -eq 3 ] && broke=$((broke + 1))
	configure "$name" 'receipts = back' 'after_done = move:done'
	"$dropfeed" --config "$conf" run >>"$work/out" 2>>"$work/err" </dev/null ||
		status="$status then $?"
	want=$(printf '%s\n' "back/$name-eventless.csv" "back/$name-eventless.csv.receipt.json" \
		"done/$name-eventless.csv")
	got=$(cd "$drop" && find . -type f -printf '%P\n' | sort)
	[ "$got" = "$want" ] && jq -e '.documents[0].delivered == 13' \
		"$drop/back/$name-eventless.csv.receipt.json" >/dev/null ||
		bad="$bad $cut ($status): $got;"
	"$dropfeed" --config "$conf" status --format json |
		jq -e 'all(.files[]; .cleanup_due == false)' >/dev/null ||
		bad="$bad $cut: still due"
done
equal "after each of $cuts breaks the next run leaves the file moved once, and one receipt" "$bad" \
	''
check "most of them were breaks ($broke)" test "$broke" -gt $((cuts / 2)) -a "$broke" -lt "$cuts"
equal "every row arrived once" \
	"$(tail -n +$((sent + 1)) "$accepted" | jq -r .source_request_id | sort -u | wc -l)" \
	$((cuts * 13))

# ---- the connection dies, and the next one does what is left in the same run ----
broke=0
for cut in 0 1000 2800 3300 4000 5000; do
	people 2001 2015 | sed "s/C-/again$cut-/" >"$drop/again-eventless.csv"
	rm -f "$drop"/done/* "$drop"/back/*
	proxy_start "$work/net" "$work/sftp" --cut "$cut" --for 1
	configure "again$cut" 'receipts = back' 'after_done = move:done'
	exits 1 "a connection that breaks after $cut bytes" run
	# How many bytes all of it takes depends on both sides' versions.
	if awk -v cut="$cut" 'NR == 1 { exit $4 < cut }' "$work/net/connections"; then
		said "it was tried again ($cut)" 'trying again in'
		broke=$((broke + 1))
	fi
	check "the file was moved once, and has a receipt ($cut)" test \
		"$(cd "$drop" && find . -type f -printf '%P\n' | sort | tr '\n' ' ')" = \
		'back/again-eventless.csv back/again-eventless.csv.receipt.json done/again-eventless.csv '
done
check "all but the last, perhaps, were breaks ($broke)" test "$broke" -ge 5
proxy_stop

# ---- the source's address is written anew: every file is new, and its receipt stays ----
sftp=$direct
rm -rf "$drop"
mkdir "$drop"
configure moved 'receipts = back3'
people 401 404 >"$drop/m-eventless.csv"
exits 0 "a file that stays where it is" run
cp "$drop/back3/m-eventless.csv.receipt.json" "$work/first-receipt"
sed -i 's/^source = \(.*\)@127\.0\.0\.1:/source = \1@localhost:/' "$conf"
exits 0 "the same folder under another host name" run
said "the file is a duplicate" 'm-eventless.csv: skipped: '
check "its receipt is the first one" cmp "$work/first-receipt" \
	"$drop/back3/m-eventless.csv.receipt.json"
finish
