# SPDX-License-Identifier: MIT
# Sinks other than a feed's own API: folders, where no two documents share a file, and imports that
# leave no trace but say what was rejected.
. "$(dirname "$0")/lib/checks.sh"

receiver_start "$work/api" || exit 1
ids() { cat "$@" | grep -o '"customer_id":"[^"]*"' | sort | tr -d '"' | cut -d: -f2 | tr '\n' ' '; }

# ---- a folder ----

mkdir -p "$work/in" "$work/in2"
python3 - "$work" <<'END'
import sys, zipfile
header = "user_identities.customer_id,events.data.screen_name\n"
with zipfile.ZipFile(sys.argv[1] + "/in/day-screen_view.zip", "w") as z:
    z.writestr("shop.csv", header + "u1,Home\nu2,Home\n")  # has the zip's event type
    z.writestr("shop-screen_view.csv", header + "u3,Cart\n")
    z.writestr("shop-screen_view.CSV", header + "u4,Pay\n")
    z.writestr("Shop-screen_view.csv", header + "u5,Pay\n")
    z.writestr("shop-eventless.csv", "user_identities.customer_id\nu6\n")
for name in ("in/x-screen_view.csv", "in2/x-screen_view.csv"):
    open(sys.argv[1] + "/" + name, "w").write(header + "u9,Home\n")
END
cat >"$conf" <<END
[dropfeed]
state_dir = $work/state
[feed one]
source = file://$work/in
min_age = 0s
sink = file:$work/box/
[feed two]
source = file://$work/in2
min_age = 0s
duplicates = import
sink = file:$work/box
END
exits 0 "a zip whose documents have one name, and two feeds, into one folder" run
equal "each document has a file of its own" \
	"$(find "$work/box" -type f | wc -l) $(ids "$work"/box/*)" "7 u1 u2 u3 u4 u5 u6 u9 u9 "
equal "on a file system that ignores case, too" \
	"$(ls "$work/box" | tr '[:upper:]' '[:lower:]' | sort -u | wc -l)" 7
mkdir "$work/in3"
long=$(printf 'y%.0s' {1..239})-screen_view.csv
printf 'user_identities.customer_id,events.data.screen_name\nu7,Home\n' >"$work/in3/$long"
sed "/^\[feed two]/,\$d; s|/box|/box3|; s|/in\$|/in3|; s|/state|/state3|" "$conf" >"$work/long.conf"
exits 0 "a name as long as a folder takes" --config "$work/long.conf" run
equal "its batches have a file, too" "$(ids "$work"/box3/*)" "u7 "
cp "$work/in2/x-screen_view.csv" "$work/in/y-screen_view.csv"
exits 0 "the same bytes again, to the same folder" run --feed one
said "they are skipped" 'y-screen_view.csv: skipped: same bytes as x-screen_view.csv'
check "and the folder counts as the same sink" absent 'delivered to another' "$work/out" "$work/err"
sed "s|/box|/box4|" "$conf" >"$work/other.conf"
cp "$work/in2/x-screen_view.csv" "$work/in/z-screen_view.csv"
exits 0 "once the feed has another folder" --config "$work/other.conf" run --feed one
said "it is said" 'x-screen_view.csv was delivered to another endpoint, API key or sink'
rm "$work"/in/[yz]-screen_view.csv
touch -d yesterday "$work/in2/x-screen_view.csv"
exits 0 "the same bytes again, with duplicates = import" run --feed two
equal "are another file" "$(ids "$work"/box/*)" "u1 u2 u3 u4 u5 u6 u9 u9 u9 "
before=$(cd "$work/box" && sha256sum -- *)
rm -r "$work/state"
exits 0 "the same files and a new ledger" run
equal "names depend on the documents alone" "$(cd "$work/box" && sha256sum -- *)" "$before"

# ---- a file that was there ----

mkdir "$work/data"
printf '{"user_identities":{"customer_id":"u0"}}' >"$work/data/all.ndjson" # without a line's end
chmod 640 "$work/data/all.ndjson"
ln -s data/all.ndjson "$work/all.ndjson"
ln -s data/new.ndjson "$work/new.ndjson"
for name in all new; do
	sed "/^\[feed two]/,\$d; s|/box/|/$name.ndjson|; s|/state|/state-$name|" "$conf" \
		>"$work/link.conf"
	exits 0 "documents are added to what a link leads to" --config "$work/link.conf" run
	check "which stays a link" test -L "$work/$name.ndjson"
done
equal "after what was there, whose last line gets an end" "$(ids "$work/data/all.ndjson")" \
	"u0 u1 u2 u3 u4 u5 u6 u9 "
equal "a line each" "$(jq -c . "$work/data/all.ndjson" | wc -l) $(lines "$work/data/all.ndjson")" \
	"8 8"
equal "who may read it, still may" "$(stat -c %a "$work/data/all.ndjson")" 640
equal "what was not there is made" "$(ids "$work/data/new.ndjson")" "u1 u2 u3 u4 u5 u6 u9 "

