# SPDX-License-Identifier: MIT
# Commands that need no server: validate, import to standard output, --dry-run, help, and mistakes
# in the configuration.
. "$(dirname "$0")/lib/checks.sh"
cd "$samples" || exit 1

exits 0 "--version" --version
said "--version: is a version" '^dropfeed [0-9]+\.[0-9]+\.[0-9]+$'
for library in libssh2 libcurl GPGME libzip SQLite libzstd libbz2 liblzma; do
	said "--version: names $library" "^  $library +([0-9]+\.|not built in)"
done
exits 0 "--help" --help
for command in run import validate explain status check manifest retry; do
	exits 0 "$command --help" "$command" --help
	said "$command --help: shows how it is used" "dropfeed $command"
done
exits 0 "-V" -V
said "-V: is a version" '[0-9]+\.[0-9]+\.[0-9]+'
exits 0 "version" version
exits 0 "help" help
exits 0 "help --help" help --help
exits 0 "help run" help run
said "help run: shows how it is used" 'Usage: dropfeed run'
exits 0 "run -h" run -h
check "the list of commands fits into 80 columns" \
	test "$("$dropfeed" help | awk 'length > 80' | wc -l)" -eq 0
check "help fits into 80 columns" test "$("$dropfeed" help validate | awk 'length > 80' | wc -l)" \
	= 0
exits 2 "an unknown command" frobnicate
exits 2 "a misspelt command" stauts
said "a misspelt command: the nearest one" 'did you mean status'
exits 2 "an unknown option" run --frobnicate
exits 2 "a misspelt option" run --feeed x
said "a misspelt option: the nearest one" 'did you mean --feed'
exits 2 "an option without its value" run --feed
said "an option without its value: what it takes" '--feed NAME'
exits 2 "no command"
exits 2 "run without any configuration" run

exits 0 "validate good files, without any configuration" validate orders-commerce_event.csv \
	pages-screen_view.csv
exits 1 "validate a file with bad rows" validate signups-custom_event.csv
said "validate: names the reason" missing-identity
exits 1 "validate as JSON" validate --format json signups-custom_event.csv
check "validate as JSON: the whole verdict" holds \
	'.document == null and .event_type == "custom_event" and .rows == 40 and
	.accepted == 35 and .rejected == 5 and .events == 35 and
	.verdict == "rejects" and .refused == null and
	(.errors | length == 5) and (.errors | all(.row and .line and .code and .message))' \
		"$work/out"
equal "validate as JSON: codes in order" "$(jq -r '.errors[].code' "$work/out" | tr '\n' ' ')" \
	"not-an-integer bad-timestamp missing-identity not-allowed wrong-field-count "
exits 2 "validate --max-errors below zero" validate --max-errors -1 signups-custom_event.csv
exits 1 "validate --max-errors" validate --format json --max-errors 2 signups-custom_event.csv
equal "validate --max-errors: two are named" "$(jq '.errors | length' "$work/out")" 2
# Errors of one kind, one code in one column, are counted past the first five.
python3 \
	-c \
	'print("mpid,user_attributes.a\n" + "x,1\n" * 116 + "1\n" * 3)' >"$work/equal-eventless.csv"
exits 1 "validate of equal errors" validate "$work/equal-eventless.csv"
equal "shows five of a kind, and all of a rarer one" "$(grep -c 'line [0-9]' "$work/out")" 8
said "and counts the rest" 'and 111 more in column .mpid. \[not-an-integer\]'
exits 1 "validate --max-errors 2 of equal errors" validate --max-errors 2 \
	"$work/equal-eventless.csv"
equal "shows two of each" "$(grep -c 'line [0-9]' "$work/out") $(grep -c 'more' "$work/out")" "4 2"
exits 1 "as JSON" validate --format json "$work/equal-eventless.csv"
equal "they are all there" "$(jq '.errors | length' "$work/out")" 119
zip -q "$work/two.zip" customers-eventless.csv promotions-commerce_event.csv
exits 0 "validate a zip" validate --format json "$work/two.zip"
equal "validate a zip: one object for each document" \
	"$(jq -s 'map([.document, .rows, .verdict] | join(" ")) | sort | join("; ")' \
	-r "$work/out")" \
	"customers-eventless.csv 26 ok; promotions-commerce_event.csv 20 ok"
printf 'a,b\n1,2\n' >"$work/x-custom_event.csv"
exits 1 "validate a refused file" validate --format json "$work/x-custom_event.csv"
check "validate a refused file: verdict and code" holds \
	'.verdict == "refused" and .refused.code and .refused.message' "$work/out"
