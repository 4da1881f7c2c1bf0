# SPDX-License-Identifier: MIT
# Between this machine and the API: proxies, with and without a login, none for loopback hosts; a
# resolver that hangs; and no password in any output.
. "$(dirname "$0")/lib/checks.sh"

command -v openssl >/dev/null || { skip "openssl is not here: no certificates" && finish; }
mkdir -p "$work/in" "$work/proxy"
name=api.example.test
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout "$work/api.key" \
	-out "$work/api.pem" \
	-days 2 -subj "/CN=$name" -addext "subjectAltName=DNS:$name" 2>/dev/null
receiver_start "$work/api" --cert "$work/api.pem" --tlskey "$work/api.key" || exit 1
accepted=$work/api/accepted.ndjson
port=${endpoint##*:}

# clicks FILE ROWS PREFIX
clicks() {
	python3 - "$@" <<'END'
import sys
with open(sys.argv[1], "w") as f:
    f.write("environment,user_identities.customer_id,events.data.event_name,events.data.custom_event_type\n")
    for i in range(int(sys.argv[2])):
        f.write("development,%s%d,Clicked,other\n" % (sys.argv[3], i))
END
}

# feed ENDPOINT [more lines]
feed() {
	endpoint=$1
	shift
	printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
	local_feed clicks "$work/in"
	printf 'ca_file = %s/api.pem\nlanes = 1\ngive_up_after = %s\n' "$work" "${patience:-1s}"
	printf '%s\n' "$@"
} >"$conf"

# A proxy that wants a login and knows one server, by any name. Its log has a line for each CONNECT:
# answer and target.
cat >"$work/proxy.py" <<'END'
import base64, os, socket, sys, threading
folder, to = sys.argv[1], int(sys.argv[2])
good = "basic " + base64.b64encode(b"joe:hunter22hunter22").decode()
def pump(a, b):
    try:
        while chunk := a.recv(65536):
            b.sendall(chunk)
        b.shutdown(socket.SHUT_WR)
    except OSError:
        pass
def serve(c):
    head = b""
    while b"\r\n\r\n" not in head:
        chunk = c.recv(65536)
        if not chunk:
            return
        head += chunk
    lines = head.decode("latin-1").split("\r\n")
    fields = dict((k.lower(), v.strip()) for k, _, v in (l.partition(":") for l in lines[1:]))
    kind, _, rest = fields.get("proxy-authorization", "").partition(" ")
    allowed = (kind.lower() + " " + rest) == good
    with open(folder + "/log", "a") as log:
        log.write("%d %s\n" % (200 if allowed else 407, lines[0].split()[1]))
    if not allowed:
        c.sendall(b"HTTP/1.1 407 Login\r\nProxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 0\r\n\r\n")
        return
    s = socket.create_connection(("127.0.0.1", to))
    c.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    threading.Thread(target=pump, args=(c, s), daemon=True).start()
    pump(s, c)
def one(c):
    with c:
        serve(c)
l = socket.socket()
l.bind(("127.0.0.1", 0))
l.listen(16)
with open(folder + "/port.new", "w") as f:
    f.write(str(l.getsockname()[1]))
os.rename(folder + "/port.new", folder + "/port")
while True:
    threading.Thread(target=one, args=(l.accept()[0],), daemon=True).start()
END
python3 "$work/proxy.py" "$work/proxy" "$port" &
proxy=$!
trap \
	'kill $proxy 2>/dev/null; [ -n "$finished" ] || echo "not ok - $(basename "$0") ended early"; lib_cleanup' \
	EXIT
while [ ! -s "$work/proxy/port" ]; do sleep 0.02; done
via=127.0.0.1:$(cat "$work/proxy/port")
printf 'hunter22hunter22\n' >"$work/proxy-password"
printf 'wrong-wrong-wrong\n' >"$work/proxy-wrong"
chmod 600 "$work"/proxy-*
unset https_proxy HTTPS_PROXY http_proxy all_proxy ALL_PROXY no_proxy NO_PROXY

clicks "$work/in/a-custom_event.csv" 5 A
feed "https://$name" "proxy = http://$via" 'proxy_user = joe' \
	"proxy_password_file = $work/proxy-wrong"
exits 4 "a proxy that wants another login" run
said "names its keys" \
	'the proxy 127.0.0.1:[0-9]+ wants another login .*proxy_user and proxy_password_file'
check "and no password" absent wrong-wrong-wrong "$work/out" "$work/err"
feed "https://$name" "proxy = http://$via" 'proxy_user = joe' \
	"proxy_password_file = $work/proxy-password"
exits 0 "the feed's proxy, with its login" run
equal "delivers" "$(batches events "$accepted")" 5
equal "by the endpoint's name" "$(grep -c "^200 $name:443" "$work/proxy/log")" 1

clicks "$work/in/b-custom_event.csv" 5 B
feed "https://$name"
export https_proxy=http://joe:hunter22hunter22@$via
exits 0 "the environment's proxy" run
equal "delivers, too" "$(batches events "$accepted")" 10
equal "the same way" "$(grep -c '^200 ' "$work/proxy/log")" 2
clicks "$work/in/c-custom_event.csv" 5 C
export https_proxy=http://joe:hunter22hunter23@$via
exits 4 "with a mistyped password" --verbose run
check "it is not logged" absent hunter22 "$work/out" "$work/err"
export https_proxy="http://joe:hunter22 hunter22@$via"
exits 2 "what is not a URL" --verbose run
check "is not logged either" absent hunter22 "$work/out" "$work/err"
export https_proxy=http://joe:hunter22hunter22@$via no_proxy=example.test
exits 3 "no_proxy" run
equal "is kept to" "$(grep -c '' "$work/proxy/log")" 4

# A host of this machine is never reached through a proxy.
receiver_stop
kill $proxy
unset no_proxy
receiver_start "$work/plain" || exit 1
export http_proxy=http://$via https_proxy=http://$via all_proxy=http://$via
feed "$endpoint" 'proxy = http://127.0.0.1:9'
exits 0 "a loopback host, with proxies that are unreachable" run
equal "gets what was left" "$(batches events "$work/plain/accepted.ndjson")" 5
unset http_proxy https_proxy all_proxy

feed "https://$name" "proxy = http://joe:hunter22hunter22@$via"
exits 2 "a login in the proxy's URL" check
said "is refused, with the keys to use" 'proxy_user and proxy_password_file'
check "and not quoted" absent hunter22 "$work/out" "$work/err"

# ---- a resolver that hangs
cat >"$work/hang.c" <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **found)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = NULL;
	*(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
	if (host == NULL || strstr(host, "example.test") == NULL)
		return real(host, port, hints, found);
	close(open(getenv("ASKED"), O_CREAT | O_WRONLY, 0600));
	for (;;)
		pause();
}
END
if [ -n "${SANITIZE:-}" ] || ! ${CC:-cc} -w -shared -fPIC -o "$work/hang.so" "$work/hang.c" \
	-ldl 2>/dev/null; then
	skip "no compiler, or a sanitized build: no resolver that hangs"
	finish
