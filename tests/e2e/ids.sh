# SPDX-License-Identifier: MIT
# Ids depend on content: whatever changes between two deliveries of a file, an API that drops the
# ids it knows loses nothing.
. "$(dirname "$0")/lib/checks.sh"

receiver_start "$work/api" || exit 1
accepted=$work/api/accepted.ndjson
state=$work/state
mkdir -p "$work/in"

# settings [LINE...]
settings() {
	{
		printf '[dropfeed]\nstate_dir = %s\n' "$state"
		local_feed visits "$work/in"
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$conf"
}
# visits FILE: forty users, two rows each, which differ in an attribute
visits() {
	python3 - "$1" <<'END'
import sys
with open(sys.argv[1], "w") as f:
    f.write("user_identities.customerid,user_attributes.Visit,events.data.screen_name,events.data.custom_attributes.row\n")
    for i in range(80):
        f.write("C-%d,%d,Home,%d\n" % (i // 2, i % 2, i))
END
}
# arrived FILTER: how many of the 80 rows reach somebody who takes each id once, in batches that the
# filter selects
arrived() {
	python3 - "$accepted" "$1" <<'END'
import json, sys
seen, rows = set(), set()
for line in open(sys.argv[1]):
    b = json.loads(line)
    if b["source_request_id"] in seen: continue
    seen.add(b["source_request_id"])
    if eval(sys.argv[2], {"b": b}): rows.update(e["data"]["custom_attributes"]["row"] for e in b["events"])
print(len(rows))
END
}
sql() { ledger_sql "$state" "$1"; }
visits "$work/in/day-screen_view.csv"

# ---- a test in development, then production ----
settings 'environment = development'
exits 0 "a test run in development" run
rm -rf "$state"
settings 'environment = production'
exits 0 "then production, with a fresh state folder" run
equal "all of it arrives" "$(arrived 'b["environment"] == "production"')" 80
: >"$accepted"
rm -rf "$state"
settings 'environment = development'
exits 0 "a stateless test" import --feed visits --sink events-api "$work/in/day-screen_view.csv"
settings 'environment = production'
exits 0 "then production" run
equal "all of it arrives" "$(arrived 'b["environment"] == "production"')" 80

# ---- the file that was tried with stays at the source, and so does the state folder ----
went='day-screen_view.csv: delivered before, to another'
: >"$accepted"
rm -rf "$state"
settings 'environment = development'
exits 0 "a test run in development" run
settings 'environment = production'
exits 0 "then production: the file is known" run
said "it is said that its rows went elsewhere" "$went environment .*resend --new-ids day-screen"
exits 0 "the next run" run
check "says so no more" absent "$went" "$work/out" "$work/err"
exits 0 "what was proposed" resend --new-ids day-screen_view.csv
equal "delivers all of it" "$(arrived 'b["environment"] == "production"')" 80
exits 0 "a run after that" run
check "has nothing to say" absent "$went" "$work/out" "$work/err"
: >"$accepted"
rm -rf "$state"
settings "sink = file:$work/look.ndjson"
exits 0 "a test run into a file" run
settings
exits 0 "then to the API" run
said "it is said that its rows went elsewhere" "$went endpoint, API key or sink .*resend day-scr"
exits 0 "what was proposed" resend day-screen_view.csv
equal "delivers all of it" "$(arrived True)" 80

# ---- the same once more: what is known by its id is dropped ----
: >"$accepted"
rm -rf "$state"
exits 0 "once" run
rm -rf "$state"
exits 0 "and with a lost ledger" run
equal "every batch came twice, under one id" \
	"$(lines "$accepted") $(batches ids "$accepted" | wc -l)" "160 80"

# ---- a lost ledger, and another manifest: other batches ----
: >"$accepted"
rm -rf "$state"
exits 0 "a document is delivered" run
rm -rf "$state"
echo \
	'{"hasHeaderRow": true, "columns": [{"column": "user_attributes.Visit", "action": "ignore", "field": ""}]}' \
	>"$work/m.json"
settings "manifest = $work/m.json"
exits 0 "the ledger is lost, and a column is ignored" run
equal "all of it arrives in the new form" "$(arrived '"user_attributes" not in b')" 80

# ---- a correction after a refusal of the API: nothing was taken, so today's settings count ----
: >"$accepted"
rm -rf "$state"
echo 'wrong' >"$work/wrong"
chmod 600 "$work/wrong"
settings 'environment = production'
sed -i "s|^api_secret_file.*|api_secret_file = $work/wrong|" "$conf"
exits 4 "the API refuses the credentials" run
settings 'environment = development'
exits 0 "they are corrected, and the environment is set" run
equal "nothing goes to production" \
	"$(arrived 'b["environment"] == "production"') $(arrived \
	'b["environment"] == "development"')" "0 80"
: >"$accepted"
rm -rf "$state"
settings 'environment = production'
for i in $(seq 40); do echo 404; done >"$work/api/script"
exits 4 "somebody else than the API answers" run
: >"$work/api/script"
settings 'environment = development'
exits 0 "endpoint and environment are corrected" run
equal "nothing goes to production" \
	"$(arrived 'b["environment"] == "production"') $(arrived \
	'b["environment"] == "development"')" "0 80"
: >"$accepted"
rm -rf "$state"
settings 'environment = production' 'give_up_after = 0s'
for i in $(seq 100); do echo drop-after; done >"$work/api/script"
exits 3 "the API takes requests, and its answers are lost" run
: >"$work/api/script"
settings 'environment = development'
exits 0 "then settings that differ" run
said "are not taken: a batch may have been" "today's differ in: environment"
equal "all of it arrives, in production" "$(arrived 'b["environment"] == "production"')" 80
: >"$accepted"
rm -rf "$state"
settings
sed -i '/^endpoint/d; /^api_/d' "$conf"
echo "sink = file:$work/nowhere/out.ndjson" >>"$conf"
exits 3 "a sink that cannot be written" run
sed -i "s|^sink.*|sink = file:$work/out.ndjson|" "$conf"
exits 0 "is corrected" run
equal "and gets everything" "$(lines "$work/out.ndjson")" 80

# ---- copies of the same bytes have numbers of their own, drawn once ----
rm -rf "$state"
: >"$accepted"
cp "$work/in/day-screen_view.csv" "$work/in/copy-screen_view.csv"
settings 'duplicates = import'
exits 0 "two copies that count twice" run
equal "arrive twice" "$(batches ids "$accepted" | wc -l)" 160
equal "under numbers" "$(sql 'SELECT copy FROM file ORDER BY copy' | xargs)" "0 1"

# ---- rows that go back to what an earlier file of the name said ----
tiers() { # TIER MINUTE: the whole list, as of that minute
	printf 'user_identities.customerid,user_attributes.Tier\nC-1,%s\n' "$1" \
		>"$work/in/tiers-eventless.csv"
	touch -d "2026-01-12T08:$2" "$work/in/tiers-eventless.csv"
}
older='tiers-eventless.csv: another file of its name was delivered since then'
rm -rf "$state" "$work/in/"*
: >"$accepted"
settings
tiers gold 01
exits 0 "a list is delivered" run
tiers gold 02
exits 0 "and comes again" run
said "it is skipped" 'tiers-eventless.csv: skipped: same bytes'
check "without a warning" absent "$older" "$work/out" "$work/err"
tiers silver 03
exits 0 "another one is delivered" run
tiers gold 04
exits 0 "then the first one again" run
said "a warning says what its users stay" "$older.*resend --new-ids tiers-eventless.csv"
exits 0 "what was proposed" resend --new-ids tiers-eventless.csv
equal "delivers it" "$(jq -r '.user_attributes.Tier' "$accepted" | xargs)" "gold silver gold"
tiers gold 05
exits 0 "what came last comes again" run
check "without a warning" absent "$older" "$work/out" "$work/err"

# ---- an archive that is dropped again: what was delivered of it is not sent again ----
: >"$accepted"
rm -rf "$state" "$work/in/"*
settings
python3 - "$work/in/both.zip" <<'END'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as z:
    z.writestr("good-screen_view.csv", "user_identities.customerid,events.data.screen_name\nu1,Home\nu2,Home\n")
    z.writestr("bad-screen_view.csv", "user_identities.customerid,Note,events.data.screen_name\nu3,x,Home\n")
END
touch -d @1768206600 "$work/in/both.zip"
exits 1 "one document is delivered, one refused" run
settings "manifest = $work/m.json"
echo \
	'{"hasHeaderRow": true, "columns": [{"column": "Note", "action": "ignore", "field": ""}]}' \
	>"$work/m.json"
touch -d @1768206700 "$work/in/both.zip"
exits 0 "the manifest is repaired, and the zip dropped again" run
said "the delivered one is skipped" \
	'both.zip, good-screen_view.csv: skipped: delivered before, with both.zip'
equal "each row arrived once" "$(lines "$accepted")" 3
equal "and is counted once" "$(sql 'SELECT sum(rows), sum(delivered) FROM document')" "3 3"

# ---- the same bytes under another event type are other rows, also where the name holds the
#     other type ----
: >"$accepted"
rm -rf "$state" "$work/in/"*
settings
printf 'user_identities.customerid\nu1\nu2\n' >"$work/in/app-uninstall.v2-session_start.csv"
exits 0 "bytes under one event type" run
cp "$work/in/app-uninstall.v2-session_start.csv" "$work/in/app-uninstall.csv"
exits 0 "the same bytes under another one" run
equal "are both delivered" "$(jq -r '.events[].event_type' "$accepted" | sort | uniq -c |
	tr -s ' \n' ' ')" " 2 session_start 2 uninstall "

# ---- two inputs of one name, size and time ----
: >"$accepted"
rm -rf "$state" "$work/in/"* "$work/one" "$work/two"
mkdir "$work/one" "$work/two"
for i in one two; do
	printf 'user_identities.customerid,user_attributes.plan\nuser-%s,gold\n' \
		$i >"$work/$i/users-eventless.csv"
	touch -d @1768206600 "$work/$i/users-eventless.csv"
done
sed -i "s|^api_secret_file.*|api_secret_file = $work/wrong|" "$conf"
exits 4 "two imports that look the same, while the API refuses" import \
	"$work/one/users-eventless.csv" "$work/two/users-eventless.csv"
settings
exits 0 "the next run delivers both" run
equal "each its own rows" "$(jq -r '.user_identities.customer_id' "$accepted" | sort |
	tr '\n' ' ')" "user-one user-two "
equal "and nothing is left in the spool" "$(find "$state/spool" -type f | wc -l)" 0

# ---- the state folder is moved in the middle of a document ----
: >"$accepted"
rm -rf "$state"
visits "$work/in/day-screen_view.csv"
sed -i '3s/,0,Home/,0,/; 3s/$/,more/' "$work/in/day-screen_view.csv"
(DROPFEED_CRASH_AT="after count a lane's rows" "$BUILD/faults/dropfeed" --config "$conf" \
	run >"$work/out" 2>"$work/err" </dev/null; exit $?) 2>/dev/null
mv "$state" "$work/elsewhere"
rm "$work/in/day-screen_view.csv"
state=$work/elsewhere
settings
exits 1 "a state folder that was moved, and a source that is empty: the run goes on" run
equal "to the end" "$(sql 'SELECT rows, delivered, rejected FROM document')" "80 79 1"
check "its reject file is where the folder is now" test \
	-s "$state/rejects/visits/day-screen_view.csv"
mv "$state" "$work/back"
state=$work/back
settings
exits 0 "it is moved once more" status --format json
equal "status finds it there" "$(jq -r '.files[0].documents[0].rejects' "$work/out")" \
	"$state/rejects/visits/day-screen_view.csv"
equal "the ledger says where in the folder" "$(sql 'SELECT text FROM document')" \
	"rejects/visits/day-screen_view.csv"
finish
