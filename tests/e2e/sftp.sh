# SPDX-License-Identifier: MIT
# SFTP under trouble: connections that break, stall, are slow or refused; large folders; odd names.
# What was transferred is counted by the proxy, so that no clock decides.
. "$(dirname "$0")/lib/checks.sh"

sshd_start "$work/sftp" || exit 1
direct=$sftp
receiver_start "$work/api" || exit 1
pin=$(ssh-keygen -lf "$work/sftp/known_hosts" | awk '{ print $2; exit }')
drop=$work/sftp/root/in
mkdir -p "$drop"
net=$work/net

# configure [line...]: the feed, by the way that $sftp names, in a state of its own when $state
# changes.
state=state
configure() {
	{
		printf '[dropfeed]\nstate_dir = %s/%s\n' "$work" "$state"
		sftp_feed far in "$work/sftp"
		printf 'host_key = %s\n' "$pin"
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} | sed '/^known_hosts/d' >"$conf"
}
connections() { lines "$net/connections"; }
# The last connection to end is that of the last hang-up, which the program does not wait for.
await_connections() {
	local n
	for ((n = 0; n < 200; n++)); do
		[ "$(connections)" -ge "$1" ] && return
		sleep 0.05
	done
}
transferred() { awk '{ n += $4 } END { print n + 0 }' "$net/connections"; }
sha_known() { "$dropfeed" --config "$conf" status --format json | jq -r '.files[-1].sha256'; }

# Not a gzip file: it is refused, exit 1, once all of it is here; its hash says whether what came is
# what lay there.
big=$drop/big-eventless.csv.gz size=24000000
head -c $size /dev/urandom >"$big"
want=$(sha256sum <"$big" | cut -c1-64)

# ---- connections that break ----
proxy_start "$net" "$work/sftp" --cut 9000000 || exit 1
configure
exits 1 "every connection breaks long before the end of the file" run
equal "broken: all of it came" "$(sha_known)" "$want"
await_connections 3
check "broken: it took several connections" test "$(connections)" -ge 3
# libssh2 asks for 4 MiB ahead, and what it has of them goes with the connection.
check "broken: each began where the last one stopped" test "$(transferred)" \
	-le $((size + $(connections) * 4500000))

state=state2
proxy_start "$net" "$work/sftp" --cut 9000000 || exit 1
configure 'give_up_after = 0s'
exits 3 "a connection that breaks, and no time for another try" run
said "which one broke is said" '127\.0\.0\.1 broke'
part=$(find "$work/$state/spool" -name '*.part' -size +0 -printf '%s\n')
# a source is known by its address
proxy_start "$net" "$work/sftp" --port "$(cat "$net/port")" || exit 1
configure
exits 1 "the next run goes on" run
equal "next run: all of it is right" "$(sha_known)" "$want"
await_connections 1
check "next run: no more than the rest was transferred" test "$(transferred)" \
	-le $((size - part + 200000))
check "next run: and there was a part" test "$part" -gt 1000000

proxy_start "$net" "$work/sftp" --cut 9000000 || exit 1
configure
exits 1 "a retry fetches it once more, through connections that break" retry
said "retry: it was fetched" 'big-eventless.csv.gz: once more'
await_connections 3
check "retry: each began where the last one stopped" test "$(transferred)" \
	-le $((size + $(connections) * 4500000))

# ---- silence ----
state=state3
proxy_start "$net" "$work/sftp" --stall 9000000 --for 1 || exit 1
configure 'stall_timeout = 1s'
exits 1 "a download that stalls is taken up again" run
said "a stall is said" 'did not answer for 1 seconds \(stall_timeout\)'
equal "stalled: all of it came" "$(sha_known)" "$want"
await_connections 2
equal "stalled: one more connection was enough" "$(connections)" 2
check "stalled: it went on where it stopped" test "$(transferred)" -le $((size + 9000000))

