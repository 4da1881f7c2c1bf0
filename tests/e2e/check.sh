# SPDX-License-Identifier: MIT
# `check` finds what only shows on this machine, with file and line, and opens no connection.
. "$(dirname "$0")/lib/checks.sh"

gpg_home "$work/keys" || exit 1
mkdir -p "$work/in" "$work/none"
chmod 700 "$work/none"
printf secret >"$work/api-secret"
: >"$work/file"
endpoint=us1
print=SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU

# conf_with LINE...: a good configuration, and these lines at its end
conf_with() {
	printf '[dropfeed]\nstate_dir = %s/state\n[feed a]\n' "$work" >"$conf"
	printf '%s\n' "$@" >>"$conf"
}
# finds WHAT LINE PATTERN SETTING...: check exits 2 and names that line, counted from the section's
finds() {
	local what=$1 line=$(($2 + 3)) pattern=$3
	shift 3
	conf_with "$@"
	exits 2 "$what" check
	said "$what: where, and what it is" "dropfeed\.conf:$line: feed a: $pattern"
}
# warns WHAT LINE PATTERN SETTING...: the same, but it is a warning
warns() {
	local what=$1 line=$(($2 + 3)) pattern=$3
	shift 3
	conf_with "$@"
	exits 0 "$what" check
	said "$what: where, and what it is" "dropfeed\.conf:$line: warning: feed a: $pattern"
}

conf_with 'sink = -'
exits 0 "a configuration without mistakes" check
said "says so" 'no mistakes in 1 feed'
exits 0 "the same as JSON" check --format json
check "the same as JSON: the verdict" holds '.verdict == "ok" and .feeds == 1 and .problems == []' \
	"$work/out"

# The server's key.
sftp="source = sftp://jo@127.0.0.1:9/in"
login="password_file = $work/api-secret"
ssh-keygen -q -t ed25519 -N '' -f "$work/host" || exit 1
finds "no known_hosts" 0 \
	'known_hosts: cannot read .*/\.ssh/known_hosts: No such file.*ssh-keyscan -p 9' 'sink = -' \
	"$login" "$sftp"
printf '127.0.0.1 %s\n' "$(cut -d' ' -f1,2 "$work/host.pub")" >"$work/known"
finds "known_hosts without the server's port" 3 \
	'known_hosts: .*/known does not name 127.0.0.1 port 9' 'sink = -' "$login" \
	"known_hosts = $work/known" "$sftp"
printf '[127.0.0.1]:9 %s\n' "$(cut -d' ' -f1,2 "$work/host.pub")" >"$work/known"
conf_with 'sink = -' "$login" "known_hosts = $work/known" "$sftp"
exits 0 "known_hosts with it" check
conf_with 'sink = -' "$login" "host_key = $print" "$sftp"
exits 0 "a pinned key" check
# What a key file says of itself is said before there is a connection.
ssh-keygen -q -t ed25519 -N words -f "$work/locked"
ssh-keygen -q -t ed25519 -N '' -f "$work/open"
echo 'PuTTY-User-Key-File-3: ssh-ed25519' >"$work/key.ppk"
chmod 600 "$work/open.pub" "$work/key.ppk"
there=("source = sftp://u@sftp.example.com/out" "host_key = SHA256:$(printf 'A%.0s' $(seq 43))")
warns "a key with a passphrase" 4 'identity_file: .*/locked has a passphrase: set passphrase_file' \
	'sink = -' "${there[@]}" "identity_file = $work/locked"
warns "a public key" 4 'identity_file: .*/open.pub is a public key' 'sink = -' "${there[@]}" \
	"identity_file = $work/open.pub"
warns "a key of PuTTY" 4 'identity_file: .*key.ppk is a key of PuTTY' 'sink = -' "${there[@]}" \
	"identity_file = $work/key.ppk"
