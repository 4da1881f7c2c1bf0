# SPDX-License-Identifier: MIT
# `import -`: taken whole before anything is sent, and from then on as safe as a file.
. "$(dirname "$0")/lib/checks.sh"

receiver_start "$work/api" || exit 1
accepted=$work/api/accepted.ndjson
gpg_home "$work/gpg" || exit 1
rows=600
python3 - $rows >"$work/clicks.csv" <<'END'
import sys
print("environment,user_identities.customer_id,events.data.timestamp_unixtime_ms,events.data.event_name,events.data.custom_event_type")
for i in range(int(sys.argv[1])):
    print("development,C-%d,%d,Clicked,other" % (i, 1768206600000 + i))
END
{
	printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
	mkdir -p "$work/in"
	local_feed clicks "$work/in"
	printf 'batches_per_second = 100\n'
} >"$conf"
pages=$samples/pages-screen_view.csv

# import_stdin NAME [option...]: standard input is the caller's; sets $status
import_stdin() {
	local name=$1
	shift
	status=0
	"$dropfeed" --config "$conf" import "$@" --name "$name" - >"$work/out" 2>"$work/err" ||
		status=$?
}

# ---- forms, by the name
import_stdin pages-screen_view.csv <"$pages"
equal "a file redirected: exit" $status 0
check "is delivered" batches covers "$pages" 1 "$accepted"
visits=$(lines "$accepted")
gzip -c "$pages" | "$dropfeed" import --sink - --name pages-screen_view.csv.gz \
	- >"$work/gz" 2>"$work/err"
equal "gzip, by its name, to standard output" "$(lines "$work/gz")" "$visits"
encrypt "$work/gpg" dropfeed <"$pages" | "$dropfeed" import --sink - --set encrypted=yes \
	--set "gnupg_home=$work/gpg" \
	--name pages-screen_view.csv.gpg - >"$work/pgp" 2>"$work/err"
equal "OpenPGP, by its name" "$(lines "$work/pgp")" "$visits"
(cd "$samples" && zip -q - pages-screen_view.csv) |
	"$dropfeed" import --sink - --name pages.zip - >"$work/zip" 2>"$work/err"
equal "a zip, by its name" "$(lines "$work/zip")" "$visits"
import_stdin empty-screen_view.csv </dev/null
equal "nothing at all: exit" $status 1
said "nothing at all: says so" empty-file
import_stdin nonsense.txt <"$pages"
equal "a name that says nothing: exit" $status 1
said "a name that says nothing: says so" bad-name
gzip -c "$pages" | head -c 500 >"$work/cut"
import_stdin cut-screen_view.csv.gz <"$work/cut"
equal "a writer that died, gzip: exit" $status 1
said "a writer that died, gzip: says so" corrupt-archive
exits 2 "no name" import -
exits 2 "validate" validate -
said "says what reads standard input" 'import --dry-run --name'
# A pattern that matches nothing comes as it is; its name is not what is wrong with it.
exits 2 "a file that is not there" import "$work/none*.csv"
said "says so" 'cannot read .*none\*.csv: No such file'
exits 2 "a folder" import "$work"
said "says so" 'is a folder; name the files in it'

# ---- killed while it reads: nothing was accepted, nothing is sent, nothing is left after the
#     next run
before=$(lines "$accepted")
mkfifo "$work/fifo"
"$dropfeed" --config "$conf" import --name clicks-custom_event.csv \
	- <"$work/fifo" >"$work/out" 2>"$work/err" &
pid=$!
exec 9>"$work/fifo"
# more than a pipe holds: who could write it all is read from
head -c 200000 /dev/zero | tr '\0' 'x' >"$work/more"
cat "$work/clicks.csv" "$work/more" >&9
exits 0 "a run, while the pipe's writer takes its time" --quiet run
kill -9 $pid
wait $pid 2>/dev/null
exec 9>&-
exits 0 "a run after a kill while reading" run
equal "sends nothing" "$(lines "$accepted")" "$before"
equal "and leaves nothing in the spool" "$(find "$work/state/spool" -type f | wc -l)" 0

# ---- a run began meanwhile: what was read waits for its end; where one was under way before,
#      nothing is read
"$dropfeed" --config "$conf" import --name waits-screen_view.csv \
	- <"$work/fifo" >"$work/waits" 2>&1 &
