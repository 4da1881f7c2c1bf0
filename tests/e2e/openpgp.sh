# SPDX-License-Identifier: MIT
# OpenPGP by others than GnuPG, files for somebody else, and keys with a passphrase where nobody can
# be asked for it.
. "$(dirname "$0")/lib/checks.sh"

key_kind=default gpg_home "$work/gpg" dropfeed || exit 1
gpg_home "$work/other" stranger || exit 1
pages=$samples/pages-screen_view.csv
mkdir -p "$work/f"
cd "$work/f" || exit 1
feed=(--set encrypted=yes --set "gnupg_home=$work/gpg")
"$dropfeed" import --sink - "$pages" >"$work/plain" 2>/dev/null || exit 1

# readable WHAT FILE [option...]: the file is decrypted and its batches come out. Their ids differ,
# because they are made from the file.
readable() {
	local what=$1 file=$2
	shift 2
	exits 0 "$what" import "${feed[@]}" "$@" --sink - "$file"
	equal "$what: as many batches" "$(lines "$work/out")" "$(lines "$work/plain")"
}

# ---- Sequoia
gpg --homedir "$work/gpg" --batch -q --armor --export dropfeed >cert.pgp
gpg --homedir "$work/other" --batch -q --armor --export stranger >stranger.pgp
if command -v sq >/dev/null; then
	for kind in none pad zip zlib bzip2; do
		sq encrypt --compression $kind --recipient-cert cert.pgp \
			"$pages" >"$kind-screen_view.csv.asc" 2>"$work/log" || cat "$work/log"
		readable "sq, armoured, compression $kind" "$kind-screen_view.csv.asc"
	done
	gzip -c "$pages" | sq encrypt -B --compression none --recipient-cert stranger.pgp \
		--recipient-cert cert.pgp >two-screen_view.csv.gz.pgp
	readable "sq, binary, two recipients, gzip" two-screen_view.csv.gz.pgp
	sq encrypt --recipient-cert stranger.pgp "$pages" >wrong-screen_view.csv.asc
	exits 1 "sq, for somebody else" import "${feed[@]}" --sink - wrong-screen_view.csv.asc
	said "sq, for somebody else: names the key id" "wrong-key"
	sq key generate --userid 'sq <sq@example.com>' --export sq.key 2>"$work/log" &&
		sq key extract-cert sq.key >sq.pgp
	gpg --homedir "$work/gpg" --batch -q --import sq.pgp 2>>"$work/log" || cat "$work/log"
	fpr=$(gpg --homedir "$work/gpg" --batch --with-colons -k sq@example.com |
		awk -F: '/^fpr/ { print $10; exit }')
	sq encrypt --signer-key sq.key --recipient-cert cert.pgp \
		"$pages" >signed-screen_view.csv.asc
	readable "sq, signed by the listed key" signed-screen_view.csv.asc --set "signed_by=$fpr"
	exits 1 "sq, not signed by a listed key" import "${feed[@]}" --set "signed_by=$fpr" \
		--sink - zip-screen_view.csv.asc
	said "sq, not signed by a listed key: says so" bad-signature
	half=$(($(wc -c <two-screen_view.csv.gz.pgp) / 2))
	head -c $half two-screen_view.csv.gz.pgp >cut-screen_view.csv.gz.pgp
	exits 1 "sq, cut" import "${feed[@]}" --sink - cut-screen_view.csv.gz.pgp
	said "sq, cut: says so" decrypt-failed
else
	skip "messages by Sequoia: sq is not installed (Debian: sq)"
fi

# ---- a recipient and a passphrase: the recipient's key is enough
gpg --homedir "$work/gpg" --batch -q --pinentry-mode loopback --passphrase x --trust-model always \
	-r dropfeed@example.com -c -e \
	-o both-screen_view.csv.gpg "$pages"
readable "to a key and a passphrase" both-screen_view.csv.gpg
if gpg --version | grep -q 'AEAD:'; then
	gpg --homedir "$work/gpg" --batch -q --force-ocb --trust-model always \
		-r dropfeed@example.com -o ocb-screen_view.csv.gpg -e "$pages"
	readable "AEAD (OCB)" ocb-screen_view.csv.gpg
else
	skip "AEAD: this GnuPG makes none ($(gpg --version | head -n 1))"
fi

gpg --homedir "$work/gpg" --batch -q --clearsign -o clear-screen_view.csv.asc "$pages"
exits 1 "signed, not encrypted" import "${feed[@]}" --sink - clear-screen_view.csv.asc
said "says so" 'its text is a text signed with OpenPGP, which is not encrypted'
gpg --homedir "$work/gpg" --batch -q --armor --trust-model always -r dropfeed@example.com \
	-e <"$pages" |
	sed '1s/^/\xef\xbb\xbf/' >bom-screen_view.csv.asc
