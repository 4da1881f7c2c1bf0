# SPDX-License-Identifier: MIT
# What a host of a fleet leaves alone: a file that brings hosts down, a layout that it does not
# know, bytes that another one has.
. "$(dirname "$0")/lib/checks.sh"
. "$e2e/lib/fleet.sh"
mkdir "$work/in"

# file PATH ROWS
file() {
	python3 - "$@" <<'END'
import sys
with open(sys.argv[1], "w") as f:
    f.write("user_identities.customer_id,events.data.event_name,events.data.custom_event_type\n")
    f.writelines("%s-%d,Clicked,other\n" % (sys.argv[1][-24:-17], i) for i in range(int(sys.argv[2])))
END
}
for host in A B; do
	{
		printf '[dropfeed]\nstate_dir = %s/%s\nledger = %s\nnode = %s\n' \
			"$work" "$host" "$DROPFEED_TEST_LEDGER" "$host"
		local_feed clicks "$work/in"
		printf 'guidelines = off\nlanes = 2\n'
	} >"$work/$host.conf"
done
on() { # HOST ARGUMENT...
	local host=$1
	shift
	timeout 60 "$dropfeed" --config "$work/$host.conf" --verbose "$@" \
		>"$work/out" 2>"$work/$host.err"
}
# interrupted HOST ARGUMENT...: it is killed when some of the file is delivered
interrupted() {
	local host=$1 pid before i
	shift
	before=$(lines "$accepted")
	for ((i = 0; i < 150; i++)); do echo slow 50; done >"$work/api/script"
	"$dropfeed" --config "$work/$host.conf" "$@" >/dev/null 2>&1 &
	pid=$!
	for ((i = 0; i < 400 && $(lines "$accepted") < before + 20; i++)); do sleep 0.05; done
	kill -KILL $pid
	wait $pid 2>/dev/null
	: >"$work/api/script"
}
state() { sql "SELECT state FROM file WHERE name = '$1'"; }
expire() { sql "UPDATE file SET lease_until = 'epoch'"; }

# ---- files that find no room at first are taken in the same run ----
{
	printf '[dropfeed]\nstate_dir = %s/C\nledger = %s\nnode = C\njobs = 1\n' \
		"$work" "$DROPFEED_TEST_LEDGER"
	for feed in one two three; do
		mkdir "$work/$feed"
		file "$work/$feed/$feed-custom_event.csv" 30
		local_feed $feed "$work/$feed"
		printf 'guidelines = off\nbatches_per_second = 10\n'
	done
} >"$work/C.conf"
on C run
equal "one job, three feeds" \
	"$? $(sql 'SELECT count(*), min(state), max(state) FROM file')" "0 3|4|4"
sql 'DELETE FROM node'

# ---- a file that hosts go down with ----
file "$work/in/crashes-custom_event.csv" 1000
interrupted A run
sql "UPDATE file SET crashes = 3 WHERE name LIKE 'crashes%'"
expire
file "$work/in/later-custom_event.csv" 10
on B run
equal "the fifth host still tries it, and gets on" \
	"$? $(state crashes-custom_event.csv) $(sql 'SELECT max(crashes) FROM file')" "0 4 0"
file "$work/in/poison-custom_event.csv" 1000
interrupted A run
sql "UPDATE file SET crashes = 4 WHERE name LIKE 'poison%'"
expire
on B run
equal "what five went down with is refused" "$? $(state poison-custom_event.csv)" "1 5"
check "and it says why" \
	grep -q 'hosts in a row failed.*keeps-crashing.*dropfeed retry' "$work/B.err"
on A run
equal "nobody takes it again" "$? $(state poison-custom_event.csv)" "0 5"
on B retry poison-custom_event.csv
equal "retry goes on with it where it was" "$? $(state poison-custom_event.csv)" "0 4"

# ---- begun under another layout of batches ----
file "$work/in/format-custom_event.csv" 1000
interrupted A run
expire
sql "UPDATE document SET batch_format = batch_format + 1 WHERE closed_ms = 0"
file "$work/in/next-custom_event.csv" 10
on B run
held=$(sql "SELECT count(holder) FROM file WHERE closed_ms = 0")
equal "a host that does not know the layout leaves it alone" \
	"$(state format-custom_event.csv) $held" "3 1"
equal "and goes on with the next one" "$(state next-custom_event.csv)" 4
sql "UPDATE document SET batch_format = batch_format - 1 WHERE closed_ms = 0"
on B run
equal "one that knows it finishes it" "$? $(state format-custom_event.csv)" "0 4"

