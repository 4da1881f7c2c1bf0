# SPDX-License-Identifier: MIT
# A clock that is wrong: the API's answers say so, and what it makes wrong is not sent and not
# rejected.
. "$(dirname "$0")/lib/checks.sh"

mkdir "$work/in"
echo key >"$work/secret"
chmod 600 "$work/secret"
for offset in 0 -3456000 7200 none; do
	rm -rf "$work/state" "$work/in/"* "$work/port"
	python3 "$e2e/lib/clock.py" "$work/port" "$offset" &
	receivers+=($!)
	wait_for "$work/port" || exit 1
	for n in 1 2 3; do
		printf 'user_identities.customerid\nC-%s\n' $n >"$work/in/f$n-eventless.csv"
	done
	printf \
		'[dropfeed]\nstate_dir = %s/state\n[feed f]\nsource = file://%s/in\nmin_age = 0s\nguidelines = off\nendpoint = http://127.0.0.1:%s\napi_key = k\napi_secret_file = %s/secret\n' \
		"$work" "$work" "$(cat "$work/port")" "$work" >"$conf"
	exits 0 "an API whose clock differs by $offset s" run
	warned=$([[ $offset == [0n]* ]] && echo 0 || echo 1)
	equal "it is said once, with both times ($offset)" \
		"$(grep -cE "clock says 2[0-9T:-]+Z, the API's 2[0-9T:-]+Z" "$work/err")" "$warned"
	[ "$offset" != none ] || {
		printf \
			'user_identities.customerid,events.data.screen_name,events.data.timestamp_unixtime_ms\nC-9,x,1600000000000\n' \
			>"$work/in/old-screen_view.csv"
		exits 0 "old events go to an API that does not say what time it is" run
	}
done

# ---- this machine's clock is wrong: real servers have the right time ----
if ! command -v faketime >/dev/null; then
	skip "faketime is not here"
	finish
fi
program=$dropfeed
# clock OFFSET: the program's clock from now on; files and timeouts have the real one
clock() {
	{
		printf '#!/bin/bash\n%s\n' "$(declare -f with_clock)"
		printf 'with_clock %s %s "$@"\n' "$1" "$program"
	} >"$work/program"
	chmod +x "$work/program"
	dropfeed=$work/program
	[ "$1" != +0d ] || dropfeed=$program
}
# rows N SECONDS...: users' events, so far from now each
rows() {
	local n=$1 s
	shift
	printf '%s' user_identities.customerid,events.data.event_name,
	echo events.data.custom_event_type,events.data.timestamp_unixtime_ms
	for s in "$@"; do
		echo "C-$n,seen,other,$((($(date +%s) + s) * 1000))"
		n=$((n + 1))
	done
}
receiver_start "$work/api"
sshd_start "$work/sftp" || exit 1
mkdir "$work/sftp/root/in"
# afresh [line...]: no state, and a feed with these lines
afresh() {
	rm -rf "$work/state" "$work/sftp/root/in/"* "$work/out-batches"
	: >"$work/api/requests.ndjson"
	{
		printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
		sftp_feed f in "$work/sftp"
		printf 'guidelines = off\n'
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$conf"
}
posted() {
	jq -s --arg path "$1" \
		'[.[] | select(.path == $path and .status == 202) | .batches] | add // 0' \
		"$work/api/requests.ndjson"
}
live=/v2/bulkevents
day=86400

afresh 'after_done = delete'
rows 1 -60 -120 -180 >"$work/sftp/root/in/today-custom_event.csv"
clock +40d
exits 3 "the clock is 40 days ahead: today's events are not sent" run
said "it says that it is the clock" \
	"clock says 2[0-9T:-]+Z, that of 127.0.0.1:[0-9]+ 2[0-9T:-]+Z: .*set the clock"
equal "nothing was sent" "$(posted $live) $(posted $live/historical)" "0 0"
check "the file is where it was" test -e "$work/sftp/root/in/today-custom_event.csv"
clock +0d
exits 0 "the clock is right again" run
equal "today's events are today's" "$(posted $live) $(posted $live/historical)" "3 0"

afresh
rows 11 $((-100 * day)) $((-90 * day)) >"$work/sftp/root/in/old-custom_event.csv"
clock +40d
exits 0 "what is old by any clock is sent" run
equal "as old" "$(posted $live) $(posted $live/historical)" "0 2"

# one batch is taken, and with it the moment that counts for all others
afresh 'lanes = 1'
rows 21 $((20 * day)) -60 >"$work/sftp/root/in/both-custom_event.csv"
clock +40d
exits 3 "a part was sent" run
equal "the part that is today's by either clock" "$(posted $live) $(posted $live/historical)" "1 0"
clock +0d
exits 0 "it goes on with the clock put right" run
equal "what the historical endpoint would drop goes to the other" \
	"$(posted $live) $(posted $live/historical)" "2 0"

afresh 'after_done = delete' 'after_refused = delete' 'max_rejects = 0'
rows 31 -60 -120 >"$work/sftp/root/in/today-custom_event.csv"
clock -40d
exits 3 "the clock is 40 days slow: today's events are not rejected" run
said "it says so" "clock says 2[0-9T:-]+Z, but the API's says 2[0-9T:-]+Z: 2 rows"
check "the file stays" test -e "$work/sftp/root/in/today-custom_event.csv"
clock +0d
exits 0 "with the clock put right" run
equal "all are delivered" "$(posted $live) $(posted $live/historical)" "2 0"

# A machine that begins with 1970, as those do that have no clock of their own.
afresh
rows 61 -60 -120 >"$work/sftp/root/in/today-custom_event.csv"
clock -18000d
exits 3 "a clock that was never set: today's events are not rejected" run
said "it says so" "clock says 19[0-9T:-]+Z, but the API's says 2[0-9T:-]+Z: 2 rows"
exits 0 "and every command does its work" check
clock +0d
exits 0 "with the clock set" run
equal "all are delivered" "$(posted $live) $(posted $live/historical)" "2 0"

afresh
rows 41 -60 $((9 * day)) >"$work/sftp/root/in/late-custom_event.csv"
exits 1 "the clock is right: an event of next week is rejected" run
equal "the other is delivered" "$(posted $live)" 1

# Answers that come through a machine without a clock have its date: it says nothing.
afresh
python3 "$e2e/lib/clock.py" "$work/never-set" -1700000000 &
receivers+=($!)
wait_for "$work/never-set" || exit 1
sed -i "s|^endpoint.*|endpoint = http://127.0.0.1:$(cat "$work/never-set")|" "$conf"
rows 71 $((-100 * day)) $((-90 * day)) >"$work/sftp/root/in/old-custom_event.csv"
exits 0 "a gateway whose clock was never set holds up nothing" run
said "all of it is delivered" "2 rows = 2 delivered"

afresh "sink = file:$work/out-batches/"
mkdir -p "$work/out-batches"
rows 51 -60 -120 >"$work/sftp/root/in/today-custom_event.csv"
clock -40d
exits 3 "without an API the file's own time shows it" run
said "it says so" "but the file's time is"
clock +0d
exits 0 "with the clock put right" run
equal "all are written" "$(cat "$work"/out-batches/* | wc -l)" 2
finish