# spoilt FILTER WORDS: a key that was copied by way of something else
spoilt() {
	sed "$1" "$work/open" >"$work/copied"
	warns "a key that was copied ($1)" 4 \
		"identity_file: .*/copied $2.*: copy the key.s file as it is" \
		'sink = -' "${there[@]}" "identity_file = $work/copied"
}
spoilt '1s/^/\xef\xbb\xbf/' 'has a byte order mark, blanks or other letters before'
spoilt 's/^/    /' 'has a byte order mark, blanks or other letters before'
spoilt ':a;N;$!ba;s/\n/\\n/g' 'has .n in the place of its line ends'
spoilt ':a;N;$!ba;s/\n/ /g' 'has lost its line ends'
for filter in 's/$/\r/' '1i\\' '1s/$/ /'; do
	sed "$filter" "$work/open" >"$work/copied"
	conf_with 'sink = -' "${there[@]}" "identity_file = $work/copied"
	exits 0 "a key as libssh2 reads it ($filter)" check
	said "is sound" 'no mistakes in 1 feed$'
done
conf_with 'sink = -' "${there[@]}" "identity_file = $work/locked" \
	"passphrase_file = $work/api-secret"
exits 0 "a key with a passphrase, and where that is" check
said "is sound" 'no mistakes in 1 feed$'
conf_with 'sink = -' "${there[@]}" "identity_file = $work/open"
exits 0 "a key without a passphrase" check
said "is sound" 'no mistakes in 1 feed$'

warns "nothing to log in with" 0 'identity_file: there is nothing to log in with' 'sink = -' \
	"host_key = $print" "$sftp"

# ---- keys that do nothing without another one ----
proxy='proxy = http://127.0.0.1:3128'
while IFS='|' read -r key needs; do
	warns "$key alone" 2 "${key%% *}: it does nothing without $needs: set that" \
		'sink = -' "$key"
done <<-END
	signed_by = $(printf '%040d' 1)|encrypted = yes
	rejects_recipient = $(printf '%040d' 1)|encrypted = yes
	gnupg_passphrase_file = $work/api-secret|encrypted = yes
	plan_action = reject|plan
	plan_types = strict|plan
	proxy_user = jo|proxy
	expect_action = refuse|expect_rows
END
warns "globs with a semicolon" 2 "include: '\*.csv;\*.gz' is one glob" 'sink = -' \
	'include = *.csv;*.gz'
for glob in orders .csv ^orders.csv 'orders*.csv$' '{orders,users}*.csv'; do
	warns "a glob that fits no file: $glob" 2 'include: .*(fits no file|a brace|a glob, not)' \
		'sink = -' "include = $glob"
done
warns "a word to leave out" 2 "exclude: 'test' fits no file: the whole name has to fit" \
	'sink = -' 'exclude = test'
warns "a glob with a folder" 2 "exclude: 'in/\*.csv' fits no file" 'sink = -' 'exclude = in/*.csv'
warns "globs with braces" 2 "include: '\{a' has a brace" 'sink = -' 'include = {a,b}*.csv'
for expression in '^orders' 'orders.*\.csv' 'orders.*csv$' 'a|b'; do
	warns "a regular expression, $expression" 2 \
		'exclude: .* is a glob, not a regular expression' 'sink = -' \
		"exclude = $expression"
done
warns "a glob of unfinished files" 2 "include: '\*.tmp' fits no file" 'sink = -' 'include = *.tmp'
warns "a glob of markers" 2 "include: '\*.csv.ok' fits no file but markers" 'sink = -' \
	'include = *.csv.ok' 'ready_marker = .ok'
conf_with 'sink = -' 'include = in/*.csv, *.gz orders-eventless.csv' 'exclude = readme.txt *test*' \
	'subfolders = yes'
exits 0 "one of sub-folders, and whole names" check
said "is sound" 'no mistakes in 1 feed$'
conf_with 'sink = -' 'expect_rows = 50%..200%' 'expect_action = refuse' "$proxy" 'proxy_user = jo'
exits 0 "with them" check
said "it is sound" 'no mistakes in 1 feed$'

