# SPDX-License-Identifier: MIT
# What came encrypted stays encrypted: rejected rows, in the state folder and on the source.
. "$(dirname "$0")/lib/checks.sh"

keys=$work/keys in=$work/in box=$work/state/rejects/f
gpg_home "$keys" first second || exit 1
gpg --homedir "$keys" --batch --quiet --pinentry-mode loopback --passphrase 'open sesame' \
	--quick-generate-key 'locked <locked@example.com>' default default never 2>"$keys/log" ||
	exit 1
printf 'open sesame\n' >"$work/passphrase"
mkdir -p "$in"
configure() {
	printf \
		'[dropfeed]\nstate_dir = %s/state\n[feed f]\nsource = file://%s\nmin_age = 0s\nencrypted = yes\n' \
		"$work" "$in"
	printf 'gnupg_home = %s\nsink = file:%s/delivered.ndjson\nreceipts = receipts\n' "$keys" \
		"$work"
	printf '%s\n' "$@"
}
rows() { # NAME: a good row and two bad ones
	printf 'mpid,user_attributes.word\n1%s,xyzzy-good\nbad,xyzzy-%s\nworse,"xyzzy, too"\n' \
		"${#1}" "$1"
}
# The text is in no file of the state folder or the source, but for those that it is to be in.
nothing_plain() { absent xyzzy "$work/state" "$in"; }
open_with() {
	gpg --homedir "$keys" --batch --quiet --pinentry-mode loopback --passphrase "$1" \
		--decrypt "$2" 2>/dev/null
}
recipients() {
	gpg --homedir "$keys" --batch --list-packets --list-only "$1" 2>/dev/null |
		grep -o 'keyid [0-9A-F]*' | sort -u
}
subkey() {
	echo "keyid $(gpg --homedir "$keys" --batch --with-colons --list-keys "$1@example.com" |
		awk -F: '/^sub/ { print $5 }')"
}

configure >"$conf"
rows one | encrypt "$keys" first >"$in/a-eventless.csv.gpg"
exits 1 "an encrypted file with bad rows" run
said "says how many, and where they are" \
	'2 rejected \(2 not-an-integer\): see .*/rejects/f/a-eventless.csv.gpg'
equal "they are encrypted to the key that opened it" "$(recipients "$box/a-eventless.csv.gpg")" \
	"$(subkey first)"
check "nowhere in plain text" nothing_plain
check "nor on the source, where the receipt is" cmp "$box/a-eventless.csv.gpg" \
	"$in/receipts/a-eventless.csv.gpg"
open_with '' "$box/a-eventless.csv.gpg" >"$work/a.csv"
equal "they are whole" "$(sed -E 's/(,"?)(not-an-integer).*/,\2/' "$work/a.csv")" \
	'mpid,user_attributes.word,dropfeed.line,dropfeed.reason
bad,xyzzy-one,3,not-an-integer
worse,"xyzzy, too",4,not-an-integer'
equal "for their owner alone" "$(stat -c %a "$box/a-eventless.csv.gpg")" 600
exits 0 "rejects prints them" rejects a-eventless.csv.gpg
check "as they are in the file" cmp "$work/out" "$work/a.csv"
exits 0 "why" rejects --summary a-eventless.csv.gpg
said "by code and column" '^ +2 +not-an-integer +mpid +3, 4$'
cp "$box/a-eventless.csv.gpg" "$in/b-eventless.csv.gpg"
exits 1 "dropped again as they are" run
equal "they are rejected again" "$(open_with '' "$box/b-eventless.csv.gpg" | wc -l)" 3
sed 's/^bad/21/; s/^worse/22/' "$work/a.csv" | encrypt "$keys" first >"$in/c-eventless.csv.gpg"
exits 0 "corrected, and encrypted" run
equal "they are delivered" "$(grep -c xyzzy "$work/delivered.ndjson")" 3

configure "gnupg_passphrase_file = $work/passphrase" >"$conf"
exits_with_locked() {
	rows locked | encrypt "$keys" locked >"$in/l-eventless.csv.gpg"
	gpgconf --homedir "$keys" --kill gpg-agent
	exits 1 "a key with a passphrase" run
}
"$dropfeed" --config "$conf" check >"$work/out" 2>&1 ||
	configure "passphrase_file = $work/passphrase" >"$conf"
