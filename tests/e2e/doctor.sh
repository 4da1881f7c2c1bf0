# SPDX-License-Identifier: MIT
# `doctor` tries what a run needs: each of its ticks fails here once, against the real part, and
# says what to do.
. "$(dirname "$0")/lib/checks.sh"

sshd_start "$work/sftp" || exit 1
gpg_home "$work/keys" || exit 1
root=$work/sftp/root
mkdir -p "$root/in" "$work/folder"
cp "$samples/orders-commerce_event.csv" "$root/in/"
receiver_start "$work/api" || exit 1

# configure [sed expression]: the good configuration, spoilt; every kind of tick is there.
configure() {
	{
		printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
		sftp_feed orders in "$work/sftp"
		printf \
			'encrypted = yes\ngnupg_home = %s/keys\nafter_done = move:done\nreceipts = receipts\n' \
			"$work"
	} | sed "${1:-}" >"$conf"
}
# tick WHAT EXIT NAME STATE PATTERN [ARGUMENT...]: doctor ends so, and that tick is in that state,
# and says that
tick() {
	local what=$1 code=$2 name=$3 state=$4 pattern=$5
	shift 5
	exits "$code" "$what" doctor --format json "$@"
	check "$what: $name is $state" holds \
		"[.ticks[] | select(.tick == \"$name\" and .state == \"$state\")] | length > 0" \
		"$work/out"
	check "$what: it says what" holds \
		"[.ticks[] | select(.tick == \"$name\") | .text] | join(\"\n\") | test(\"$pattern\")" \
		"$work/out"
}
# fails WHAT EXIT NAME PATTERN [ARGUMENT...]: the same of one that fails with that code
fails() {
	tick "$1" "$2" "$3" failed "${@:4}"
	check "$1: with the code of a run" holds \
		"[.ticks[] | select(.tick == \"$3\" and .state == \"failed\") | .exit_code] | max == $2" \
		"$work/out"
}

# ---- all is well ----
configure
exits 0 "nothing fails" doctor
for name in configuration secrets state_dir time_zones connection host_key login listing \
	write_access keys key_use key_expiry \
	endpoint clock credentials; do
	said "$name is ok" "^  ok       $name "
done
said "a count at the end" '^[0-9]+ ok, 0 warnings, 0 failed, [0-9]+ skipped$'
equal "no file is left at the source" "$(find "$root" -type f)" "$root/in/orders-commerce_event.csv"
equal "no row was sent" "$(lines "$work/api/accepted.ndjson")" 0
check "nor a batch" jq -se 'length > 0 and all(.[]; .batches == 0)' "$work/api/requests.ndjson"
check "there is no state folder yet" test ! -e "$work/state"
exits 0 "as JSON" doctor --format json
check "one object, with counts" holds \
	'.failed == 0 and .warning == 0 and .exit_code == 0 and (.ticks | length) == .ok + .skipped' \
	"$work/out"
exits 0 "--quiet has nothing to say" --quiet doctor
equal "and says nothing" "$(cat "$work/out" "$work/err")" ""
{ cat "$conf" && printf '[feed other]\nsource = file://%s/nowhere\nsink = -\n' \
	"$work"; } >"$work/two" && mv "$work/two" "$conf"
exits 0 "--feed looks at one feed alone" doctor --feed orders
fails "the other one" 2 listing 'the source folder .* does not exist'
exits 2 "a feed that is not there" doctor --feed nobody
said "it is named" "no feed 'nobody'"

# ---- the configuration, and what it names ----
configure 's/^min_age.*/min_age = soon/'
fails "a mistake in the configuration" 2 configuration 'dropfeed.conf, line 7: min_age'
configure 's/^api_key = .*/api_key = eu1-0123/; s/^endpoint.*/endpoint = us1/'
fails "a key of another pod, which is seen without a connection" 2 configuration \
	'write endpoint = eu1'
chmod 0644 "$work/api-secret"
configure
fails "a secret that everybody may read" 2 secrets 'dropfeed.conf, line 10: .*api-secret'
chmod 0600 "$work/api-secret"