warns "a local folder that is not there" 2 'source: cannot read the folder .*/nowhere' 'sink = -' \
	"source = file://$work/nowhere"
: >"$work/list.csv"
warns "a local source that is a file" 2 'source: .*/list.csv is not a folder' 'sink = -' \
	"source = file://$work/list.csv"

for path in 'in/*.csv' in/a-eventless.csv.gz; do
	warns "a path of files on a server, $path" 2 'source: .* looks like files' 'sink = -' \
		"source = sftp://u@sftp.example.com/$path" "${there[1]}"
done

# Two feeds that deliver the same rows, under ids of their own.
mkdir -p "$work/drop"
two_feeds() {
	conf_with "source = file://$work/drop" 'sink = -' '[feed b]' "source = file://$work/drop/" \
		"$@"
	exits 0 "two feeds of a folder: ${*##*/}" check
}
same='warning: feed b: source: feed a takes the same files'
two_feeds 'sink = -'
said "is a warning" "dropfeed\.conf:7: $same"
for other in 'include = b*' 'exclude = a*' 'document_type = eventless'; do
	two_feeds 'sink = -' "$other"
	check "is not a mistake" absent "$same" "$work/err"
done
two_feeds "sink = file:$work/b.ndjson"
check "is not a mistake" absent "$same" "$work/err"

# What one feed takes away, the other one never gets.
two_feeds "sink = file:$work/b.ndjson" 'after_done = delete'
said "which one of them is said" "dropfeed\.conf:9: warning: feed b: after_done: feed a takes"
equal "the other one takes nothing away" "$(grep -c 'after_done: feed' "$work/err")" 1
two_feeds "sink = file:$work/b.ndjson" 'after_refused = delete'
said "nor what it removes because it refuses it" \
	"dropfeed\.conf:9: warning: feed b: after_refused: feed a takes.*set after_refused = keep"
two_feeds "sink = file:$work/b.ndjson" 'after_done = move:done' 'include = b*'
check "files of their own are not a mistake" absent 'after_done: feed' "$work/err"

# What one feed moves to where another one takes it is delivered twice.
mkdir -p "$work/drop/done" "$work/above"
moves() { # WHERE [line of feed b...]
	local where=$1
	shift
	conf_with "source = file://$work/drop" 'sink = -' "after_done = move:$where" '[feed b]' \
		'sink = -' "$@"
	exits 0 "files that are moved to $where" check
}
moved="dropfeed\.conf:6: warning: feed a: after_done: feed b takes the files of that folder"
for where in done ./done/ "$work/drop/../drop/done"; do
	moves "$where" "source = file://$work/drop/done"
	said "is a warning" "$moved"
done
moves ../above/done "source = file://$work/above" 'subfolders = yes'
said "a folder of sub-folders, too" "$moved"
for other in "source = file://$work/above" "include = x*" "sink = file:$work/b.ndjson"; do
	case $other in
	source*) moves ../above/done "$other" ;;
	include*) moves done "source = file://$work/drop/done" "$other" ;;
	*) moves done "source = file://$work/drop/done" && sed -i "8s|.*|$other|" "$conf" &&
		exits 0 "$other" check ;;
	esac
	check "is not a mistake" absent 'takes the files of that folder' "$work/err"
done
# Copies of rejects have the names of drop files.
conf_with "source = file://$work/drop" 'sink = -' 'after_done = move:done' 'receipts = ./done/' \
	'[feed b]' 'sink = -' "source = file://$work/above"