exits_with_locked
gpgconf --homedir "$keys" --kill gpg-agent
exits 0 "rejects has it from the feed" rejects l-eventless.csv.gpg
equal "and prints" "$(lines "$work/out")" 3
gpgconf --homedir "$keys" --kill gpg-agent
equal "its rejects need it, too" \
	"$(open_with '' "$box/l-eventless.csv.gpg" |
	wc -l) $(open_with 'open sesame' "$box/l-eventless.csv.gpg" | wc -l)" "0 3"

fingerprint=$(gpg --homedir "$keys" --batch --with-colons --list-keys second@example.com |
	awk -F: '/^fpr/ { print $10; exit }')
configure "rejects_recipient = $fingerprint" >"$conf"
rows other | encrypt "$keys" first >"$in/o-eventless.csv.gpg"
exits 1 "rejects for another key" run
equal "are encrypted to that alone" "$(recipients "$box/o-eventless.csv.gpg")" "$(subkey second)"
configure "rejects_recipient = ${fingerprint%?}" >"$conf"
exits 2 "half a fingerprint" check
configure "rejects_recipient = 0000000000000000000000000000000000000000" >"$conf"
exits 2 "a key that is not there" check
said "is named" 'rejects_recipient.*0000000000000000000000000000000000000000'

# A key that cannot be used today: nothing is written in plain text, and nothing is given up.
gpg --homedir "$keys" --batch --quiet --pinentry-mode loopback --passphrase '' \
	--faked-system-time 20250101T000000 \
	--quick-generate-key 'old <old@example.com>' default default 2025-06-01 2>"$keys/log" ||
	exit 1
rows old | gpg --homedir "$keys" --batch --quiet --faked-system-time 20250102T000000 \
	--trust-model always \
	--recipient old@example.com --encrypt >"$in/e-eventless.csv.gpg" 2>"$keys/log"
configure >"$conf"
exits 3 "a key that has expired" run
said "says so, and what to do" \
	'cannot be encrypted: the key [0-9A-F]{40} .* expired on 2025-0[56]-..; renew it, or name another one in rejects_recipient'
check "nothing is left in plain text" nothing_plain
equal "the good row is delivered" "$(grep -c '"mpid":13' "$work/delivered.ndjson")" 2
fingerprint=$(gpg --homedir "$keys" --batch --with-colons --list-keys old@example.com |
	awk -F: '/^fpr/ { print $10; exit }')
gpg --homedir "$keys" --batch --quiet --pinentry-mode loopback --passphrase '' \
	--quick-set-expire "$fingerprint" 0
gpg --homedir "$keys" --batch --quiet --pinentry-mode loopback --passphrase '' \
	--quick-set-expire "$fingerprint" 0 '*'
exits 1 "renewed, the next run" run
equal "writes the rejects" "$(open_with '' "$box/e-eventless.csv.gpg" | wc -l)" 3
equal "and delivers nothing twice" "$(grep -c '"mpid":13' "$work/delivered.ndjson")" 2

# An import without a ledger.
configure "environment = development" >"$conf"
rows plain | encrypt "$keys" first >"$work/p-eventless.csv.gpg"
exits 1 "an import of an encrypted file" import --sink "file:$work/p.ndjson" \
	--rejects "$work/p.csv" "$work/p-eventless.csv.gpg"
equal "its rejects are encrypted" \
	"$(open_with '' "$work/p.csv.gpg" | wc -l) $(test -e "$work/p.csv" && echo plain)" "3 "

# Killed in between.
faults=$BUILD/faults/dropfeed
if [ -x "$faults" ]; then
	n=0
	for step in "after open the reject file" "before encrypt the reject file" \
		"after encrypt the reject file" \
		"before name the reject file" "after name the reject file"; do
		n=$((n + 1))
		rm -f "$in"/*.gpg
		rows "crash$n" | encrypt "$keys" first >"$in/k-eventless.csv.gpg"
		rm -rf "$work/state"
		DROPFEED_CRASH_AT=$step "$faults" --config "$conf" run >/dev/null 2>&1
		equal "killed $step" $? 137
		check "nothing is left in plain text" nothing_plain
		exits 1 "the next run" run
		equal "has the rejects, once" \
			"$(find "$box" -type f -printf '%f\n') $(open_with '' \
			"$box/k-eventless.csv.gpg" | wc -l)" \
			"k-eventless.csv.gpg 3"
	done
else
	skip "no program that can be killed at a step: make faults"
fi
finish
