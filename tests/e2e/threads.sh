# SPDX-License-Identifier: MIT
# Everything at once: several feeds, files, jobs and lanes, an API with moods, and a stop in the
# middle. `make tsan` runs this under ThreadSanitizer, whose findings are an exit code of their own.
. "$(dirname "$0")/lib/checks.sh"

receiver_start "$work/api" || exit 1
accepted=$work/api/accepted.ndjson
files=4 rows=150
python3 - "$work" $files $rows <<'END'
import os, sys, zipfile
work, files, rows = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for feed in ("one", "two", "three"):
    os.mkdir(work + "/" + feed)
    for n in range(files):
        text = ("environment,user_identities.customer_id,user_attributes.Level,events.data.timestamp_unixtime_ms,"
                "events.data.event_name,events.data.custom_event_type\n")
        for i in range(rows):
            name = "Poison" if i == 17 else "Clicked"
            text += "development,%s-%d-%d,%d,%d,%s,other\n" % (feed, n, i % 40, i // 40, 1768206600000 + i, name)
        path = "%s/%s/clicks%d-custom_event" % (work, feed, n)
        if n == 1:
            with zipfile.ZipFile(path + ".zip", "w", zipfile.ZIP_DEFLATED) as z:
                z.writestr("clicks%d-custom_event.csv" % n, text)
        else:
            with open(path + ".csv", "w") as f:
                f.write(text)
END
all=$((3 * files * rows)) bad=$((3 * files))
echo 'reject-name Poison' >"$work/api/rules"
for n in 1 2 3; do
	printf '202\n503\n202\n202\n429 exceeded=feed\n202\ndrop-after\n202\n'
done >"$work/api/script"
{
	printf '[dropfeed]\nstate_dir = %s/state\njobs = 4\n' "$work"
	for feed in one two three; do
		local_feed $feed "$work/$feed"
		printf 'lanes = 5\nbatches_per_second = 60\n'
	done
} >"$conf"

"$dropfeed" --config "$conf" --verbose run >"$work/out" 2>"$work/err" </dev/null &
pid=$!
while kill -0 $pid 2>/dev/null && [ "$(lines "$accepted")" -le 200 ]; do sleep 0.02; done
kill -TERM $pid
status=0
wait $pid || status=$?
equal "a run of many threads that is asked to stop ends unfinished" $status 3
check "after some batches and before others" test "$(batches events "$accepted")" -lt $((all - bad))
sed -i 's/^batches_per_second.*/batches_per_second = 5000/' "$conf"
exits 1 "the next run completes, with the rows that the API refuses" run
said "and says how many they are" '150 rows, 149 delivered, 1 rejected'
equal "every good row arrived" "$(batches events "$accepted")" $((all - bad))
exits 0 "status" status --format json
check "the sums hold" holds \
	"[.. | objects | select(has(\"rows\") and has(\"delivered\") and has(\"rejected\")) |
	select(.rows == .delivered + .rejected and .rows > 0)] | length >= 3 * $files" "$work/out"
exits 0 "and then there is nothing to do" run

# A file of several megabytes is read by all threads that are free, in parts; its quoted line ends,
# blank lines and broken quotes make it hard to know where a part may begin.
mkdir "$work/large"
python3 - "$work/large/large-custom_event.csv" <<'END'
import random, sys
pick = random.Random(7)
notes = ["plain", '"two\nlines"', '"said ""so"""', "", '"a\r\n\n,b"', "Z\u00fcrich"]
with open(sys.argv[1], "w", encoding="utf-8", newline="") as f:
    f.write("environment,mpid,user_attributes.Level,events.data.timestamp_unixtime_ms,events.data.event_name,"
            "events.data.custom_event_type,events.data.custom_attributes.Note\r\n")
    for i in range(30000):
        note = pick.choice(notes) if i % 900 else pick.choice(['stray " quote', '"closed" early', "one,more"])
        f.write("development,%d,%d,%d,Clicked,other,%s\r\n%s" % (pick.randrange(1, 4000), i // 4000, 1768206600000 + i, note, "\n" * (i % 77 == 0)))
END
for jobs in 1 2 5; do
	printf \
		'[dropfeed]\nstate_dir = %s/state%d\njobs = %d\n[feed large]\nsource = file://%s/large\nmin_age = 0s\nsink = file:%s/large%d.ndjson\n' \
		"$work" $jobs $jobs "$work" "$work" $jobs >"$conf"
	exits 1 "a large file, jobs = $jobs" run
done
check "there is something to compare" test "$(lines "$work/large1.ndjson")" -gt 1000
check "two threads deliver what one does" cmp "$work/large1.ndjson" "$work/large2.ndjson"
check "and five" cmp "$work/large1.ndjson" "$work/large5.ndjson"
check "the rejects are the same, too" cmp "$work/state1/rejects/large/"*.csv \
	"$work/state5/rejects/large/"*.csv
exits 1 "validate reads it in parts, too" validate "$work/large/large-custom_event.csv"
finish