exits 0 "receipts in the folder for what is done" check
said "is a warning" 'warning: feed a: receipts: after_done moves files to that folder as well'
sed -i 's|^receipts = .*|receipts = ../above|' "$conf"
exits 0 "receipts where another feed takes files" check
said "is a warning, too" 'warning: feed a: receipts: feed b takes the files of that folder'
sed -i 's|^receipts = .*|receipts = ../above/of|' "$conf"
exits 0 "receipts in a folder of their own" check
check "are not" absent 'receipts:' "$work/err"
shared='warning: feed b: receipts: feed a writes to that folder as well'
echo "receipts = $work/above//of/" >>"$conf"
exits 0 "receipts where another feed writes its own" check
said "is a warning, as well" "$shared"
sed -i '/^\[feed b]/i include = x*' "$conf"
exits 0 "that takes some of the files" check
said "is one still" "$shared"
echo 'include = y*' >>"$conf"
exits 0 "that takes other files" check
check "is not warned of" absent 'receipts:' "$work/err"

server='sftp://u@sftp.example.com'
pin="host_key = SHA256:$(printf 'A%.0s' $(seq 43))"
conf_with "source = $server/out" "$pin" 'sink = -' 'after_done = move:/done' '[feed b]' \
	'sink = -' "source = sftp://v@sftp.example.com/done" "$pin"
exits 0 "the same on a server" check
said "is a warning" 'warning: feed a: after_done: feed b takes the files of that folder'
conf_with "source = $server/~/out" "$pin" 'sink = -' 'after_done = move:done' '[feed b]' \
	'sink = -' "source = $server/out/done" "$pin"
exits 0 "below a home folder and below the root" check
check "are not the same" absent 'takes the files of that folder' "$work/err"

# Secrets are taken as they are.
sink=('source = file:///tmp' 'endpoint = us1' 'api_key = us1-a')
for secret in '"s3cret"' "'s3cret'" ' s3cret' 's3cret	'; do
	printf '%s\n' "$secret" >"$work/quoted"
	warns "a secret as in a shell: $secret" 4 \
		'api_secret_file: .*it begins (and|or) ends with' \
		"${sink[@]}" "api_secret_file = $work/quoted"
	check "which is not shown" absent 's3cret' "$work/err"
	export QUOTED=$secret
	warns "the same in the environment" 4 'api_secret_env: .*it begins (and|or) ends with' \
		"${sink[@]}" 'api_secret_env = QUOTED'
done
for secret in '"' "it's" '"a' "a'"; do
	printf '%s\n' "$secret" >"$work/quoted"
	conf_with "${sink[@]}" "api_secret_file = $work/quoted"
	exits 0 "a secret with a quote: $secret" check
	check "is as it is" absent 'api_secret_file' "$work/err"
done

# Patterns with conversions that are read and have no effect, or not the one that is meant.
for pattern in '%G-W%V' '%Y-%U' '%Y-%m-%d %I:%M'; do
	conf_with 'sink = -' "timestamps = $pattern"
	exits 2 "timestamps = $pattern" check
	said "timestamps = $pattern: where" 'dropfeed\.conf:5: timestamps: '
done

# Secrets: those that are mounted are readable by a group of the process; others may not read them.
chmod 0440 "$work/api-secret"
chgrp "$(id -g)" "$work/api-secret"
conf_with 'endpoint = us1' 'api_key = us1-0123' "api_secret_file = $work/api-secret"
exits 0 "a secret of mode 0440" check
chmod 0444 "$work/api-secret"
exits 2 "a secret that everybody may read" check
chmod 0600 "$work/api-secret"

# The API.
api="api_secret_file = $work/api-secret"
conf_with "ca_file = $work" 'endpoint = us1' 'api_key = us1-0123' "$api"
exits 2 "a folder of certificates" check
said "is not a file" "dropfeed\\.conf:4: ca_file: $work is a folder: name a file"
finds "a key of another pod" 1 'endpoint: the API key is one of the pod us1.*write endpoint = us1' \
	'endpoint = eu1' 'api_key = us1-0123' "$api"
for good in 'api_key = us1-0123' 'api_key = 0123' 'api_key = us10-0123'; do
	conf_with 'endpoint = us1' "$good" "$api"
	exits 0 "us1, $good" check