exits 2 "validate a file that is not there" validate "$work/nowhere-custom_event.csv"

exits 0 "import --sink -, without any configuration" import --sink - orders-commerce_event.csv \
	pages-screen_view.csv
mkdir -p "$work/one" && cp "$work/out" "$work/one/accepted.ndjson"
check "import --sink -: orders are there" batches covers orders-commerce_event.csv 1 \
	"$work/one/accepted.ndjson"
check "import --sink -: pages are there" batches covers pages-screen_view.csv 1 \
	"$work/one/accepted.ndjson"
exits 0 "import again" import --sink - orders-commerce_event.csv pages-screen_view.csv
check "import again: the same bytes come out" cmp "$work/out" "$work/one/accepted.ndjson"
"$dropfeed" import --sink - --name pages-screen_view.csv.gz \
	- < <(gzip -nc pages-screen_view.csv) >"$work/stdin" 2>"$work/err"
equal "import standard input: exit" $? 0
equal "import standard input: a batch for each visit" "$(lines "$work/stdin")" \
	"$(jq -c 'select(.events[0].event_type == "screen_view")' "$work/one/accepted.ndjson" |
	wc -l)"
exits 0 "import --sink file:" import --sink "file:$work/out.ndjson" pages-screen_view.csv
check "import --sink file: one batch a line" holds '.source_request_id | type == "string"' \
	"$work/out.ndjson"
mkfifo "$work/pipe"
exits 2 "import --sink file: into a pipe" import --sink "file:$work/pipe" pages-screen_view.csv
said "import --sink file: into a pipe" "$work/pipe is not a regular file: name a file"
# What is to be read is not written over, by any name.
cp pages-screen_view.csv "$work/own-screen_view.csv"
ln -s own-screen_view.csv "$work/link-screen_view.csv"
for file in own link; do
	exits 2 "import --sink file: of a file that is read" import \
		--sink "file:$work/own-screen_view.csv" orders-commerce_event.csv \
		"$work/$file-screen_view.csv"
	said "says so" "own-screen_view.csv is to be read, .*name another file"
done
"$dropfeed" import --sink "file:$work/own-screen_view.csv" --name x-screen_view.csv \
	- <"$work/own-screen_view.csv" >/dev/null 2>&1
equal "import --sink file: of standard input's file" $? 2
check "it holds what it held" cmp pages-screen_view.csv "$work/own-screen_view.csv"
# Files that have no name of their own, or that are not there.
cat pages-screen_view.csv | "$dropfeed" import --sink - /dev/stdin >"$work/out" 2>"$work/err"
equal "import a pipe by its path" $? 1
said "says how it is named" 'give it to standard input, .*--name export-custom_event.csv -'
exits 1 "import standard input under a wrong name" import --sink - --name export.txt -
said "says what of it is wrong" 'export.txt: the name is not NAME-EVENTTYPE.csv'
exits 1 "and under one that is nearly right" import --sink - --name web-access.csv -
said "says why it is not" 'web-access.csv: access documents hold data subject requests'
exits 1 "import --format json" import --format json --sink "file:$work/json.ndjson" \
	signups-custom_event.csv
check "import --format json: one object with the counts" holds \
	'.exit_code == 1 and .rows == 40 and .delivered == 35 and .rejected == 5 and
	.documents == 1 and .forecast == null' "$work/out"
exits 0 "import --format json of a dry run" import --format json --dry-run orders-commerce_event.csv
check "import --format json of a dry run: the forecast" holds \
	'.dry_run and .forecast.requests >= 1' "$work/out"
exits 2 "import --format json to standard output" import --format json --sink - \
	orders-commerce_event.csv
exits 1 "import with bad rows" import --sink - signups-custom_event.csv
equal "import with bad rows: the good ones come out" \
	"$(jq -s 'map(.events | length) | add' "$work/out")" 35
printf '\357\273\277' | cat - pages-screen_view.csv | sed 's/$/\r/' >"$work/pages-screen_view.csv"
exits 0 "a BOM and CRLF" import --sink - "$work/pages-screen_view.csv"
cp "$work/out" "$work/crlf.ndjson"
check "a BOM and CRLF make no difference" batches covers pages-screen_view.csv 1 "$work/crlf.ndjson"

# --dry-run
receiver_start "$work/api" || exit 1
mkdir -p "$work/in"
cp orders-commerce_event.csv "$work/in/"
{
	printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
	local_feed dry "$work/in"
} >"$conf"
printf '%s\n' user_identities.email,user_attributes.age b@example.com,30 n/a,30 \
	>"$work/in/ages-eventless.csv"