exits 0 "an editor put a byte order mark before it" import "${feed[@]}" --sink - \
	bom-screen_view.csv.asc
head -n 6 bom-screen_view.csv.asc >cut-screen_view.csv.asc
exits 1 "and it is cut off" import "${feed[@]}" --sink - cut-screen_view.csv.asc
said "it is not taken for a key" 'its text is an OpenPGP message in ASCII armour'

# ---- armour without a checksum, as programs write it that follow RFC 9580
unsummed() { # FILE LENGTH of a value, so that the text ends in each of three ways
	{
		printf 'user_identities.customerid,user_attributes.a\nC-1,%*s.\n' "$2" ''
	} | gpg --homedir "$work/gpg" --batch -q --armor --trust-model always --compress-algo none \
		-r dropfeed@example.com -e | sed '/^=....$/d' >"$1"
}
for length in 1 2 3 4000; do
	unsummed "sum$length-eventless.csv.asc" $length
	exits 0 "armour without a checksum ($length)" import "${feed[@]}" --sink - \
		"sum$length-eventless.csv.asc"
	equal "armour without a checksum ($length): delivered" "$(lines "$work/out")" 1
done
sed 's/$/\r/' sum2-eventless.csv.asc >crlf-eventless.csv.asc
exits 0 "the same with DOS line ends" import "${feed[@]}" --sink - crlf-eventless.csv.asc
{ echo 'To: you'; echo; cat sum3-eventless.csv.asc; echo '-- '; } >mail-eventless.csv.asc
exits 0 "the same in a mail" import "${feed[@]}" --sink - mail-eventless.csv.asc
sed '40s/^./=/' sum4000-eventless.csv.asc >bad-eventless.csv.asc
exits 1 "the same, with another letter in it" import "${feed[@]}" --sink - bad-eventless.csv.asc
sed '40s/^\(.\)\(.\)/\2\1/; 41s/^\(.\)\(.\)/\2\1/; 42s/^\(.\)\(.\)/\2\1/' \
	sum4000-eventless.csv.asc >swapped-eventless.csv.asc
exits 1 "the same, with letters that changed places" import "${feed[@]}" --sink - \
	swapped-eventless.csv.asc
sed '40,60d' sum4000-eventless.csv.asc >short-eventless.csv.asc
exits 1 "the same, with lines missing" import "${feed[@]}" --sink - short-eventless.csv.asc
said "it is found out" decrypt-failed

# ---- signed first, then encrypted; cut off in its first packet
gpg --homedir "$work/gpg" --batch -q --pinentry-mode loopback -s -o signed "$pages"
encrypt "$work/gpg" dropfeed <signed >inner-screen_view.csv.gpg
exits 1 "signed, then encrypted" validate "${feed[@]}" inner-screen_view.csv.gpg
said "signed, then encrypted: what to do" 'OpenPGP message \(sign and encrypt in one step'
encrypt "$work/gpg" dropfeed <"$pages" | head -c 90 >start-screen_view.csv.gpg
exits 1 "cut off in its first packet" validate "${feed[@]}" start-screen_view.csv.gpg
said "cut off: it says so" 'cut off or damaged: upload the whole file again'

# ---- signed, and not encrypted; the signature of another file; recipients that are hidden
sign() {
	gpg --homedir "$work/other" --batch -q --yes --pinentry-mode loopback --passphrase '' "$@"
}
sign --armor -o only-screen_view.csv.asc --sign "$pages"
sign -o only-screen_view.csv.gpg --sign "$pages"
for name in only-screen_view.csv.asc only-screen_view.csv.gpg; do
	exits 1 "signed only: $name" import "${feed[@]}" --sink - $name
	said "it is said" \
		'not an encrypted OpenPGP message but one that is only signed, which anybody can'
	check "and not called damaged" absent 'damaged' "$work/err"
done
sign --armor -o sig-screen_view.csv.asc --detach-sign "$pages"
exits 1 "a signature that is called like a drop file" import --set encrypted=no --sink - \
	sig-screen_view.csv.asc
said "what to do" 'signature of another file: exclude = \*.asc leaves such files alone'
sign --trust-model always --throw-keyids -r stranger@example.com -e \
	-o hidden-screen_view.csv.gpg "$pages"
exits 1 "for somebody who is not named" import "${feed[@]}" --sink - hidden-screen_view.csv.gpg
said "it is said" 'to key ids 0000000000000000 \(hidden by --throw-keyids\), and .* none of them'

# ---- the signer's key expired
gpg_home "$work/late" || exit 1
gpg --homedir "$work/late" --batch -q --pinentry-mode loopback --passphrase '' \
	--faked-system-time 20200101T000000 \
	--quick-generate-key 'late <late@example.com>' default default 30d 2>"$work/log" ||
	cat "$work/log"