# The same while a host of that layout is about: a later file waits for what that one has begun.
file "$work/in/upgraded-custom_event.csv" 1000
export DROPFEED_BATCH_FORMAT=3
interrupted B run
unset DROPFEED_BATCH_FORMAT
sql "UPDATE file SET lease_until = clock_timestamp() WHERE closed_ms = 0"
DROPFEED_BATCH_FORMAT=4 on A run
equal "a host of a later layout leaves it alone as well" "$(state upgraded-custom_event.csv)" 3
check "and says so" grep -q 'begun by dropfeed.*batch_format 3, this one knows 4' "$work/A.err"
file "$work/in/waits-custom_event.csv" 10
on A run &
pid=$!
for ((i = 0; i < 100; i++)); do
	grep -q 'waits for upgraded' "$work/A.err" && break
	sleep 0.1
done
equal "a later file waits while a host of that layout is about" "$(state waits-custom_event.csv)" 1
sql "UPDATE node SET seen = clock_timestamp() - INTERVAL '11 minutes' WHERE batch_format = 3"
wait $pid
equal "and no longer" "$(state waits-custom_event.csv)" 4
DROPFEED_BATCH_FORMAT=3 on B run
equal "its own host finishes it" "$? $(state upgraded-custom_event.csv)" "0 4"

# ---- bytes that one host alone has ----
mkdir "$work/elsewhere"
file "$work/elsewhere/origin-custom_event.csv" 1000
interrupted A import --feed clicks "$work/elsewhere/origin-custom_event.csv"
expire
on B run
has=$(sql "SELECT state, origin, split_part(holder, '/', 1) FROM file WHERE name LIKE '%origin%'")
equal "a file that was imported elsewhere is not touched" "$has" "3|A|A"
on A run
equal "its host finishes it" "$(sql "SELECT state FROM file WHERE name LIKE '%origin%'")" 4

# ---- a host of an older version ----
sql 'UPDATE dropfeed_ledger SET version = version + 1'
file "$work/in/newer-custom_event.csv" 10
on A run
equal "one that does not know the tables leaves all alone" \
	"$? $(sql "SELECT count(*) FROM file WHERE name LIKE 'newer%'")" "5 0"
check "and says so" grep -q 'newer dropfeed.*upgrade' "$work/A.err"
sql 'UPDATE dropfeed_ledger SET version = version - 1'
on A run
equal "and goes on when it is upgraded" "$? $(state newer-custom_event.csv)" "0 4"

# ---- another configuration ----
on A status
check "hosts of one configuration" absent 'configurations differ' "$work/out"
echo 'batches_per_second = 200' >>"$work/B.conf"
on B run
on A status
check "and of two" grep -q 'configurations differ' "$work/out"

# ---- what was found of a feed that is not there any more ----
sql "INSERT INTO condition(feed, name, subject, text, since_ms)
	VALUES('former', 'unfinished', '', 'gave up', 1)"
former() { sql "SELECT count(*) FROM condition WHERE feed = 'former'"; }
on A run
equal "a host of another configuration may know the feed" "$(former)" 1
sed -i '/^batches_per_second = 200/d' "$work/B.conf"
on B run
equal "nobody knows it" "$(former)" 0

# ---- a file under way of a feed that another host alone has ----
mkdir "$work/extra"
file "$work/extra/extra-custom_event.csv" 10
cp "$work/B.conf" "$work/B.alike"
{
	local_feed extra "$work/extra"
	printf 'guidelines = off\ngive_up_after = 1s\n'
} >>"$work/B.conf"
for ((i = 0; i < 3000; i++)); do echo 503; done >"$work/api/script"
on B run
equal "its host does not finish it" "$?" 3
: >"$work/api/script"
on A run
equal "another one has nothing to do" "$?" 0
check "and nobody is asked to abandon it there" absent 'dropfeed abandon' "$work/A.err"
check "it is named" grep -q 'extra-custom_event.csv: not finished, and this host' "$work/A.err"
cp "$work/B.alike" "$work/B.conf"
on B run
on A run
check "once no host has the feed it is said how to close it" \
	grep -q 'dropfeed abandon --feed extra extra-custom_event.csv' "$work/A.err"
# ---- a database that sorts as a language does: a before B ----
if "$PG_BIN/createdb" -T template0 --locale C --locale-provider icu --icu-locale en-US \
	language 2>"$work/log"; then
	rm -rf "$work/A" "$work"/in/* "$accepted"
	receiver_stop
	receiver_start "$work/api" --port "${endpoint##*:}" || exit 1
	sed -i 's|/ledger?|/language?|; s|^lanes = .*|lanes = 1|' "$work/A.conf"
	for name in us-2019 users-B users-a users-C; do
		file "$work/in/$name-custom_event.csv" 1
	done
	touch -d '2026-01-12T08:30' "$work"/in/*
	on A run
	equal "files of one time" $? 0
	equal "they are sent in the order of their bytes" \
		"$(jq -r .user_identities.customer_id "$accepted" | xargs)" \
		"us-2019-0 users-B-0 users-C-0 users-a-0"
	on A status 'us-2019*'
	check "a name is found by its beginning" grep -q 'done *clicks: us-2019-' "$work/out"
else
	skip "this PostgreSQL makes no database that sorts by ICU"
fi
finish
