# SPDX-License-Identifier: MIT
# Feeds are independent, and a feed's files keep their order. No clock decides: what is to have
# arrived is looked for while the others still hang, and ends then.
. "$(dirname "$0")/lib/checks.sh"

header=user_identities.customerid,user_attributes.plan
people() { # FILE PREFIX N MTIME: one batch a row
	awk -v h="$header" -v p="$2" -v n="$3" \
		'BEGIN { print h; for (i = 1; i <= n; i++) print p i ",gold" }' >"$1"
	touch -d "$4" "$1"
}
# api DIR: a receiver of its own, which is another host for the sender; sets $endpoint
api() { receiver_start "$1" || exit 1; }
feed() { # NAME [LINE...]: takes files from $work/NAME
	mkdir -p "$work/$1"
	local_feed "$1" "$work/$1"
	shift
	[ $# -eq 0 ] || printf '%s\n' "$@"
}
arrived() { # FILE N: waits until so many batches were accepted
	local n
	for ((n = 0; n < 600; n++)); do
		[ "$(lines "$1")" -lt "$2" ] || return 0
		kill -0 "$pid" 2>/dev/null || return 1
		sleep 0.05
	done
	return 1
}
begin() { # starts a run; $pid
	: >"$work/err"
	DROPFEED_AGAIN_MS=300 "$BUILD/faults/dropfeed" --config "$conf" "$@" run >"$work/out" \
		2>"$work/err" </dev/null &
	pid=$!
}

# ---- two APIs that are down, a server that says nothing, two healthy feeds ----
sshd_start "$work/sftp" || exit 1
direct=$sftp
pin=$(ssh-keygen -lf "$work/sftp/known_hosts" | awk '{ print $2; exit }')
mkdir -p "$work/sftp/root/in"
api "$work/good"
good=$work/good/accepted.ndjson
{
	printf '[dropfeed]\nstate_dir = %s/state\njobs = 1\n' "$work"
	api "$work/ill"
	for ((i = 0; i < 100000; i++)); do echo 500; done >"$work/ill/script"
	feed ill 'give_up_after = 1h'
	endpoint=http://127.0.0.1:9
	feed deaf 'give_up_after = 1h'
	proxy_start "$work/net" "$work/sftp" --stall 0
	endpoint=http://127.0.0.1:$(tr -d '\n' <"$work/good/port")
	sftp_feed dead in "$work/sftp" | sed '/^known_hosts/d'
	printf 'host_key = %s\nstall_timeout = 1h\n' "$pin"
	feed one
	feed two 'after_done = move:done' 'receipts = receipts'
} >"$conf"
for name in ill deaf one two; do
	people "$work/$name/a-eventless.csv" "$name-a" 20 '2026-01-01 00:00:00Z'
	people "$work/$name/b-eventless.csv" "$name-b" 20 '2026-01-02 00:00:00Z'
done
begin
check "all of the healthy feeds arrives" arrived "$good" 80
check "while the others still hang" kill -0 "$pid"
for ((n = 0; n < 600; n++)); do [ -e "$work/two/done/b-eventless.csv" ] && break; sleep 0.05; done
check "its files are done with at the source, too" test \
	-s "$work/two/receipts/b-eventless.csv.receipt.json" -a -e "$work/two/done/b-eventless.csv"
check "and the others hang on" kill -0 "$pid"
people "$work/one/c-eventless.csv" one-c 20 '2026-01-03 00:00:00Z'
check "what comes later does not wait for the run's end" arrived "$good" 100
check "while the others hang on still" kill -0 "$pid"
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
equal "a stop ends them, unfinished" $status 3

# ---- two files with a row that makes the API fail, two healthy feeds with other keys, and a
#     server that says nothing ----
api "$work/mixed"
mixed=$work/mixed/accepted.ndjson
echo 'answer-name 500 Poison' >"$work/mixed/rules"
clicks() { # FILE PREFIX N MTIME: one batch a row; a row in the middle is poison
	awk -v p="$2" -v n="$3" -v bad=$((($3 + 1) / 2)) 'BEGIN {
		printf "user_identities.customerid,"
		print "events.data.event_name,events.data.custom_event_type"
		for (i = 1; i <= n; i++)
			print p i "," (i == bad ? "Poison" : "Clicked") ",other"
	}' >"$1"
	touch -d "$4" "$1"
}
keyed() { sed "s/^api_key = .*/&.$1/"; }
{
	printf '[dropfeed]\nstate_dir = %s/state5\njobs = 1\n' "$work"
	sftp_feed dead in "$work/sftp" | sed '/^known_hosts/d'
	printf 'host_key = %s\nstall_timeout = 1h\n' "$pin"
	feed poison 'give_up_after = 1h' | keyed poisoned
	feed well1 | keyed first
	feed well2 | keyed second
} >"$conf"
for name in well1 well2; do
	people "$work/$name/a-eventless.csv" "$name" 200 '2026-01-01 00:00:00Z'