gpg --homedir "$work/gpg" --batch -q --pinentry-mode loopback --passphrase '' \
	--faked-system-time 20191231T000000 \
	--quick-generate-key 'old <old@example.com>' default default never 2>"$work/log" ||
	cat "$work/log"
gpg --homedir "$work/gpg" --batch -q --export old |
	gpg --homedir "$work/late" --batch -q --import 2>"$work/log"
gpg --homedir "$work/late" --batch -q --pinentry-mode loopback --faked-system-time 20200102T000000 \
	--trust-model always -u late -s -e \
	-r old@example.com -o late-screen_view.csv.gpg "$pages" 2>"$work/log" || cat "$work/log"
gpg --homedir "$work/late" --batch -q --export late |
	gpg --homedir "$work/gpg" --batch -q --import 2>"$work/log"
late=$(gpg --homedir "$work/gpg" --batch --with-colons -k late@example.com |
	awk -F: '/^fpr/ { print $10; exit }')
exits 1 "signed by a key that has expired" validate "${feed[@]}" --set "signed_by=$late" \
	late-screen_view.csv.gpg
said "expired: it says so" "signature is by $late, which signed_by lists, but that key has expired"

# ---- a home that cannot be used is not a fault of the file
mkdir -m 700 "$work/empty" && homes+=("$work/empty")
exits 3 "a home without any secret key" validate --set encrypted=yes \
	--set "gnupg_home=$work/empty" both-screen_view.csv.gpg
said "a home without any secret key: what to do" 'holds no secret key at all: import'
gpg_home "$work/ring" dropfeed
encrypt "$work/ring" dropfeed <"$pages" >ring-screen_view.csv.gpg
gpg --homedir "$work/ring" --batch -q --pinentry-mode loopback --passphrase x --trust-model always \
	-r dropfeed@example.com -c -e \
	-o ring2-screen_view.csv.gpg "$pages"
