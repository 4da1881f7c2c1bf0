# SPDX-License-Identifier: MIT
# Documents that are written in other ways than RFC 4180 and UTF-8: in every form, through a reject
# file and back, resumed under the settings they were begun with, and in little memory.
. "$(dirname "$0")/lib/checks.sh"

mkdir "$work/in"
gpg_home "$work/gnupg" dropfeed || exit 1

# ---- every form ----
python3 - "$work/in" <<'END'
import gzip, sys, zipfile
text = "Kundenliste \"heute\n\nuser_identities.customerid;user_attributes.Ort\n1;Zürich\n\"2\";\"a\\\"b;€\"\n;'\nEnde: 3 Zeilen\n"
data = text.encode("cp1252")
folder = sys.argv[1]
open(folder + "/plain-eventless.csv", "wb").write(data)
gzip.open(folder + "/gz-eventless.csv.gz", "wb").write(data)
with zipfile.ZipFile(folder + "/zip.zip", "w", zipfile.ZIP_DEFLATED) as z:
    z.writestr("one-eventless.csv", data)
    z.writestr("two-eventless.csv", data)
    z.writestr("wrong-eventless.csv", data.replace(b"\x80", b"\x81"))
END
encrypt "$work/gnupg" \
	dropfeed <"$work/in/gz-eventless.csv.gz" >"$work/in/crypt-eventless.csv.gz.gpg"
set -- --set 'delimiter=;' --set encoding=windows-1252 --set skip_lines=2 --set skip_last_lines=1 \
	--set escape=backslash \
	--set 'row_count=Ende: ([0-9]+)' --set 'null='"'" --set "gnupg_home=$work/gnupg"
for form in plain-eventless.csv gz-eventless.csv.gz crypt-eventless.csv.gz.gpg; do
	exits 1 "import of $form" import --sink - "$@" "$work/in/$form"
	equal "$form: what is delivered" \
		"$(jq -r '.user_identities.customer_id + " " + .user_attributes.Ort' "$work/out")" \
		"$(printf '1 Zürich\n2 a"b;€')"
	said "$form: the bad row's physical line" 'line 6, row 3'
done
exits 1 "import of a zip" import --sink - "$@" "$work/in/zip.zip"
equal "its documents are converted, each on its own" "$(grep -c Zürich "$work/out")" 2
said "and the one that is something else is refused, with its line" \
	'line 5: byte [0-9]+ of the document \(0x81\) is not windows-1252'
status=0
"$dropfeed" import --sink - --name stdin-eventless.csv "$@" \
	- <"$work/in/plain-eventless.csv" >"$work/out" 2>"$work/err" || status=$?
equal "standard input" "$status $(grep -c Zürich "$work/out")" "1 1"
exits 0 "explain reads it, too" explain "$@" "$work/in/plain-eventless.csv:4"
said "by the line's number" 'Zürich'

# ---- through a reject file and back ----
# round NAME ENCODING SETTINGS: one bad row, which is corrected in the reject file and dropped
# again.
round() {
	local name=$1 encoding=$2 feed=$work/$1
	mkdir "$feed"
	{
		printf \
			'[dropfeed]\nstate_dir = %s/state-%s\n[feed f]\nsource = file://%s\nmin_age = 0s\nsink = file:%s.out/\n' \
			"$work" "$name" "$feed" "$feed"
		[ "$encoding" = utf-8 ] || echo "encoding = $encoding"
		printf '%b' "$3"
	} >"$conf"
	python3 \
		-c \
		'import sys; open(sys.argv[1], "wb").write(sys.stdin.read().encode(sys.argv[2]))' \
		"$feed/a-eventless.csv" "$encoding"
	exits 1 "$name: a run with a bad row" run
	find "$work/state-$name/rejects/f" -type f -exec cp {} "$feed/b-eventless.csv" \;
	python3 - "$feed/b-eventless.csv" "$encoding" <<'END'
import sys
text = open(sys.argv[1], "rb").read().decode(sys.argv[2])
assert "BAD" in text, text
open(sys.argv[1], "wb").write(text.replace("BAD", "7").encode(sys.argv[2]))
END
	exits 0 "$name: its reject file, corrected" run
	equal "$name: the row is delivered as it was" \
		"$(cat "$feed.out"/b-* | jq -r '"\(.mpid) \(.user_attributes.Note)"')" \
		"7 Zürich \"x\", 1|2; ende"
	rm "$conf"
}
round semicolons utf-8 'delimiter = ;\n' <<'END'
mpid;user_attributes.Note
1;good
BAD;"Zürich ""x"", 1|2; ende"
END
round windows windows-1252 "delimiter = |\nquote = '\nescape = backslash\n" <<'END'
mpid|user_attributes.Note
1|'it\'s'
BAD|'Zürich "x", 1|2; ende'
END
round unicode utf-16 'delimiter = tab\n' <<'END'
mpid	user_attributes.Note
1	東京
BAD	"Zürich ""x"", 1|2; ende"
END
round signs windows-1252 'delimiter = §\nquote = ¦\n' <<'END'
mpid§user_attributes.Note
1§good
BAD§¦Zürich "x", 1|2; ende¦
END
round several utf-8 'delimiter = ||\n' <<'END'
mpid||user_attributes.Note
1||good
BAD||"Zürich ""x"", 1|2; ende"
END
round several-quoted utf-8 "delimiter = ~|~\nquote = '\n" <<'END'
mpid~|~user_attributes.Note
1~|~'one ~|~ two'
BAD~|~'Zürich "x", 1|2; ende'
END
round noquotes utf-8 'delimiter = tab\nquote = none\ntrim = yes\n' <<'END'
mpid	user_attributes.Note
1	5" pipe
 BAD 	Zürich "x", 1|2; ende  