done

# Manifests of any event type, and of audiences where the sink takes them.
manifest() { # COLUMN...
	printf '{"hasHeaderRow":true,"columns":[' >"$work/manifest.json"
	printf '{"column":"%s","action":"keep","field":"%s"},' "$@" |
		sed 's/,$//; s/$/]}/' >>"$work/manifest.json"
}
to_braze=('sink = braze' 'instance = eu-01' "api_key_file = $work/api-secret")
manifest c events.data.class_name
conf_with 'sink = -' "manifest = $work/manifest.json"
exits 0 "a manifest of crash reports" check
manifest a audience.id m audience.member u user_identities.customer_id
conf_with "${to_braze[@]}" "manifest = $work/manifest.json"
exits 0 "a manifest of audiences for Braze" check
finds "the same where the sink takes none" 2 'manifest: ' 'sink = -' \
	"manifest = $work/manifest.json"
manifest c events.data.classname
finds "a manifest that fits nothing is held against document_type" 3 \
	'manifest: .*classname.*crash_report' 'sink = -' 'document_type = crash_report' \
	"manifest = $work/manifest.json"

# OpenPGP keys.
finds "an empty keyring" 3 \
	'gnupg_home: the keyring in .*/none is empty.*gpg --homedir .*/none --import' 'sink = -' \
	'encrypted = yes' "gnupg_home = $work/none"
check "GnuPG's agent was not started" test ! -S "$work/none/S.gpg-agent"
gpg --homedir "$work/keys" --batch -q --export dropfeed |
	gpg --homedir "$work/none" --batch -q --import 2>/dev/null
finds "no secret key" 3 'gnupg_home: .*/none holds no secret key that can decrypt \(1 public key' \
	'sink = -' \
	'encrypted = yes' "gnupg_home = $work/none"
finds "no key of the signer" 4 'signed_by: .*does not hold the public key 0{40}' 'sink = -' \
	'encrypted = yes' \
	"gnupg_home = $work/keys" 'signed_by = 0000000000000000000000000000000000000000'
fingerprint=$(gpg --homedir "$work/keys" --batch --with-colons -k dropfeed 2>/dev/null |
	awk -F: '$1 == "fpr" { print $10; exit }')
conf_with 'sink = -' 'encrypted = yes' "gnupg_home = $work/keys" "signed_by = $fingerprint"
exits 0 "keys that are there" check

# Folders.
finds "a sink in a folder that is not there" 1 'sink: cannot write to the folder .*/nowhere' \
	"sink = file:$work/nowhere/out.ndjson"
printf '[dropfeed]\nstate_dir = %s/file/state\n[feed a]\nsink = -\n' "$work" >"$conf"
exits 2 "a state_dir that cannot be made" check
said "is named with its line" 'dropfeed\.conf:2: \[dropfeed\]: state_dir: .*Not a directory'
if [ "$(id -u)" -ne 0 ]; then
	mkdir -m 500 "$work/read-only"
	printf '[dropfeed]\nstate_dir = %s/read-only/state\n[feed a]\nsink = -\n' "$work" >"$conf"
	exits 2 "a state_dir in a folder that cannot be written to" check
	said "says where" \
		'state_dir: .*/read-only/state does not exist, and cannot be made in .*/read-only: Permission denied'
else
	mkdir "$work/theirs"
	chown 54321 "$work/theirs"
	printf '[dropfeed]\nstate_dir = %s/theirs\n[feed a]\nsink = -\n' "$work" >"$conf"
	exits 0 "a state_dir of another user, as root" check
	said "is a warning" 'warning: \[dropfeed\]: state_dir: .*belongs to the user number 54321'
fi

