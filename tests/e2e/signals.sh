# SPDX-License-Identifier: MIT
# Asked to stop: what is on the wire is waited for, ten seconds at most; asked twice, it leaves at
# once. Nothing is lost.
# A shell that was started with SIGHUP ignored, as by nohup, cannot undo that for what it starts.
[ -n "${SIGNALS_HUP:-}" ] || SIGNALS_HUP=yes exec env --default-signal=HUP bash "$0" "$@"
. "$(dirname "$0")/lib/checks.sh"

receiver_start "$work/api" || exit 1
accepted=$work/api/accepted.ndjson requests=$work/api/requests.ndjson
mkdir -p "$work/in"
rows=1200
python3 - "$work/in/clicks-custom_event.csv" $rows <<'END'
import sys
with open(sys.argv[1], "w") as f:
    f.write("environment,user_identities.customer_id,events.data.timestamp_unixtime_ms,events.data.event_name,events.data.custom_event_type\n")
    for i in range(int(sys.argv[2])):
        f.write("development,C-%d,%d,Clicked,other\n" % (i, 1768206600000 + i))
END
{
	printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
	local_feed clicks "$work/in"
	printf 'batches_per_second = 150\n'
} >"$conf"

# start N: a run, until the API has accepted more than N batches
start() {
	"$dropfeed" --config "$conf" run >"$work/out" 2>"$work/err" </dev/null &
	pid=$!
	while kill -0 $pid 2>/dev/null && [ "$(lines "$accepted")" -le "$1" ]; do sleep 0.02; done
}

# ends: waits for the run; sets $status
ends() {
	status=0
	wait $pid || status=$?
}

# hang: the receiver sleeps, and a request waits for it: bytes lie in the queue of one of its
# connections.
hang() {
	local port
	port=$(printf ':%04X' "${endpoint##*:}")
	kill -STOP "$receiver"
	while ! awk -v p="$port" \
		'substr($2, length($2) - 4) == p && $4 == "01" && $5 !~ /:0+$/ { f = 1 } END { exit !f }' \
		/proc/net/tcp &&
		kill -0 $pid; do sleep 0.02; done
}

# An API that hangs: the kernel takes connections and requests for it, and nothing is answered.
start 20
hang
before=$(lines "$requests")
kill -TERM $pid
began=$SECONDS
ends
equal "SIGTERM, with an API that hangs: unfinished" $status 3
check "long before the request's own time is over" test $((SECONDS - began)) -lt 60
said "says that the next run goes on" 'the next run goes on'
check "the API was not asked again meanwhile" test "$(lines "$requests")" -eq "$before"
kill -CONT "$receiver"

start $(($(lines "$accepted") + 100)) # more than were waiting in the queues
kill -INT $pid
ends
equal "SIGINT: unfinished" $status 3

start $(($(lines "$accepted") + 100))
kill -HUP $pid
ends
equal "SIGHUP, of a terminal that is closed: unfinished" $status 3
said "in order" 'the next run goes on'
trap '' HUP # as nohup does
start $(($(lines "$accepted") + 100))
trap 'exit 143' HUP
kill -HUP $pid
before=$(lines "$accepted")
while kill -0 $pid 2>/dev/null && [ "$(lines "$accepted")" -le $((before + 100)) ]; do
	sleep 0.02
done
check "under nohup it goes on" kill -TERM $pid
ends
equal "until it is asked to stop" $status 3

start $(($(lines "$accepted") + 100)) # more than were waiting in the queues
hang
kill -TERM $pid
while grep -qs 'ShdPnd:.*[1-9a-f]' "/proc/$pid/status"; do sleep 0.02; done # until it was seen
kill -TERM $pid
ends
kill -CONT "$receiver"
equal "a second SIGTERM ends it at once" $status 143

sed -i 's/^batches_per_second.*/batches_per_second = 5000/' "$conf"
exits 0 "the next run completes" run
equal "every row arrived, under one id" "$(batches events "$accepted")" $rows
exits 0 "and then there is nothing to do" run

# A reader that is gone, and none at all
status=0
{ "$dropfeed" import --sink - "$work/in/clicks-custom_event.csv" 2>"$work/err" ||
	echo $? >"$work/status"; } | head -n 1 >"$work/out"
check "a reader that leaves gets its line" grep -q source_request_id "$work/out"
rm -f "$work/status"
python3 - "$dropfeed" "$work/in/clicks-custom_event.csv" "$work/status" 2>"$work/err" <<'END'
import os, subprocess, sys
r, w = os.pipe()
os.close(r)
status = subprocess.call([sys.argv[1], "import", "--sink", "-", sys.argv[2]], stdout=w)
open(sys.argv[3], "w").write(str(status))
END
equal "a pipe that nobody reads: unfinished, not killed" "$(cat "$work/status")" 3
status=0
"$dropfeed" import --sink - "$work/in/clicks-custom_event.csv" >&- 2>"$work/err" </dev/null ||
	status=$?
equal "standard output that is closed: the same" $status 3
check "and nothing was written anywhere else" test "$(grep -c source_request_id "$work/err")" -eq 0

# A stream that is closed must not give its number to a file that is then written to by mistake.
sed 's/C-/D-/' "$work/in/clicks-custom_event.csv" >"$work/more-custom_event.csv"
before=$(batches events "$accepted") status=0
"$dropfeed" --config "$conf" --verbose import "$work/more-custom_event.csv" 2>&- || status=$?
equal "an import with standard error closed" $status 0
equal "delivers every row" "$(batches events "$accepted")" $((before + rows))
check "and no log line went into a file of the program" absent 'all delivered' "$work/state"
finish