exits 1 "--dry-run" run --dry-run
said "--dry-run: forecasts" 'orders-commerce_event.csv: .* would be rejected; [0-9]+ batch'
said "--dry-run: and says why" \
	'ages-eventless.csv: 2 rows, 1 would be rejected \(1 missing-identity\); 1 batch'
said "--dry-run: and what else" "ages-eventless.csv: column 'user_identities.email'.*placeholder-id"
rm "$work/in/ages-eventless.csv"
equal "--dry-run: sends nothing" "$(lines "$work/api/requests.ndjson")" 0
exits 0 "the run after it" run
check "the run after it delivers" batches covers orders-commerce_event.csv 1 \
	"$work/api/accepted.ndjson"
exits 0 "import into a configured feed" import --feed dry promotions-commerce_event.csv
check "import into a configured feed delivers" batches covers promotions-commerce_event.csv 1 \
	"$work/api/accepted.ndjson"

# Mistakes: each is named with file and line, and nothing is run.
# mistake WHAT LINE TEXT PATTERN
good=$(cat "$conf")
mistake() {
	printf '%s\n%s\n' "$good" "$3" >"$conf"
	local line=$2
	[ "$line" != last ] || line=$(wc -l <"$conf")
	exits 2 "a mistake: $1" check
	said "a mistake: $1: file and line" "dropfeed\.conf:$line:"
	said "a mistake: $1: what it is" "$4"
}
mistake "an unknown key" last 'batchs_per_second = 3' batchs_per_second
mistake "a bad number" last 'batches_per_second = many' batches_per_second
mistake "a bad word" last 'historical = sometimes' historical
mistake "a comment after a value" last 'data_plan = plan # ours' \
	'a comment has a line of its own; write data_plan = plan '
mistake "a key twice" last 'api_key = again' api_key
mistake "an unknown section" last '[food]' food
mistake "plain http to another host" last '[feed far]
source = file:///tmp
api_key = k
api_secret_file = '"$work"'/api-secret
endpoint = http://example.com' endpoint
mistake "a manifest that is not there" last 'manifest = nowhere.json' nowhere.json
printf '%s\n' "$good" >"$conf"
chmod 644 "$work/api-secret"
exits 2 "a secret that others can read" run
said "a secret that others can read: file and line" 'dropfeed\.conf:[0-9]+:'
chmod 600 "$work/api-secret"

# Mistakes on the command line.
exits 2 "a name for a file that has one" import --name b-screen_view.csv pages-screen_view.csv
said "says what it is for" 'for standard input \(-\)'
exits 2 "a name for standard input that leads elsewhere" import --feed dry \
	--name ../../../out-eventless.csv - <<<'mpid
x'
said "says why" 'without folders'
check "nothing is written there" test -z "$(find "$work" -name 'out-eventless.csv')"
mkdir "$work/f-screen_view.csv"
for command in validate manifest "import --sink -"; do
	# shellcheck disable=SC2086 # two words
	exits 2 "$command of a folder" $command "$work/f-screen_view.csv"
	said "says what it is" 'f-screen_view.csv is a folder; name the files in it'
done
exits 2 "a folder that is not there" retry --from "$work/nowhere"
said "is named" "$work/nowhere: No such file"
# shellcheck disable=SC2086 # words
for command in status check --version --help 'report --format html' 'completions bash'; do
	"$dropfeed" --config "$conf" $command >/dev/full 2>"$work/err"
	equal "a full disk for standard output, $command" \
		"$? $(grep -c 'standard output: No space left' "$work/err")" "5 1"
done

# A reader that has seen enough, as of `status | head`
for command in status 'status --format json' check --help 'completions bash' \
	"validate $work/pages-screen_view.csv" 'report --format html'; do
	# shellcheck disable=SC2086 # words
	python3 -c 'import os, subprocess, sys
r, w = os.pipe()
os.close(r)
sys.exit(subprocess.call(sys.argv[1:], stdout=w))' \
		"$dropfeed" --config "$conf" $command 2>"$work/err"
	equal "a pipe that nobody reads, $command" "$? $(cat "$work/err")" '0 '
done

# What a header says must not move a terminal.
printf 'mpid,user_attributes.\033[2J,ip\n1,a,\033]0;x\a\n' >"$work/moves-eventless.csv"
exits 1 "control characters in a header" validate "$work/moves-eventless.csv"
printf 'mpid,bad\033[2J\n1,a\n' >"$work/moves-eventless.csv"
exits 1 "and in one that is refused" validate "$work/moves-eventless.csv"
said "are shown, not sent" 'bad\\x1b\[2J'
check "nor are they in any other line" test "$(grep -c $'\033' "$work/out")" -eq 0
finish
