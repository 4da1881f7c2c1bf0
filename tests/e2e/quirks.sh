# SPDX-License-Identifier: MIT
# SFTP servers that are not OpenSSH: what they say of files, what they leave out, and what they do
# to a file that was read. Each is tests/peers/quirky-sftp in the place of sshd's own.
. "$(dirname "$0")/lib/checks.sh"

drop=$work/sftp/root
"$root/tests/peers/sshd" start "$work/sftp" --host-keys ed25519 \
	--option \
	"ForceCommand exec $root/tests/peers/quirky-sftp $drop \$(cat $work/quirks)" \
	>"$work/sftp.log" 2>&1 ||
	exit 1
sshds+=("$work/sftp")
rows() { # PREFIX N
	echo user_identities.customerid,user_attributes.city
	for ((n = 1; n <= $2; n++)); do echo "$1-$n,Oslo"; done
}
# quirky QUIRKS [line...]: an empty folder, a new state, and a feed with these lines
quirky() {
	echo "$1" >"$work/quirks"
	shift
	rm -rf "$work/state" "$work/batches" "$drop"
	mkdir -p "$drop" "$work/batches"
	configure "$@"
}
configure() {
	{
		printf \
			'[dropfeed]\nstate_dir = %s/state\n[feed odd]\nsource = sftp://%s@127.0.0.1:%s/\n' \
			"$work" "$(id -un)" "$(cat "$work/sftp/port")"
		printf 'known_hosts = %s/sftp/known_hosts\nidentity_file = %s/sftp/id_ed25519\n' \
			"$work" "$work"
		printf \
			'min_age = 0s\nguidelines = off\ngive_up_after = 2s\nsink = file:%s/batches/\n' \
			"$work"
		[ $# -eq 0 ] || printf '%s\n' "$@"
	} >"$conf"
}
came() { equal "$1" "$(cat "$work"/batches/* 2>/dev/null | wc -l)" "$2"; }
in_spool() { find "$work/state/spool" -type f | wc -l; }
again() { # WHAT: the next run has nothing to do
	came "$1: delivered" "$2"
	exits 0 "$1: the next run has nothing to do" run
	came "$1: delivered once" "$2"
	equal "$1: nothing is left in the spool" "$(in_spool)" 0
}

# ---- files that are removed because they were read ----
for how in delete archive; do
	quirky "$how"
	rows A 3 >"$drop/a-eventless.csv"
	exits 0 "a server that has a file's bytes once ($how)" run
	said "$how: it is said" 'removed it once it was read'
	again "$how" 3
done
quirky delete-cut
rows A 3 >"$drop/a-eventless.csv"
exits 0 "removed, and the connection breaks" run
again "removed, and the connection breaks" 3
quirky delete 'after_done = move:done' 'receipts = receipts'
rows A 2 >"$drop/a-eventless.csv"
exits 0 "removed, and it was to be moved" run
came "removed, and it was to be moved: delivered" 2

quirky delete
rows A 2 >"$drop/a-eventless.csv"
rows B 2 >"$drop/b-eventless.csv"
exits 3 "a dry run where reading removes" run --dry-run
said "it says so, and what to do" \
	'removed a-eventless.csv once it was read: no dry run is possible there'
equal "nothing else was read" "$(ls "$drop")" b-eventless.csv
kept=$(sed -n 's/.*All of it is kept as \([^:]*\): deliver.*/\1/p' "$work/err")
exits 0 "what it kept is imported" import --feed odd "$kept"
exits 0 "and the other file comes with the next run" run
came "both are delivered" 4

# ---- a server whose program for SFTP ends, and the connection does not ----
quirky ends=14
for name in a b c d e f; do rows $name 3 >"$drop/$name-eventless.csv"; done
exits 0 "the server ends after some requests, each time" run
said "it is said" 'ended the SFTP session and left the connection open'
check "no answer is waited for in vain" absent 'did not answer' "$work/err"
again "a server that ends" 18

# ---- gone before it is opened ----
quirky vanish=b-eventless.csv
rows A 1 >"$drop/a-eventless.csv"
rows B 1 >"$drop/b-eventless.csv"
exits 0 "gone between the listing and its opening" run
said "gone: it is said" 'b-eventless.csv: went away before it was read'
again "gone" 1

# ---- listings that leave something out ----
for kind in no-type-list no-type 'no-type no-long' no-attributes no-lstat 'no-type no-lstat' \
	no-stat-root absolute 'absolute no-type-list'; do
	quirky "$kind" 'after_done = move:done'
	rows A 3 >"$drop/a-eventless.csv"
	mkdir "$drop/d-eventless.csv" "$drop/done"
	exits 0 "a server of the kind $kind" run
	again "$kind" 3
	check "$kind: moved" test -e "$drop/done/a-eventless.csv"
done
quirky no-type-list
rows A 3 >"$work/elsewhere"
ln -s "$work/elsewhere" "$drop/l-eventless.csv"
exits 0 "a link that a listing does not show as one" run
came "it is not followed" 0
said "it is reported" 'l-eventless.csv: left alone: it is a symbolic link'
exits 0 "once" run
check "it is reported once" absent 'symbolic link' "$work/err"
quirky twice 'duplicates = import'
rows A 3 >"$drop/a-eventless.csv"
rows B 3 >"$drop/b-eventless.csv"
exits 0 "a folder that changes while it is listed: names come twice" run
again "names that come twice" 6
quirky evil
rows A 1 >"$drop/a-eventless.csv"
exits 0 "names that lead elsewhere" run
came "what is in the folder is taken" 1
said "it is said" 'names that lead to other folders'

# ---- servers without some request ----
for kind in no-stat 'no-stat absolute' 'no-stat overwrite'; do
	quirky "$kind" 'after_done = move:done/of' 'receipts = receipts'
	rows A 3 >"$drop/a-eventless.csv"
	mkdir -p "$drop/done/of"
	echo kept >"$drop/done/of/a-eventless.csv"
	exits 0 "a server of the kind $kind" run
	again "$kind" 3
	check "$kind: moved, beside one of its name" test -e "$drop/done/of/a-eventless.csv.1"
	equal "$kind: which is as it was" "$(cat "$drop/done/of/a-eventless.csv")" kept
	check "$kind: the receipt is there" test -s "$drop/receipts/a-eventless.csv.receipt.json"
done
quirky no-stat 'after_done = move:done'
rows A 3 >"$drop/a-eventless.csv"
exits 0 "without STAT, the folder is made" run
check "and moved to" test -e "$drop/done/a-eventless.csv"
# cannot QUIRK WHAT [line...]: delivered, reported once, and left alone from then on
cannot() {
	local kind=$1 what=$2
	shift 2
	quirky "$kind" "$@"
	rows A 3 >"$drop/a-eventless.csv"
	exits 0 "a server of the kind $kind: delivered" --quiet run
	equal "$kind: one line says what is left undone" \
		"$(grep -c "does not support $what" "$work/err")" 1
	said "$kind: and what to do" 'set after_done'
	again "$kind" 3
	equal "$kind: it is not said again" "$(grep -c 'does not support' "$work/err")" 0
	check "$kind: the file is where it was" test -e "$drop/a-eventless.csv"
	exits 0 "$kind: a monitor sees no trouble" status --exit-code
	exits 0 "$kind: status" status
	said "$kind: it shows the file as left" \
		"left at the source: the server does not support $what"
}
cannot no-rename renaming 'after_done = move:done'
cannot 'no-rename no-stat' renaming 'after_done = move:done'
cannot no-remove 'deleting files' 'after_done = delete'
cannot no-mkdir 'making folders' 'after_done = move:done'
cannot no-write 'writing files' 'receipts = receipts'
quirky no-write 'receipts = receipts' 'after_done = delete'
rows A 3 >"$drop/a-eventless.csv"
exits 0 "receipts where nothing can be written" run
said "what is left undone" 'no receipt is written at the source: the server does not support'
check "the file is deleted all the same" test ! -e "$drop/a-eventless.csv"
exits 0 "and its status" status
check "does not say that it is there" absent 'left at the source' "$work/out"
quirky no-rename 'receipts = receipts'
rows A 3 >"$drop/a-eventless.csv"
exits 0 "receipts without RENAME" run
check "the receipt is there" jq -e '.documents[0].delivered == 3' \
	"$drop/receipts/a-eventless.csv.receipt.json"
equal "and nothing else" "$(ls -A "$drop/receipts")" a-eventless.csv.receipt.json
quirky no-rename 'after_refused = move:refused'
echo nothing >"$drop/a-eventless.csv"
exits 1 "a refused file that cannot be moved" run
exits 0 "is not trouble for ever" run

# ---- servers that word what is not there like any failure (4), or as refused (3) ----
for code in 3 4; do
	quirky "absent=$code" 'after_done = move:done/of' 'receipts = back' 'ready_marker = .ok'
	rows A 3 >"$drop/a-eventless.csv"
	touch "$drop/a-eventless.csv.ok"
	exits 0 "what is not there is failure $code" run
	again "failure $code" 3
	check "failure $code: moved" test -e "$drop/done/of/a-eventless.csv"
	check "failure $code: the receipt is there" \
		test -s "$drop/back/a-eventless.csv.receipt.json"
	rows B 4 >"$drop/a-eventless.csv"
	touch "$drop/a-eventless.csv.ok"
	exits 0 "failure $code: one of the same name" run
	check "failure $code: moved beside the first" test -e "$drop/done/of/a-eventless.csv.1"
	equal "failure $code: which is as it was" \
		"$(cat "$drop/done/of/a-eventless.csv")" "$(rows A 3)"
	equal "failure $code: nothing else" "$(ls -A "$drop/back")" a-eventless.csv.receipt.json
done

# ---- reading ----
quirky "no-seek cut=$work/cut" 'give_up_after = 5s'
sed -i '/^give_up_after = 2s/d' "$conf"
rows A 20000 >"$drop/a-eventless.csv"
touch "$work/cut"
exits 0 "a connection breaks, and the server reads files from the beginning alone" run
check "it broke" test ! -e "$work/cut"
again "read from its beginning" 20000
for kind in short-reads end-fails 'short-reads end-fails'; do
	quirky "$kind" 'after_done = delete'
	rows A 300 >"$drop/a-eventless.csv"
	exits 0 "a server of the kind $kind" run
	again "$kind" 300
	equal "$kind: deleted" "$(ls "$drop")" ''
done

# ---- listings that say something else ----
for kind in list-minute size-0-list list-size touch mtime-0; do
	quirky "$kind" 'after_done = delete'
	rows A 3 >"$drop/a-eventless.csv"
	touch -d '2026-01-02 03:04:05' "$drop/a-eventless.csv"
	exits 0 "a server of the kind $kind" run
	again "$kind" 3
	equal "$kind: deleted" "$(ls "$drop")" ''
done
for kind in list-minute list-size; do
	quirky "$kind" 'after_done = move:done'
	rows A 3 >"$drop/a-eventless.csv"
	touch -d '2026-01-02 03:04:05' "$drop/a-eventless.csv"
	exits 0 "a server of the kind $kind, and a file is moved" run
	exits 0 "it is found there" resend a-eventless.csv
done
quirky touch 'duplicates = import'
rows A 3 >"$drop/a-eventless.csv"
exits 0 "a time that reading changes" run
again "a time that reading changes" 3
for kind in '' list-minute touch list-size size-0-list; do
	quirky "$kind grow=a-eventless.csv"
	rows A 3 >"$drop/a-eventless.csv"
	exits 3 "a file that grows, its time does not ($kind)" run
	came "it is not taken ($kind)" 0
done
# ---- how often a small file is looked at, and asked for ----
names_in() { sed -n 's/-eventless.csv$//p' "$1" | sort | uniq -c | xargs; }
three() { # WHAT QUIRKS LOOKS [READS-OF-B-AND-C]
	rm -f "$work/looks" "$work/reads"
	quirky "$2 looks=$work/looks reads=$work/reads"
	for name in a b c; do
		rows $name 3 >"$drop/$name-eventless.csv"
		touch -d '2026-01-02 03:04:05' "$drop/$name-eventless.csv"
	done
	exits 0 "$1" run
	came "$1: all is delivered" 9
	equal "$1: looks at each" "$(names_in "$work/looks")" "$3"
	# of the first one it depends on how fast the answers are
	[ -z "${4-}" ] ||
		equal "$1: requests" "$(names_in "$work/reads" | sed 's/^[0-9]* a //')" "$4"
}
three "a server that lists what is there" '' '2 a 1 b 1 c' '1 b 1 c'
three "what is not as it was listed is read again" touch=b-eventless.csv '2 a 4 b 2 c'
three "where reading removes a file, each is looked at before" delete '2 a 2 b 2 c'
three "where listings are wrong, as well" list-minute '2 a 2 b 2 c'
quirky longer=b-eventless.csv
rows A 3 >"$drop/a-eventless.csv"
rows B 3 >"$drop/b-eventless.csv"
exits 3 "a file that has more than any look says, after one that has not" run
came "only what is whole is delivered" 3
quirky grow=b-eventless.csv
rows A 3 >"$drop/a-eventless.csv"
rows B 3 >"$drop/b-eventless.csv"
exits 3 "a file that grows, after one that did not" run
came "the other one is delivered" 3

# ---- times that are always now ----
quirky now 'after_done = move:done'
sed -i 's/^min_age = .*/min_age = 1s/' "$conf"
rows A 3 >"$drop/a-eventless.csv"
exits 0 "a server whose times are always now" run
came "nothing settles" 0
equal "that is said once" "$(grep -c 'a-eventless.csv and 0 more do not settle' "$work/err")" 1
said "with a setting" 'set min_age = 0s, after_done = delete or move'
sed -i 's/^min_age = .*/min_age = 0s/' "$conf"
exits 0 "with that setting" run
again "times that are always now" 3
check "it is moved" test -e "$drop/done/a-eventless.csv"
quirky ticks 'after_done = delete'
rows A 3 >"$drop/a-eventless.csv"
exits 0 "a second ends between any two looks" run
came "and all is delivered" 3
finish