# ---- the state folder ----
printf 'x' >"$work/file"
configure "s|^state_dir.*|state_dir = $work/file|"
fails "a state folder that is a file" 2 state_dir 'Not a directory; correct state_dir'
configure
exits 1 "a run that refuses a plain file" run
tick "after a run" 0 ledger ok 'can be read'
if on_sqlite "a ledger that is not a database"; then
	mv "$work/state/ledger.db" "$work/ledger.db" &&
		printf 'no database at all, but longer than a header\n' >"$work/state/ledger.db"
	fails "a ledger that is not a database" 5 ledger 'ledger.db'
	mv "$work/ledger.db" "$work/state/ledger.db"
fi
cat >"$work/hold.py" <<'END'
import fcntl, os, sys, time
f = open(sys.argv[1], "r+")
fcntl.flock(f, fcntl.LOCK_EX)
f.write("%d\n" % os.getpid())
f.flush()
time.sleep(30)
END
python3 "$work/hold.py" "$work/state/lock" &
holder=$!
receivers+=("$holder")
for _ in {1..100}; do flock -n "$work/state/lock" true || break; sleep 0.05; done
tick "while a run is under way" 0 lock ok 'held by process'
kill "$holder"
wait "$holder" 2>/dev/null
if unshare -rm mount -t tmpfs none /mnt 2>/dev/null; then
	# mounted MOUNT...: the program, where that is mounted; a server with SSH does not work in
	# such a namespace
	mounted() {
		# shellcheck disable=SC2016 # for the shells in there
		printf '#!/bin/sh\nexec unshare -rm sh -c "mount %s && exec \"\$@\"" sh %s "$@"\n' \
			"$*" "$program" >"$work/program"
		chmod +x "$work/program"
		dropfeed=$work/program
	}
	program=$dropfeed
	mkdir "$work/small"
	printf '[dropfeed]\nstate_dir = %s/small\n[feed local]\nsource = file://%s/in\nsink = -\n' \
		"$work" "$root" >"$conf"
	mounted -t tmpfs -o size=1m,mode=700 none "$work/small"
	fails "a state folder without room" 3 space 'make room, or run .dropfeed prune'
	mounted -t tmpfs none /usr/share/zoneinfo
	tick "no time zones" 0 time_zones warning 'install tzdata; feeds in UTC need none'
	printf \
		'[dropfeed]\nstate_dir = %s/state\n[feed api]\nendpoint = us1\napi_key = k\napi_secret_file = %s/api-secret\nproxy = http://127.0.0.1:1\n' \
		"$work" "$work" >"$conf"
	mounted -t tmpfs none /etc/ssl/certs
	fails "no authorities" 2 ca_bundle \
		'certificate authorities are missing .*install ca-certificates, or set ca_file'
	dropfeed=$program
else
	skip "no mounts here: space, time zones, authorities"
fi
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	mkdir -m 777 "$work/shared" && : >"$work/shared/lock" && chmod 600 "$work/shared/lock"
	chmod 711 "$work"
	printf '[dropfeed]\nstate_dir = %s/shared\n[feed local]\nsource = file:///tmp\nsink = -\n' \
		"$work" >"$conf"
	chmod 644 "$conf"
	printf '#!/bin/sh\nexec setpriv --reuid 65534 --regid 65534 --clear-groups %s "$@"\n' \
		"$dropfeed" >"$work/nobody"
	chmod 755 "$work/nobody"
	program=$dropfeed dropfeed=$work/nobody
	if "$dropfeed" version >/dev/null 2>&1; then # it may lie where others have no way to
		fails "a lock of another user" 2 lock \
			'lock: Permission denied; it is another user.s: run as that user, or chown -R'
	fi
	dropfeed=$program
fi

# ---- the server ----
configure 's|@127.0.0.1:[0-9]*|@127.0.0.1:1|'
fails "a server that is not there" 3 connection 'Connection refused; check host and port in source'
check "what needs it is skipped, and named" holds \
	'[.ticks[] | select(.state == "skipped") | .tick] | contains(["host_key", "login", "listing", "write_access"])' \
	"$work/out"
