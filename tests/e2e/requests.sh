# SPDX-License-Identifier: MIT
# Data subject requests: nothing goes out that nobody confirmed, and what goes out is asked for
# once.
. "$(dirname "$0")/lib/checks.sh"

api=$work/opendsr
mkdir -p "$api" "$work/in"
python3 "$root/tests/peers/opendsr" "$api" 2>"$api/err" &
receivers+=($!)
wait_for "$api/port" || exit 1
endpoint=http://127.0.0.1:$(cat "$api/port")
# settings LINE...: the configuration, with these lines in its feed
settings() {
	printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
	local_feed erasures "$work/in"
	printf 'kind = subject_requests\nregulation = gdpr\ngive_up_after = 20s\n'
	printf '%s\n' "$@"
}
calls() { grep -c "$1" "$api/calls" 2>/dev/null; }
taken() { if [ -e "$api/taken.ndjson" ]; then jq -r "$1" "$api/taken.ndjson"; fi; }
# people FILE N: N rows
people() {
	echo user_identities.email,request.submitted_time
	local i
	for ((i = 1; i <= $1; i++)); do echo "p$i-$2@example.com,2026-01-12T09:30:00Z"; done
}

# ---- not confirmed ----

people 3 a >"$work/in/first-erasure.csv"
settings >"$conf"
exits 0 "check" check
mkdir "$work/none"
settings | sed "s|^source.*|source = file://$work/none|" >"$work/none.conf"
"$dropfeed" --config "$work/none.conf" --quiet run >"$work/out" 2>&1
equal "a run with nothing to send mails nobody" "$(cat "$work/out")" ""
exits 0 "a run of a feed that is not confirmed" --quiet run
said "and something to send warns" 'warning: erasures: nothing was sent'
exits 0 "which says more" run
said "says that nothing was sent, and why" 'nothing was sent: confirmed = yes is not set'
said "says what would be" '3 erasure requests would be sent to http://127.0.0.1'
exits 0 "the same, dry" run --dry-run
people 800 z >"$work/many-erasure.csv"
exits 0 "import, dry" import --feed erasures --dry-run "$work/many-erasure.csv"
said "forecasts at the service's pace" 'about 0[.]9 minutes; nothing was sent'
exits 2 "import does not pass by that" import --feed erasures "$work/in/first-erasure.csv"
said "it says why" 'confirmed = yes is not set'
exits 2 "nor does one without a ledger" import --sink events-api --set kind=subject_requests \
	--set confirmed=yes --set endpoint="$endpoint" \
	--set api_key=demo-key --set api_secret_file="$work/api-secret" --set regulation=gdpr \
	"$work/in/first-erasure.csv"
exits 0 "the requests themselves can be looked at" import --feed erasures --sink - \
	"$work/in/first-erasure.csv"
equal "they are three" "$(wc -l <"$work/out")" 3
sed 's/.*"subject_request_id":"\([^"]*\)".*/\1/' "$work/out" >"$work/ids"
cp "$work/in/first-erasure.csv" "$work/first-access.csv"
exits 0 "the same bytes as access" import --feed erasures --sink - "$work/first-access.csv"
equal "are not the same requests" "$(grep -cFf "$work/ids" "$work/out")" 0
check "nobody was called" test ! -e "$api/calls"
exits 0 "poll, before anything was sent" requests poll
said "says so" 'no subject requests were made yet'
exits 0 "nothing is entered" status --format json
check "no file is known" holds '.files == []' "$work/out"

settings >"$conf"
exits 0 "doctor, of a feed that is not confirmed" doctor --feed erasures
said "knows the workspace's key" 'credentials.*accepted'
settings | sed "s|api-secret|wrong-secret|" >"$conf"
printf 'wrong\n' >"$work/wrong-secret"
chmod 600 "$work/wrong-secret"
exits 4 "doctor with a wrong secret" doctor --feed erasures
said "whose key it is" "they are the workspace's"
check "nothing was posted" test "$(calls POST)" = 0
rm -f "$api/calls"

# ---- mistakes of the configuration ----

