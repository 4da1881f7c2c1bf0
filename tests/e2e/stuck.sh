# SPDX-License-Identifier: MIT
# Nothing is a dead end: files are abandoned, begun anew, delivered once more, whatever they are
# stuck in.
. "$(dirname "$0")/lib/checks.sh"

receiver_start "$work/api" || exit 1
accepted=$work/api/accepted.ndjson
drop=$work/in
mkdir -p "$drop"

clicks() { # FILE ROWS PREFIX: row 3 is wrong in itself
	python3 - "$@" <<'PY'
import sys
with open(sys.argv[1], "w") as f:
    f.write("environment,user_identities.customer_id,events.data.timestamp_unixtime_ms,events.data.event_name,"
            "events.data.custom_event_type\n")
    for i in range(1, int(sys.argv[2]) + 1):
        f.write("development,%s-%d,%s,Clicked,other\n" % (sys.argv[3], i, "soon" if i == 3 else 1768206600000 + i))
PY
}
settings() { # NAME [feed line...]: a state folder, and feed clicks
	{
		printf '[dropfeed]\nstate_dir = %s/%s\n' "$work" "$1"
		local_feed clicks "$drop"
		printf 'lanes = 2\ngive_up_after = 1s\n'
		shift
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$conf"
}
down() { # N: the API takes N requests, then it is unwell
	{
		for ((i = 0; i < $1; i++)); do echo 202; done
		for ((i = 0; i < 3000; i++)); do echo 503; done
	} >"$work/api/script"
}
up() { : >"$work/api/script"; }
document() { # FILTER: of the last status
	exits 0 "status" status --format json
	check "it is so: $1" holds "$1" "$work/out"
}
rows_of() { tail -n +2 "$1" | cut -d, -f2 | sort; }
users() { python3 -c 'import json,sys
for l in open(sys.argv[1]): print(json.loads(l)["user_identities"]["customer_id"])' "$1" |
	sort "${@:2}"; }

# ---- abandon: the rest goes to the reject file ----
settings s1
clicks "$drop/big-custom_event.csv" 400 A
down 2
exits 3 "a run that the API ends" run
taken=$(lines "$accepted")
left=$((399 - taken))
check "some rows were delivered, and some were not" test "$taken" -gt 0 -a "$left" -gt 0
exits 2 "a name that nobody knows" abandon big.csv
said "is answered with the nearest" "nearest is 'big-custom_event.csv'"
document '.files[0].state == "sending"'
exec 8>"$work/s1/lock"
flock 8
exits 75 "a run is under way" abandon big-custom_event.csv
exec 8>&-
exits 0 "abandon" abandon 'big*'
said "says what became of it" \
	"abandoned: 400 rows, $taken delivered, $left not delivered: see .*/big-custom_event.csv"
rejects=$work/s1/rejects/clicks/big-custom_event.csv
document \
	".files[0] | .state == \"abandoned\" and
	(.documents[0] | .state == \"abandoned\" and .rows == 400 and .delivered == $taken
	and .rejected == $((left + 1)) and .balanced
	and .rejected_by == {\"not-an-integer\": 1, \"abandoned\": $left})"
equal "each row is delivered, or in the reject file" \
	"$({ users "$accepted"; rows_of "$rejects"; } | sort | uniq -c |
	awk '{n += $1 == 1} END {print n}')" 400
equal "with its reason" "$(grep -c ',abandoned: ' "$rejects")" "$left"
equal "its mode" "$(stat -c %a "$rejects")" 600
equal "the spool is empty" "$(find "$work/s1/spool" -type f | wc -l)" 0
up
n=$(lines "$accepted")
exits 0 "a run leaves it alone" run
exits 0 "so does retry" retry
exits 0 "abandoned twice" abandon big-custom_event.csv
said "says that there is nothing" 'closed already'
exits 0 "retry of what was abandoned" retry big-custom_event.csv
said "names what delivers it" 'it was abandoned; .dropfeed restart. delivers it'
exits 0 "resend of what was abandoned" resend big-custom_event.csv
said "names it, too" 'nothing to resend: it was abandoned; .dropfeed restart.'
equal "nothing was sent" "$(lines "$accepted")" "$n"
exits 0 "rejects prints its rows" rejects big-custom_event.csv
equal "all of them" "$(grep -c ',abandoned: ' "$work/out")" "$left"

# ---- restart: an abandoned file is begun anew ----
exits 1 "restart" restart big-custom_event.csv
said "says how many batches were taken" "$taken of its batches were taken before"
document \
	'.files[0] | .state == "done" and (.documents[0] | .delivered == 399 and .rejected == 1 and .balanced)'
equal "all rows arrived" "$(users "$accepted" -u | wc -l)" 399
equal "under the same ids" "$(jq -r .source_request_id "$accepted" | sort -u | wc -l)" 399
equal "the reject file holds what is wrong in itself" \
	"$(lines "$rejects") $(find "$work/s1/rejects" -type f | wc -l)" "2 1"
exits 0 "a file that is done is not begun anew" restart big-custom_event.csv
said "says what delivers it once more" 'dropfeed resend'
exits 0 "retry of rows that are wrong themselves" retry big-custom_event.csv
said "says what to do with them" 'rejected rows are wrong themselves; correct its reject file'

# ---- resend ----
n=$(lines "$accepted")
exits 1 "resend" resend big-custom_event.csv
equal "everything is sent" "$(lines "$accepted")" $((n + 399))
equal "under the same ids" "$(jq -r .source_request_id "$accepted" | sort -u | wc -l)" 399
document \
	'.files[0] | .state == "done" and (.documents[0] | .delivered == 399 and .rejected == 1 and .balanced)'
exits 1 "resend --new-ids" resend --new-ids big-custom_event.csv
equal "under other ids" "$(jq -r .source_request_id "$accepted" | sort -u | wc -l)" 798
document \
	'.files | length == 1 and (.[0].documents | length == 1 and (.[0] | .delivered == 399 and .balanced))'
exits 2 "both kinds of ids" resend --new-ids --same-ids big-custom_event.csv
exits 0 "afterwards a run has nothing to do" run
mv "$drop/big-custom_event.csv" "$work/big.csv"
exits 1 "bytes that are nowhere" resend big-custom_event.csv
said "says so, and what to do" 'neither in the spool nor on the source.*--from'
mkdir "$work/kept"
cp "$work/big.csv" "$work/kept/big-custom_event.csv"
exits 1 "bytes of another folder" resend --from "$work/kept" big-custom_event.csv
document '.files[0] | .state == "done"'

# ---- resend takes up where it was stopped ----
n=$(lines "$accepted")
down 1
exits 3 "a resend that the API ends" resend --from "$work/kept" big-custom_event.csv
document '.files[0].documents[0] | .state == "sending" and .delivered > 0 and .delivered < 399'
up
exits 1 "a run goes on with it" run
equal "nothing was sent twice" "$(lines "$accepted")" $((n + 399))

# ---- a resend that is given up leaves what was delivered first ----
cp "$rejects" "$work/rejects.before"
down 1
exits 3 "a resend that the API ends" resend --from "$work/kept" big-custom_event.csv
exits 0 "and that is abandoned" abandon big-custom_event.csv
said "says what counts" \
	'the resend is abandoned, .* as before: 400 rows = 399 delivered . 1 rejected'
document '.files[0] | .state == "done"'
document '.files[0].documents[0] | .delivered == 399 and .rejected == 1 and .balanced'
check "no delivered row is in its reject file" cmp "$rejects" "$work/rejects.before"
up
n=$(lines "$accepted")
exits 0 "a run has nothing to do with it" run
exits 1 "it can be sent once more" resend --from "$work/kept" big-custom_event.csv
equal "all of it" "$(lines "$accepted")" $((n + 399))
document '.files[0].documents[0] | .delivered == 399 and .rejected == 1 and .balanced'

# ---- restart: under today's settings ----
rm -f "$drop"/*
settings s2 'environment = development'
sed 's/^development,/,/' "$work/big.csv" >"$drop/wrong-custom_event.csv"
down 1
exits 3 "begun under a setting that is wrong" run
settings s2 'environment = production'
: >"$accepted"
up
exits 1 "restart under the right one" restart wrong-custom_event.csv
equal "everything went under the right one" \
	"$(jq -r .environment "$accepted" | sort | uniq -c | awk '{print $1, $2}')" "399 production"

# ---- bytes that are gone, sources that are away, feeds that are not configured ----
rm -f "$drop"/*
clicks "$drop/gone-custom_event.csv" 400 C
cp "$drop/gone-custom_event.csv" "$work/gone.csv"
settings s3
down 1
exits 3 "a run that the API ends" run
rm "$drop/gone-custom_event.csv" "$work"/s3/spool/clicks/*
exits 0 "abandon without the bytes" abandon gone-custom_event.csv
said "says that there is no reject file" \
	'[0-9]+ rows were not delivered; no reject file was written: its bytes'
document \
	'.files[0].documents[0] | .state == "abandoned" and .rows == 400 and .delivered > 0 and .rejected > 1 and .balanced'
cp "$work/gone.csv" "$drop/gone-custom_event.csv"
touch -d '2026-01-02' "$drop/gone-custom_event.csv"
: >"$accepted"
up
exits 1 "dropped again it is not a duplicate" run
equal "all rows arrived" "$(users "$accepted" -u | wc -l)" 399
rm -f "$drop"/*
clicks "$drop/away-custom_event.csv" 400 D
settings s4
down 1
exits 3 "a run that the API ends" run
rm "$work"/s4/spool/clicks/*
rm -r "$drop"
exits 2 "its source is away" abandon away-custom_event.csv
said "says what helps" 'without-rejects'
exits 0 "--without-rejects" abandon --without-rejects away-custom_event.csv
document \
	'.files[0].documents[0] | .state == "abandoned" and .delivered > 0 and .rejected > 1 and .balanced'
mkdir "$drop"
clicks "$drop/orphan-custom_event.csv" 400 E
settings s5
down 1
exits 3 "a run that the API ends" run
sed -i 's/feed clicks/feed other/' "$conf"
for command in rejects resend restart retry; do
	exits 2 "the feed is not configured any more: $command" $command orphan-custom_event.csv
	said "the feed is not configured any more: $command says which" \
		"the configuration no longer has its feed, 'clicks'"
done
exits 3 "its new name has a file of the same name under way" run
said "the earlier one is named, with the command that closes it alone" \
	'no such feed any more: .*.dropfeed abandon --feed clicks orphan-custom_event.csv.'
exits 2 "a feed that nobody ever had" abandon --feed clix orphan-custom_event.csv
exits 0 "status of a feed that is not configured any more" status --feed clicks --format json
check "shows its file" holds '[.files[].feed] == ["clicks"]' "$work/out"
exits 0 "the feed is not configured any more" abandon --feed clicks orphan-custom_event.csv
exits 0 "its file is abandoned" status --format json
check "that of the other feed is not" holds '[.files[] | [.feed, .state]] | sort ==
	[["clicks", "abandoned"], ["other", "sending"]]' "$work/out"
exits 0 "a report of a feed that is not configured any more" report --feed clicks
said "counts it" 'clicks: 1 file'
exits 0 "the other one" abandon orphan-custom_event.csv
check "its rows are in the reject file" grep -q ',abandoned: ' \
	"$work/s5/rejects/clicks/orphan-custom_event.csv"
rm -f "$drop"/*
exits 3 "a monitor sees what the feed's last run found" status --exit-code
exits 0 "a run without the feed" run
exits 0 "no monitor hears of it any more" status --exit-code

# ---- a zip: what is done stays done ----
rm -f "$drop"/*
mkdir "$work/zip"
clicks "$work/zip/one-custom_event.csv" 20 F
clicks "$work/zip/two-custom_event.csv" 200 G
sed -i 's/,Clicked,/,Later,/' "$work/zip/two-custom_event.csv"
(cd "$work/zip" && zip -q "$drop/pair.zip" one-custom_event.csv two-custom_event.csv)
settings s6
: >"$accepted"
up
echo 'answer-name 503 Later' >"$work/api/rules"
exits 3 "a run that ends in the second document" run
exits 0 "abandon" abandon pair.zip
document '[.files[0].documents[] | .state] == ["done", "abandoned"]'
equal "the rest is in the reject file" \
	"$(grep -c ',abandoned: ' "$work/s6/rejects/clicks/two-custom_event.csv")" 199
: >"$work/api/rules"
touch -d '2026-01-03' "$drop/pair.zip"
: >"$accepted"
exits 1 "dropped again" run
equal "the document that is done is not sent" "$(users "$accepted" | grep -c ^F-)" 0
equal "the other one is" "$(users "$accepted" -u | grep -c ^G-)" 199

# ---- a zip made anew, because one document was corrected; the same rows packed or encrypted
#     anew ----
rm -f "$drop"/*
settings s12
: >"$accepted"
mkdir "$work/anew"
clicks "$work/anew/one-custom_event.csv" 20 P
clicks "$work/anew/two-custom_event.csv" 20 Q
sed -i 's/^environment/nothing/' "$work/anew/two-custom_event.csv"
# pair DATE ENTRY...: the zip, of a time of its own, as it would be known by its size and time
pair() {
	rm -f "$drop/pair.zip"
	# with times of their own: made within a second, equal files would make equal zips, which
	# are duplicates
	(cd "$work/anew" && touch -d "$1" "${@:2}" && zip -q "$drop/pair.zip" "${@:2}")
	touch -d "$1" "$drop/pair.zip"
}
pair 2026-02-01 one-custom_event.csv two-custom_event.csv
exits 1 "one document is refused" run
sed -i 's/^nothing/environment/' "$work/anew/two-custom_event.csv"
pair 2026-02-02 two-custom_event.csv one-custom_event.csv
exits 1 "it was corrected" run
said "the other is not sent again" \
	'pair.zip, one-custom_event.csv: skipped: delivered before, with pair.zip'
equal "each row arrived once" \
	"$(users "$accepted" | sort | uniq -c | awk '{print $1}' | sort | uniq -c | tr -s ' ')" \
	' 38 1'
document '[.files[].documents[] | .balanced] | all'
sed -i 's/Clicked/Pressed/' "$work/anew/one-custom_event.csv"
pair 2026-02-03 two-custom_event.csv one-custom_event.csv
exits 1 "then the first one was" run
equal "which is sent alone" "$(lines "$accepted")" 57
sed -i 's/Pressed/Clicked/' "$work/anew/one-custom_event.csv"
pair 2026-02-04 two-custom_event.csv one-custom_event.csv
exits 1 "as it was before, after another one" run
equal "is sent" "$(lines "$accepted")" 76
for level in 1 9; do
	gzip -c$level "$work/anew/one-custom_event.csv" >"$drop/one-custom_event.csv.gz"
	touch -d "2026-01-0$level" "$drop/one-custom_event.csv.gz"
	[ $level = 1 ] && status=1 || status=0
	exits $status "packed with level $level" run
	equal "is sent once" "$(lines "$accepted")" 95
done
gzip -nc6 "$work/anew/one-custom_event.csv" >"$drop/one-custom_event.csv.gz"
touch -d '2026-01-10' "$drop/one-custom_event.csv.gz"
(DROPFEED_CRASH_AT='before update a document' "$BUILD/faults/dropfeed" --config "$conf" run \
	>"$work/out" 2>"$work/err" </dev/null; exit $?) 2>/dev/null
equal "killed when that is to be entered" $? 137
exits 0 "the next run" run
equal "does not send it either" "$(lines "$accepted")" 95
(DROPFEED_CRASH_AT='before enter a document' "$BUILD/faults/dropfeed" --config "$conf" \
	resend --new-ids one-custom_event.csv.gz >"$work/out" 2>"$work/err" </dev/null; exit $?) \
	2>/dev/null
equal "killed when it is to be delivered under new ids" $? 137
exits 1 "the next run" run
equal "has its rows count again" "$(lines "$accepted")" 114
exits 1 "once more under new ids" resend --new-ids one-custom_event.csv.gz
check "without a warning" absent delivered-before "$work/err"
equal "they count again" "$(lines "$accepted")" 133
equal "under ids of their own" \
	"$(tail -n 57 "$accepted" | jq -r .source_request_id | sort -u | wc -l)" 57
gzip -c5 "$work/anew/one-custom_event.csv" >"$drop/one2-custom_event.csv.gz"
exits 1 "the same rows under another name" run
said "with a warning" \
	'one2-custom_event.csv.gz: holds the same as what was delivered with one-custom_event.csv.gz: .* \[delivered-before\]'
equal "are another file's" "$(lines "$accepted")" 152

# ---- a feed that is renamed is another one ----
rm -f "$drop"/*
settings s13
clicks "$drop/day1-custom_event.csv" 5 R
exits 1 "a file of a feed" run
clicks "$work/own-custom_event.csv" 5 S
exits 1 "and one that is imported" import --feed clicks "$work/own-custom_event.csv"
sed -i 's/^\[feed clicks]/[feed presses]/' "$conf"
exits 1 "the feed is renamed: a dry run" run --dry-run
said "says what that means" \
	'presses: a new feed, whose source is that of the feed clicks, .* delivered again, .* give it its name back'
exits 1 "so does a run" --quiet run
said "before it delivers" 'presses: a new feed, whose source is that of the feed clicks'
exits 0 "afterwards it is a feed like others" run
check "of which nothing is said" absent 'a new feed' "$work/err"
local_feed other "$work" >>"$conf"
printf 'include = nothing*\n' >>"$conf"
exits 0 "a feed that is new indeed" run
check "is not taken for another one" absent 'a new feed' "$work/err"

# ---- a zip begun anew: today's rules, but for what is done ----
for rule in 'max_plaintext = 1KiB' 'encrypted = yes'; do
	rm -rf "$work/s10" "$drop"/*
	(cd "$work/zip" && zip -q "$drop/pair.zip" one-custom_event.csv two-custom_event.csv)
	settings s10
	: >"$accepted"
	echo 'answer-name 503 Later' >"$work/api/rules"
	exits 3 "a run that ends in the second document" run
	settings s10 "$rule"
	exits 3 "what is under way goes on, though $rule" run
	document '[.files[0].documents[] | .state] == ["done", "sending"]'
	exits 1 "restart, with $rule" restart pair.zip
	document '[.files[0].documents[] | .state] == ["done", "refused"]'
	settings s10
	: >"$work/api/rules"
	exits 1 "retry, when the rule is gone" retry pair.zip
	document '[.files[0].documents[] | .state] == ["done", "done"]'
	equal "all are delivered, once" \
		"$(users "$accepted" | sort | uniq -c | awk '{print $1}' | sort | uniq -c |
		tr -s ' ')" ' 218 1'
done

# ---- document_type: what is under way keeps its own ----
rm -f "$drop"/*
clicks "$drop/nameless.csv" 200 N
settings s11 'document_type = custom_event'
: >"$accepted"
down 1
exits 3 "a run that the API ends" run
settings s11 'document_type = screen_view'
exits 3 "under another document_type" run
said "it is one of the settings that differ" "today's differ in: document_type"
settings s11
up
exits 1 "without one" run
document \
	'.files[0].documents[0] | .state == "done" and .event_type == "custom_event" and .delivered == 199'
equal "all is of one kind" "$(jq -r '.events[].event_type' "$accepted" | sort | uniq -c |
	tr -s ' ')" ' 199 custom_event'

# ---- refused, and replaced at the source ----
rm -f "$drop"/*
settings s8
printf 'no,such\n1,2\n' >"$drop/day-custom_event.csv"
printf 'no,such\n3,4\n' >"$drop/other-custom_event.csv"
exits 1 "two files are refused" run
clicks "$drop/day-custom_event.csv" 20 K
rm "$drop/other-custom_event.csv"
exits 1 "one is replaced by a good one" run
exits 1 "retry reports the other one" retry
said "whose bytes are gone" 'other-custom_event.csv: its bytes are neither'
said "and passes over the first" \
	'day-custom_event.csv: passed over: it was refused, and a later file'
exits 0 "abandon" abandon other-custom_event.csv
exits 0 "retry comes clean" retry
exits 0 "restart knows it" status --format json other-custom_event.csv
check "as abandoned" holds '.files[0].state == "abandoned"' "$work/out"

# ---- encrypted feeds ----
gpg_home "$work/gpg" dropfeed || exit 1
rm -f "$drop"/*
clicks "$work/secret.csv" 400 H
encrypt "$work/gpg" dropfeed <"$work/secret.csv" >"$drop/secret-custom_event.csv.gpg"
settings s7 'encrypted = yes' "gnupg_home = $work/gpg"
down 1
exits 3 "a run that the API ends" run
exits 0 "abandon" abandon 'secret*'
check "no row is in plain text" absent ',Clicked,' "$work/s7"
exits 0 "rejects decrypts it" rejects 'secret*'
check "each row" test "$(grep -c ',abandoned: ' "$work/out")" -gt 1
up

# ---- backup ----
if on_sqlite "backup, which copies a file"; then
	exits 2 "the ledger is not copied to itself" backup "$work/s7/ledger.db"
	exits 0 "backup" backup "$work/copy.db"
	equal "its mode" "$(stat -c %a "$work/copy.db")" 600
	equal "it is sound, and the same" \
		"$(sqlite3 "$work/copy.db" 'PRAGMA integrity_check; SELECT count(*) FROM file' |
		xargs)" "ok 1"
	exits 0 "a second one takes its place" backup "$work/copy.db"
	equal "nothing else is left there" "$(find "$work" -maxdepth 1 -name 'copy.db*' | wc -l)" 1
	rm "$work"/s7/ledger.*
	cp "$work/copy.db" "$work/s7/ledger.db"
else
	exits 2 "backup" backup "$work/copy.db"
	said "what to use instead" pg_dump
fi
document '.files[0].state == "abandoned"'

# ---- prune ----
exits 2 "prune needs an age" prune
exits 2 "that is one" prune --older-than soon
exits 0 "nothing is so old" prune --older-than 400d
said "says so" 'details of 0 files and 0 reject files'
ledger_sql "$work/s7" "UPDATE file SET closed_ms = closed_ms - $((401 * 86400000))"
exits 0 "a dry run" prune --older-than 400d --dry-run
said "says what would go" 'details of 1 file and 1 reject file would be removed'
equal "and removes nothing" "$(find "$work/s7/rejects" -type f | wc -l)" 1
exits 0 "prune" prune --older-than 400d
equal "the reject file is gone" "$(find "$work/s7/rejects" -type f | wc -l)" 0
document '.files[0].documents[0] | .rows == 400 and .delivered > 0 and .rejected > 1'
exits 0 "once more there is nothing" prune --older-than 400d
said "says so" 'details of 0 files'
rm -f "$drop"/*
settings s1
cp "$work/big.csv" "$drop/again-custom_event.csv"
ledger_sql "$work/s1" "UPDATE file SET closed_ms = closed_ms - $((401 * 86400000))"
exits 0 "prune" prune --older-than 400d
n=$(lines "$accepted")
exits 0 "the same bytes stay known" run
said "as delivered" 'same bytes as big-custom_event.csv, which was delivered before'
equal "nothing was sent" "$(lines "$accepted")" "$n"
exits 0 "retry of rows that nobody has any more" retry big-custom_event.csv
said "does not send one to a file that is gone" \
	'big-custom_event.csv: nothing to retry: its reject file is not there'
exits 2 "its ids cannot be made again" resend --from "$work/kept" big-custom_event.csv
said "says what can be done" 'new-ids'

# ---- what cannot be delivered once more, and what can be done instead ----
rm -f "$drop"/*
settings s9
printf 'user_identities.nobody\nx\n' >"$drop/broken-eventless.csv"
exits 1 "a file that is refused" run
exits 0 "resend of what was refused" resend broken-eventless.csv
said "names what delivers it" 'nothing to resend: it was refused; .dropfeed retry.'
exits 0 "rejects of what was refused" rejects broken-eventless.csv
said "says where the reason is" 'it was refused, and has no reject file: .dropfeed status.'
clicks "$drop/a-custom_event.csv" 2 T
exits 0 "a file" run
cp "$drop/a-custom_event.csv" "$drop/b-custom_event.csv"
exits 0 "the same bytes" run
exits 0 "resend of what was skipped" resend b-custom_event.csv
said "names the other file" \
	'same bytes as a-custom_event.csv, which was delivered before: name that one'

# ---- a monitor and what a run noted ----
exits 0 "the broken file is given up" abandon broken-eventless.csv
exits 0 "all is well" status --exit-code
clicks "$drop/c-custom_event.csv" 2 U
for ((i = 0; i < 9; i++)); do echo 401; done >"$work/api/script"
exits 4 "access is refused" run
exits 0 "the file is given up" abandon c-custom_event.csv
exits 3 "the feed is denied all the same" status --exit-code
up
exits 0 "the next run" run
exits 0 "finds that it no longer is" status --exit-code
clicks "$drop/d-custom_event.csv" 2 V
for ((i = 0; i < 9; i++)); do echo 401; done >"$work/api/script"
exits 4 "access is refused" run
up
exits 0 "retry delivers" retry
exits 0 "which shows that it no longer is" status --exit-code
clicks "$drop/e-custom_event.csv" 2 W
for ((i = 0; i < 9; i++)); do echo 401; done >"$work/api/script"
exits 4 "access is refused" run
up
exits 0 "restart delivers" restart e-custom_event.csv
exits 0 "which shows it as well" status --exit-code

# ---- what is due at a source that is not the feed's any more ----
rm -rf "$drop"/* "$work/drop2"
mkdir "$work/drop2"
settings elsewhere 'after_done = move:done'
: >"$drop/done"
clicks "$drop/day-custom_event.csv" 2 X
clicks "$work/drop2/day-custom_event.csv" 2 Y
touch -d '2026-01-12 06:00:00' "$drop/day-custom_event.csv" "$work/drop2/day-custom_event.csv"
exits 3 "a file that cannot be moved" run
sed -i "s|file://$drop|file://$work/drop2|" "$conf"
exits 0 "another source" run
said "the first file is left as it is" \
	"day-custom_event.csv: left as it is there: it came from file://$drop, and"
equal "its namesake of the same size and time is delivered" \
	"$(grep -c '"customer_id":"Y-[12]"' "$accepted")" 2
check "before it is moved" test -e "$work/drop2/done/day-custom_event.csv"
check "the first one is not" test -e "$drop/day-custom_event.csv"
exits 0 "a monitor sees nothing" status --exit-code
finish