ssh-keygen -q -t ed25519 -N '' -f "$work/strange"
chmod 600 "$work/strange.pub"
configure "s|@127.0.0.1:[0-9]*|@127.0.0.1:1|; s|^identity_file.*|identity_file = $work/strange.pub|"
tick "a key that is seen to be wrong without it" 3 login warning 'strange.pub is a public key'
printf '[127.0.0.1]:%s %s\n' "$(cat "$work/sftp/port")" \
	"$(cut -d' ' -f1,2 "$work/strange.pub")" >"$work/wrong_hosts"
configure "s|^known_hosts.*|known_hosts = $work/wrong_hosts|"
fails "another host key" 4 host_key 'SHA256:'
check "the connection is ok all the same" holds \
	'.ticks[] | select(.tick == "connection") | .state == "ok"' "$work/out"
configure "s|^identity_file.*|identity_file = $work/strange|"
fails "a key that the server does not take" 4 login 'refused the login'
configure 's|/~/in|/~/nowhere|'
fails "a folder that is not there" 2 listing 'does not exist: correct .source., or make it'
chmod 0555 "$root/in"
configure
if [ "$(id -u)" != 0 ] && ! touch "$root/in/x" 2>/dev/null; then
	fails "a folder without write access" 4 write_access \
		'after_done needs write access.*cannot write to the folder'
else
	rm -f "$root/in/x"
fi
chmod 0755 "$root/in"
rm -r "$root/in/done" "$root/in/receipts" # which the first call made
printf x >"$root/in/done"
fails "moves to a folder that is a file" 4 write_access 'after_done needs write access.*done'
rm "$root/in/done"
rm -rf "$root/in/receipts"
printf x >"$root/in/receipts"
fails "receipts for a folder that is a file" 4 write_access 'receipts needs write access.*receipts'
rm "$root/in/receipts"
configure '/^after_done/d; /^receipts/d'
tick "a feed that changes nothing at the source" 0 write_access skipped 'not needed'
printf x >"$root/in/report.xlsx"
tick "a file that nobody takes" 0 listing warning 'report.xlsx is left alone'
rm "$root/in/report.xlsx"
printf 'user_identities.customer_id\nu\n' >"$root/in/left-eventless.csv"
echo 'include = *.txt' >>"$conf"
tick "globs that fit no file" 0 listing warning \
	'0 files to take: include and exclude leave out all that is there'
sed -i '/^include/d' "$conf"
rm "$root/in/left-eventless.csv"

# ---- what no tick tries ----
configure '/^encrypted/s/.*/signed_by = 0123456789012345678901234567890123456789/; /^gnupg_home/d'
tick "a signer without encryption" 0 configuration warning 'does nothing without encrypted = yes'
mkdir -p "$work/drop"
printf '[dropfeed]\nstate_dir = %s/state\n' "$work" >"$conf"
for feed in a b; do
	printf '[feed %s]\nsource = file://%s\nsink = -\n' "$feed" "$work/drop"
done >>"$conf"
tick "two feeds of one folder" 0 configuration warning 'every row would count twice'

# ---- OpenPGP ----
mkdir -m 700 "$work/empty"
homes+=("$work/empty")
configure "s|^gnupg_home.*|gnupg_home = $work/empty|"
fails "no key" 2 keys 'the keyring in .* is empty; import'
printf 'open sesame\n' >"$work/passphrase"
locked_home "$work/locked" locked "$work/passphrase" || exit 1
configure "s|^gnupg_home.*|gnupg_home = $work/locked|"
fails "a key with a passphrase that nobody types in" 4 key_use 'gnupg_passphrase_file'
printf 'another one\n' >"$work/passphrase"
configure "s|^gnupg_home.*|gnupg_home = $work/locked\ngnupg_passphrase_file = $work/passphrase|"
fails "a wrong passphrase" 4 key_use 'passphrase is not that of the secret key'
printf 'open sesame\n' >"$work/passphrase"
tick "the right one" 0 key_use ok 'without a terminal: 1 key'
mkdir -m 700 "$work/old" && homes+=("$work/old")
gpg --homedir "$work/old" --batch --quiet --faked-system-time 20200101T000000 \
	--pinentry-mode loopback --passphrase '' \
	--quick-generate-key 'old <old@example.com>' default default 1y 2>/dev/null
