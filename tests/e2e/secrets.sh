# SPDX-License-Identifier: MIT
# Secrets and cells stay where they belong: not in logs, not in the ledger, not in a process's
# arguments.
. "$(dirname "$0")/lib/checks.sh"

sshd_start "$work/sftp" || exit 1
receiver_start "$work/api" || exit 1
gpg_home "$work/empty" || exit 1 # makes sure that gpg works at all
home=$work/gpg
mkdir -p "$home"
homes+=("$home")
phrase=correct-horse-battery
printf '%s\n' "$phrase" >"$work/phrase"
gpg --homedir "$home" --batch -q --pinentry-mode loopback --passphrase "$phrase" \
	--quick-generate-key 'dropfeed <dropfeed@example.com>' default default \
	never 2>/dev/null || exit 1
gpgconf --homedir "$home" --kill all # so that the agent does not know the passphrase any more
mkdir -p "$work/sftp/root/in"
encrypt "$home" \
	dropfeed \
	<"$samples/signups-custom_event.csv" >"$work/sftp/root/in/signups-custom_event.csv.gpg"
cp "$work/sftp/id_ed25519" "$work/id"
ssh-keygen -q -p -P '' -N "$phrase" -f "$work/id" >/dev/null
{
	printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
	sftp_feed in in "$work/sftp" | sed "s|^identity_file.*|identity_file = $work/id|"
	printf \
		'encrypted = yes\ngnupg_home = %s\npassphrase_file = %s/phrase\nbatches_per_second = 10\n' \
		"$home" "$work"
} >"$conf"

"$dropfeed" --config "$conf" --verbose run >"$work/out" 2>"$work/err" </dev/null &
pid=$!
while kill -0 $pid 2>/dev/null; do
	# which gets the secret in that way
	ps -e -o args= | grep -v tests/peers/receiver >>"$work/ps"
	sleep 0.05
done
status=0
wait $pid || status=$?
equal "a run with two passphrases and an API secret" $status 1
equal "it delivered" "$(batches events "$work/api/accepted.ndjson")" 35
check "processes were watched" grep -q "dropfeed --config $conf" "$work/ps"
for secret in "$phrase" demo-secret "$(printf demo-key:demo-secret | base64)"; do
	check "not in a process's arguments" absent "$secret" "$work/ps"
	check "not in the log, even a verbose one" absent "$secret" "$work/out" "$work/err"
	check "not in the state folder" absent "$secret" "$work/state"
done

# At the default level a log holds no cell: neither the good rows' nor the bad ones'.
rm -rf "$work/state"
exits 1 "the same run, not verbose" run
for cell in C-200 @example.com yesterday 'Signed Up'; do
	check "no cell's value in the log: $cell" absent "$cell" "$work/out" "$work/err"
done
if on_sqlite "the mode of the ledger"; then
	equal "the ledger is for its owner only" "$(stat -c %a "$work/state/ledger.db")" 600
	sqlite3 "$work/state/ledger.db" .dump >"$work/dump"
else
	"$PG_BIN/pg_dump" -d "$("$root/tests/ledger-database" "$work/state")" >"$work/dump"
fi
check "the ledger is read" grep -q signups "$work/dump"
check "the ledger holds no good row's cells" absent C-20013 "$work/dump"
finish
