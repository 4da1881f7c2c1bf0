# SPDX-License-Identifier: MIT
# Archives that are meant to harm: they cost no more disk than max_plaintext, little memory and no
# time, and nothing is sent.
. "$(dirname "$0")/lib/checks.sh"

mkdir -p "$work/bombs"
python3 "$e2e/lib/bombs.py" "$work/bombs" || exit 1
most=65536 # KiB of memory
case $(nm "$dropfeed" 2>/dev/null) in *__asan_init*) most=1048576 ;; esac

# bomb WHAT FILE WORDS SETTING...: refused for WORDS. No file that is being written may pass the
# cap, or the kernel fails the write.
bomb() {
	local what=$1 file=$2 words=$3 set=() line
	shift 3
	for s in "$@"; do set+=(--set "$s"); done
	(
		ulimit -f 262144
		exec python3 "$e2e/lib/bombs.py" peak "$dropfeed" validate "${set[@]}" \
			"$work/bombs/$file"
	) >"$work/out" 2>"$work/err"
	line=$(tail -n 1 "$work/out")
	equal "$what: exit" "${line% *}" 1
	said "$what: says why" "$words"
	check "$what: takes ${line#* } KiB of memory" test "${line#* }" -lt $most
}

cap=max_plaintext=256MiB
bomb "10 GiB of zeros in a gzip" gzip-custom_event.csv.gz 'max_plaintext.*archive-limit' $cap \
	max_ratio=1000000
bomb "10 GiB in a zip64" zip64.zip 'max_plaintext.*archive-limit' $cap max_ratio=1000000
bomb "10 GiB in a zip that says 100 bytes" liar.zip 'archive-limit|corrupt-archive' $cap \
	max_ratio=1000000
bomb "entries that overlap" overlap.zip 'archive-limit|corrupt-archive' $cap max_ratio=1000000

# The same through a feed: nothing is left of it, and the next file is delivered.
receiver_start "$work/api" || exit 1
mkdir -p "$work/in"
cp "$work/bombs/zip64.zip" "$work/bombs/gzip-custom_event.csv.gz" \
	"$samples/orders-commerce_event.csv" "$work/in/"
{
	printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
	local_feed bombs "$work/in"
	printf 'max_plaintext = 256MiB\nmax_ratio = 1000000\n'
} >"$conf"
exits 1 "a run over two bombs and a good file" run
check "the good file is delivered" batches covers "$samples/orders-commerce_event.csv" 1 \
	"$work/api/accepted.ndjson"
check "the state takes little room afterwards" test "$(du -sk "$work/state" | cut -f1)" -lt 4096
equal "the spool is empty" "$(find "$work/state/spool" -type f | wc -l)" 0
finish
