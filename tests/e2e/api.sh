# SPDX-License-Identifier: MIT
# An API that has a bad day: whatever it answers, every good row arrives and every bad one is traced
# to its line.
. "$(dirname "$0")/lib/checks.sh"

receiver_start "$work/api" || exit 1
accepted=$work/api/accepted.ndjson
mkdir -p "$work/in"
rows=1600
python3 - "$work/in/clicks-custom_event.csv" $rows <<'END'
import sys
with open(sys.argv[1], "w") as f:
    f.write("environment,user_identities.customer_id,events.data.timestamp_unixtime_ms,events.data.event_name,"
            "events.data.custom_event_type,events.data.custom_attributes.Text\n")
    for i in range(int(sys.argv[2])):
        name = "Poison" if i in (1507, 1540, 1541) else "Riddle" if i == 1590 else "Clicked"
        f.write("development,C-%d,%d,%s,other,größer €%d 😀\n" % (i, 1768206600000 + i, name, i))
END
# The script names batches that are good: sent alone, with the 202s that follow, they are taken. One
# lane keeps the order.
# Lasting rules: Poison is refused with its place named; Riddle without a place.
printf 'reject-name Poison\nreject-nolocate Riddle\n' >"$work/api/rules"
cat >"$work/api/script" <<'END'
503
429 retry-after=1 exceeded=feed
drop-before
drop-after
html-502
413
202
202
400-path 3
202
202
202
202-pos 0,2
202
202
202
400-plain
202
202
500
429 exceeded=acceleration
END
{
	printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
	local_feed clicks "$work/in"
	# so that requests are full
	printf 'lanes = 1\ngive_up_after = 2m\nbatches_per_second = 100000\n'
} >"$conf"
exits 1 "a run on the API's bad day" run
equal "the whole script was played" \
	"$(jq -s '[.[] | select(.status == 500)] | length' "$work/api/requests.ndjson")" 1
equal "every good row arrived" "$(batches events "$accepted")" $((rows - 4))
check "none of them is a bad one" absent Poison "$accepted"
check "nor the riddle" absent Riddle "$accepted"
rejects=$(find "$work/state/rejects" -type f)
equal "the four bad rows are rejected, with their lines" \
	"$(python3 -c 'import csv, sys
print(*[r[-2] + ":" + ("api" if "api-rejected" in r[-1] else r[-1])
        for r in list(csv.reader(open(sys.argv[1], newline="")))[1:]])' \
	"$rejects")" \
	"1509:api 1542:api 1543:api 1592:api"
check "with the API's words, decoded" grep -q 'Invalid event name "*refused by rule' "$rejects"
exits 0 "status" status --format json
check "the sums hold" holds \
	'[.. | objects | select(has("rows") and has("delivered") and has("rejected"))] |
	length > 0 and any(.rows == 1600 and .delivered == 1596 and .rejected == 4)' "$work/out"
exits 0 "and then there is nothing to do" run
finish