# ---- several programs add to one file ----

# has_said PID WORDS: until it has written them to $work/err; false when it has ended
has_said() {
	while kill -0 "$1" 2>/dev/null; do
		grep -q "$2" "$work/err" && return 0
		sleep 0.05
	done
	return 1
}
joint=$work/data/joint.ndjson
echo '{"user_identities":{"customer_id":"u-one"}}' >"$joint"
sed "/^\[feed two]/,\$d; s|/box/|/data/joint.ndjson|; s|/state|/state-joint|" "$conf" \
	>"$work/link.conf"
exec 8<"$joint"
flock 8
"$dropfeed" --config "$work/link.conf" run >"$work/out" 2>"$work/err" </dev/null 8<&- &
adds=$!
check "a file that another program has locked is waited for" \
	has_said $adds 'joint.ndjson: waits for another program that writes it'
{ cat "$joint" && echo '{"user_identities":{"customer_id":"u-two"}}'; } >"$work/data/longer"
mv "$work/data/longer" "$joint"
exec 8<&-
wait $adds
equal "then the run goes on" $? 0
equal "and what the other one added stays" "$(ids "$joint")" "u-one u-two u1 u2 u3 u4 u5 u6 u9 "

# an import puts its file in the place of another: one program at a time writes it
own=$work/data/own.ndjson
echo 'half of a ba' >"$own.dropfeed-tmp"
exec 8<"$own.dropfeed-tmp"
flock 8
exits 3 "an import into a file that another program is writing" --config "$work/link.conf" \
	import --sink "file:$own" "$work/in2/x-screen_view.csv"
said "says so" 'another program is writing .*/own.ndjson'
equal "and leaves what that one has" "$(cat "$own.dropfeed-tmp")" 'half of a ba'
exec 8<&-
exits 0 "what nobody has locked was left over" --config "$work/link.conf" \
	import --sink "file:$own" "$work/in2/x-screen_view.csv"
equal "the file is whole" "$(ids "$own")" "u9 "
check "and the other one is gone" test ! -e "$own.dropfeed-tmp"

# ---- killed in between ----

faults=$BUILD/faults/dropfeed
if [ -x "$faults" ]; then
	n=0
	for step in "before name the file of batches" "after name the file of batches" \
		"after name the file with more batches"; do
		n=$((n + 1))
		case $step in *more*) sink=$work/crash$n.ndjson ;; *) sink=$work/crash$n/ ;; esac
		printf \
			'[dropfeed]\nstate_dir = %s/crash-state%s\n[feed one]\nsource = file://%s/in\nmin_age = 0s\nsink = file:%s\n' \
			"$work" "$n" "$work" "$sink" >"$conf"
		DROPFEED_CRASH_AT=$step "$faults" --config "$conf" run >/dev/null 2>&1
		equal "killed $step" $? 137
		exits 0 "the next run" run
		equal "each line is there once" \
			"$(find "$sink" -type f -exec cat {} + | ids /dev/stdin)" \
			"u1 u2 u3 u4 u5 u6 u9 "
	done
else
	skip "no program that can be killed at a step: make faults"
fi

# ---- an import without a trace ----

echo 'reject-name Poison' >"$work/api/rules"
cat >"$conf" <<END
[dropfeed]
state_dir = $work/state2
[feed one]
END
sed '1d' <<<"$(local_feed one "$work/none")" | grep -v '^source' >>"$conf"
{
	echo 'user_identities.customer_id,events.data.event_name,events.data.custom_event_type'
	for i in 1 2 3 4 5 6 7 8 9 10; do
		case $i in 3 | 8) name=Poison ;; *) name='"Clicked, twice"' ;; esac
		case $i in 5) type=nonsense ;; *) type=other ;; esac
		echo "u$i,$name,$type"
	done
} >"$work/a-custom_event.csv"
cat >"$work/wanted" <<'END'
user_identities.customer_id,events.data.event_name,events.data.custom_event_type,dropfeed.line,dropfeed.reason
u3,Poison,other,4,api-rejected
u5,"Clicked, twice",nonsense,6,not-allowed
u8,Poison,other,9,api-rejected
END
codes() { sed -E 's/(,"?)([a-z-]+)( in [^:]*)?: .*/,\2/' "$1"; }
exits 1 "an import to the API, which rejects two rows" import --sink events-api \
	--rejects "$work/r.csv" "$work/a-custom_event.csv"
said "each is logged" 'a-custom_event.csv: line 4, row 3: rejected: .* \[api-rejected\]'
said "with its line" 'a-custom_event.csv: line 9, row 8: rejected: .* \[api-rejected\]'
said "the sum counts them" '10 rows, 3 rejected, '
equal "the reject file has them, and what the preflight found" "$(codes "$work/r.csv")" \
	"$(cat "$work/wanted")"
