# SPDX-License-Identifier: MIT
# What was settled, and the answer is lost: the ledger is asked, and the file goes on in the same
# run.
. "$(dirname "$0")/lib/checks.sh"
. "$e2e/lib/fleet.sh"
mkdir "$work/in"

# Between the host and the database: the COMMIT that enters the bytes of the first file loses its
# answer; of statements that settle, the fifth loses its answer, the twentieth never arrives, and
# the thirtieth still runs, as something else has the document, when its connection is gone and the
# host settles anew.
cat >"$work/between.py" <<'END'
import os, socket, subprocess, sys, threading, time
path = "%s/.s.PGSQL.%s" % (os.environ["PGHOST"], os.environ["PGPORT"])
listener = socket.create_server(("127.0.0.1", 0))
lock, seen, other, entered = threading.Lock(), 0, None, False

def have_document():
    global other
    other = subprocess.Popen([os.environ["PG_BIN"] + "/psql", "-X", "-q", "-t", "-A"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    other.stdin.write("BEGIN; SELECT id FROM document FOR UPDATE;\n")
    other.stdin.flush()
    other.stdout.readline()

def end(*both):
    for s in both:
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

def down(database, host, mute):
    try:
        while data := database.recv(65536):
            if not mute:
                host.sendall(data)
    except OSError:
        pass
    end(database, host)

def up(host, database, mute):
    global seen, entered
    enters = False
    try:
        while data := host.recv(65536):
            enters = enters or b"UPDATE file SET mtime = " in data
            if enters and not entered and b"COMMIT" in data:
                entered = True
                mute.append(0)
                database.sendall(data)
                time.sleep(0.3)
                print("lost what was entered", flush=True)
                break
            with lock:
                seen += b"moved AS" in data
                n = seen if b"moved AS" in data else 0
            if n in (5, 30):
                mute.append(n)
            if n == 30:
                have_document()
            if n != 20:
                database.sendall(data)
            if n == 31: # both wait for the document
                time.sleep(0.5)
                other.communicate("ROLLBACK;\n")
            if n in (5, 20, 30):
                time.sleep(0.3)
                print("lost", n, flush=True)
                break
    except OSError:
        pass
    end(host, database)

with open(sys.argv[1] + ".new", "w") as f:
    f.write("%d\n" % listener.getsockname()[1])
os.rename(sys.argv[1] + ".new", sys.argv[1])
while True:
    host, _ = listener.accept()
    database = socket.socket(socket.AF_UNIX)
    database.connect(path)
    mute = []
    threading.Thread(target=up, args=(host, database, mute), daemon=True).start()
    threading.Thread(target=down, args=(database, host, mute), daemon=True).start()
END
python3 "$work/between.py" "$work/port" >"$work/lost" 2>&1 &
between=$!
at_end() {
	kill $between 2>/dev/null
	[ -n "$finished" ] || echo "not ok - $(basename "$0") ended early"
	lib_cleanup
}
trap at_end EXIT
for ((i = 0; i < 200; i++)); do [ -s "$work/port" ] && break; sleep 0.05; done
{
	printf '[dropfeed]\nstate_dir = %s/A\nnode = A\n' "$work"
	printf 'ledger = postgresql://dropfeed@127.0.0.1:%s/ledger' "$(cat "$work/port")"
	printf '?sslmode=disable&gssencmode=disable\n'
	local_feed clicks "$work/in"
	printf 'guidelines = off\nlanes = 4\n'
} >"$work/A.conf"
{
	echo user_identities.customer_id,events.data.event_name,events.data.custom_event_type
	for ((i = 0; i < 4000; i++)); do echo "C-$i,Clicked,other"; done
} >"$work/in/f-custom_event.csv"
sed 's/C-/B-/; 11q' "$work/in/f-custom_event.csv" >"$work/in/e-custom_event.csv"
touch -d '2 minutes ago' "$work/in/e-custom_event.csv"
touch -d '1 minute ago' "$work/in/f-custom_event.csv"

timeout 60 "$dropfeed" --config "$work/A.conf" --verbose run 2>"$work/err"
equal "the run ends well" $? 0
equal "four were lost on their way" "$(cat "$work/lost")" "lost what was entered
lost 5
lost 20
lost 30"
equal "a file whose taking was cut off keeps its place before the next one" \
	"$(head -n 10 "$accepted" | grep -c '"B-')" 10
# Nor is the renewal's connection: that one may wait in vain for what the settlement has locked, is
# given up, and renewed again in time.
grep -v 'e-custom_event.csv: cannot commit' "$work/err" >"$work/err.f"
check "the file is not left for that" absent 'went away' "$work/err.f"
check "nor is it unfinished" absent 'not finished' "$work/err"
equal "every row is counted once" "$(sql 'SELECT state, rows, delivered,
	(SELECT sum(done) FROM lane WHERE document_id = d.id) FROM document d ORDER BY id')" \
	"4|10|10|10
4|4000|4000|4000"
equal "no batch was sent twice" "$(jq -r .source_request_id "$accepted" | sort | uniq -d | wc -l)" 0
equal "and none is missing" "$(lines "$accepted")" 4010
finish
