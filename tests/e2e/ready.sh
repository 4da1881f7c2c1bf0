# SPDX-License-Identifier: MIT
# Half-written files are never taken, late ones are. No clock decides: what is to have happened long
# ago is entered into the ledger as such, and what is to happen during a download happens while the
# proxy holds it.
. "$(dirname "$0")/lib/checks.sh"

sshd_start "$work/sftp" || exit 1
direct=$sftp
receiver_start "$work/api" || exit 1
pin=$(ssh-keygen -lf "$work/sftp/known_hosts" | awk '{ print $2; exit }')
drop=$work/sftp/root/in
accepted=$work/api/accepted.ndjson
mkdir -p "$drop"
configure() { # [line...]
	{
		printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
		sftp_feed far in "$work/sftp"
		printf 'host_key = %s\n' "$pin"
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} | sed '/^known_hosts/d; 0,/^min_age = 0s/{/^min_age = 0s/d}' >"$conf"
}
header=user_identities.customerid,user_attributes.city
# A look at the folder and no more: the run is stopped while it waits for what is new to settle.
glance() {
	local n pid
	: >"$work/err" # the shell in the background empties it only when it gets to it
	"$dropfeed" --config "$conf" run >"$work/out" 2>"$work/err" </dev/null &
	pid=$!
	for ((n = 0; n < 400; n++)); do
		grep -q 'to settle' "$work/err" && break
		kill -0 "$pid" 2>/dev/null || break
		sleep 0.05
	done
	kill "$pid" 2>/dev/null
	wait "$pid"
	equal "$1: it waits" "$?$(grep -c 'to settle' "$work/err")" 31
}
long_ago() {
	ledger_sql "$work/state" \
		'UPDATE seen SET first_ms = first_ms - 7200000, last_ms = last_ms - 7200000'
}
came() { equal "$1" "$(lines "$accepted")" "$2"; }

# ---- a writer that takes its time ----
configure 'min_age = 1h'
file=$drop/slow-eventless.csv
exec 3>"$file"
printf '%s\nA,Rom\nB,' "$header" >&3
glance "half a file"
long_ago
printf 'Paris\nC,Oslo\n' >&3
glance "a file that grew since the last run"
long_ago
# the same size, in place
exec 3>&-
printf '%s\nA,Rom\nB,Paris\nD,Wien\n' "$header" >"$file"
touch -d '2020-01-01 00:00:00Z' "$file"
glance "a file that was written again, of the same size and an older time"
long_ago
printf '%s\nA,Rom\nB,Paris\nE,Bern\n' "$header" >"$work/other"
touch -d '2020-01-01 00:00:01Z' "$work/other"
mv "$work/other" "$file"
glance "a file that took its place, of the same size"
came "nothing of it was sent" 0
long_ago
exits 0 "once it has come to rest" run
equal "what came is the last state" \
	"$(jq -r .user_identities.customer_id "$accepted" | sort | tr -d '\n')" ABE

# ---- temporary names, and files that come late with an old time ----
for suffix in part tmp partial filepart PART; do
	printf '%s\nF,Graz\n' "$header" >"$drop/late-eventless.csv.$suffix"
done
printf '%s\nF,Graz\n' "$header" >"$drop/.late-eventless.csv"
configure 'min_age = 0s'
exits 0 "temporary and hidden names" run
came "they are not taken" 3
touch -d '2001-02-03 04:05:06Z' "$drop/late-eventless.csv.part"
mv "$drop/late-eventless.csv.part" "$drop/late-eventless.csv"
exits 0 "a file that comes late, with a time long before those that are done" run
came "it is taken" 4
exits 0 "and again" run
came "but once" 4

