# SPDX-License-Identifier: MIT
# A server that removes what was read: where hosts share a ledger, one alone has the bytes.
. "$(dirname "$0")/lib/checks.sh"
. "$e2e/lib/fleet.sh"

drop=$work/sftp/root
"$root/tests/peers/sshd" start "$work/sftp" --host-keys ed25519 \
	--option "ForceCommand exec $root/tests/peers/quirky-sftp $drop delete" \
	>"$work/sftp.log" 2>&1 || exit 1
sshds+=("$work/sftp")
mkdir -p "$drop"
echo demo-secret >"$work/api-secret"
for host in A B; do
	{
		printf '[dropfeed]\nstate_dir = %s/%s\nledger = %s\nnode = %s\n[feed odd]\n' \
			"$work" "$host" "$DROPFEED_TEST_LEDGER" "$host"
		printf 'source = sftp://%s@127.0.0.1:%s/\nknown_hosts = %s/sftp/known_hosts\n' \
			"$(id -un)" "$(cat "$work/sftp/port")" "$work"
		printf 'identity_file = %s/sftp/id_ed25519\nmin_age = 0s\nguidelines = off\n' \
			"$work"
		printf 'give_up_after = 1s\nendpoint = %s\napi_key = demo-key\n' "$endpoint"
		printf 'api_secret_file = %s/api-secret\n' "$work"
	} >"$work/$host.conf"
done
on() { # HOST STATUS WHAT ARGUMENT...
	local host=$1
	shift
	conf=$work/$host.conf
	exits "$@"
}
rows() {
	echo user_identities.customerid,user_attributes.city
	for n in 1 2 3; do echo "$1-$n,Oslo"; done
}
state() { sql "SELECT state, coalesce(origin, '') FROM file WHERE name = '$1-eventless.csv'"; }
away() { for ((i = 0; i < 200; i++)); do echo 503; done >"$work/api/script"; }
back() { : >"$work/api/script"; }
spooled() { find "$work/A/spool" -name '*.drop' | wc -l; }

rows A >"$drop/a-eventless.csv"
away
on A 3 "the API is away" run
equal "the bytes are on A alone" "$(state a) $(ls "$drop")" "3|A "
back
on B 0 "another host leaves them alone" run
equal "the file stays open" "$(state a)" "3|A"
on A 0 "their host goes on" run
equal "and delivers" "$(state a) $(spooled)" "4|A 0"

# ---- the same of a download that a killed run left ----
rows B >"$drop/b-eventless.csv"
(DROPFEED_CRASH_AT='before give a file its place' "$dropfeed" --config "$work/A.conf" run \
	>"$work/out" 2>"$work/err" </dev/null; exit $?) 2>/dev/null
equal "it came, and the run was killed" "$(ls "$drop")" ""
away
on A 3 "it is taken from the spool; the API is away" run
back
on B 0 "another host leaves that alone, too" run
equal "it stays open" "$(state b)" "3|A"
on A 0 "its host goes on with it" run
equal "and delivers it" "$(state b) $(spooled)" "4|A 0"

# ---- bytes that lie right here, of a file that another host gave up ----
rows C >"$drop/c-eventless.csv"
away
on A 3 "the API is away once more" run
back
sql "UPDATE file SET origin = NULL"
on B 1 "the source has it no more, as somebody removed it there" run
equal "and another host finds its bytes nowhere" "$(state c)" "5|"
said "and says what to do" 'dropfeed retry c-eventless.csv. on the host that pulled it'
on A 0 "a run of the host that has them" run
equal "keeps them" "$(spooled)" 1
on A 0 "retry" retry c-eventless.csv
equal "delivers them" "$(state c) $(spooled)" "4| 0"
finish