settings 'placeholder_ids = keep' >"$conf"
exits 2 "placeholders are always rejected" check
settings 'endpoint = us1' | sed "/^endpoint = http/d" >"$conf"
exits 2 "events go to another address" check
said "it says so" 'events go there, not subject requests'
settings 'sink = braze' 'instance = us-01' >"$conf"
exits 2 "other services take no subject requests" check
said "it says so" 'sink: subject requests go to the OpenDSR API'
settings 'document_type = eventless' >"$conf"
exits 2 "events are not subject requests" check
settings | sed '/^kind/d' >"$conf"
exits 2 "a regulation is a mistake in a feed of events" check
said "names the key and the kind" 'regulation: not for a feed with kind = events'
settings 'environment = development' 'confirmed = yes' >"$conf"
exits 2 "there is no erasure in development" check
said "says so" 'environment: not for a feed with kind = subject_requests'

echo \
	'{"hasHeaderRow": true, "columns": [{"column": "Antrag", "action": "keep", "field": "request.id"}]}' \
	>"$work/manifest.json"
settings "manifest = $work/manifest.json" >"$conf"
exits 0 "a manifest for requests" check

# ---- the kinds stay apart ----

printf 'user_identities.email\nann@example.com\n' >"$work/in/other-eventless.csv"
settings 'confirmed = yes' 'exclude = first-*' >"$conf"
exits 0 "a feed of requests leaves a file of events alone" run
said "and says so" 'eventless documents hold events'
check "it is still there, and nobody was called" test -e "$work/in/other-eventless.csv" \
	-a ! -e "$api/calls"
settings | grep -vE '^(kind|regulation)' >"$conf"
exits 0 "a feed of events leaves a file of requests alone" run --dry-run
said "and says so" 'erasure documents hold data subject requests'
rm "$work/in/other-eventless.csv"

# ---- too many ----

settings 'confirmed = yes' 'max_requests = 2' >"$conf"
exits 1 "more requests than max_requests" run
said "are refused" 'more than 2 requests'
check "none of them was made" test ! -e "$api/calls"
rm -r "$work/state" "$work/in/first-erasure.csv"

# ---- answers ----

people 5 b >"$work/in/second-erasure.csv"
printf \
	'user_identities.email,request.submitted_time,request.regulation\nbad@example.com,2026-01-12,\nnull,2026-01-12,\ngood@example.com,2026-01-12,ccpa\n' \
	>"$work/in/third-access.csv"
settings 'confirmed = yes' 'lanes = 1' >"$conf"
printf \
	'503\nlose\nok\n409\npage 409\n400 Subject request already exists.\nok\nok\n400 Invalid <email> domain.\n429 1\n' \
	>"$api/script"
exits 1 "a confirmed run" run
equal "each good request was taken once" "$(taken .subject_request_id | sort | uniq -d | wc -l)" 0
equal "what was taken" "$(taken \
	'.subject_request_type + " " + (.subject_identities.email.value | .[0:1])' | sort |
	uniq -c | tr -s ' ' | tr '\n' ';')" \
	" 1 access g; 3 erasure p;"
equal "a lost answer was asked for again under the same id" \
	"$(grep -A1 'POST lose' "$api/calls" | awk '{print $3}' | sort -u | wc -l)" 1
equal "rows = delivered + rejected" "$("$dropfeed" --config "$conf" status --format json |
	jq \
	-c \
	'[.files[].documents[]] | sort_by(.event_type) |
	map([.event_type, .rows, .delivered, .rejected])')" \
	'[["access",3,1,2],["erasure",5,5,0]]'
rejects=$(find "$work/state/rejects" -type f)
check "the API's words are with the row that it refused" grep \
	-q '^bad@.*request-failed.*Invalid <email> domain' "$rejects"
check "a placeholder is rejected here" grep -q '^null.*missing-identity' "$rejects"
before=$(calls POST)
exits 0 "another run" run
equal "calls nobody" "$(calls POST)" "$before"
refused=$(awk '$2 == 400 { print $3 }' "$api/calls" | tail -n 1)
exits 1 "what the API refused, once more" retry third-access.csv
check "under the id that it had" grep -q "^POST 201 $refused" "$api/calls"

# ---- access refused ----

people 2 c >"$work/in/fourth-portability.csv"
settings 'confirmed = yes' | sed "s|api-secret|wrong-secret|" >"$conf"
exits 4 "a wrong secret" run
said "whose key it is" "they are the workspace's"
equal "nothing was taken" "$(taken .subject_request_type | grep -c portability)" 0
settings 'confirmed = no' >"$conf"
exits 0 "once begun, it is held all the same" run
equal "nothing was taken then" "$(taken .subject_request_type | grep -c portability)" 0
settings 'confirmed = yes' >"$conf"
exits 0 "with the right one" run
equal "both were taken" "$(taken .subject_request_type | grep -c portability)" 2

# ---- what became of them ----

