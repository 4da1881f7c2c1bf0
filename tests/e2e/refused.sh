# SPDX-License-Identifier: MIT
# Files that are broken, or not what the feed allows, are refused whole: exit 1, nothing of them is
# sent, the next file goes on.
. "$(dirname "$0")/lib/checks.sh"

receiver_start "$work/api" || exit 1
gpg_home "$work/gpg" dropfeed stranger || exit 1
gpg_home "$work/gpg2" other || exit 1
orders=$samples/orders-commerce_event.csv

# refused WHAT CODE FILE [feed line...]: the file alone in a folder, with a state of its own.
refused() {
	local what=$1 code=$2 file=$3 dir
	shift 3
	dir=$(mktemp -d "$work/in.XXXXXX")
	cp "$file" "$dir/"
	{
		printf '[dropfeed]\nstate_dir = %s.state\n' "$dir"
		local_feed broken "$dir"
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$conf"
	exits 1 "$what" run
	said "$what: the message has its code" "$code"
	exits 0 "$what: status" status
	said "$what: status knows why" "$code"
	equal "$what: nothing was sent" "$(lines "$work/api/requests.ndjson")" 0
	exits 0 "$what: is not tried again" run
}

f=$work/f
mkdir -p "$f"
gzip -c "$orders" >"$work/whole.gz"
head -c 1000 "$work/whole.gz" >"$f/cut-commerce_event.csv.gz"
refused "a gzip that was cut" corrupt-archive "$f/cut-commerce_event.csv.gz"
{ cat "$work/whole.gz"; echo garbage; } >"$f/garbage-commerce_event.csv.gz"
refused "garbage after a gzip" corrupt-archive "$f/garbage-commerce_event.csv.gz"
(cd "$samples" && zip -q "$work/whole.zip" orders-commerce_event.csv pages-screen_view.csv)
head -c 1500 "$work/whole.zip" >"$f/cut.zip"
refused "a zip that was cut" corrupt-archive "$f/cut.zip"
(cd "$samples" && zip -q -P pw "$f/locked.zip" orders-commerce_event.csv)
refused "a zip with a password" corrupt-archive "$f/locked.zip"
python3 - "$work/whole.zip" "$f/flipped.zip" <<'END'
import sys
b = bytearray(open(sys.argv[1], "rb").read())
b[400] ^= 0x40
open(sys.argv[2], "wb").write(b)
END
refused "a zip with a flipped bit" corrupt-archive "$f/flipped.zip"

enc="encrypted = yes
gnupg_home = $work/gpg"
encrypt "$work/gpg" dropfeed <"$orders" >"$work/whole.gpg"
head -c 800 "$work/whole.gpg" >"$f/cut-commerce_event.csv.gpg"
refused "a message that was cut" decrypt-failed "$f/cut-commerce_event.csv.gpg" "$enc"
encrypt "$work/gpg2" other <"$orders" >"$f/foreign-commerce_event.csv.gpg"
refused "a message for somebody else" wrong-key "$f/foreign-commerce_event.csv.gpg" "$enc"
cp "$work/whole.gpg" "$f/unsigned-commerce_event.csv.gpg"
fpr=$(gpg --homedir "$work/gpg" --batch --with-colons --list-keys stranger |
	awk -F: '/^fpr/ { print $10; exit }')
refused "a message without the signature asked for" bad-signature \
	"$f/unsigned-commerce_event.csv.gpg" "$enc" "signed_by = $fpr"
refused "a plain file in an encrypted feed" encryption-mismatch "$orders" "$enc"
refused "an encrypted file in a plain feed" encryption-mismatch "$f/unsigned-commerce_event.csv.gpg"

: >"$f/empty-screen_view.csv"
refused "an empty file" empty-file "$f/empty-screen_view.csv"
iconv -t UTF-16 "$samples/pages-screen_view.csv" >"$f/wide-screen_view.csv"
refused "UTF-16" not-utf8 "$f/wide-screen_view.csv"
sed '1s/screen_name/scren_name/' "$samples/pages-screen_view.csv" >"$f/typo-screen_view.csv"
refused "a column nobody knows" unknown-column "$f/typo-screen_view.csv"
exits 1 "validate a column nobody knows" validate "$f/typo-screen_view.csv"
said "an unknown column: the nearest one is named" 'screen_name'
sed '1s/user_identities.customerid/user_attributes.who/' \
	"$samples/pages-screen_view.csv" >"$f/nobody-screen_view.csv"
refused "no column with an identity" no-identity-column "$f/nobody-screen_view.csv"
sed '1s/device_info.os_version/device_info.platform/' \
	"$samples/pages-screen_view.csv" >"$f/twice-screen_view.csv"
refused "a column twice" duplicate-column "$f/twice-screen_view.csv"
{ cat "$samples/pages-screen_view.csv"; printf 'development,"C-1,web'; } >"$f/open-screen_view.csv"
refused "a quote that never ends" malformed-csv "$f/open-screen_view.csv"
head -c 100000000 /dev/zero | gzip >"$f/bomb-screen_view.csv.gz"
refused "a bomb" archive-limit "$f/bomb-screen_view.csv.gz" "max_plaintext = 1MiB"

# One bad file does not keep the others from being delivered.
dir=$work/mixed
mkdir -p "$dir"
cp "$f/cut-commerce_event.csv.gz" "$orders" "$dir/"
head -n 1 "$samples/pages-screen_view.csv" >"$dir/header-screen_view.csv"
{
	printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
	local_feed mixed "$dir"
	printf 'after_done = delete\nafter_refused = move:bad\n'
} >"$conf"
exits 1 "a bad file beside good ones" run
check "the good one arrives" batches covers "$orders" 1 "$work/api/accepted.ndjson"
equal "and is gone, the bad one moved" "$(cd "$dir" && find . -type f)" \
	./bad/cut-commerce_event.csv.gz
finish