pid=$!
exec 9>"$work/fifo"
{ cat "$pages"; sed 's/.*/a,row,of,more,cells,than,the,header/' "$work/more"; } >&9
head -c 200000 /dev/zero | tr '\0' '\n' >&9
exec 8>>"$work/state/lock"
flock 8
exec 9>&-
for ((n = 0; n < 200; n++)); do grep -q 'waits for its end' "$work/waits" && break; sleep 0.05; done
check "a run that began meanwhile is waited for" grep -q 'waits for its end' "$work/waits"
import_stdin other-screen_view.csv < <(cat "$pages")
equal "an import that finds one under way: exit" $status 75
exec 8>&-
status=0
wait $pid || status=$?
equal "and then it is delivered: exit" "$status $(grep -c '1 rejected' "$work/waits")" "1 1"

# ---- what nobody could take is not waited for
if on_sqlite "a damaged ledger"; then
	mkdir "$work/damaged"
	echo 'not a database, whatever its name says, nor one that was cut off' \
		>"$work/damaged/ledger.db"
	sed "s|^state_dir.*|state_dir = $work/damaged|" "$conf" >"$work/damaged.conf"
	exec 9<>"$work/fifo"
	status=0
	"$dropfeed" --config "$work/damaged.conf" import --name a-screen_view.csv \
		- <"$work/fifo" >"$work/out" 2>"$work/err" || status=$?
	exec 9>&-
	equal "with a damaged ledger nothing is read: exit" $status 5
fi

# ---- asked to stop while it waits for more: it ends, although nothing comes
name="--name clicks-custom_event.csv"
for command in "import $name" "import --sink - $name" "manifest --event-type custom_event"; do
	# shellcheck disable=SC2086 # words
	"$dropfeed" --config "$conf" $command - <"$work/fifo" >"$work/out" 2>"$work/err" &
	pid=$!
	exec 9>"$work/fifo"
	cat "$work/more" >&9
	kill -TERM $pid
	for ((n = 0; n < 600; n++)); do
		kill -0 $pid 2>/dev/null || break
		sleep 0.05
	done
	check "asked to stop while it waits, it ends: $command" test "$n" -lt 600
	exec 9>&-
	status=0
	wait $pid || status=$?
	equal "unfinished" $status 3
	said "and says why" 'stopped by a signal'
done

# ---- killed while it sends: a run goes on, and so does the same import again; every row
#     arrives under one id
# kill_sending NAME: a pipe that can't be read again
kill_sending() {
	local from
	from=$(lines "$accepted")
	"$dropfeed" --config "$conf" import --name "$1" \
		- < <(cat "$work/clicks.csv") >"$work/out" 2>"$work/err" &
	pid=$!
	while kill -0 $pid 2>/dev/null && [ "$(lines "$accepted")" -le "$from" ]; do
		sleep 0.02
	done
	kill -9 $pid
	wait $pid 2>/dev/null
}
events() {
	grep -h '"Clicked"' "$accepted" | jq -r '.events[].data.source_message_id' | sort -u | wc -l
}
kill_sending clicks-custom_event.csv
check "killed in the middle" test "$(events)" -lt $rows
sed -i 's/^batches_per_second.*/batches_per_second = 5000/' "$conf"
exits 0 "a run goes on with standard input" run
equal "every row arrived, under one id" "$(events)" $rows
sed -i 's/C-/D-/' "$work/clicks.csv"
sed -i 's/^batches_per_second.*/batches_per_second = 100/' "$conf"
kill_sending again-custom_event.csv
sed -i 's/^batches_per_second.*/batches_per_second = 5000/' "$conf"
import_stdin again-custom_event.csv < <(cat "$work/clicks.csv")
equal "the same import again: exit" $status 0
before=$(lines "$accepted")
exits 0 "and a run after it" run
equal "which sends nothing" "$(lines "$accepted")" "$before"
equal "every row arrived, under one id" "$(events)" $((2 * rows))
orders=$samples/orders-commerce_event.csv
exits 0 "a file named twice" import "$orders" "$orders"
check "is delivered once" batches covers "$orders" 1 "$accepted"
exits 0 "status" status --format json
equal "the same import again is the same file" \
	"$(jq \
	-s \
	'[.. | objects | select(.name? == "again-custom_event.csv" or .file? == "again-custom_event.csv")] | length' \
	"$work/out")" \
	1
equal "nothing is left in the spool" "$(find "$work/state/spool" -type f | wc -l)" 0
finish
