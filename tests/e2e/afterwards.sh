# SPDX-License-Identifier: MIT
# What a file is in the end is what its documents have come to, wherever it came from, and whichever
# command brought it there.
. "$(dirname "$0")/lib/checks.sh"

receiver_start "$work/api" || exit 1
accepted=$work/api/accepted.ndjson
drop=$work/in zip=$work/zip
mkdir -p "$drop" "$zip"

people() { # FILE PREFIX ROWS
	echo user_identities.email >"$1"
	seq -f "$2%g@example.com" "$3" >>"$1"
}
clicks() {
	printf 'user_identities.email,%s,%s,%s\n' events.data.timestamp_unixtime_ms \
		events.data.event_name events.data.custom_event_type >"$1"
	seq -f "$2%g@example.com,$(date +%s)000,Later,other" "$3" >>"$1"
}
# settings NAME [feed line...]: a state folder, feed people, and an empty source
settings() {
	rm -rf "${drop:?}"/* "${zip:?}"/*
	: >"$accepted"
	: >"$work/api/script"
	: >"$work/api/rules"
	change "$@"
}
change() { # the same, of what is there
	{
		printf '[dropfeed]\nstate_dir = %s/%s\n' "$work" "$1"
		local_feed people "$drop"
		printf 'lanes = 1\ngive_up_after = 1s\n'
		shift
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$conf"
}
down() { for ((i = 0; i < 3000; i++)); do echo 503; done >"$work/api/script"; }
up() { : >"$work/api/script"; }
pack() { (cd "$zip" && zip -q "$drop/pack.zip" "$@"); }
is() { # WHAT FILTER: of status
	exits 0 "$1: status" status --format json
	check "$1" holds "$2" "$work/out"
}
delivered() { jq -r '.user_identities.email' "$accepted" | grep -c "^$1"; }

# ---- a zip of which one document was refused ----
settings refused 'after_done = delete'
people "$zip/good-eventless.csv" good 3
printf 'no,such\n1,2\n' >"$zip/bad-eventless.csv"
pack good-eventless.csv bad-eventless.csv
exits 1 "a zip with a document that is refused" run
is "is refused" '.files[0].state == "refused"'
down
exits 3 "a resend that fails" resend pack.zip
exits 0 "and is abandoned" abandon pack.zip
is "leaves it refused" '.files[0] | .state == "refused" and
	([.documents[].state] | sort) == ["done", "refused"]'
said "for the same reason" unknown-column
up
exits 0 "a run does nothing" run
check "and leaves it at the source" test -e "$drop/pack.zip"
exits 1 "retry takes it up" retry
said "for its document" 'bad-eventless.csv.*unknown-column'
exits 1 "a resend that succeeds" resend pack.zip
is "leaves it refused as well" '.files[0].state == "refused"'
exits 0 "a run does nothing to it" run
check "it is still at the source" test -e "$drop/pack.zip"

# ---- one of which one was abandoned ----
settings abandoned 'after_done = delete'
people "$zip/a-eventless.csv" a 3
clicks "$zip/b-custom_event.csv" b 3
pack a-eventless.csv b-custom_event.csv
echo 'answer-name 503 Later' >"$work/api/rules"
exits 3 "a zip whose second document fails" run
exits 0 "is abandoned" abandon --without-rejects pack.zip
is "one of its documents was delivered" '[.files[0].documents[].state] == ["done", "abandoned"]'
: >"$work/api/rules"
exits 0 "a resend" resend pack.zip
equal "delivers that one once more" "$(delivered a) $(delivered b)" "6 0"
is "and leaves the file abandoned" \
	'.files[0] | .state == "abandoned" and (.note | test("3 rows were not delivered"))'
exits 0 "a run does nothing to it" run
check "it is still at the source" test -e "$drop/pack.zip"
exits 0 "restart delivers the other" restart pack.zip
equal "alone" "$(delivered a) $(delivered b)" "6 3"
is "then it is done" '.files[0].state == "done"'
check "and gone from the source" test ! -e "$drop/pack.zip"

# ---- a resend to another place, which is given up ----
settings elsewhere
people "$drop/e-eventless.csv" e 3
exits 0 "a file is delivered" run
sed -i 's/^api_key = .*/api_key = other-key/' "$conf"
exits 4 "a resend with a key that is refused" resend e-eventless.csv
exits 2 "restart would deliver all of it once more" restart e-eventless.csv
said "which it says, and what to do" 'a resend of it is under way: .dropfeed abandon e-event'
exits 0 "it is given up" abandon e-eventless.csv
touch -d 2026-01-01 "$drop/e-eventless.csv"
exits 0 "the same bytes are dropped again" run
said "they are passed over" 'skipped: same bytes as e-eventless.csv'
said "with a warning of where they went" 'delivered to another endpoint, API key or sink'
equal "nothing arrived twice" "$(delivered e)" 3

# ---- a file that is refused after one of its documents was checked ----
settings opened
people "$drop/o-eventless.csv" o 3
people "$zip/a-eventless.csv" a 3
clicks "$zip/b-custom_event.csv" b 3
pack a-eventless.csv b-custom_event.csv
down
exits 3 "the API is away: a file is begun, and one is checked" run
up
change opened 'encrypted = yes'
exits 1 "then nothing can be opened but what is begun" run
is "the other is refused, and nothing of it is open" \
	'[.files[] | .file, .state, (.documents | length)] ==
	["pack.zip", "refused", 0, "o-eventless.csv", "done", 1]'
change opened
exits 0 "retry, once that is put right" retry
equal "delivers it" "$(delivered o) $(delivered a) $(delivered b)" "3 3 3"

# ---- a file of the source that somebody imports meanwhile ----
settings meanwhile 'after_done = delete'
people "$drop/m-eventless.csv" m 3
down
exits 3 "a file of the source is under way" run
up
exits 0 "it is imported" import --feed people "$drop/m-eventless.csv"
equal "and delivered" "$(delivered m)" 3
exits 0 "a run does what is left" run
check "nothing is said of it" absent 'at the source again' "$work/err"
check "it is gone from the source" test ! -e "$drop/m-eventless.csv"

# ---- an imported file that a run finishes ----
settings imported 'after_done = delete'
people "$work/i-eventless.csv" i 3
down
exits 3 "an import that fails" import --feed people "$work/i-eventless.csv"
up
exits 0 "a run finishes it" run
equal "it is delivered" "$(delivered i)" 3
check "there is nothing to do at the source" absent 'left as it is' "$work/err"
is "so it has it" \
	'.files[0] | .state == "done" and .cleanup_due == false and .left_at_source == null'
exits 0 "a resend" resend --from "$work" i-eventless.csv
exits 0 "and a run" run
is "leave it so" '.files[0] | .cleanup_due == false and .left_at_source == null'
check "its own place is left alone" test -e "$work/i-eventless.csv"

finish