# ---- what changes while it is downloaded ----
big=$drop/big-eventless.csv.gz # not a gzip file: refused, exit 1, once it was taken
state() {
	"$dropfeed" --config "$conf" status --format json |
		jq -r '[.files[] | select(.file == "big-eventless.csv.gz")] | length'
}
taken=0
changing() { # WHAT COMMAND MESSAGE: the command runs in the midst of the download
	local pid n
	rm -f "$big"
	head -c 9000000 /dev/urandom >"$big"
	touch -d '2021-01-01 00:00:00Z' "$big"
	proxy_start "$work/net" "$work/sftp" --hold 3000000
	configure 'min_age = 0s' 'stall_timeout = 5m'
	"$dropfeed" --config "$conf" run >"$work/out" 2>"$work/err" </dev/null &
	pid=$!
	wait_for "$work/net/held"
	eval "$2"
	touch "$work/net/go"
	wait "$pid"
	equal "$1: exit" $? 3
	said "$1: it says so" "$3"
	equal "$1: it was not taken" "$(state)" "$taken"
	equal "$1: nothing of it stays in the spool" "$(find "$work/state/spool" -type f | wc -l)" 0
	sftp=$direct
	configure 'min_age = 0s'
	if [ ! -e "$big" ] || [ -L "$big" ]; then return; fi
	exits 1 "$1: the next run takes it" run
	taken=$((taken + 1))
	equal "$1: as it is now" "$("$dropfeed" --config "$conf" status --format json |
		jq -r '.files[0].sha256')" "$(sha256sum <"$big" | cut -c1-64)"
}
again='while it was downloaded: it is taken again once it has come to rest'
changing "a file that grows" 'head -c 100000 /dev/urandom >>"$big"' "(grew|changed) $again"
changing "a file that grows, with the same time" \
	'echo x >>"$big"; touch -d "2021-01-01 00:00:00Z" "$big"' "(grew|changed) $again"
changing "a file that shrinks" 'truncate -s 8000000 "$big"' "(shrank|changed) $again"
changing "a file that is written again" 'head -c 9000000 /dev/urandom >"$big"' \
	"(grew|shrank|changed) $again"
changing "a file that is replaced" \
	'head -c 9000000 /dev/urandom >"$big.new"; touch -d "2021-01-02 00:00:00Z" "$big.new"; mv "$big.new" "$big"' \
	"changed $again"
changing "a file that becomes a link" \
	'mv "$big" "$work/elsewhere"; ln -s "$work/elsewhere" "$big"' "changed $again"

# What was read to its end is complete, whoever removed it meanwhile: it may be the server itself.
rm -f "$big"
head -c 9000000 /dev/urandom >"$big"
want=$(sha256sum <"$big" | cut -c1-64)
proxy_start "$work/net" "$work/sftp" --hold 3000000
configure 'min_age = 0s' 'stall_timeout = 5m'
"$dropfeed" --config "$conf" run >"$work/out" 2>"$work/err" </dev/null &
pid=$!
wait_for "$work/net/held"
rm "$big"
touch "$work/net/go"
wait "$pid"
equal "a file that goes away: it is taken, and not a gzip file" $? 1
equal "a file that goes away: all of it" \
	"$("$dropfeed" --config "$conf" status --format json | jq -r '.files[0].sha256')" "$want"
sftp=$direct

# ---- and a writer by the clock ----
python3 - "$drop/live-eventless.csv" >"$work/gap" <<'END' &
import sys, time
with open(sys.argv[1], "w", buffering=1) as f:
    f.write("user_identities.customerid,user_attributes.city\n")
    last, gap = time.monotonic(), 0
    for i in range(20):
        f.write(f"live{i},Bonn\n")
        time.sleep(0.15)
        now = time.monotonic()
        last, gap = now, max(gap, now - last)
print(gap)
END
writer=$!
configure 'min_age = 1s'
wait_for "$drop/live-eventless.csv"
while kill -0 "$writer" 2>/dev/null; do
	"$dropfeed" --config "$conf" --quiet run 2>"$work/err" || break
done
wait "$writer"
if awk '{ exit !($1 < 0.8) }' "$work/gap"; then
	exits 0 "a writer that adds a row at a time, and a run after another" run
	equal "the file was taken once, and whole" \
		"$(jq -r '.user_identities.customer_id' "$accepted" | grep -c live)" 20
	equal "once" "$("$dropfeed" --config "$conf" status --format json |
		jq '[.files[] | select(.file == "live-eventless.csv")] | length')" 1
else
	skip "the writer was held up for $(cat "$work/gap") seconds: nothing can be said"
fi
finish
