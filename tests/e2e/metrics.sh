# SPDX-License-Identifier: MIT
# metrics_file: what it holds after each way a command ends, that its counters never go back, and
# what promtool says of it.
. "$(dirname "$0")/lib/checks.sh"

receiver_start "$work/api" || exit 1
drop=$work/in
prom=$work/metrics/dropfeed.prom
mkdir -p "$drop" "$work/metrics"
{
	printf '[dropfeed]\nstate_dir = %s/state\nmetrics_file = metrics/dropfeed.prom\n' "$work"
	local_feed views "$drop"
	printf 'give_up_after = 1s\n'
	local_feed quiet "$work/nothing"
} >"$conf"
mkdir "$work/nothing"
view() { # NAME [ROW...]
	{
		echo user_identities.customer_id,events.data.screen_name
		printf '%s\n' "${@:2}"
	} >"$drop/$1-screen_view.csv"
}
value() { awk -v n="$1" '$1 == n { print $2 }' "$prom"; }
# Counters of the state before are not above those of now; every sample of then is there still.
: >"$work/before"
never_back() { # WHAT
	grep -E '_total' "$prom" | grep -v '^#' | sort >"$work/now"
	equal "no counter goes back: $1" \
		"$(join -a 1 -e gone -o 1.1,1.2,2.2 "$work/before" "$work/now" |
		awk '$3 == "gone" || $3 + 0 < $2 + 0')" ""
	cp "$work/now" "$work/before"
	if command -v promtool >/dev/null 2>&1; then
		equal "promtool has nothing to say: $1" "$(promtool check metrics <"$prom" 2>&1)" ""
	fi
}
command -v promtool >/dev/null 2>&1 || skip "promtool is not installed"

exits 2 "a usage error before the first run" --config "$conf" run --bogus
equal "is in the metrics" "$(value dropfeed_last_run_exit_code)" 2
equal "each feed has its counters" "$(value 'dropfeed_files_total{feed="quiet",state="done"}')" 0
equal "nothing succeeded yet" "$(value dropfeed_last_success_timestamp_seconds)" ""
never_back "a usage error"

view first u1,Home u2,Home
exits 0 "a run" run
equal "a file" "$(value 'dropfeed_files_total{feed="views",state="done"}')" 1
equal "its rows" "$(value 'dropfeed_rows_total{feed="views",outcome="delivered"}')" 2
equal "its batches" "$(value 'dropfeed_batches_total{feed="views"}')" 2
equal "anybody may read it" "$(stat -c %a "$prom")" 644
success=$(value dropfeed_last_success_timestamp_seconds)
check "the run succeeded" test -n "$success"
never_back "a run"

view second ,Home u3,Home
exits 1 "a run with a rejected row" run
equal "the rejected row" "$(value 'dropfeed_rows_total{feed="views",outcome="rejected"}')" 1
equal "its exit code" "$(value dropfeed_last_run_exit_code)" 1
equal "the last success stays" "$(value dropfeed_last_success_timestamp_seconds)" "$success"
never_back "rejected rows"

printf 'user_identities.customer_id,no.such.path\nu,1\n' >"$drop/bad-screen_view.csv"
exits 1 "a refused file" run
equal "is counted" "$(value 'dropfeed_files_total{feed="views",state="refused"}')" 1
never_back "a refused file"
exits 0 "which is abandoned" abandon bad-screen_view.csv
equal "is counted as that, too" "$(value 'dropfeed_files_total{feed="views",state="abandoned"}')" 1
never_back "an abandoned file"

view third u4,Home u5,Home
for ((i = 0; i < 300; i++)); do echo 503; done >"$work/api/script"
exits 3 "a run that the API ends" run
equal "an open file" "$(value 'dropfeed_open_files{feed="views"}')" 1
check "and how old it is" test \
	-n "$(value 'dropfeed_oldest_open_file_timestamp_seconds{feed="views"}')"
equal "the other feed has none" "$(value 'dropfeed_open_files{feed="quiet"}')" 0
never_back "an unfinished run"
sed -i 's/^give_up_after = 1s/give_up_after = 1m/' "$conf"
printf '429 retry-after=1\n' >"$work/api/script"
exits 0 "a run that is throttled" run
equal "the 429 is counted" "$(value 'dropfeed_throttled_total{feed="views"}')" 1
never_back "a throttled run"