done
clicks "$work/poison/a-custom_event.csv" pa 60 '2026-01-01 00:00:00Z'
clicks "$work/poison/b-custom_event.csv" pb 60 '2026-01-02 00:00:00Z'
begin
delivered_to() { jq -r .user_identities.customer_id "$mixed" | grep -c "^$1"; }
both_healthy() {
	local n
	for ((n = 0; n < 600; n++)); do
		[ "$(delivered_to well)" -lt 400 ] || return 0
		kill -0 "$pid" 2>/dev/null || return 1
		sleep 0.05
	done
	return 1
}
check "all of the healthy feeds arrives" both_healthy
check "while a file with a bad row is not finished" test \
	! -e "$work/state5/rejects/poison/b-custom_event.csv"
for ((n = 0; n < 600; n++)); do
	[ -e "$work/state5/rejects/poison/b-custom_event.csv" ] && break
	sleep 0.05
done
equal "each good row of the files with a bad one arrives" "$(delivered_to p)" 118
check "while the server still hangs" kill -0 "$pid"
kill -TERM "$pid"
status=0
wait "$pid" || status=$?
equal "a stop ends it, unfinished" $status 3
equal "the bad rows alone are set aside" \
	"$(grep -h other "$work"/state5/rejects/poison/*.csv | cut -d, -f1,2 | tr '\n' ' ')" \
	"pa30,Poison pb30,Poison "
check "as what the API did not take" grep -q api-unavailable \
	"$work/state5/rejects/poison/a-custom_event.csv"
proxy_stop
sftp=$direct

# ---- an API that refuses the credentials ends its own feed only ----
api "$work/strict"
{
	printf '[dropfeed]\nstate_dir = %s/state2\njobs = 1\n' "$work"
	feed denied
	printf 'wrong\n' >"$work/wrong"
	endpoint=http://127.0.0.1:$(tr -d '\n' <"$work/good/port")
	feed fine
} | sed "0,/api_secret_file/s|^api_secret_file.*|api_secret_file = $work/wrong|" >"$conf"
chmod 600 "$work/wrong"
: >"$good"
people "$work/denied/a-eventless.csv" denied 5 '2026-01-01 00:00:00Z'
people "$work/fine/a-eventless.csv" fine 5 '2026-01-01 00:00:00Z'
exits 4 "one feed is refused access" run
equal "the other is delivered" "$(lines "$good")" 5

# ---- the order of a feed's files, whatever jobs is ----
# The small file that came later is checked long before the large one is sent.
api "$work/order"
accepted=$work/order/accepted.ndjson
ordered() { # WHAT [LINE...]
	local what=$1
	shift
	{
		printf '[dropfeed]\nstate_dir = %s/state3\njobs = 4\n' "$work"
		feed order "$@"
	} >"$conf"
	rm -rf "$work/state3"
	: >"$accepted"
	exits 0 "$what" run
}
people "$work/order/zz-eventless.csv" u 2000 '2026-01-01 00:00:00Z'
people "$work/order/mm-eventless.csv" v 3 '2026-01-03 00:00:00Z'
people "$work/order/aa-eventless.csv" w 3 '2026-01-02 00:00:00Z'
ordered "three files of different sizes"
who() { jq -r .user_identities.customer_id "$accepted" | cut -c1 | uniq | tr -d '\n'; }
equal "arrive in the order of their times" "$(who)" uwv