state=state4
proxy_start "$net" "$work/sftp" --stall 0 || exit 1
configure 'stall_timeout = 1s' 'give_up_after = 1s'
exits 3 "a server that lets us in and says nothing" run
said "silent server: what, where, what next" \
	'gave up after 2 tries, the next run goes on: .*127\.0\.0\.1 did not answer'

# ---- refused ----
proxy_start "$net" "$work/sftp" --refuse --for 2 || exit 1
configure
exits 1 "a server that refuses two connections" run
said "refused: it was tried again" 'trying again in'
await_connections 3
equal "refused: the third one was taken" "$(connections)" 3
state=state5
proxy_start "$net" "$work/sftp" --refuse || exit 1
configure 'give_up_after = 2s'
exits 3 "a server that refuses all connections" run
said "refused for good: the end is said" 'gave up after [2-9] tries'
check "refused for good: nothing is in the ledger" test "$(sha_known)" = null
exits 3 "a dry run, too" run --dry-run

# ---- a host that does not even answer a connection: nobody takes what the kernel queues, and
#     the queue is full ----
python3 - "$work/deaf" <<'END' &
import socket, sys, time
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(0)
port = s.getsockname()[1]
full = []
for i in range(4):
    c = socket.socket()
    c.setblocking(False)
    c.connect_ex(("127.0.0.1", port))
    full.append(c)
open(sys.argv[1], "w").write(f"{port}\n")
time.sleep(600)
END
receivers+=($!)
wait_for "$work/deaf" || exit 1
sftp=sftp://nobody@127.0.0.1:$(cat "$work/deaf")/
configure 'stall_timeout = 1s' 'give_up_after = 0s'
exits 3 "a host that does not answer" run
said "no answer: it says so" 'cannot connect to 127\.0\.0\.1 port [0-9]+: Connection timed out'

# ---- slow ----
proxy_start "$net" "$work/sftp" --rate 10000 --delay 20 || exit 1
rm "$big"
head -c 60000 /dev/urandom >"$big"
want=$(sha256sum <"$big" | cut -c1-64)
configure 'stall_timeout = 2s' 'give_up_after = 0s'
exits 1 "a transfer that takes longer than stall_timeout, but moves" run
equal "slow: all of it came" "$(sha_known)" "$want"
equal "slow: in one connection" "$(await_connections 1; connections)" 1
proxy_stop
rm "$big"

# ---- a server that answers with less than it is asked for, wherever that is: what is asked is
#     made less on the way to a real one
server=/usr/lib/openssh/sftp-server
if [ -x $server ]; then
	cat >"$work/short" <<'END'
#!/usr/bin/env python3
import struct, subprocess, sys
server = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE)
asked = sys.stdin.buffer
while len(head := asked.read(4)) == 4:
    packet = asked.read(struct.unpack(">I", head)[0])
    if packet[0] == 5:  # SSH_FXP_READ, whose length comes last
        packet = packet[:-4] + struct.pack(">I", min(16384, struct.unpack(">I", packet[-4:])[0]))
    server.stdin.write(head + packet)
    server.stdin.flush()
END
	chmod +x "$work/short"
	sshd_start "$work/short-sftp" \
		--option "ForceCommand $work/short $server -d $work/short-sftp/root" || exit 1
	mkdir -p "$work/short-sftp/root/in"
	want=$(head -c 3000001 /dev/urandom |
		tee "$work/short-sftp/root/in/big-eventless.csv.gz" | sha256sum | cut -c1-64)
	state=state-short
	pin=$(ssh-keygen -lf "$work/short-sftp/known_hosts" | awk '{ print $2; exit }')
	configure "identity_file = $work/short-sftp/id_ed25519"
	sed -i "\\|^identity_file = $work/sftp/|d" "$conf"
	# libssh2 does not free the answer that it gives up at
	ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 exits 1 \
		"a server that answers with less than it is asked for" run
	equal "short answers: all of it came" "$(sha_known)" "$want"
	pin=$(ssh-keygen -lf "$work/sftp/known_hosts" | awk '{ print $2; exit }')
