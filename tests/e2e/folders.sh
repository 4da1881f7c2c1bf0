# SPDX-License-Identifier: MIT
# What a feed takes of its folder: sub-folders, markers, checksums, names without an event type, and
# what is left alone.
. "$(dirname "$0")/lib/checks.sh"

drop=$work/in
rows() { printf 'user_identities.customerid,user_attributes.city\n%s,Oslo\n' "$1"; }
fresh() { # [line...]
	rm -rf "$work/state" "$work/batches" "$drop"
	mkdir -p "$work/batches" "$drop"
	{
		printf \
			'[dropfeed]\nstate_dir = %s/state\n[feed box]\nsource = file://%s\nmin_age = 0s\nguidelines = off\n' \
			"$work" "$drop"
		printf 'sink = file:%s/batches/\n' "$work"
		printf '%s\n' "$@"
	} >"$conf"
}
ids() {
	cat "$work"/batches/* 2>/dev/null | jq -r '.user_identities.customer_id' | sort |
		tr '\n' ' '
}
there() { (cd "$drop" && find . -type f | sort | tr '\n' ' '); }

# ---- sub-folders
fresh 'subfolders = yes' 'after_done = move:done' 'receipts = receipts'
mkdir -p "$drop/north/deep" "$drop/south" "$drop/.hidden" "$drop/done/old"
rows A >"$drop/north/u-eventless.csv"
rows B >"$drop/south/u-eventless.csv"
rows C >"$drop/north/deep/u-eventless.csv"
rows D >"$drop/u-eventless.csv"
rows X >"$drop/.hidden/x-eventless.csv"
rows Y >"$drop/done/old/y-eventless.csv"
exits 0 "files of sub-folders" run
equal "each came once" "$(ids)" "A B C D "
equal "they were moved, and keep their sub-folders" \
	"$(cd "$drop/done" && find . -type f | sort | tr '\n' ' ')" \
	"./north/deep/u-eventless.csv ./north/u-eventless.csv ./old/y-eventless.csv ./south/u-eventless.csv ./u-eventless.csv "
equal "each has a receipt" "$(find "$drop/receipts" -type f | wc -l)" 4
exits 0 "what was moved is not taken again" run
equal "nothing came twice" "$(ids)" "A B C D "
fresh 'subfolders = yes'
mkdir "$drop/north"
ln -s "$drop/states" "$work/link"
sed -i "s|^state_dir.*|state_dir = $work/link|" "$conf"
mkdir -m 700 "$drop/states"
{ rows A && echo ,Bergen; } >"$drop/north/u-eventless.csv"
exits 1 "state_dir in a sub-folder of the source, by another name" run
check "a reject file is in it" test -s "$drop/states/rejects/box/u-eventless.csv"
exits 0 "which is not a drop file" run
equal "and makes no other one" "$(find "$drop/states/rejects" -type f | wc -l)" 1
for folder in "$work/to-source" ../to-source; do
	fresh "receipts = $folder"
	ln -sfn "$drop" "$work/to-source"
	rows A >"$drop/u-eventless.csv"
	exits 2 "receipts by a link to the source folder: $folder" run
	said "which it is" "receipts: '$folder' is the source folder itself"
done
fresh
mkdir "$drop/users-eventless.csv"
rows A >"$drop/users-eventless.csv/part-0-eventless.csv"
exits 0 "a folder with a file's name" run
said "it is reported, with what to do" 'it is a folder: set subfolders = yes'

fresh 'subfolders = yes'
mkdir "$work/elsewhere"
rows A >"$work/elsewhere/a-eventless.csv"
ln -s "$work/elsewhere" "$drop/north"
ln -s "$work/elsewhere" "$drop/notes.txt"
exits 0 "a link to a folder" run
said "it is reported, too" "north: .*it is a symbolic link, which is not followed: a folder that"
check "others are not" absent notes "$work/err"
exits 0 "once more" run
check "that is said once" absent 'symbolic link' "$work/err"

# ---- markers and checksums
fresh 'ready_marker = .done' 'after_done = delete'
rows A >"$drop/a-eventless.csv"
rows B >"$drop/b-eventless.csv"
: >"$drop/b-eventless.csv.done"
exits 0 "a marker" run
equal "only what is marked is taken" "$(ids)" "B "
equal "the marker is deleted with its file" "$(there)" "./a-eventless.csv "
: >"$drop/a-eventless.csv.done"
exits 0 "the other marker" run
equal "the other file came" "$(ids)" "A B "
for kind in sha256 md5; do
	fresh "checksum = .$kind" 'after_done = move:done'
	for n in A B C D E F H I; do rows $n >"$drop/$n-eventless.csv"; done
	cd "$drop" || exit 1
	${kind}sum A-eventless.csv >A-eventless.csv.$kind
	${kind}sum B-eventless.csv | cut -d' ' -f1 | tr a-f A-F | tr -d '\n' >B-eventless.csv.$kind
	${kind}sum --tag C-eventless.csv >C-eventless.csv.$kind
	${kind}sum -b A-eventless.csv D-eventless.csv | sed 's/$/\r/' >D-eventless.csv.$kind
	${kind}sum A-eventless.csv | sed 's/A-/E-/' >E-eventless.csv.$kind
	echo none >F-eventless.csv.$kind
	# as Windows writes text
	${kind}sum H-eventless.csv | sed '1s/^/\xef\xbb\xbf/; s/$/\r/' >H-eventless.csv.$kind
	${kind}sum I-eventless.csv | sed '1s/^/\xef\xbb\xbf/; s/$/\r/' |
		iconv -f utf-8 -t utf-16le >I-eventless.csv.$kind
	rows G >G-eventless.csv
	cd "$work" || exit 1
	exits 3 "$kind: another hash, and none" run
	equal "$kind: what agrees came" "$(ids)" "A B C D H I "
	said "$kind: another hash is reported" "E-eventless.csv does not have the checksum"
	said "$kind: no hash is reported" "F-eventless.csv.$kind holds no"
	said "$kind: a file without is waited for" \
		"1 file waits for what has to be beside it .*, such as G-eventless.csv.$kind\$"
	equal "$kind: the others are left alone" \
		"$(there | tr ' ' '\n' | grep -v done | tr '\n' ' ')" \
		"./E-eventless.csv ./E-eventless.csv.$kind ./F-eventless.csv ./F-eventless.csv.$kind ./G-eventless.csv "
	check "$kind: moved with its file" test -e "$drop/done/A-eventless.csv.$kind"
done
fresh 'checksum = .sha256' 'after_refused = move:refused' 'encoding = utf-16'
for n in A BB; do
	rows $n >"$drop/u-eventless.csv"
	(cd "$drop" && sha256sum u-eventless.csv >u-eventless.csv.sha256)
	exits 1 "refused ($n)" run
done
sed -i /^encoding/d "$conf"
exits 0 "both are found where they were moved to, and need no checksum there" retry
equal "both came" "$(ids)" "A BB "

# ---- names that nobody can change, and what is left alone
fresh 'document_type = eventless'
rows A >"$drop/loyalty_members_20261101.csv"
rows B | gzip >"$drop/part-00000-3f2b.csv.gz"
rows C | zstd -q >"$drop/data_0_0_0.csv.zst"
rows D | xz >"$drop/users-eventless-20260112.csv.xz"
rows E | bzip2 >"$drop/e.csv.bz2"
printf \
	'user_identities.customerid,events.data.screen_name\nF,Home\n' \
	>"$drop/pages-screen_view_2026-01-12T03.csv"
exits 0 "names without an event type, and with a date" run
equal "all of them came" "$(ids)" "A B C D E F "
equal "an event type in the name wins" \
	"$(cat "$work"/batches/* | jq -r '.events[0].event_type // empty')" screen_view
fresh
for name in a-eventless.7z a.tar.gz a.xlsx a-custom_evnt.csv notes.txt 'b-eventless.csv ' \
	$'c-eventless.csv\r' d-eventless.csv.txt e-eventless.csv.20261101; do
	rows A >"$drop/$name"
done
rows B >"$work/target"
ln -s "$work/target" "$drop/l-eventless.csv"
exits 0 "what is not a drop file" run
for words in 'a-eventless.7z: left alone: a 7z archive is not read' \
	'a.tar.gz: left alone: a tar archive' 'a.xlsx: left alone: an Excel workbook' \
	'a-custom_evnt.csv: left alone: the name does not end with an event type' \
	'b-eventless.csv : left alone: its name ends with a blank' \
	'c-eventless.csv.*: left alone: its name ends with a blank, a dot or a line end' \
	'd-eventless.csv.txt: left alone: the name is not NAME-EVENTTYPE.csv' \
	'e-eventless.csv.20261101: left alone: a date or number comes after its extension' \
	'l-eventless.csv: left alone: it is a symbolic link'; do said "reported: $words" \
	"$words"; done
equal "each once, and nothing else" "$(grep -c 'left alone' "$work/err")" 9
exits 0 "again" run
check "they are reported once" absent 'left alone' "$work/err"

fresh 'include = a*.csv' 'exclude = a-c*'
for name in a-eventless.csv A-eventless.csv a-eventless.CSV b-eventless.CSV A-c-eventless.csv \
	a-cc.CSV; do
	rows "$name" >"$drop/$name"
done
exits 0 "names that include fits but for capitals" run
equal "what it fits came" "$(ids)" "a-eventless.csv "
for name in A-eventless.csv a-eventless.CSV; do
	said "$name is reported" "$name: left alone: include fits it but for capitals"
done
equal "nothing else is" "$(grep -c 'left alone' "$work/err")" 2
exits 0 "again" run
check "they are reported once" absent 'left alone' "$work/err"

# ---- put back where after_done or after_refused took it from
fresh 'after_done = move:done' 'after_refused = move:bad'
rows A >"$drop/a-eventless.csv"
printf 'user_identities.customerid,colour\nB,red\n' >"$drop/b-eventless.csv"
exits 1 "a file is done, and another one refused" run
# where hosts share a ledger, another one may have just moved them
ledger_sql "$(sed -n 's/^state_dir *= *//p' "$conf")" \
	'UPDATE file SET closed_ms = closed_ms - 700000 WHERE closed_ms > 0'
mv "$drop/bad/b-eventless.csv" "$drop/"
exits 0 "the refused one is put back with its time" run
said "it is said that it is not taken again" \
	'b-eventless.csv: at the source again, and refused before: .*restart b-eventless.csv'
exits 0 "and once more" run
check "but once" absent 'at the source again' "$work/out" "$work/err"
cp -p "$drop/done/a-eventless.csv" "$drop/"
exits 0 "the other one, too" run
said "it is said" \
	'a-eventless.csv: at the source again, and done with before: .*resend a-eventless.csv'
echo 'unknown_columns = warn' >>"$conf"
exits 0 "restart takes the first" restart b-eventless.csv
equal "and delivers it" "$(ids)" "A B "
fresh 'after_done = move:done'
sed -i "s|^sink = .*|sink = file:$work/nowhere/out.ndjson|" "$conf"
rows A >"$drop/a-eventless.csv"
exits 3 "a file is under way" run
exits 0 "and abandoned: it stays at the source" abandon a-eventless.csv
ledger_sql "$(sed -n 's/^state_dir *= *//p' "$conf")" \
	'UPDATE file SET closed_ms = closed_ms - 700000 WHERE closed_ms > 0'
exits 0 "the next run" run
check "does not take it for put back" absent 'at the source again' "$work/out" "$work/err"
fresh
rows A >"$drop/a-eventless.csv"
exits 0 "a feed that leaves files where they are" run
exits 0 "again" run
check "says nothing of them" absent 'at the source again' "$work/out" "$work/err"

# ---- a file that grows after it was delivered
clicks() {
	echo user_identities.customerid,events.data.event_name,events.data.custom_event_type
	printf '%s,click,other\n' "$@"
}
grown='begins with all of the file of this name that was delivered before'
fresh
clicks A B >"$drop/c-custom_event.csv"
{ echo user_identities.customerid && echo A; } >"$drop/u-eventless.csv"
exits 0 "a file that is written still" run
touch -d '2026-11-02 06:00' "$drop/c-custom_event.csv"
exits 0 "the same bytes under another time" run
clicks A B C >"$drop/c-custom_event.csv"
clicks A B C >"$drop/d-custom_event.csv"
{ echo user_identities.customerid && echo A && echo B; } >"$drop/u-eventless.csv"
exits 0 "the whole file" run
said "what is sent twice is said" "c-custom_event.csv: $grown.* .delivered-before."
equal "of events, and of this file alone" "$(grep -c "$grown" "$work/err")" 1
clicks A C B D >"$drop/c-custom_event.csv"
exits 0 "a longer file that begins with other rows" run
check "is another one" absent "$grown" "$work/err"

# ---- receipts go where files are moved to: a copy of rejects replaces none of them
fresh 'after_done = move:done' 'receipts = done'
rows A >"$drop/u-eventless.csv"
exits 0 "a file is done" run
{ rows B && echo ,Rome; } >"$drop/u-eventless.csv"
exits 1 "another one of its name has rejects" run
{ rows C && echo ,Turin; } >"$drop/u-eventless.csv"
exits 1 "and a third one" run
for id in A B C; do
	check "the file with $id is there" grep -qx "$id,Oslo" -r "$drop/done"
done
for city in Rome Turin; do
	equal "the copy of the rejects, too: $city" \
		"$(grep -lr "^,$city,.*missing" "$drop/done" | wc -l)" 1
done

# ---- CSV that is skipped in a zip
fresh 'after_done = delete'
(cd "$work" && mkdir -p sub && rows A >a-eventless.csv && rows B >sub/b-eventless.csv &&
	zip -q "$drop/z.zip" a-eventless.csv sub/b-eventless.csv)
for command in "run --dry-run" "import --sink -" "import --dry-run" "validate --format json"; do
	file=$drop/z.zip
	[ "$command" != "run --dry-run" ] || file=
	# shellcheck disable=SC2086 # words, and perhaps none
	exits 0 "a CSV in a sub-folder of a zip, $command" --quiet $command $file
	said "is a warning" 'z.zip: sub/b-eventless.csv is skipped: in a sub-folder'
done
exits 0 "a run" --quiet run
said "it is a warning, also with --quiet" 'z.zip: sub/b-eventless.csv is skipped: in a sub-folder'
equal "the file is not deleted" "$(there)" "./z.zip "
exits 0 "the next run" run
check "does not take it for one that was put back" absent 'at the source again' "$work/err"
exits 0 "status of that zip" status
said_out() {
	if grep -qE -- "$2" "$work/out"; then
		ok "$1"; else not_ok "$1: $(head -n 8 "$work/out")"
	fi
}
said_out "says why it is there" 'z.zip \(left at the source: it holds CSV that was skipped\)'
said_out "names the skipped entry, and why" 'skipped +sub/b-eventless.csv: in a sub-folder'
exits 0 "status as JSON" status --format json
check "has it as well" holds \
	'[.files[] | select(.file == "z.zip")][0].skipped_entries[0].entry == "sub/b-eventless.csv"' \
	"$work/out"
fresh 'after_done = delete'
(cd "$work" && gzip -k sub/b-eventless.csv && cp a-eventless.csv c-eventless.txt &&
	zip -q "$drop/packed.zip" a-eventless.csv sub/b-eventless.csv.gz &&
	zip -q "$drop/text.zip" a-eventless.csv c-eventless.txt)
exits 0 "packed CSV in a sub-folder of a zip, and CSV by another name" --quiet run
said "a warning for the packed one" \
	'packed.zip: sub/b-eventless.csv.gz is skipped: in a sub-folder'
said "and for the other one" 'text.zip: c-eventless.txt is skipped: not CSV'
equal "neither zip is deleted" "$(there)" "./packed.zip ./text.zip "

# ---- the folder for what is done is on another file system
far=$(mktemp -d /dev/shm/dropfeed.XXXXXX 2>/dev/null)
if [ -z "$far" ] || [ "$(stat -c %d "$far")" = "$(stat -c %d "$work")" ]; then
	skip "a move to another file system: this machine has one file system alone"
else
	# shellcheck disable=SC2154 # finished is checks.sh's
	trap 'rm -rf "$far"
		[ -n "$finished" ] || echo "not ok - folders.sh ended early"
		lib_cleanup' EXIT
	fresh "after_done = move:$far/done"
	mkdir -p "$far/done"
	rows A >"$drop/u-eventless.csv"
	rows B >"$drop/v-eventless.csv"
	cp -p "$drop/u-eventless.csv" "$work/kept"
	echo another >"$far/done/v-eventless.csv"
	chmod 640 "$drop/u-eventless.csv"
	touch -d '2026-01-02 03:04:05Z' "$drop/u-eventless.csv"
	exits 0 "files go to a folder on another file system" run
	equal "they are there, and nothing else is" \
		"$(cd "$far/done" && find . -type f | sort | tr '\n' ' ')" \
		"./u-eventless.csv ./v-eventless.csv ./v-eventless.csv.1 "
	equal "nothing stays where they were" "$(there)" ""
	check "as they were" cmp "$far/done/u-eventless.csv" "$work/kept"
	equal "with their mode and time" "$(stat -c '%a %Y' "$far/done/u-eventless.csv")" \
		"640 $(date -d '2026-01-02 03:04:05Z' +%s)"
	equal "another file of that name stays what it is" "$(cat "$far/done/v-eventless.csv")" \
		another
	rows C >"$drop/w-eventless.csv"
	rm -rf "$far/done"
	echo not a folder >"$far/done"
	exits 3 "where it cannot be written" run
	equal "the file stays" "$(there)" "./w-eventless.csv "
	rm -rf "$far"
fi
finish
