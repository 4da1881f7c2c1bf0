# SPDX-License-Identifier: MIT
# A password that somebody writes into a setting where an address is expected is in no output, of no
# command.
. "$(dirname "$0")/lib/checks.sh"

mkdir -p "$work/in"
printf secret >"$work/api-secret"
cp "$samples/signups-custom_event.csv" "$work/in"
endpoint=http://127.0.0.1:9 # where nobody listens
password=hunter2
export DROPFEED_CONFIG=$conf

# everything WORDS...: all commands that read the configuration, and what they say, in $work/said
everything() {
	local command
	for command in check "run --dry-run" run status \
		"validate --feed a $work/in/signups-custom_event.csv" \
		"import --feed a --sink $1 $work/in/signups-custom_event.csv"; do
		# shellcheck disable=SC2086 # one word per argument
		timeout 60 "$dropfeed" --verbose $command >>"$work/said" 2>&1 </dev/null || true
	done
}

for key in source endpoint sink proxy webhook ping_url on_event known_hosts host_key ca_file \
	manifest receipts after_done \
	include identity_file password_file api_key api_secret_env gnupg_home proxy_command \
	state_dir; do
	: >"$work/said"
	for value in "sftp://jo:$password@127.0.0.1:9/in" "http://jo:$password@127.0.0.1:9" \
		"https://:$password@127.0.0.1:9/x" \
		"jo:$password@127.0.0.1:9" "htp:/jo:$password@127.0.0.1"; do
		{
			printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
			local_feed a "$work/in" | grep -v "^$key "
			printf 'give_up_after = 1ms\n%s = %s\n' "$key" "$value"
		} >"$conf"
		everything "$value"
	done
	check "$key: something was said" test -s "$work/said"
	check "$key: the password is not in it" absent "$password" "$work/said"
done

# The ledger's, which is the program's own, and addresses on the command line.
: >"$work/said"
for value in "postgresql://jo:$password@127.0.0.1:9/x" \
	"postgresql:///x?host=127.0.0.1&password=$password" "postgresql://jo:$password@[::1:9/x"; do
	{
		printf '[dropfeed]\nstate_dir = %s/state\nledger = %s\n' "$work" "$value"
		local_feed a "$work/in"
	} >"$conf"
	everything -
	timeout 60 "$dropfeed" --verbose doctor >>"$work/said" 2>&1 </dev/null || true
	timeout 60 "$dropfeed" --verbose ledger copy \
		--to "$value" >>"$work/said" 2>&1 </dev/null || true
done
printf '[dropfeed]\nstate_dir = %s/state\n' "$work" >"$conf"
local_feed a "$work/in" >>"$conf"
for value in "sftp://jo:$password@127.0.0.1:9/in" "jo:$password@127.0.0.1:in"; do
	timeout 60 "$dropfeed" --verbose init "$value" >>"$work/said" 2>&1 </dev/null || true
done
timeout 60 "$dropfeed" --verbose plan fetch --workspace 1 --plan p --client-id c \
	--client-secret-file "$work/api-secret" \
	--sso "http://jo:$password@127.0.0.1:9" \
	--api "http://jo:$password@127.0.0.1:9" >>"$work/said" 2>&1 </dev/null || true
check "ledger, init, plan fetch: something was said" test -s "$work/said"
check "ledger, init, plan fetch: the password is not in it" absent "$password" "$work/said"

# The environment's proxy, which the HTTP library reads itself.
printf '[dropfeed]\nstate_dir = %s/state\n' "$work" >"$conf"
local_feed a "$work/in" | sed 's|^endpoint.*|endpoint = https://192.0.2.1|' >>"$conf"
echo 'give_up_after = 1ms' >>"$conf"
: >"$work/said"
for proxy in "http://jo:$password@127.0.0.1:9" "http://jo:$password@[127.0.0.1:9" \
	"nonsense://jo:$password@127.0.0.1:9"; do
	https_proxy=$proxy timeout 60 "$dropfeed" --verbose run >>"$work/said" 2>&1 </dev/null ||
		true
done
check "a proxy of the environment: its password is not in the log" absent "$password" "$work/said"
check "the state folder holds no password" absent "$password" "$work/state"

# A server that is being debugged sends requests back, and what it answers is quoted.
cat >"$work/echo.py" <<'END'
import http.server, sys

class Echo(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        page = ("no route\n" + "Authorization: " + self.headers["Authorization"] + "\n").encode()
        self.send_response(404)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *args):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Echo)
print(server.server_port, flush=True)
server.serve_forever()
END
python3 "$work/echo.py" >"$work/echo.port" &
echo_pid=$!
until [ -s "$work/echo.port" ]; do sleep 0.05; done
printf '[dropfeed]\nstate_dir = %s/state-echo\n' "$work" >"$conf"
local_feed a "$work/in" | sed \
	"s|^endpoint.*|endpoint = http://127.0.0.1:$(cat "$work/echo.port")|" >>"$conf"
exits 4 "a page that repeats the request" run
said "is quoted" 'HTTP 404: "no route Authorization: Basic \*\*\*"'
kill $echo_pid

# No core dump of a process that holds secrets, nor of what it starts.
mkfifo "$work/pipe"
(ulimit -c unlimited 2>/dev/null; exec "$dropfeed" import --sink - --name x-custom_event.csv \
	- <"$work/pipe" >"$work/out" 2>"$work/err") &
pid=$!
exec 9>"$work/pipe"
echo 'user_identities.customerid' >&9
for ((i = 0; i < 200; i++)); do
	grep -qE '^Max core file size +0 +0 ' "/proc/$pid/limits" && break
	sleep 0.05
done
check "the limit of core dumps is 0" grep -qE '^Max core file size +0 +0 ' "/proc/$pid/limits"
exec 9>&-
wait $pid || true
finish