# As JSON, mistakes of both kinds.
conf_with 'sink = -' 'encrypted = yes' "gnupg_home = $work/none" "source = file://$work/nowhere"
exits 2 "mistakes as JSON" check --format json
check "mistakes as JSON: what, where" holds \
	'.verdict == "mistakes" and (.problems | map([.feed, .key, .line, .level]) ==
	[["a", "source", 7, "warning"], ["a", "gnupg_home", 6, "error"]])' "$work/out"
conf_with 'sink = nowhere' 'jobs = 1'
exits 2 "mistakes that loading finds, as JSON" check --format json
check "mistakes that loading finds, as JSON: what, where" holds '.verdict == "mistakes" and
	(.problems | map([.line, .level]) == [[4, "error"], [5, "error"]])' "$work/out"
rm "$conf"
exits 2 "a configuration that is not there, as JSON" check --format json \
	--config "$work/nowhere.conf"
check "a configuration that is not there, as JSON: one problem" holds \
	'.problems | length == 1 and .[0].line == null' "$work/out"
# ---- no feed at all ----
for text in '[dropfeed]\nstate_dir = %s/none\n' ''; do
	# shellcheck disable=SC2059 # a format
	printf "$text" "$work" >"$conf"
	for command in run 'run --dry-run' retry check; do
		# shellcheck disable=SC2086 # its words
		exits 2 "$command without any feed" $command
	done
	said "says why" 'no \[feed'
done
# A user of a container, whom no list of users has.
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	chmod 711 "$work"
	mkdir -m 755 "$work/stranger"
	cp "$dropfeed" "$work/stranger/dropfeed"
	printf \
		'[dropfeed]\nstate_dir = ~/state\n[feed a]\nsource = file:///tmp\nsink = file:/tmp/out/\n' \
		>"$work/stranger/conf"
	chmod 755 "$work/stranger/dropfeed"
	chmod 644 "$work/stranger/conf"
	setpriv --reuid 54321 --regid 54321 --clear-groups env -i ASAN_OPTIONS="$ASAN_OPTIONS" \
		"$work/stranger/dropfeed" \
		--config "$work/stranger/conf" check >"$work/out" 2>"$work/err"
	equal "a user without a home" $? 2
	said "learns that '~' is nothing" 'conf:2: state_dir: this user has no home folder'
else
	skip "only root can be a user whom nobody knows"
fi

# A sink is a folder where it is one, with a slash at its end or without.
who=() program=$dropfeed
mkdir "$work/wide" "$work/narrow"
for inner in wide narrow; do mkdir "$work/$inner/out"; done
chmod 777 "$work/wide" "$work/narrow/out"
chmod 555 "$work/narrow" "$work/wide/out"
if [ "$(id -u)" -eq 0 ]; then
	who=(setpriv --reuid 54321 --regid 54321 --clear-groups)
	program=$work/wide/dropfeed
	install -m 755 "$dropfeed" "$program"
	chmod 711 "$work"
fi
if [ "$(id -u)" -ne 0 ] || command -v setpriv >/dev/null; then
	for sink in narrow/out:0 narrow/out/:0 wide/out:2 wide/out/:2 narrow/file:2 wide/file:0; do
		printf '[dropfeed]\nstate_dir = %s/wide/state\n[feed a]\nsink = file:%s\n' "$work" \
			"$work/${sink%:*}" >"$work/wide/conf"
		chmod 644 "$work/wide/conf"
		status=0
		"${who[@]}" "$program" --config "$work/wide/conf" check \
			>"$work/out" 2>"$work/err" || status=$?
		equal "a sink ${sink%:*}" "$status" "${sink##*:}"
	done
fi

# What works without a configuration says how to, where the one that is found cannot be read.
rm "$conf"
echo nonsense >"$work/other.conf"
export DROPFEED_CONFIG=$work/other.conf
orders=$samples/orders-commerce_event.csv
exits 2 "validate with a configuration that cannot be read" validate "$orders"
said "says how to go without it" 'dropfeed: to go without this configuration: --config /dev/null'
exits 0 "which works" validate --config /dev/null "$orders"

finish
