# SPDX-License-Identifier: MIT
# A clock that is wrong: the API's answers say so.
. "$(dirname "$0")/lib/checks.sh"

# api OFFSET: takes everything, with a clock of its own
cat >"$work/api.py" <<'END'
import email.utils, http.server, sys, time
class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def date_time_string(self, timestamp=None):
        return email.utils.formatdate(time.time() + float(sys.argv[2]), usegmt=True)
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *args):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
open(sys.argv[1] + ".new", "w").write("%d\n" % server.server_address[1])
__import__("os").rename(sys.argv[1] + ".new", sys.argv[1])
server.serve_forever()
END
mkdir "$work/in"
echo key >"$work/secret"
chmod 600 "$work/secret"
for offset in 0 -3456000 7200; do
	rm -rf "$work/state" "$work/in/"* "$work/port"
	python3 "$work/api.py" "$work/port" "$offset" &
	receivers+=($!)
	wait_for "$work/port" || exit 1
	for n in 1 2 3; do printf 'user_identities.customerid\nC-%s\n' $n >"$work/in/f$n-eventless.csv"; done
	printf '[dropfeed]\nstate_dir = %s/state\n[feed f]\nsource = file://%s/in\nmin_age = 0s\nguidelines = off\nendpoint = http://127.0.0.1:%s\napi_key = k\napi_secret_file = %s/secret\n' \
		"$work" "$work" "$(cat "$work/port")" "$work" >"$conf"
	exits 0 "an API whose clock differs by $offset s" run
	warned=$([ "$offset" = 0 ] && echo 0 || echo 1)
	equal "it is said once, with both times ($offset)" \
		"$(grep -cE "clock says 2[0-9T:-]+Z, the API's 2[0-9T:-]+Z" "$work/err")" "$warned"
done
finish
