# SPDX-License-Identifier: MIT
# Hosts that share a ledger in PostgreSQL: processes with state folders of their own. The lease is
# four seconds here instead of sixty.
. "$(dirname "$0")/lib/checks.sh"
. "$e2e/lib/fleet.sh"

# files FOLDER FIRST COUNT ROWS: each later file has another value of the same users' attribute
files() {
	mkdir -p "$1"
	python3 - "$@" <<'END'
import os, sys
folder, first, count, rows = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
for n in range(first, first + count):
    path = "%s/f%02d-custom_event.csv" % (folder, n)
    with open(path, "w") as f:
        f.write("user_identities.customer_id,user_attributes.Seq,user_attributes.Row,events.data.event_name,events.data.custom_event_type\n")
        f.writelines("C-%d,%d,%d,Clicked,other\n" % (i % 97, n, i) for i in range(rows))
    os.utime(path, (1700000000 + n, 1700000000 + n))
END
}
host() { # host NAME FEED FOLDER [LINE...]: its configuration
	local name=$1 feed=$2 folder=$3
	shift 3
	{
		printf '[dropfeed]\nstate_dir = %s/%s\nledger = %s\nnode = %s\n' \
			"$work" "$name" "$DROPFEED_TEST_LEDGER" "$name"
		local_feed "$feed" "$folder"
		printf 'guidelines = off\nlanes = 4\n'
		printf '%s\n' "$@"
	} >"$work/$name.conf"
}
run() { timeout 60 "$dropfeed" --config "$work/$1.conf" --verbose run 2>>"$work/$1.err"; }
# its id is in $!
start() { "$dropfeed" --config "$work/$1.conf" --verbose run 2>>"$work/$1.err" & }
slow() { for ((i = 0; i < $1; i++)); do echo slow 50; done >"$work/api/script"; }
# how many batches arrived more than once
once() { jq -r .source_request_id "$accepted" | sort | uniq -c | awk '$1 > 1' | wc -l; }
order() { # in which a user's values arrived: how many went back
	jq -r '[.user_identities.customer_id, .user_attributes.Seq] | join(" ")' "$accepted" |
		awk '{ if (($1 in last) && $2 + 0 < last[$1]) bad++; last[$1] = $2 + 0 }
			END { print bad + 0 }'
}
events() { jq '.events | length' "$accepted" | awk '{ n += $1 } END { print n + 0 }'; }
by_id() { # the events, each batch counted once
	jq -c '[.source_request_id, (.events | length)]' "$accepted" | sort -u |
		awk -F'[],]' '{ n += $2 } END { print n }'
}
open_files() { sql "SELECT count(*) FROM file WHERE closed_ms = 0 ${1:-}"; }
open_of() { open_files "AND split_part(holder, '/', 1) = '$1'"; }

# ---- two hosts at once ----
files "$work/in" 0 8 100
for name in A B; do
	host $name clicks "$work/in" 'batches_per_second = 100'
	sed -i 's/^min_age.*/min_age = 3s/' "$work/$name.conf"
done
# one host takes half of the files ahead
sed -i 's/^node = .*/&\njobs = 1/' "$work/A.conf" "$work/B.conf"
start A; a=$!
# the other one finds nothing that may be taken yet, and waits for what the first one lists
for ((i = 0; i < 200; i++)); do
	[ -z "$(sql 'SELECT 1 FROM feed_scan WHERE holder IS NOT NULL' 2>/dev/null)" ] || break
	sleep 0.05
done
start B; b=$!
wait $a; sa=$?
wait $b; sb=$?
equal "two hosts that share a feed: exits" "$sa $sb" "0 0"
equal "every event arrived" "$(events)" 800
equal "no batch twice" "$(once)" 0
equal "each user's values in order" "$(order)" 0
for name in A B; do
	check "$name worked" grep -q 'all delivered' "$work/$name.err"
done
equal "nobody holds a file any more" \
	"$(sql "SELECT count(*) FROM file WHERE holder IS NOT NULL OR state <> 4")" 0
equal "both nodes are known" "$(sql 'SELECT count(*), count(DISTINCT config) FROM node')" '2|1'

