# SPDX-License-Identifier: MIT
# Who may not come in, and who does not answer: exit 4 and 3, and the next run completes the work
# under the same ids.
. "$(dirname "$0")/lib/checks.sh"

sshd_start "$work/sftp" || exit 1
receiver_start "$work/api" || exit 1
drop=$work/sftp/root/in
mkdir -p "$drop"
cp "$samples/orders-commerce_event.csv" "$drop/"
# configure [sed expression]: the good configuration, spoilt.
configure() {
	{
		printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
		sftp_feed orders in "$work/sftp"
		printf 'give_up_after = 2s\n'
	} | sed "${1:-}" >"$conf"
}
nothing_sent() { equal "$1: nothing was sent" "$(lines "$work/api/accepted.ndjson")" 0; }

ssh-keygen -q -t ed25519 -N '' -f "$work/strange"
printf '[127.0.0.1]:%s %s\n' "$(cat "$work/sftp/port")" \
	"$(cut -d' ' -f1,2 "$work/strange.pub")" >"$work/wrong_hosts"
configure "s|^known_hosts.*|known_hosts = $work/wrong_hosts|"
exits 4 "a host key that changed" run
said "a changed host key: both fingerprints are named" 'SHA256:.*SHA256:'
nothing_sent "a host key that changed"
: >"$work/no_hosts"
configure "s|^known_hosts.*|known_hosts = $work/no_hosts|"
exits 4 "a host key that nobody knows" run
fingerprint=$(ssh-keygen -lf "$work/sftp/known_hosts" | awk '{ print $2; exit }')
said "an unknown host key: its fingerprint is named" SHA256:
configure "s|^identity_file.*|identity_file = $work/strange|"
exits 4 "a key that does not open the door" --quiet run
equal "is one line of mail" "$(lines "$work/err")" 1
configure 's|@127.0.0.1:[0-9]*|@127.0.0.1:1|'
exits 3 "an SFTP server that is not there" run

printf 'guess\n' >"$work/wrong-secret"
configure "s|^api_secret_file.*|api_secret_file = $work/wrong-secret|"
exits 4 "API credentials that are wrong" run
nothing_sent "wrong API credentials"
equal "the file stays where it is" "$(ls "$drop")" orders-commerce_event.csv

# A server that says 503 to everything, and records what it received.
python3 "$e2e/lib/answer.py" 503 "$work/sick" &
receivers+=($!)
wait_for "$work/sick/port" || exit 1
configure "s|^endpoint.*|endpoint = http://127.0.0.1:$(cat "$work/sick/port")|"
exits 3 "an API that answers 503 for ever" run
check "it was asked more than once" test "$(lines "$work/sick/bodies")" -gt 1
configure 's|^endpoint.*|endpoint = http://127.0.0.1:1|'
exits 3 "an API that is not there" run

configure "s|^known_hosts.*|host_key = $fingerprint|"
exits 0 "the next run completes, with a pinned host key" run
check "every row arrived once" batches covers "$samples/orders-commerce_event.csv" 1 \
	"$work/api/accepted.ndjson"
check "what the sick API received has the ids and contents of what arrived" \
	batches identical "$work/sick/bodies" "$work/api/accepted.ndjson"
check "and no id is strange" sh -c 'test -z "$(comm -23 "$1" "$2")"' sh \
	<(batches ids "$work/sick/bodies") <(batches ids "$work/api/accepted.ndjson")
exits 0 "and then there is nothing to do" run
finish
