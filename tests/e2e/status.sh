# SPDX-License-Identifier: MIT
# What status shows, to whom, and what it says to a monitor; a state folder that was moved.
. "$(dirname "$0")/lib/checks.sh"

receiver_start "$work/api" || exit 1
drop=$work/in
mkdir -p "$drop"
{
	printf '[dropfeed]\nstate_dir = %s/s1\n' "$work"
	local_feed views "$drop"
	printf 'give_up_after = 1s\n'
} >"$conf"
view() { # NAME [ROW...]
	{
		echo user_identities.customer_id,events.data.screen_name
		printf '%s\n' "${@:2}"
	} >"$drop/$1-screen_view.csv"
}

exits 0 "no ledger yet" status --exit-code
view first u1,Home
exits 0 "a run" run
exits 0 "all is well" status --exit-code
view second u2,Home ,Home
exits 1 "a run with a rejected row" run
exits 1 "a rejected row" status --exit-code
exits 0 "another file has none" status --exit-code first-screen_view.csv
exits 1 "a pattern that the file fits" status --exit-code 'sec*'
exits 0 "without --exit-code it is shown" status
equal "the latest first" "$(grep -o 'views: [a-z]*' "$work/out" | tr '\n' ' ')" \
	"views: second views: first "
exits 0 "the last one" status --last 1
equal "is one" "$(grep -o 'views: [a-z]*' "$work/out")" "views: second"
exits 0 "a file" status --format json 'first*'
equal "is shown alone" "$(jq -r '.files[].file' "$work/out")" first-screen_view.csv
exits 0 "a file that nobody knows" status third-screen_view.csv
said "says so" 'nothing to show: no such file is known by its name'
exits 0 "one that is done, among the unfinished" status --unfinished first-screen_view.csv
said "is known" 'nothing to show: it is known, and it is done with'
exits 0 "a file that nobody knows, among those" status --unfinished third-screen_view.csv
said "is not" 'nothing to show: no such file is known by its name'
ledger_sql "$work/s1" "UPDATE file SET closed_ms = closed_ms - 25 * 3600000"
exits 0 "a day later" status --exit-code
exits 1 "of the last two days" status --exit-code --since 2d
exits 0 "of the last hour" status --since 1h
said "there is nothing" 'nothing to show'
exits 1 "since a date" status --exit-code --since 2026-01-01
exits 2 "that is not a time" status --since yesterday
view third u3,Home
for ((i = 0; i < 3000; i++)); do echo 503; done >"$work/api/script"
exits 3 "a run that the API ends" run
exits 3 "unfinished" status --exit-code
exits 3 "that file" status --exit-code 'third*'
exits 0 "but not the other one" status --exit-code first-screen_view.csv
exits 0 "what is unfinished" status --unfinished --format json
equal "is one file" "$(jq -r '.files[].file' "$work/out")" third-screen_view.csv
equal "nobody runs" "$(jq -c .running "$work/out")" null

# ---- one of many by its name, and those of a time ----
exits 0 "two names" status --format json first-screen_view.csv 'th*'
equal "are two files" "$(jq -r '.files[].file' "$work/out" | tr '\n' ' ')" \
	"third-screen_view.csv first-screen_view.csv "
exits 0 "a name and a time" status --format json --since 1h 'th*' 'fi*'
equal "is what has both" "$(jq -r '.files[].file' "$work/out")" third-screen_view.csv
exits 0 "a name that ends like others" status --format json '*d-screen_view.csv' --last 9
equal "is two" "$(jq -r '.files | length' "$work/out")" 2
exits 0 "a feed, unfinished" status --format json --feed views --unfinished 'f*'
equal "has no such file" "$(jq -r '.files | length' "$work/out")" 0
catalogue="sqlite_master WHERE type = 'index' AND name"
[ -z "${DROPFEED_DATABASES:-}" ] || catalogue="pg_indexes WHERE indexname"
equal "with indexes for each of these" \
	"$(ledger_sql "$work/s1" \
	"SELECT count(*) FROM $catalogue IN ('file_open', 'file_by_name', 'file_by_closing')")" 3

# ---- while a run is under way: a state folder of its own ----
whole=$conf
conf=$work/running.conf
mkdir "$work/in9"
{
	printf '[dropfeed]\nstate_dir = %s/s9\n' "$work"
	local_feed stuck "$work/in9"
} >"$conf"
printf '%s\n' user_identities.customer_id,events.data.event_name,events.data.custom_event_type \
	u4,Stuck,other u5,Stuck,other \
	>"$work/in9/it-custom_event.csv"
: >"$work/api/script"
echo 'hang-name Stuck' >"$work/api/rules"
"$dropfeed" --config "$conf" run >"$work/running.log" 2>&1 &
running=$!
for ((i = 0; i < 200; i++)); do
	"$dropfeed" --config "$conf" status --format json >"$work/out" || break
	[ "$(jq '.running.rows // 0' "$work/out")" -lt 2 ] || break
	sleep 0.05