configure "s|^gnupg_home.*|gnupg_home = $work/old|"
fails "a key that has expired" 2 key_expiry 'expired on 202[01]-.*quick-set-expire'
check "and it is not tried" holds '.ticks[] | select(.tick == "key_use") | .state == "skipped"' \
	"$work/out"
mkdir -m 700 "$work/soon" && homes+=("$work/soon")
gpg --homedir "$work/soon" --batch --quiet --pinentry-mode loopback --passphrase '' \
	--quick-generate-key 'soon <soon@example.com>' default default 7d 2>/dev/null
configure "s|^gnupg_home.*|gnupg_home = $work/soon|"
tick "a key that expires in a week" 0 key_expiry warning 'extend it before'

# ---- the API ----
configure 's|^endpoint.*|endpoint = http://127.0.0.1:1|'
fails "an API that is not there" 3 endpoint \
	'no usable response from 127.0.0.1:1: .*[Cc]onnect.*; check endpoint'
printf 'guess\n' >"$work/wrong-secret"
configure "s|^api_secret_file.*|api_secret_file = $work/wrong-secret|"
fails "a wrong secret" 4 credentials 'refused the feed.s credentials .*401.*check api_key'
check "it is in no output" absent guess "$work/out" "$work/err"
# answers STATUS: the API's address is that of a server that says so to everything
answers() {
	python3 "$e2e/lib/answer.py" "$1" "$work/answers-$1" &
	receivers+=($!)
	wait_for "$work/answers-$1/port" || exit 1
	configure "s|^endpoint.*|endpoint = http://127.0.0.1:$(cat "$work/answers-$1/port")|"
}
answers 404
fails "another service at that address" 4 credentials 'no Events API gives'
answers 503
fails "an API that is unwell" 3 credentials 'no usable response from .*503; try again later'
answers 400
fails "somebody who does not speak like the API" 3 credentials 'HTTP 400'
python3 "$e2e/lib/clock.py" "$work/late" 7200 &
receivers+=($!)
wait_for "$work/late" || exit 1
configure "s|^endpoint.*|endpoint = http://127.0.0.1:$(cat "$work/late")|"
fails "a clock that differs by two hours" 3 clock \
	'clock is (119|120) minutes earlier than the API.s: set it'
python3 "$e2e/lib/clock.py" "$work/little" -600 &
receivers+=($!)
wait_for "$work/little" || exit 1
configure "s|^endpoint.*|endpoint = http://127.0.0.1:$(cat "$work/little")|"
tick "one that differs by ten minutes" 0 clock warning '(9|10) minutes ahead'
python3 "$e2e/lib/clock.py" "$work/silent" none &
receivers+=($!)
wait_for "$work/silent" || exit 1
configure "s|^endpoint.*|endpoint = http://127.0.0.1:$(cat "$work/silent")|"
tick "answers without a date" 0 clock warning 'has no Date'

if command -v openssl >/dev/null; then
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \
		-keyout "$work/api.key" -out "$work/api.pem" \
		-days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 2>/dev/null ||
		exit 1
	receiver_start "$work/tls" --cert "$work/api.pem" --tlskey "$work/api.key" || exit 1
	https=https${endpoint#http}
	configure "s|^endpoint.*|endpoint = $https|"
	fails "a certificate that nobody here trusts" 4 tls 'not trusted .*set ca_file'
	configure "s|^endpoint.*|endpoint = $https\nca_file = $work/api.pem|"
	tick "with ca_file" 0 tls ok 'is trusted'
	check "the credentials as well" holds \
		'.ticks[] | select(.tick == "credentials") | .state == "ok"' "$work/out"
else
	skip "openssl is not here: no certificates"
fi

# ---- a folder as the sink ----
configure "s|^endpoint.*|sink = file:$work/folder/|; /^api_/d"
tick "a folder that can be written to" 0 sink ok "$work/folder/"
configure "s|^endpoint.*|sink = file:$work/file/|; /^api_/d"
fails "a file in the place of the folder" 2 sink 'cannot write to the folder.*; correct sink'
printf '[dropfeed]\nstate_dir = %s/none\n' "$work" >"$conf"
exits 2 "a configuration without feeds" doctor
said "fails" 'FAILED +configuration .*no \[feed NAME\] section'

finish