exits 0 "a file is sent once more under new ids" resend --new-ids first-screen_view.csv
never_back "resend --new-ids"
exits 0 "and under the same ids" resend first-screen_view.csv
never_back "resend"
equal "rows were delivered three times" \
	"$(value 'dropfeed_rows_total{feed="views",outcome="delivered"}')" 9
ledger_sql "$work/state" 'UPDATE file SET closed_ms = closed_ms - 86400000 WHERE closed_ms > 0'
exits 0 "prune" prune --older-than 1h
said "removes details" 'details of [2-9] files'
never_back "prune"
printf 'reject-name Bad\n' >"$work/api/rules"
printf \
	'user_identities.customer_id,events.data.event_name,events.data.custom_event_type\nu,Bad,other\nv,Good,other\n' \
	>"$drop/mixed-custom_event.csv"
exits 1 "the API rejects a row" run
never_back "the API rejects a row"
: >"$work/api/rules"
exits 0 "which is delivered by retry" retry 'mixed*'
never_back "retry"

# ---- nothing but the file is wrong ----
success=$(value dropfeed_last_success_timestamp_seconds)
sed "s/^give_up_after = 1m/give_up_after = 1x/" "$conf" >"$work/wrong.conf"
"$dropfeed" --config "$work/wrong.conf" run >/dev/null 2>&1
equal "a mistake in the configuration is in the metrics" "$(value dropfeed_last_run_exit_code)" 2
equal "with the counters" "$(value 'dropfeed_files_total{feed="views",state="refused"}')" 1
equal "and the last success" "$(value dropfeed_last_success_timestamp_seconds)" "$success"
never_back "a mistake in the configuration"
for mistake in "s|^state_dir = .*|& # here|" "s|^metrics_file|ledger = nowhere\n&|"; do
	sed "$mistake" "$conf" >"$work/wrong.conf"
	"$dropfeed" --config "$work/wrong.conf" run >/dev/null 2>&1
	equal "$mistake: its code" "$(value dropfeed_last_run_exit_code)" 2
	never_back "a mistake that hides the ledger"
done
if on_sqlite "a ledger that is damaged"; then
	cp "$work/state/ledger.db" "$work/ledger.db"
	echo damaged >"$work/state/ledger.db"
	exits 5 "a ledger that cannot be read" run
	said "its counters are those of before" 'metrics_file: .* keeps the counters that it had'
	equal "with its exit code" "$(value dropfeed_last_run_exit_code)" 5
	equal "and the last success" "$(value dropfeed_last_success_timestamp_seconds)" "$success"
	never_back "a ledger that cannot be read"
	cp "$work/ledger.db" "$work/state/ledger.db"
	exits 0 "once it can" run
	never_back "a ledger that can be read again"
	success=$(value dropfeed_last_success_timestamp_seconds)
fi
flock -o "$work/state/lock" sleep 60 &
receivers+=($!)
until [ "$(flock -n "$work/state/lock" echo free)" = "" ]; do sleep 0.05; done
exits 75 "another run is under way" run
equal "its exit code is in the metrics" "$(value dropfeed_last_run_exit_code)" 75
never_back "busy"
kill $! 2>/dev/null && wait $! 2>/dev/null
cp "$prom" "$work/kept"
exits 0 "help" run --help
exits 0 "a dry run" run --dry-run
check "neither leaves a trace" cmp "$prom" "$work/kept"
rm -rf "$work/metrics"
exits 0 "a folder that is not there is a warning of check" check
said "with its line" "^[^ ]*dropfeed.conf:3: .*metrics_file: cannot write to .*/metrics: "
exits 0 "a folder that is not there" run
said "is a warning" 'metrics_file: cannot write .*/metrics/'

# ---- a run that is killed ----
mkdir "$work/metrics"
if [ -x "$BUILD/faults/dropfeed" ]; then
	cp "$work/now" "$work/before"
	awk \
		'BEGIN { print "user_identities.customer_id"; for (i = 0; i < 900; i++) print "k" i }' \
		>"$drop/killed-eventless.csv"
	DROPFEED_CRASH_AT='after request' "$BUILD/faults/dropfeed" --config "$conf" \
		run >/dev/null 2>&1
	exits 0 "a run after one that was killed" run
	equal "each row is counted once" \
		"$(value 'dropfeed_rows_total{feed="views",outcome="delivered"}')" 911
	never_back "a killed run"
else
	skip "no build with faults (make faults)"
fi

finish