settings 'confirmed = yes' 'receipts = receipts' >"$conf"
mkdir -p "$work/in/receipts"
{
	people 4 d
	echo p1-d@example.com,2026-01-13T09:30:00Z
} >"$work/in/fifth-erasure.csv"
exits 0 "a file with a person twice" run
receipt=$work/in/receipts/fifth-erasure.csv.receipt.json
check "its receipt has each row, its id, state and when it will be done" holds \
	'.documents[0] | .requests == {"pending": 4}
	and (.requested | map([.row, .line, .state, .expected_completion])) ==
	[[1,2,"pending","2026-02-02T00:00:00Z"],
	[2,3,"pending","2026-02-02T00:00:00Z"],[3,4,"pending","2026-02-02T00:00:00Z"],
	[4,5,"pending","2026-02-02T00:00:00Z"],
	[5,6,"pending","2026-02-02T00:00:00Z"]] and .requested[0].id == .requested[4].id' "$receipt"
equal "two rows of one person make one request" \
	"$(taken 'select(.subject_identities.email.value | test("-d@")) | .subject_request_id' |
	sort -u | wc -l)" 4
exits 0 "cancel" requests cancel fifth-erasure.csv
said "says what is left" 'requests: 4 cancelled'
check "the receipt knows" holds '.documents[0].requests == {"cancelled": 4}' "$receipt"
before=$(calls GET)
exits 0 "what is over is not asked for again" requests poll fifth-erasure.csv
equal "by no call" "$(calls GET)" "$before"
echo in_progress >"$api/state"
exits 0 "poll of all files" requests poll
said "by file" 'second-erasure.csv: requests: 3 in_progress, 2 unknown'
exits 0 "status" status second-erasure.csv
said "has them, and those that were made before" \
	'requests: 3 in_progress, 2 unknown \(taken before: 3\)'
people 1 e >"$work/in/sixth-erasure.csv"
exits 0 "one more file" run
exits 1 "what is in progress is not cancelled any more" requests cancel 'sixth*'
said "says so, in the API's words" 'is not cancelled: Request cannot be cancelled'
exits 1 "nor later, as is known" requests cancel sixth-erasure.csv
said "says so" 'sixth-erasure.csv: 1 request is not cancelled: only what is pending can be'
said "with what it is" 'requests: 1 in_progress'
echo completed >"$api/state"
printf '503\n429 1\nok\n' >"$api/script"
exits 0 "a poll on a bad day" requests poll fourth-portability.csv
said "comes to its answers" 'fourth-portability.csv: requests: 2 completed'
exits 2 "a file that is not known" requests poll nosuch-erasure.csv
exits 2 "cancel of everything" requests cancel
settings 'confirmed = yes' | sed "s|api-secret|wrong-secret|" >"$conf"
exits 4 "a poll with a wrong secret" requests poll third-access.csv
settings 'confirmed = yes' >"$conf"

echo forget >"$api/script"
exits 0 "once more, to a service that forgot" resend second-erasure.csv
exits 0 "it has all of them then" requests poll second-erasure.csv
said "under the ids that they had" 'requests: 5 completed$'

# ---- limits that are used up hold for later runs ----

if ! command -v faketime >/dev/null; then
	skip "faketime is not here"
	finish
fi
# at TIME: a run of then
at() {
	local status=0
	at_time "$1" "$dropfeed" --config "$conf" run >"$work/out" 2>"$work/err" </dev/null ||
		status=$?
	return $status
}
rm -rf "$work/state"
rm -f "$work"/in/*.csv "$api/state"
people 2 f >"$work/in/seventh-erasure.csv"
at '2026-03-02 05:00:00'
equal "a run" $? 0
# as if it had made nearly all that is allowed
ledger_sql "$work/state" \
	"UPDATE spent SET made = CASE WHEN slot = (SELECT max(slot) FROM spent) THEN 26665 ELSE 0 END, calls = 1"
people 3 g >"$work/in/eighth-erasure.csv"
at '2026-03-02 12:59:00'
equal "8 hours are not over" $? 3
said "says which limit" 'limit of 26,666 requests in 8 hours'
equal "one of three was made" "$(taken '.subject_identities.email.value' | grep -c -- '-g@')" 1
at '2026-03-02 13:01:00'
equal "then the rest is made" $? 0
equal "each once" "$(taken '.subject_identities.email.value' | grep -- '-g@' | sort | uniq -c |
	awk '{print $1}' | tr -d '\n')" 111

finish
