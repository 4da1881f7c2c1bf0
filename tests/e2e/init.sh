# SPDX-License-Identifier: MIT
# A section to begin with: the server's key, a private state folder, and nothing that has to be
# corrected but the key.
. "$(dirname "$0")/lib/checks.sh"

sshd_start "$work/sftp" || exit 1
receiver_start "$work/api" || exit 1
drop=$work/sftp/root/in
mkdir -p "$drop"
cp "$samples/orders-commerce_event.csv" "$drop/"
fingerprint=$(ssh-keygen -lf "$work/sftp/known_hosts" | awk '{ print $2; exit }')

printf '[dropfeed]\nstate_dir = %s/deep/state\n' "$work" >"$conf"
exits 0 "a configuration without feeds" init --feed shop "$sftp/in"
equal "the key that the server shows" "$(sed -n 's/^host_key = //p' "$work/out")" "$fingerprint"
equal "the state folder is private" "$(stat -c %a "$work/deep/state")" 700
check "the configuration names the folder" absent state_dir "$work/out"
cat "$work/out" >>"$conf"
cp "$work/api-secret" "$(dirname "$conf")/shop.secret"
sed \
	-i \
	"s|^identity_file.*|identity_file = $work/sftp/id_ed25519|;
	s|^endpoint.*|endpoint = $endpoint|
	s|^api_key = .*|api_key = demo-key|; \$a min_age = 0s" "$conf"
exits 0 "what was printed is a good configuration" check
exits 0 "and delivers" run
exits 2 "a feed that is there already" init --feed shop "$sftp/in"
said "says so" "has a feed 'shop' already"
chmod 0755 "$work/deep/state"
exits 2 "a folder that others may read" init --feed other "$sftp/in"
said "what to do" "chmod 0700 $work/deep/state"
exits 2 "not a source" init --feed other http://127.0.0.1/in
exits 2 "not a name" init --feed 'a b' "$sftp/in"
exits 2 "a name that would hide folders" init --feed .a "$sftp/in"
exits 2 "no source" init
exits 2 "a password" init --feed other sftp://me:hunter2@127.0.0.1/in
check "it is not repeated" absent hunter2 "$work/err"
exits 3 "a server that is not there" init --feed other sftp://me@127.0.0.1:1/in
finish