exits 0 "the same files again" --verbose run
said "known files are counted with --verbose" 'order: 3 files at the source: known'

# Killed in the midst of the first: the next run keeps the order.
{
	printf '[dropfeed]\nstate_dir = %s/state3\njobs = 4\n' "$work"
	feed order 'batches_per_second = 300'
} >"$conf"
rm -rf "$work/state3"
: >"$accepted"
begin
check "a part of the first file arrives" arrived "$accepted" 100
kill -9 "$pid" 2>/dev/null
wait "$pid" 2>/dev/null
sed -i '/batches_per_second/d' "$conf"
exits 0 "the next run" run
equal "keeps the order" "$(who)" uwv
equal "and loses nothing" "$(jq -r .user_identities.customer_id "$accepted" | sort -u | wc -l)" 2006

# ---- a file that cannot be read for now is overtaken, with a warning ----
if [ "$(id -u)" -eq 0 ]; then
	skip "root may read every file"
else
	chmod 0 "$work/order/zz-eventless.csv"
	rm -rf "$work/state3"
	: >"$accepted"
	exits 3 "a file that cannot be read" run
	equal "the others are sent" "$(who)" wv
	said "with a warning" 'zz-eventless.csv cannot be read now and does not hold up later files'
	chmod 600 "$work/order/zz-eventless.csv"
fi

# ---- min_age is waited for once, for all feeds ----
{
	printf '[dropfeed]\nstate_dir = %s/state4\n' "$work"
	for name in w1 w2 w3; do feed $name; done
} | sed 's/^min_age.*/min_age = 1h/' >"$conf"
for name in w1 w2 w3; do people "$work/$name/a-eventless.csv" $name 1 '2026-01-01 00:00:00Z'; done
begin
for ((n = 0; n < 600; n++)); do
	[ "$(grep -c 'to settle' "$work/err")" -lt 3 ] || break
	sleep 0.05
done
equal "all feeds wait at the same time" "$(grep -c 'to settle' "$work/err")" 3
kill -TERM "$pid"
wait "$pid"

# ---- many feeds of one server share its connections; one that knows the server otherwise has
#     its own ----
sshd_start "$work/many" || exit 1
logins() { grep -c 'Accepted publickey' "$work/many/log"; }
{
	printf '[dropfeed]\nstate_dir = %s/state5\n' "$work"
	for ((i = 1; i <= 40; i++)); do
		mkdir -p "$work/many/root/in$i"
		people "$work/many/root/in$i/a-eventless.csv" "m$i-" 1 '2026-01-01 00:00:00Z'
		sftp_feed "many$i" "in$i" "$work/many"
	done
} >"$conf"
: >"$accepted"
before=$(logins)
exits 0 "forty feeds of one server" run
equal "each has its file delivered" \
	"$(jq -r .user_identities.customer_id "$accepted" | sort -u | wc -l)" 40
check "with fewer logins than feeds" test $(($(logins) - before)) -lt 40
before=$(logins)
exits 0 "forty feeds with nothing to do" run
check "have fewer, too" test $(($(logins) - before)) -lt 40
{
	cat "$conf"
	mkdir -p "$work/many/root/pinned"
	sftp_feed pinned pinned "$work/many" | sed '/^known_hosts/d'
	echo 'host_key = SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'
} >"$conf.new" && mv "$conf.new" "$conf"
exits 4 "a feed that expects another host key does not get in on another feed's connection" run
said "and says so" 'pinned: .*host key'
finish