else
	skip "short answers: there is no $server"
fi

# ---- what does not come from the folder itself ----
sftp=$direct
state=state6
header=user_identities.customerid,user_attributes.city
row() { printf '%s\n%s,Köln\n' "$header" "$1"; }
mkdir "$drop/below-eventless.csv" "$work/sftp/root/aside"
row below >"$drop/below-eventless.csv/in-eventless.csv"
row aside >"$work/sftp/root/aside/aside-eventless.csv"
ln -s ../aside/aside-eventless.csv "$drop/link-eventless.csv"
ln -s ../aside "$drop/aside-eventless.zip"
ln -s nowhere "$drop/dangling-eventless.csv"
mkfifo "$drop/pipe-eventless.csv"
for name in .hidden-eventless.csv part-eventless.csv.part tmp-eventless.csv.tmp \
	partial-eventless.csv.partial \
	fp-eventless.csv.filepart notes.txt; do row no >"$drop/$name"; done
names=('a b-eventless.csv' "it's \"quoted\"-eventless.csv" 'ünï 東京-eventless.csv' \
	$'new\nline-eventless.csv' '$(x)`y`;z-eventless.csv'
	'-dash-eventless.csv' '*?[a]-eventless.csv' 'back\slash-eventless.csv' \
		$'latin\xe41-eventless.csv')
i=0
for name in "${names[@]}"; do
	i=$((i + 1))
	row "C-$i" >"$drop/$name"
done
left=$(find "$drop" -printf '%P\n' | grep -c .)
configure 'after_done = move:done' 'receipts = receipts'
exits 0 "names with blanks, quotes, newlines, UTF-8, and other bytes" run
accepted=$work/api/accepted.ndjson
equal "each of them came once" \
	"$(jq -r '.user_identities.customer_id // .user_identities.customerid' "$accepted" |
	sort)" \
	"$(seq -f 'C-%.0f' ${#names[@]} | sort)"
moved=0 receipts=0
for name in "${names[@]}"; do
	[ -f "$drop/done/$name" ] && [ ! -e "$drop/$name" ] && moved=$((moved + 1))
	jq -e '.documents[0].delivered == 1' "$drop/receipts/$name.receipt.json" >/dev/null &&
		receipts=$((receipts + 1))
done
equal "each of them was moved" "$moved" ${#names[@]}
equal "each of them has a receipt" "$receipts" ${#names[@]}
equal "links, folders, pipes, hidden and temporary files are where they were" \
	"$(find "$drop" \( -path "$drop/done" -o -path "$drop/receipts" \) -prune -o \
	-printf '%P\n' | grep -c .)" \
	$((left - $(printf '%s\n' "${names[@]}" | wc -l)))
check "what a log says of a name does not break its line" sh -c '! grep -q "^line-eventless" "$1"' \
	sh "$work/err"

# ---- 10,000 files ----
state=state7
rm -rf "$drop"
mkdir "$drop"
(cd "$drop" && seq -f 'f%05.0f-eventless.csv' 10000 | xargs touch)
for n in 1 5000 10000; do row "L-$n" >"$drop/$(printf 't%05d-eventless.csv' "$n")"; done
configure 'min_age = 1h'
sed -i '/^min_age = 0s/d' "$conf"
: >"$work/err"
"$dropfeed" --config "$conf" run >"$work/out" 2>"$work/err" &
pid=$!
for ((n = 0; n < 1200; n++)); do
	grep -q 'to settle' "$work/err" && break
	sleep 0.05
done
kill "$pid"
wait "$pid"
equal "10,003 files, none of them settled yet: stopped" $? 3
said "all of them were listed" 'for 10003 new files to settle'
configure 'exclude = f*'
exits 0 "three of them are wanted" run
equal "they came" "$(jq -r '.user_identities.customer_id' "$accepted" | grep -c L-)" 3
finish