END
round mysql utf-8 \
	'delimiter = tab\nquote = none\nescape = backslash\nnull = \\N\nplaceholder_ids = keep\n' \
	<<'END'
mpid	user_attributes.Note	user_attributes.Other
1	a tab \	, a \\ and \
a line	\N
BAD	Zürich "x", 1|2; ende	\

END
round trailing utf-8 'delimiter = |\nunknown_columns = warn\n' <<'END'
mpid|user_attributes.Note
1|good|
BAD|"Zürich ""x"", 1|2; ende"|
END
round frames windows-1252 \
	'skip_lines = 2\nskip_last_lines = 1\ncomment = #\nrow_count = Rows ([0-9]+)\ntrim = yes\n' \
	<<'END'
Report "of today
on Zürich
mpid,user_attributes.Note
# nothing
1,good
 "BAD" , "Zürich ""x"", 1|2; ende"
Rows 2
END

# ---- the settings that a document was begun with ----
receiver_start "$work/api" || exit 1
mkdir "$work/resume"
python3 -c 'import sys
rows = "".join("%d;Zürich %d\n" % (n, n) for n in range(1, 251))
sys.stdout.buffer.write(("mpid;user_attributes.Note\n" + rows).encode("cp1252"))' \
	>"$work/resume/u-eventless.csv"
feed() {
	printf '[dropfeed]\nstate_dir = %s/state-resume\n' "$work"
	local_feed resume "$work/resume"
	printf 'lanes = 1\ngive_up_after = 1ms\nbatches_per_second = 1000\n%b' "$1"
}
{
	echo 202
	yes 503 | head -n 50
} >"$work/api/script"
feed 'delimiter = ;\nencoding = windows-1252\n' >"$conf"
exits 3 "a run that cannot finish" run
receiver_stop
receiver_start "$work/api2" || exit 1
feed '' >"$conf"
exits 0 "the next one, with other settings" run
cat "$work/api/accepted.ndjson" "$work/api2/accepted.ndjson" >"$work/accepted"
equal "reads the document as it was begun" \
	"$(jq -r '.mpid as $m | select(.user_attributes.Note == "Zürich \($m)") | $m' \
	"$work/accepted" | sort -u | wc -l)" 250
rm "$conf"

# ---- memory ----
# A quote that is never closed makes one row of the rest of the document: what is kept of it is
# bounded.
python3 - "$work/giant-eventless.csv" <<'END'
import sys
with open(sys.argv[1], "wb") as f:
    f.write(b"mpid,user_attributes.Note\n1,good\n2,\"stray\n")
    for _ in range(300):
        f.write((b"3," + b"x" * 1020 + b"\n") * 1024)
    f.write(b'4,"\n5,good\n')
END
status=0
python3 - "$dropfeed" "$work/giant-eventless.csv" >"$work/out" <<'END' || status=$?
import resource, subprocess, sys
run = subprocess.run([sys.argv[1], "validate", "--format", "json", sys.argv[2]])
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
print("peak", peak, file=sys.stderr)
sys.exit(0 if run.returncode == 1 and peak < 128 else 1)
END
equal "a row of 300 MB is read in less than 128 MiB" "$status" 0
check "and is one row, rejected" holds \
	'.rows == 3 and .rejected == 1 and .errors[0].code == "row-too-large"' "$work/out"
finish
