# SPDX-License-Identifier: MIT
# Killed in the middle, again and again: nothing is lost, nothing changes its id. And only one run
# at a time.
. "$(dirname "$0")/lib/checks.sh"

receiver_start "$work/api" || exit 1
accepted=$work/api/accepted.ndjson
mkdir -p "$work/in"
rows=900
python3 - "$work/in/clicks-custom_event.csv" $rows <<'END'
import sys
with open(sys.argv[1], "w") as f:
    f.write("environment,user_identities.customer_id,user_attributes.Visit,events.data.timestamp_unixtime_ms,"
            "events.data.event_name,events.data.custom_event_type,events.data.custom_attributes.Row\n")
    for i in range(int(sys.argv[2])):
        f.write("development,C-%d,%d,%d,Clicked,other,%d\n" % (i % 120, i // 120, 1768206600000 + i * 1000, i))
END
{
	printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
	local_feed clicks "$work/in"
	printf 'batches_per_second = 150\n'
} >"$conf"

# Starts a run and waits until the API has accepted more than $1 batches, or the run ended.
run_until() {
	"$dropfeed" --config "$conf" run >"$work/out" 2>"$work/err" </dev/null &
	pid=$!
	while kill -0 $pid 2>/dev/null && [ "$(lines "$accepted")" -le "$1" ]; do sleep 0.02; done
}

# Killed before anything was sent, too: as soon as the ledger is there.
"$dropfeed" --config "$conf" run >/dev/null 2>&1 </dev/null &
pid=$!
while kill -0 $pid 2>/dev/null && ! find "$work/state" -name 'ledger.*' -size +0 2>/dev/null |
	grep -q .; do
	:
done
kill -9 $pid 2>/dev/null
wait $pid 2>/dev/null
killed=0
for n in 0 150 300; do
	run_until $n
	kill -9 $pid 2>/dev/null && killed=$((killed + 1))
	wait $pid 2>/dev/null
done
equal "killed three times in the middle" $killed 3
check "with some batches delivered, and some not" test "$(batches events "$accepted")" -lt $rows

run_until "$(($(lines "$accepted") + 1))"
exits 75 "a second run while one is under way" run
said "says so, and whose process it is" "running: process $pid "
exits 75 "a second run from cron" --quiet run
equal "says nothing" "$(cat "$work/out" "$work/err")" ""
equal "the lock file holds the process id" "$(cat "$work/state/lock")" "$pid"
exits 0 "status does not need the lock" status
kill -TERM $pid
status=0
wait $pid || status=$?
equal "a run that is asked to stop ends unfinished" $status 3

sed -i 's/^batches_per_second.*/batches_per_second = 5000/' "$conf"
exits 0 "the next run completes" run
equal "every row arrived, under one id" "$(batches events "$accepted")" $rows
equal "each row's own number arrived once" \
	"$(jq -c '.events[].data | [.source_message_id, .custom_attributes.Row]' "$accepted" |
	sort -u | wc -l)" $rows
# After the kills a user's batches may repeat, but the first time each is seen they are in order.
check "each user's batches came in order" python3 -c 'import json, sys
last, seen = {}, set()
for line in open(sys.argv[1]):
    b = json.loads(line)
    if b["source_request_id"] in seen: continue
    seen.add(b["source_request_id"])
    user, visit = b["user_identities"]["customer_id"], int(b["user_attributes"]["Visit"])
    if visit < last.get(user, -1): sys.exit("%s: visit %d after %d" % (user, visit, last[user]))
    last[user] = visit' "$accepted"
exits 0 "and then there is nothing to do" run
finish