# damaged HOW COMMAND: changes each file of a secret key, which it gets as standard input
damaged() {
	local how=$1 key
	shift
	agents_end "$work/ring"
	for key in "$work"/ring/private-keys-v1.d/*.key; do
		"$@" <"$key" >"$work/key" && cp "$key" "$key.whole" && cp "$work/key" "$key"
	done
	exits 3 "a secret key that is $how" validate --set encrypted=yes \
		--set "gnupg_home=$work/ring" ring-screen_view.csv.gpg
	said "a secret key that is $how: says what" \
		"cannot use the file's secret key in $work/ring .*import it there once more"
	exits 3 "a secret key that is $how, and a passphrase" validate --set encrypted=yes \
		--set "gnupg_home=$work/ring" ring2-screen_view.csv.gpg
	for key in "$work"/ring/private-keys-v1.d/*.key; do mv "$key.whole" "$key"; done
}
damaged cut head -c 100 # keys of Curve25519 have fewer than 300 bytes
damaged empty true
damaged overwritten tr '\0-\377' '#'
damaged "of another kind" sed 's/private-key/privat-key/'
agents_end "$work/ring"
head -c 2000 /dev/urandom >"$work/ring/pubring.kbx"
exits 3 "a home whose keyring is damaged" validate --set encrypted=yes \
	--set "gnupg_home=$work/ring" both-screen_view.csv.gpg
said "a damaged keyring: what to do" \
	'lists no key, with secret keys in .*private-keys-v1.d: it is damaged or incomplete; restore it'
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	# as another user: the home's keys are root's, or the home is not writable
	chmod 755 "$work" "$work/f"
	chmod 644 both-screen_view.csv.gpg
	install -m 755 "$dropfeed" "$work/f/dropfeed" # the build folder may be root's alone
	agents_end "$work/gpg"
	other() { # WHAT WORDS: with the home $work/copy
		local status=0
		setpriv --reuid 65534 --regid 65534 --clear-groups env -i PATH="$PATH" \
			HOME=/nonexistent TMPDIR=/tmp "$work/f/dropfeed" validate \
			--set encrypted=yes --set "gnupg_home=$work/copy" \
			both-screen_view.csv.gpg >"$work/out" 2>"$work/err" </dev/null || status=$?
		equal "$1: unfinished, not wrong-key" $status 3
		said "$1: says what" "$2"
		agents_end "$work/copy"
		rm -rf "$work/copy"
	}
	copy() {
		rm -rf "$work/copy" && cp -a "$work/gpg" "$work/copy" && rm -f "$work"/copy/S.* &&
			chown -R 65534:65534 "$work/copy" && chmod 700 "$work/copy"
	}
	homes+=("$work/copy")
	copy
	chown -R root:root "$work/copy/private-keys-v1.d"
	other "secret keys that are root's" 'private-keys-v1.d cannot be read \(Permission denied\)'
	copy
	rm -f "$work/copy/trustdb.gpg"
	chown -R root:65534 "$work/copy" && find "$work/copy" -type d -exec chmod 750 {} + &&
		find "$work/copy" -type f -exec chmod 640 {} +
	other "a home that cannot be written" 'cannot be written|agent'
else
	skip "homes of other users: only root can make them"
fi

# ---- files for the hosted feed: real messages with another key id in them
encrypt "$work/other" stranger <"$pages" >forged-screen_view.csv.gpg
cp forged-screen_view.csv.gpg whole
id=$(gpg --homedir "$work/other" --batch --with-colons -k stranger |
	awk -F: '/^sub/ { print $5; exit }')
while read -r pod ids; do
	for hosted in $ids; do
		python3 -c 'import sys
b, old, new = open("whole", "rb").read(), bytes.fromhex(sys.argv[1]), bytes.fromhex(sys.argv[2])
assert b.count(old) == 1
open("forged-screen_view.csv.gpg", "wb").write(b.replace(old, new))' "$id" "$hosted" || exit 1
		exits 1 "for the hosted feed, $hosted" validate "${feed[@]}" \
			forged-screen_view.csv.gpg
		said "for the hosted feed, $hosted: names the pod" \
			"hosted feed \(pod $pod; key ids $hosted\).*wrong-key"
	done
done <<'END'
US1 4A0FEB1F5A7DD15A 5CCF5ED334228ACF
US2 7B217D16E5664D63 8B1C6200BD8FF951
EU1 19AAD7C7DBEAB003 B6F5B2EEE2083F08
AU1 8B477F3A7E3C234C 8C2D392F93DC232C
END

# ---- a passphrase, and cron: no terminal, no display, nobody there
printf 'open sesame' >"$work/passphrase"
locked_home "$work/locked" locked "$work/passphrase" || exit 1
encrypt "$work/locked" locked <"$pages" >locked-screen_view.csv.gpg
agents_end "$work/locked"
printf '#!/bin/sh\necho asked >>%s/asked\nexit 1\n' "$work" >"$work/pinentry" &&
	chmod 755 "$work/pinentry"
echo "pinentry-program $work/pinentry" >"$work/locked/gpg-agent.conf"
# cron SETTING...: without a session, a terminal or a display; stopped after a minute, which is an
# exit of 124
cron() {
	local status=0 set=(--set encrypted=yes --set "gnupg_home=$work/locked") s
	for s in "$@"; do set+=(--set "$s"); done
	/usr/bin/env -i PATH="$PATH" HOME="$HOME" /usr/bin/timeout 60 /usr/bin/setsid \
		-w "$dropfeed" import "${set[@]}" --sink - locked-screen_view.csv.gpg \
		>"$work/out" 2>"$work/err" </dev/null || status=$?
	echo $status
}
equal "a locked key without a passphrase: refused access" "$(cron)" 4
said "says what to set" 'set gnupg_passphrase_file'
printf 'open barley' >"$work/wrong"
equal "a wrong passphrase: refused access" "$(cron "passphrase_file=$work/wrong")" 4
said "says which file is wrong" 'correct what passphrase_file names'
equal "a wrong passphrase of its own: refused access" \
	"$(cron "passphrase_file=$work/passphrase" "gnupg_passphrase_file=$work/wrong")" 4
said "says which file is wrong" 'correct what gnupg_passphrase_file names'
equal "its own passphrase: delivered" \
	"$(cron "passphrase_file=$work/wrong" "gnupg_passphrase_file=$work/passphrase")" 0
equal "the right one: delivered" "$(cron "passphrase_file=$work/passphrase")" 0
equal "all of it" "$(lines "$work/out")" "$(lines "$work/plain")"
gpg --homedir "$work/locked" --batch -q --pinentry-mode loopback --passphrase x \
	--trust-model always -r locked@example.com -c -e --yes \
	-o locked-screen_view.csv.gpg "$pages"
agents_end "$work/locked"
equal "to a locked key and a passphrase: delivered" \
	"$(cron "gnupg_passphrase_file=$work/passphrase")" 0
equal "all of it" "$(lines "$work/out")" "$(lines "$work/plain")"
agents_end "$work/locked" # it remembers the right one
equal "a wrong passphrase of the key: refused access" \
	"$(cron "gnupg_passphrase_file=$work/wrong")" 4
equal "without gpg in the path: unfinished" "$(PATH=/nonexistent cron)" 3
said "says what is missing" 'see that gpg is installed, and in PATH'
equal "nobody was asked by a pinentry" "$(cat "$work/asked" 2>/dev/null)" ""
finish