equal "for its owner alone" "$(stat -c %a "$work/r.csv")" 600
equal "the other rows arrived" "$(batches events "$work/api/accepted.ndjson")" 7
equal "nothing is left in the state folder" \
	"$(find "$work/state2" -type f ! -name .database 2>/dev/null)" ""
exits 1 "without a reject file" import --sink events-api "$work/a-custom_event.csv"
said "they are logged all the same" 'line 9, row 8: rejected'
exits 1 "to standard output" import --sink events-api --rejects - "$work/a-custom_event.csv"
equal "they are there" "$(codes "$work/out")" "$(cat "$work/wanted")"
exits 2 "a reject file that holds something" import --sink events-api --rejects "$work/r.csv" \
	"$work/a-custom_event.csv"
said "is not written over" 'r.csv is there already'
exits 2 "a reject file of an import that keeps its rejects" import --rejects "$work/r2.csv" \
	"$work/a-custom_event.csv"
exits 2 "both to standard output" import --sink - --rejects - "$work/a-custom_event.csv"
: >"$work/r3.csv"
sed 's/Poison/Clicked/; s/^u\([0-9]\)/v\1/' "$work/a-custom_event.csv" >"$work/b-custom_event.csv"
before=$(lines "$work/api/requests.ndjson")
exits 2 "a reject file in a folder that is not there" import --sink events-api \
	--rejects "$work/nowhere/r.csv" "$work/a-custom_event.csv"
said "says so" 'cannot write to the folder .*/nowhere: No such file'
equal "before anything is sent" "$(lines "$work/api/requests.ndjson")" "$before"
(cd "$work" && exec "$dropfeed" import --sink file:both --rejects "./both" a-custom_event.csv) \
	>"$work/out" 2>"$work/err" </dev/null
equal "batches and rejected rows in one file" $? 2
said "are not written over one another" 'name the same file'
check "nor written at all" test ! -e "$work/both"
exits 2 "a sink that is a path alone" import --sink "$work/o.ndjson" "$work/a-custom_event.csv"
said "learns its prefix" "for that file, write file:$work/o.ndjson"
exits 2 "a secret on the command line" import --sink - --set api_secret=x \
	"$work/a-custom_event.csv"
said "learns where it belongs" \
	"'api_secret': the configuration holds no secrets: .* api_secret_file = PATH"
exits 2 "a key of [dropfeed]" import --sink - --set jobs=3 "$work/a-custom_event.csv"
said "learns that it is one" "'jobs' belongs in \[dropfeed\]"
exits 1 "two documents and a file that is empty" import --sink "file:$work/plain.ndjson" \
	--rejects "$work/r3.csv" \
	"$work/b-custom_event.csv" "$work/a-custom_event.csv"
equal "get a reject file each" "$(lines "$work/r3.csv") $(lines "$work/r3_2.csv")" "2 2"
sed -i 's/nonsense/other/' "$work/b-custom_event.csv"
exits 0 "nothing rejected" import --sink events-api --rejects "$work/r4.csv" \
	"$work/b-custom_event.csv"
check "leaves no reject file" test ! -e "$work/r4.csv"
rm "$work/api/rules"
printf 'user_identities.customerid,user_identities.email\nC-1,NULL\n' >"$work/c-eventless.csv"
exits 0 "an import that writes batches" import --sink - "$work/c-eventless.csv"
said "says what the reading warned of, as run does" \
	"c-eventless.csv: column 'user_identities.email': 1 value is 'null'"
# A folder gets a file for each document, as from a run.
mkdir "$work/several"
cp "$samples/orders-commerce_event.csv" "$samples/customers-eventless.csv" "$work/several/"
(cd "$work/several" && python3 -m zipfile -c two.zip ./*.csv)
exits 0 "an import to a folder that is there" import --sink "file:$work/several" \
	"$samples/pages-screen_view.csv"
equal "its file is named by its document" \
	"$(cd "$work/several" && echo pages-screen_view.*.ndjson |
	sed -E 's/\.[0-9a-f]{16}\./.HASH./')" \
	pages-screen_view.HASH.ndjson
exits 0 "an import of a zip to a folder that is made" import --sink "file:$work/made/" \
	"$work/several/two.zip" "$samples/pages-screen_view.csv"
equal "each of three documents has its file" "$(ls "$work/made" | wc -l)" 3
equal "the same file under the same name" "$(cd "$work/made" && sha256sum pages-*)" \
	"$(cd "$work/several" && sha256sum pages-*)"
equal "nothing is left out" "$(cat "$work"/made/*.ndjson | wc -l)" \
	"$("$dropfeed" --quiet import --sink - "$work/several/two.zip" \
	"$samples/pages-screen_view.csv" | wc -l)"
exits 0 "once more" import --sink "file:$work/made/" "$work/several/two.zip"
equal "replaces them" "$(ls -A "$work/made" | wc -l)" 3
finish