done
equal "the process, and how far it is" \
	"$(jq -c '.running | [.pid, .files, .rows, .settled]' "$work/out")" "[$running,1,2,0]"
exits 0 "in text" status
equal "is the first line" "$(sed -n '1s/ since [^,]*Z,/,/p' "$work/out")" \
	"running: process $running, 1 file under way, 0 of 2 rows settled (0%)"
kill -9 $running
wait $running 2>/dev/null
exits 0 "once it is killed" status
check "it is not named" absent running: "$work/out"
rm "$work/api/rules"
conf=$whole
for ((i = 0; i < 3000; i++)); do echo 503; done >"$work/api/script"

# ---- by whom ----
mv "$work/api-secret" "$work/api-secret.away"
echo "identity_file = $work/id" >>"$conf"
for command in status report "prune --older-than 1d --dry-run" "completions --feeds"; do
	# shellcheck disable=SC2086 # a command and its options
	exits 0 "without the secrets, $command" $command
done
exits 2 "a run needs them" run
sed -i /^identity_file/d "$conf"
mv "$work/api-secret.away" "$work/api-secret"
chmod 0600 "$work/api-secret"
if unshare -m true 2>/dev/null; then
	status=0
	# shellcheck disable=SC2016
	unshare -m sh \
		-c \
		'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && exec "$2" --config "$3" status' \
		- "$work/s1" "$dropfeed" "$conf" >"$work/out" 2>"$work/err" || status=$?
	equal "a folder that may not be written to" \
		"$status $(grep -c ' views: ' "$work/out") $(grep -c '^views: unfinished since 2' \
		"$work/out")" "0 3 1"
else
	skip "no file system can be mounted here"
fi

# ---- a document that does not balance ----
cp -r "$work/s1" "$work/s2"
sed -i "s|state_dir = .*|state_dir = $work/s2|" "$conf"
ledger_sql "$work/s2" "UPDATE document SET delivered = delivered + 220 WHERE rejected = 1"
exits 0 "a ledger that does not balance" status
said "says how much" 'these are 220 too many'
check "no number is out of all bounds" absent 1844674407 "$work/out"

# ---- moved ----
: >"$work/api/script"
mv "$work/s1" "$work/s3"
sed -i "s|state_dir = .*|state_dir = $work/s3|" "$conf"
exits 0 "the state folder was moved: a run goes on" run
exits 0 "retry" retry
exits 0 "rejects" rejects second-screen_view.csv
said "finds the reject file" missing-identity
exits 1 "retry by name" resend second-screen_view.csv
exits 0 "status" status --format json
equal "the reject file is there" "$(jq -r '.files[].documents[].rejects | values' "$work/out")" \
	"$work/s3/rejects/views/second-screen_view.csv"

# ---- what was dealt with ----
rm -rf "$work/s3" "$drop"/*
: >"$work/api/script"
sed -i "s|state_dir = .*|state_dir = $work/s3|" "$conf"
view good a1,Home
printf 'no,such\n1,2\n' >"$drop/day-screen_view.csv"
printf 'no,such\n3,4\n' >"$drop/other-screen_view.csv"
exits 1 "two files are refused" run
exits 1 "a monitor sees it" status --exit-code
exits 0 "one is abandoned" abandon other-screen_view.csv
exits 1 "a monitor sees the other" status --exit-code
view day a2,Home
exits 0 "which comes again, corrected" run
exits 0 "there is nothing to do" status --exit-code
view late a3,Home ,Home
exits 1 "a row is rejected" run
exits 1 "a monitor sees it" status --exit-code
sed '2s/^,/a4,/' "$work/s3/rejects/views/late-screen_view.csv" >"$drop/late-screen_view.csv"
exits 0 "the row is corrected, and dropped" run
exits 1 "its reject file is still there" status --exit-code
rm "$work/s3/rejects/views/late-screen_view.csv"
# where hosts share a ledger, one host's files say nothing
exits $((${DROPFEED_DATABASES:+1} + 0)) "until it is taken away" status --exit-code

# The very first run was killed in the middle of a write: a journal is left, which makes sense only
# to who may write.
on_sqlite "a journal" || finish
rm "$drop"/*
mkdir -m 700 "$work/s4"
sed -i "s|state_dir = .*|state_dir = $work/s4|" "$conf"
python3 - "$work/s4/ledger.db" <<'END'
import os, sqlite3, sys
ledger = sqlite3.connect(sys.argv[1], isolation_level=None)
ledger.execute("PRAGMA cache_size = 1")
ledger.execute("BEGIN IMMEDIATE")
ledger.execute("CREATE TABLE t(x)")
for _ in range(20):
    ledger.execute("INSERT INTO t VALUES(zeroblob(100000))")
os._exit(0)
END
check "a ledger that was being made" test -s "$work/s4/ledger.db-journal"
exits 0 "status" status
said "has nothing to show" 'no files received yet'
exits 0 "and the run begins it anew" run
exits 0 "from now on" status
finish
