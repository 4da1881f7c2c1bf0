# SPDX-License-Identifier: MIT
# log_format = json: each line is an object that carries its fields, not only a sentence.
. "$(dirname "$0")/lib/checks.sh"

drop=$work/in
mkdir -p "$drop" "$work/zip"
printf \
	'[dropfeed]\nstate_dir = %s/state\nlog_format = json\n[feed people]\nsource = file://%s\nmin_age = 0s\nsink = file:%s/out.d/\n' \
	"$work" "$drop" "$work" >"$conf"
# line FILTER: the only line for which it is true
line() { jq -c "select($1)" "$work/err" >"$work/line" && [ "$(wc -l <"$work/line")" = 1 ]; }

printf 'user_identities.customer_id\nu1\n\nu2\n' >"$drop/good-eventless.csv"
printf \
	'user_identities.customer_id,user_attributes.a\nu1,secret-cell\n,secret-cell\n' \
	>"$drop/some-eventless.csv"
printf 'user_identities.customer_id,no.such.path\nu1,1\n' >"$drop/bad-eventless.csv"
printf 'user_identities.customer_id\nz1\n' >"$work/zip/one-eventless.csv"
printf 'user_identities.customer_id\nz1\n,\n' >"$work/zip/two-eventless.csv"
(cd "$work/zip" && zip -q "$drop/both.zip" ./*.csv)
exits 1 "a run" run
check "each line is an object" jq -e . "$work/err"
check "with time, level and message" jq \
	-es \
	'all((.time | test("^20")) and (.level | test("^(info|warning|error)$")) and (.message | length > 0))' \
	"$work/err"
check "a document that is delivered" line '.file == "good-eventless.csv" and .delivered != null'
check "has its numbers" holds \
	'.feed == "people" and .rows == 2 and .delivered == 2 and .rejected == 0 and .batches == 2 and .document == null' \
	"$work/line"
check "one with rejects" line '.file == "some-eventless.csv" and .rejected != null'
check "has them as well" holds \
	'.level == "warning" and .rows == 2 and .delivered == 1 and .rejected == 1' "$work/line"
check "one that is refused" line '.code == "unknown-column"'
check "has its code" holds \
	'.level == "error" and .feed == "people" and .file == "bad-eventless.csv"' "$work/line"
check "an entry of a zip" line '.document == "two-eventless.csv" and .rows != null'
check "names both" holds '.file == "both.zip" and .rows == 2 and .rejected == 1' "$work/line"
check "the summary" line '.exit_code != null'
check "has the sums" holds \
	'.exit_code == 1 and .files_done == 3 and .files_refused == 1 and .rows == 7 and .delivered == 5 and .rejected == 2' \
	"$work/line"
check "no cell is in it" absent secret-cell "$work/err"
sed -i 's/json/text/' "$conf"
printf 'user_identities.customer_id\nu7\n' >"$drop/plain-eventless.csv"
exits 0 "as text" run
check "lines are as before" grep \
	-qE '^20[^ ]*Z people: plain-eventless.csv: 1 row, all delivered in 1 batch$' "$work/err"
finish