# ---- what a killed process had of the limit is its successor's on the same state folder ----
key=$(sed -n 's/^api_key *= *//p' "$work/A.conf" | tr -d '\n' | sha256sum | cut -c1-32)
sql "INSERT INTO pace(key, node, at, until, since, sent, silence, wants, granted)
	SELECT '$key', 'A/$(cat "$work/A/ledger.place")/killed', t, t + INTERVAL '1 hour', t,
		0, t, 1000000, 1000000
	FROM clock_timestamp() t"
files "$work/in" 8 1 10
run A
equal "nothing of it is kept for the dead" "$? $(events)" "0 810"
# nor is what a host had that was not heard of for two seconds, though it counts as one of them yet
sql "INSERT INTO pace(key, node, at, until, since, sent, silence, wants, granted)
	SELECT '$key', 'Z/0/0', t - INTERVAL '2 seconds', t + INTERVAL '1 hour',
		t - INTERVAL '1 hour', 0, t, 1000000, 1000000
	FROM clock_timestamp() t"
files "$work/in" 9 1 10
run A
equal "nor for one that is silent" "$? $(events)" "0 820"

# ---- one limit for both ----
for n in 0 1; do files "$work/limit$n" 0 1 1500; done
host C left "$work/limit0"
host D right "$work/limit1"
echo 'rate-sliding 270' >"$work/api/rules"
requests=$work/api/requests.ndjson
from=$(lines "$requests")
start C; c=$!
start D; d=$!
wait $c; wait $d
tail -n +"$((from + 1))" "$requests" >"$work/paced"
equal "two hosts with one key: all is delivered" \
	"$(jq -s 'map(select(.status == 202) | .batches) | add' "$work/paced")" 3000
refused=$(jq -s 'map(select(.status == 429)) | length' "$work/paced")
check "no more than 1 % of the requests are refused for the limit ($refused)" \
	jq -s -e '(map(select(.status == 429)) | length) <= length / 100' "$work/paced"
rm "$work/api/rules"

# ---- one is killed: another goes on when its lease has run out ----
files "$work/in" 10 1 2000
slow 150
before=$(events)
start A; a=$!
for ((i = 0; i < 200 && $(events) < before + 200; i++)); do sleep 0.05; done
kill -KILL $a
wait $a 2>/dev/null
equal "the killed host still holds its file" "$(open_of A)" 1
run B
equal "which B does not touch before the lease is over" "$(open_files)" 1
for ((i = 0; i < 120 && $(open_files) > 0; i++)); do
	sleep 0.2
	run B
done
: >"$work/api/script"
sum=$(sql "SELECT f.state, f.crashes, d.delivered FROM file f JOIN document d ON d.file_id = f.id
	WHERE f.name LIKE 'f10%'")
equal "and then finishes" "$sum" "4|0|2000"
twice=$(jq -r .source_request_id "$accepted" | sort | uniq -c |
	awk '$1 > 1 { n += $1 - 1 } END { print n + 0 }')
check "no more is repeated than was on the wire ($twice batches)" test "$twice" -le 400
equal "each id has one content, and every event is there" "$(by_id)" 5820

# ---- one is stopped past its lease and wakes up: it settles nothing ----
files "$work/in" 20 1 2000
slow 150
before=$(events)
: >"$work/A.err"
start A; a=$!
for ((i = 0; i < 200 && $(events) < before + 200; i++)); do sleep 0.05; done
kill -STOP $a
for ((i = 0; i < 120 && $(open_of A) > 0; i++)); do
	sleep 0.2
	start B; b=$!
	sleep 0.3
	[ "$(open_of B)" = 1 ] && break
	wait $b
done
kill -CONT $a
wait $a
equal "the host that woke up ends as if it were done" $? 0
check "and says who has the file" grep -q 'taken over by' "$work/A.err"
: >"$work/api/script"
wait $b
run B
sum=$(sql "SELECT f.state, d.delivered FROM file f JOIN document d ON d.file_id = f.id
	WHERE f.name LIKE 'f20%'")
equal "the other one finishes it" "$sum" "4|2000"
equal "every event is there, by id" "$(by_id)" 7820
finish
