# SPDX-License-Identifier: MIT
# on_event, webhook and ping_url: each change of state is reported once, against a real HTTP server
# that takes it, is slow, refuses or is away; nothing of it holds up or fails a run, and no secret
# gets out.
. "$(dirname "$0")/lib/checks.sh"

# hook DIR: an HTTP server; each request is a line "PATH BODY" of DIR/got, as JSON. DIR/mode: ok,
# hang, or a status.
cat >"$work/hook.py" <<'END'
import http.server, json, os, sys, time
where = sys.argv[1]
class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        mode = open(where + "/mode").read().strip()
        with open(where + "/got", "a") as f:
            f.write(json.dumps({"path": self.path, "mode": mode, "type": self.headers["Content-Type"], "body": body}) + "\n")
        if mode == "hang":
            while open(where + "/mode").read().strip() == "hang":
                time.sleep(0.05)
        self.send_response(200 if mode in ("ok", "hang") else int(mode))
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *args):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
open(where + "/port.new", "w").write("%d\n" % server.server_address[1])
os.rename(where + "/port.new", where + "/port")
server.serve_forever()
END
mkdir "$work/hook"
echo ok >"$work/hook/mode"
python3 "$work/hook.py" "$work/hook" &
receivers+=($!)
wait_for "$work/hook/port" || exit 1
hook=http://127.0.0.1:$(cat "$work/hook/port")
got=$work/hook/got
receiver_start "$work/api" || exit 1
drop=$work/in
mkdir -p "$drop"
# settings [LINE...]: of [dropfeed]
settings() {
	printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
	printf '%s\n' "$@"
	local_feed views "$drop" | sed 's/^api_secret_file.*/api_secret_env = THE_SECRET/'
	printf 'give_up_after = 1s\n'
}
export THE_SECRET=demo-secret
view() { # NAME [ROW...]
	{
		echo user_identities.customer_id,events.data.screen_name
		printf '%s\n' "${@:2}"
	} >"$drop/$1-screen_view.csv"
}
# what the webhook took since it was last asked: "event file" on a line each
events() {
	[ ! -e "$got" ] || jq \
		-r 'select(.path == "/hook/token-7" and .mode != "503") | .body | fromjson
		| [.event, .condition // empty, .file // empty] | join(" ")' "$got"
	rm -f "$got"
}

: >"$work/calls"
# shellcheck disable=SC2016 # for the hook's shell
command='{ echo "$DROPFEED_EVENT|$DROPFEED_FEED|$DROPFEED_FILE"; env; cat; echo; } >>'
command=$command"'$work/calls' # all of it"
settings "webhook = $hook/hook/token-7" "on_event = $command" >"$conf"
view first u1,Home
exits 0 "a file that is done" run
equal "is not reported by default" "$(events)" ""
view second u1,Home ,Home
exits 1 "a rejected row" run
equal "is reported" "$(events)" "rejects second-screen_view.csv"
equal "to the command as well" "$(grep '|' "$work/calls")" "rejects|views|second-screen_view.csv"
grep '^{' "$work/calls" >"$work/call"
check "with what it should be" holds \
	'.event == "rejects" and .feed == "views" and .rows == 2 and
	.delivered == 1 and .rejected == 1
	and (.text | test("1 of 2 rows")) and (.time | test("^20.*Z$"))' "$work/call"
check "its variables are there" grep -q '^PATH=' "$work/calls"
check "but no secret" absent demo-secret "$work/calls"
check "and no cell" absent Home "$work/calls"
exits 0 "the next run" run
equal "reports nothing again" "$(events)" ""
printf 'user_identities.customer_id,no.such.path\nu,1\n' >"$drop/bad-screen_view.csv"
exits 1 "a refused file" run
equal "is reported" "$(events)" "refused bad-screen_view.csv"

# ---- conditions ----
view third u3,Home
for ((i = 0; i < 3000; i++)); do echo 503; done >"$work/api/script"
exits 3 "an API that is down" run
equal "is reported" "$(events)" unfinished
exits 3 "it still is" run
equal "which is not reported again" "$(events)" ""
: >"$work/api/script"
exits 0 "it is back" run
equal "which is reported once" "$(events)" "recovered unfinished"
exits 0 "the next run" run
equal "has nothing to report" "$(events)" ""
export THE_SECRET=wrong-secret
view fourth u4,Home
exits 4 "a wrong secret" run
equal "is reported" "$(events)" denied
exits 4 "it still is wrong" run
equal "which is not reported again" "$(events)" ""
export THE_SECRET=demo-secret
exits 0 "it is right again" run
equal "which is reported" "$(events)" "recovered denied"

# A wrong setting that shows in the run alone stops the feed as well.
mv "$drop" "$work/elsewhere"
exits 2 "a folder that is gone" run
equal "is reported" "$(events)" unfinished
exits 2 "it still is gone" run
equal "which is not reported again" "$(events)" ""
exits 3 "a monitor sees it" status --exit-code
equal "with the reason, after the feed's name" "$(grep -c \
	'^views: unfinished since [^ ]*: the source folder .* does not exist' "$work/out")" 1
mv "$work/elsewhere" "$drop"
exits 0 "it is there again" run
equal "which is reported" "$(events)" "recovered unfinished"

# ---- retry ----
printf 'reject-name Bad\n' >"$work/api/rules"
printf \
	'user_identities.customer_id,events.data.event_name,events.data.custom_event_type\nu,Bad,other\nv,Good,other\n' \
	>"$drop/mixed-custom_event.csv"
exits 1 "the API rejects a row" run
equal "is reported" "$(events)" "rejects mixed-custom_event.csv"
exits 1 "retry in vain" retry 'mixed*'
equal "changes nothing" "$(events)" ""
: >"$work/api/rules"
exits 0 "retry" retry 'mixed*'
equal "is reported as a recovery" "$(events)" "recovered rejects mixed-custom_event.csv"

# ---- what is wanted ----
settings "webhook = $hook/hook/token-7" 'notify = done' >"$conf"
view fifth u5,Home ,Home
exits 1 "notify = done" run
equal "brings each file that is done" "$(events)" "done fifth-screen_view.csv"
{
	settings "webhook = $hook/hook/token-7"
	echo 'notify = none'
} >"$conf"
view sixth ,Home
exits 1 "notify = none of the feed" run
equal "brings nothing" "$(events)" ""
settings "webhook = $hook/hook/token-7" >"$conf"
exits 0 "notices of that time" run
equal "are not made up for" "$(events)" ""

# ---- a webhook in trouble ----
echo 503 >"$work/hook/mode"
view seventh ,Home
view eighth ,Home
exits 1 "a webhook that refuses does not change the exit code" run
said "it is a warning" \
	'warning: .*webhook \(rejects\): answered with HTTP 503; the next run tries again'
check "without the address" absent token-7 "$work/err"
equal "which is asked once" "$(grep -c . "$got")" 1
exits 0 "while it does, the next run, as cron calls it" --quiet run
equal "does not say so again" "$(lines "$work/err")" 0
rm -f "$got"
echo ok >"$work/hook/mode"
exits 0 "the next run" run
equal "brings both" "$(events | sort)" "rejects eighth-screen_view.csv
rejects seventh-screen_view.csv"
echo hang >"$work/hook/mode"
view ninth ,Home
view tenth ,Home
exits 1 "a webhook that hangs" run
said "is left" 'webhook \(rejects\): no answer within 10 s'
equal "and asked once" "$(grep -c . "$got")" 1
echo ok >"$work/hook/mode"
settings "webhook = http://127.0.0.1:9/hook/token-7" >"$conf"
view eleventh u,Home
exits 0 "a webhook that is away" run
said "is a warning" "webhook \(rejects\): (Couldn't|Could not|Failed to) connect"

# ---- a run that is killed ----
settings "webhook = $hook/hook/token-7" >"$conf"
rm -f "$got"
exits 0 "what was left is delivered" run
equal "once each" "$(events | sort)" "rejects ninth-screen_view.csv
rejects tenth-screen_view.csv"
if [ -x "$BUILD/faults/dropfeed" ]; then
	for step in 'before update a file' 'after update a file' \
		'before remove a file from the spool' 'before note a notice'; do
		name=k$(echo "$step" | tr -dc a-z)
		view "$name" ,Home
		DROPFEED_CRASH_AT="$step" "$BUILD/faults/dropfeed" --config "$conf" \
			run >/dev/null 2>&1
		equal "killed: $step" $? 137
		: >>"$got"
		# two minutes later, where another host might be at it
		[ -z "${DROPFEED_DATABASES:-}" ] ||
			ledger_sql "$work/state" "UPDATE notice SET lease_until = 'epoch'"
		"$dropfeed" --config "$conf" run >/dev/null 2>&1
		"$dropfeed" --config "$conf" run >/dev/null 2>&1
		wanted="rejects $name-screen_view.csv"
		# between the answer and its record nobody knows: it comes once more
		[ "$step" != 'before note a notice' ] || wanted="$wanted $wanted"
		equal "is reported by the next run" "$(events | tr '\n' ' ')" "$wanted "
	done
else
	skip "no build with faults (make faults)"
fi

# ---- a command in trouble ----
settings 'on_event = echo "no mail today"; exit 3' >"$conf"
view twelfth ,Home
exits 1 "a command that fails does not change the exit code" run
said "its words are logged" 'on_event \(rejects\): exit code 3: no mail today'
exits 0 "the next run" run
check "does not call it again" absent on_event "$work/err"
view unheard ,Home
# as where the program is the child of one that does so, and of no shell
env --ignore-signal=CHLD "$dropfeed" --config "$conf" run >"$work/out" 2>"$work/err" </dev/null
said "it is known to have failed where the caller ignores SIGCHLD" \
	'on_event \(rejects\): exit code 3: no mail today'
settings \
	"on_event = yes | head -c 3000000; yes | head -c 3000000 >&2; (sleep 300 & echo \$! >$work/left) ; exit 4" \
	>"$conf"
view thirteenth ,Home
exits 1 "a command that says much, and leaves something that runs" run
said "is not waited for" 'on_event \(rejects\): exit code 4: y$'
kill "$(cat "$work/left")" 2>/dev/null

# ---- a signal, while a command or a server hangs ----
# stopped WHAT: a run is ended by SIGTERM once $work/hangs is there. No clock decides: whoever hangs
# does so for minutes.
stopped() {
	rm -f "$work/hangs"
	"$dropfeed" --config "$conf" run >"$work/out" 2>"$work/err" </dev/null &
	pid=$!
	wait_for "$work/hangs"
	kill -TERM $pid
	for ((n = 0; n < 300; n++)); do
		kill -0 $pid 2>/dev/null || break
		sleep 0.1
	done
	check "$1 does not hold up a run that is to stop" test $n -lt 300
	kill -KILL $pid 2>/dev/null
	wait $pid 2>/dev/null
}
settings "on_event = echo \$\$ >$work/hangs; exec sleep 300" >"$conf"
view stopped1 ,Home
stopped "a command that hangs"
said "it is ended" 'on_event \(rejects\): was stopped after [0-9]+ s'
check "with all that it is" bash -c "! kill -0 $(cat "$work/hangs") 2>/dev/null"

# ---- ping_url ----
settings "ping_url = $hook/uuid-1?create=1" >"$conf"
rm -f "$got"
paths() { jq -r .path "$got" | tr '\n' ' '; }
exits 0 "a run" run
equal "pings its start and its end" "$(paths)" "/uuid-1/start?create=1 /uuid-1?create=1 "
rm -f "$got"
view fourteenth ,Home
exits 1 "a run with a rejected row" run
equal "pings its failure" "$(paths)" "/uuid-1/start?create=1 /uuid-1/fail?create=1 "
check "with the log's last lines" holds \
	'select(.path | test("fail")) | .body | test("1 rejected.*\\nexit code 1\\n$"; "s")' "$got"
rm -f "$got"
exits 2 "an error of usage" run --bogus
equal "pings a failure" "$(paths)" "/uuid-1/fail?create=1 "
check "and says which" holds '.body | test("unknown option .--bogus")' "$got"
rm -f "$got"
sed 's/^give_up_after.*/give_up_after = x/' "$conf" >"$work/wrong.conf"
"$dropfeed" --config "$work/wrong.conf" run >/dev/null 2>&1
check "a mistake in the configuration is pinged" holds \
	'(.path | test("fail")) and (.body | test("wrong.conf:[0-9]+: give_up_after"))' "$got"
rm -f "$got"
exits 0 "a dry run" run --dry-run
exits 1 "retry" retry
check "neither pings" test ! -e "$got"
settings "ping_url = http://127.0.0.1:9/uuid-1" >"$conf"
exits 0 "a ping that is not heard" run
said "is a warning" 'ping_url: '
equal "of one line" "$(grep -c ping_url: "$work/err")" 1
check "without the address" absent uuid-1 "$work/err"
finish
