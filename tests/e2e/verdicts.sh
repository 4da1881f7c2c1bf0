# SPDX-License-Identifier: MIT
# Who judges rows, and what one bad row does to the others: answers that are not the API's, rows
# that nobody takes, answers that say "accepted" and mean something else, a wait that outlasts the
# run, a stop in mid-delivery.
. "$(dirname "$0")/lib/checks.sh"

receiver_start "$work/api" || exit 1
accepted=$work/api/accepted.ndjson requests=$work/api/requests.ndjson
mkdir -p "$work/in"
clicks() { # FILE ROWS [NAME-OF-ROW-9]: one batch a row
	python3 - "$@" <<'PY'
import sys
with open(sys.argv[1], "w") as f:
    f.write("environment,user_identities.customer_id,events.data.timestamp_unixtime_ms,events.data.event_name,events.data.custom_event_type\n")
    for i in range(int(sys.argv[2])):
        f.write("development,C-%d,%d,%s,other\n" % (i, 1768206600000 + i, sys.argv[3] if i == 9 and len(sys.argv) > 3 else "Clicked"))
PY
}
fresh() { # [LINE...]: a new state folder, and a feed with these lines
	rm -rf "$work/state" "$accepted" "$requests" "$work"/in/*
	rm -f "$work/api/script" "$work/api/rules"
	receiver_stop
	receiver_start "$work/api" || exit 1
	{
		printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
		local_feed clicks "$work/in"
		printf '%s\n' "$@"
	} >"$conf"
}
answers() { # ANSWER N: of the next N requests
	local n
	for ((n = 0; n < $2; n++)); do echo "$1"; done >"$work/api/script"
}
delivered() {
	"$dropfeed" --config "$conf" status --format json |
		jq '[.files[].documents[].delivered] | add // 0'
}

# ---- somebody else than the API answers: nothing is consumed, whatever it says ----
for answer in 302 404 405 451; do
	fresh 'max_rejects = 0' 'after_done = delete' 'after_refused = delete'
	clicks "$work/in/a-custom_event.csv" 30
	answers $answer 400
	exits 4 "HTTP $answer" run
	said "HTTP $answer: what was said, and what to look at" \
		"HTTP $answer.*nothing was consumed; check endpoint"
	check "HTTP $answer: the file is still there" test -e "$work/in/a-custom_event.csv"
	rm -f "$work/api/script"
	receiver_stop
	receiver_start "$work/api" --port "${endpoint##*:}" || exit 1
	exits 0 "HTTP $answer: the next run" run
	equal "HTTP $answer: every row arrived" "$(lines "$accepted")" 30
done

# ---- one row that is never taken, and another file ----
for answer in 500 403; do
	fresh "give_up_after = 20s" 'after_done = delete'
	clicks "$work/in/b-custom_event.csv" 10
	exits 0 "the key is good" run # else a 403 is about it
	clicks "$work/in/a-custom_event.csv" 40 Poison
	clicks "$work/in/b-custom_event.csv" 20
	echo "answer-name $answer Poison" >"$work/api/rules"
	exits 1 "a row that gets $answer, always" run
	equal "$answer: every other row arrived" "$(batches events "$accepted")" 69
	said "$answer: why the row was not delivered" '1 rejected \(1 api-unavailable\)'
	check "$answer: it is in the reject file" grep \
		-q '^development,C-9,.*,Poison,other,11,.*api-unavailable' \
		"$work/state/rejects/clicks/a-custom_event.csv"
	check "$answer: its file is kept for retry" test -e "$work/in/a-custom_event.csv"
	exits 0 "$answer: nothing is left" run
	rm -f "$work/api/rules"
	receiver_stop
	receiver_start "$work/api" --port "${endpoint##*:}" || exit 1
	exits 0 "$answer: retry" retry
	equal "$answer: now it arrived, too" "$(batches events "$accepted")" 70
	check "$answer: and its file is deleted" test ! -e "$work/in/a-custom_event.csv"
done

# ---- a wait that outlasts the run ----
fresh 'give_up_after = 1s'
clicks "$work/in/a-custom_event.csv" 5
answers '429 retry-after=3600' 100
exits 3 "the API wants an hour's rest" run
asked=$(lines "$requests")
exits 3 "a run within that hour" run
equal "asks nothing" "$(lines "$requests")" "$asked"

# ---- a stop in mid-delivery: what the API acknowledged is settled ----
fresh 'batches_per_second = 100'
clicks "$work/in/a-custom_event.csv" 600
"$dropfeed" --config "$conf" run >"$work/out" 2>"$work/err" </dev/null &
pid=$!
while kill -0 $pid 2>/dev/null && [ "$(lines "$accepted")" -le 60 ]; do sleep 0.02; done
kill -TERM $pid
wait $pid
equal "SIGTERM: what the ledger has as delivered is what the API took" "$(delivered)" \
	"$(lines "$accepted")"
sed -i 's/^batches_per_second.*/batches_per_second = 10000/' "$conf"
exits 0 "the next run" run
equal "sends the rest alone" "$(lines "$accepted")" 600

# ---- 202, and errors in another form than a list ----
cat >"$work/odd" <<'PY'
# Says 202 with errors about the first batch of several, once; then takes everything.
# A line for each request: how many batches it had.
import http.server, json, os, sys
errors, ready, log = json.loads(sys.argv[1]), sys.argv[2], sys.argv[3]
class Odd(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    said = False
    def log_message(self, *args):
        pass
    def do_POST(self):
        n = len(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        print(n, file=open(log, "a"))
        # of a batch that is alone it would be a verdict
        say = not Odd.said and n > 1
        Odd.said = Odd.said or say
        body = json.dumps({"errors": errors}).encode() if say else b""
        self.send_response(202)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
server = http.server.HTTPServer(("127.0.0.1", 0), Odd)
open(ready + ".new", "w").write(str(server.server_port))
os.rename(ready + ".new", ready)
server.serve_forever()
PY
said="Error converting value. Path '[0].events[0].data', line 1, position 40."
for errors in "{\"code\":\"BAD_REQUEST\",\"message\":\"$said\"}" "\"$said\""; do
	fresh 'lanes = 1'
	rm -f "$work/odd.port" "$work/odd.log"
	python3 "$work/odd" "$errors" "$work/odd.port" "$work/odd.log" 2>/dev/null &
	odd=$!
	receivers+=($odd)
	wait_for "$work/odd.port" || exit 1
	sed -i "s|^endpoint.*|endpoint = http://127.0.0.1:$(cat "$work/odd.port")|" "$conf"
	clicks "$work/in/a-custom_event.csv" 5
	exits 0 "202 with errors: ${errors:0:12}..." run
	equal "the batch that it is about is sent once more" \
		"$(awk '{ n += $1 } END { print n }' "$work/odd.log")" 6
	kill $odd && wait $odd 2>/dev/null
done
finish
