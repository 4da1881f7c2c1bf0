# SPDX-License-Identifier: MIT
# Odd but legal: the same bytes twice at once, names that are long or not UTF-8, a replaced file,
# closed standard files.
. "$(dirname "$0")/lib/checks.sh"

receiver_start "$work/api" || exit 1
accepted=$work/api/accepted.ndjson
mkdir -p "$work/in"
# clicks FILE ROWS PREFIX
clicks() {
	python3 - "$@" <<'PY'
import sys
with open(sys.argv[1], "w") as f:
    f.write("environment,user_identities.customer_id,events.data.timestamp_unixtime_ms,events.data.event_name,"
            "events.data.custom_event_type\n")
    for i in range(int(sys.argv[2])):
        f.write("development,%s-%d,%d,Clicked,other\n" % (sys.argv[3], i, 1768206600000 + i))
PY
}
feed_here() { # STATE FOLDER [line...]
	{
		printf '[dropfeed]\nstate_dir = %s/%s\n' "$work" "$1"
		local_feed clicks "$2"
		shift 2
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$conf"
}
delivered() { jq '[.files[].documents[].delivered] | add' "$work/out"; }

clicks "$work/in/a-custom_event.csv" 200 A
cp "$work/in/a-custom_event.csv" "$work/in/b-custom_event.csv"
feed_here s1 "$work/in" 'batches_per_second = 400'
exits 0 "two files with the same bytes in one run" run
exits 0 "status" status --format json
equal "are delivered and counted once" "$(delivered) $(lines "$accepted")" "200 200"
cp "$work/in/a-custom_event.csv" "$work/in/d-custom_event.csv"
exits 0 "a dry run with the same bytes once more" run --dry-run
said "says that a run skips it" 'd-custom_event.csv: would be skipped: same bytes as [ab]-custom'
said "and forecasts nothing" 'dry run: 0 files, .* 0 batches in'
feed_here s1 "$work/in" 'batches_per_second = 400' 'duplicates = import'
exits 0 "a dry run with duplicates = import" run --dry-run
said "forecasts all of it" 'dry run: 1 file, .* 200 batches in'
feed_here s1 "$work/in" 'batches_per_second = 400'
rm "$work/in/d-custom_event.csv"
clicks "$work/c-custom_event.csv" 200 C
exits 0 "one file, named twice" import "$work/c-custom_event.csv" "$work/c-custom_event.csv"
exits 0 "status" status --format json
equal "is delivered and counted once" "$(delivered) $(lines "$accepted")" "400 400"

# A newer file takes the name while the older one is on its way: it was never read, so it is not
# deleted.
mkdir "$work/in2"
clicks "$work/in2/d-custom_event.csv" 100 D
clicks "$work/new" 5 E
feed_here s2 "$work/in2" 'after_done = delete' 'batches_per_second = 60'
"$dropfeed" --config "$conf" run >"$work/out" 2>"$work/err" </dev/null &
pid=$!
while kill -0 $pid 2>/dev/null && [ "$(lines "$accepted")" -le 400 ]; do sleep 0.02; done
mv "$work/new" "$work/in2/d-custom_event.csv"
wait $pid
exits 0 "a run after a file was replaced on its way" run
equal "both were delivered, and are gone" "$(lines "$accepted") $(ls "$work/in2")" "505 "

# Names of files that are made after it have to fit into 255 bytes; one file that cannot be tidied
# does not hold up others.
mkdir -p "$work/in3/receipts/0-custom_event.csv.receipt.json"
long=$(printf 'x%.0s' {1..237})-custom_event.csv
latin=$(printf 'caf\351 "%%s%%n\n-custom_event.csv')
for name in 0-custom_event.csv "$long" "$latin"; do
	clicks "$work/in3/$name" 3 "$(printf %s "$name" | cksum | cut -d' ' -f1)"
	echo 'development,,soon,Clicked,other' >>"$work/in3/$name"
done
feed_here s3 "$work/in3" 'receipts = receipts' 'after_done = move:done'
exits 3 "a receipt that cannot be written" run
equal "does not keep the other files from being moved" "$(ls "$work/in3/done" | wc -l)" \
	"$(printf '%s\n%s\n' "$long" "$latin" | wc -l)"
exits 0 "status" status --format json
check "a name that is not UTF-8 is sanitized, not cut" holds \
	'[.files[].file] | any(startswith("caf? \"%s%n\n"))' "$work/out"
rmdir "$work/in3/receipts/0-custom_event.csv.receipt.json"
exits 0 "the next run tidies the rest" run

# A file that somebody waits for, and that is called wrongly, is reported when it is first seen, and
# not with every mail.
mkdir -p "$work/in4"
clicks "$work/in4/a-custom_evnt.csv" 1 F
cp "$work/in4/a-custom_evnt.csv" "$work/in4/b.csv.gz"
echo text >"$work/in4/readme.txt"
feed_here s4 "$work/in4"
exits 0 "a folder with misnamed files" --quiet run
said "the name, and what it should be" \
	'a-custom_evnt.csv: left alone: .*NAME-EVENTTYPE.csv .*\[bad-name\]'
equal "each of them, and nothing else" "$(lines "$work/err")" 2
exits 0 "the next run" --quiet run
equal "keeps still" "$(lines "$work/err")" 0
clicks "$work/in4/a-custom_evnt.csv" 2 F
exits 0 "a run after one has changed" --quiet run
equal "reports that one" "$(grep -c 'a-custom_evnt.csv: left alone' "$work/err") $(lines \
	"$work/err")" "1 1"
exits 0 "a forecast" --quiet run --dry-run
equal "reports them all" "$(lines "$work/err")" 2
feed_here s4 "$work/in4" 'exclude = b.*'
mv "$work/in4/a-custom_evnt.csv" "$work/in4/a-custom_event.csv"
before=$(lines "$accepted")
exits 0 "renamed, and excluded" --quiet run
equal "one is delivered, the other is not reported" \
	"$(($(lines "$accepted") - before)) $(lines "$work/err")" "2 0"

# A state folder of somebody else: root is warned of what it leaves there, the other one learns what
# to do.
if [ "$(id -u)" -eq 0 ] && on_sqlite "another user's, who may not make databases here"; then
	mkdir -m 700 "$work/s5"
	chown nobody "$work/s5"
	feed_here s5 "$work/in4"
	exits 0 "root in another's state folder" --quiet run
	said "is warned" \
		's5 belongs to nobody, who cannot read what root leaves there: run as that user'
	install -m 755 -d "$work/open"
	install -m 755 "$dropfeed" "$work/open/dropfeed"
	sed "s|^api_secret_file.*|api_secret_env = SECRET|" "$conf" >"$work/open/conf"
	chmod 644 "$work/open/conf"
	chmod 711 "$work"
	SECRET=demo-secret setpriv --reuid nobody --clear-groups "$work/open/dropfeed" \
		--config "$work/open/conf" --quiet run >"$work/out" 2>"$work/err" </dev/null
	equal "that user, once root has left something" "$? $(lines "$work/err")" "5 1"
	said "it is said whose it is, and what to do" \
		's5/lock belongs to root, and this runs as nobody.*chown'
	chown -R nobody "$work/s5"
	chown root "$work/s5/spool/clicks"
	chmod 755 "$work/s5/spool/clicks"
	clicks "$work/in4/q-custom_event.csv" 2 Q
	chmod 755 "$work/in4" && chmod 644 "$work/in4/q-custom_event.csv"
	SECRET=demo-secret setpriv --reuid nobody --clear-groups "$work/open/dropfeed" \
		--config "$work/open/conf" --quiet run >"$work/out" 2>"$work/err" </dev/null
	equal "once a folder of a feed alone is root's" $? 3
	said "it is said as well" \
		's5/spool/clicks belongs to root, and this runs as nobody.*chown -R'
	# What is deeper in it is said before it is needed: rows may be delivered by then.
	chown -R nobody "$work/s5"
	chmod -R go+rX "$work/in4"
	mkdir -m 700 "$work/s5/rejects"
	as_nobody() {
		SECRET=demo-secret setpriv --reuid nobody --clear-groups "$work/open/dropfeed" \
			--config "$work/open/conf" "$@" >"$work/out" 2>"$work/err" </dev/null
	}
	as_nobody --quiet run
	equal "one line says it in the next run" "$(lines "$work/err")" 1
	said "whose the folder is, and what to do" \
		"warning: .*s5/rejects belongs to root, .*nobody, who may not use it: chown -R nobody .*s5$"
	as_nobody check
	equal "a check, too" "$?" 2
	said "with its line" 'conf:2: \[dropfeed\]: state_dir: .*s5/rejects belongs to root'
	as_nobody doctor --format json
	check "and doctor" holds '.ticks[] | select(.tick == "state_dir") |
		.state == "failed" and (.text | test("s5/rejects belongs to root"))' "$work/out"
	chown nobody "$work/s5/rejects"
	install -m 600 /dev/null "$work/s5/metrics.lock"
	as_nobody check
	equal "nor may the lock of the metrics be theirs" "$?" 2
	said "as the others" 'state_dir: .*s5/metrics.lock belongs to root'
	rm "$work/s5/metrics.lock"
	mkdir -m 700 "$work/s5/spool/theirs"
	as_nobody check
	equal "nor may they have a folder in it" "$?" 2
	chown nobody "$work/s5/spool/theirs"
	as_nobody check
	equal "given to that user, all is well" "$?" 0
else
	skip "only root can leave files in others' folders"
fi

# What is said must not end up in the lock, the spool or the ledger.
"$dropfeed" --config "$conf" import "$work/in3/done/$long" 2>&- >&- <&-
"$dropfeed" --config "$conf" --verbose import --name z-custom_event.csv - 2>&- >&- <&-
equal "with closed standard files, standard input cannot be read" $? 3
check "and the lock holds a process id and nothing else" grep -qxE '[0-9]+' "$work/s3/lock"
equal "in one line" "$(lines "$work/s3/lock")" 1

# ---- nothing to run ----
printf '[dropfeed]\nstate_dir = %s/none\n' "$work" >"$conf"
: >"$work/empty.conf"
for command in run "run --dry-run" retry check status; do
	# shellcheck disable=SC2086 # a command and its option
	[ "$command" = status ] || exits 2 "$command without a feed" $command
	[ "$command" = status ] || said "$command says what is missing" 'no \[feed NAME\] section'
	# shellcheck disable=SC2086
	"$dropfeed" --config "$work/empty.conf" $command >"$work/out" 2>"$work/err" </dev/null
	equal "$command with an empty configuration" $? 2
done
check "and no state folder was made" test ! -e "$work/none"
finish