fi
clicks "$work/in/d-custom_event.csv" 5 D
patience=1h feed "https://$name"
ASKED=$work/asked LD_PRELOAD=$work/hang.so "$dropfeed" --config "$conf" \
	run >"$work/out" 2>"$work/err" </dev/null &
pid=$!
while kill -0 $pid 2>/dev/null && [ ! -e "$work/asked" ]; do sleep 0.02; done
kill -TERM $pid
for ((n = 0; n < 200; n++)); do
	kill -0 $pid 2>/dev/null || break
	sleep 0.1
done
kill -KILL $pid 2>/dev/null
status=0
wait $pid || status=$?
equal "a run that waits for the resolver can be stopped" $status 3
feed "$(cat "$work/plain/port" | sed 's|^|http://127.0.0.1:|')"
exits 0 "and goes on later" run
equal "with every row" "$(batches events "$work/plain/accepted.ndjson")" 10

# ---- what to look at, where TLS or a proxy is not what it should be
clicks "$work/in/d-custom_event.csv" 1 D
feed "https://127.0.0.1:$(cat "$work/plain/port")"
exits 3 "https where nothing but http is spoken" run
said "names what to look at" \
	'(no TLS is spoken there|the TLS handshake failed); check endpoint, its port'
feed "https://$name" 'proxy = http://127.0.0.1:9'
exits 3 "a proxy that is not there" run
said "is what the message names" 'no connection to the proxy \(Failed to connect'
python3 - "$work/deaf" <<'END' &
import socket, sys
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(9)
open(sys.argv[1], "w").write(str(s.getsockname()[1]))
while True:
    c = s.accept()[0]
    c.recv(4096)
    c.close()
END
receivers+=($!)
wait_for "$work/deaf"
deaf=127.0.0.1:$(cat "$work/deaf")
feed "https://$name" "proxy = http://$deaf"
exits 3 "a proxy that closes connections" run
said "is named, too" "the proxy $deaf gave no answer to CONNECT"
receiver_stop

finish
