# SPDX-License-Identifier: MIT
# A document whose columns differ from the feed's last one is a warning that names those that came
# and went.
. "$(dirname "$0")/lib/checks.sh"

drop=$work/in
mkdir -p "$drop"
printf \
	'[dropfeed]\nstate_dir = %s/state\njobs = 1\n[feed people]\nsource = file://%s\nmin_age = 0s\nsink = file:%s/out.d/\n' \
	"$work" "$drop" "$work" >"$conf"
people() { # NAME COLUMN...: values are v1, v2, ...
	local IFS=,
	local name=$1 n i=0
	shift
	{
		echo "user_identities.customer_id,${*/#/user_attributes.}"
		printf 'secret-%s' "$name"
		for n; do i=$((i + 1)) && printf ',v%d' $i; done
		echo
	} >"$drop/$name-eventless.csv"
}
quiet() { # WHAT
	exits 0 "$1" run
	check "is quiet" absent columns-changed "$work/err"
}
people d1 plan city
quiet "the first document"
people d2 plan city
quiet "the same columns"
people d3 city plan
quiet "in another order"
people d4 city tier plan
exits 0 "another column" run
said "is named" \
	"people: d4-eventless.csv: the columns differ from .*: new: 'user_attributes.tier' \[columns-changed\]"
people d5 city tier plan
quiet "the next one like it"
people d6 plan zip
exits 0 "columns came and went" run
said "each is named" \
	"new: 'user_attributes.zip'; gone: 'user_attributes.city', 'user_attributes.tier' \[columns-changed\]"
check "no cell is in the log" absent secret- "$work/err"
people other plan phone
exits 0 "another kind of name" run
said "is compared with the feed's last document" \
	"new: 'user_attributes.phone'; gone: 'user_attributes.zip'"
people d7 plan zip
quiet "then each kind has its own columns"
people other plan phone
quiet "whichever comes"
sed -i 's/phone$/fax/' "$drop/other-eventless.csv"
exits 0 "a file is dropped anew" run
said "a renamed column" "new: 'user_attributes.fax'; gone: 'user_attributes.phone'"
# a refused document is not what the next one is compared with
printf 'user_identities.customer_id,no.such.path\nu,1\n' >"$drop/d8-eventless.csv"
exits 1 "a refused document" run
people d9 plan zip
quiet "the next one as before"
people d10 $(seq 200)
exits 1 "many columns" run
said "are counted" \
	"'user_attributes.105' and 192 more; gone: 'user_attributes.plan', 'user_attributes.zip'"
# rejects that come back have columns of our own
printf 'user_identities.customer_id,user_attributes.a\n,1\nu,2\n' >"$drop/e1-eventless.csv"
exits 1 "rejects" run
sed 's/^,1/w,1/' "$work/state/rejects/people/e1-eventless.csv" >"$drop/e2-eventless.csv"
quiet "come back"
finish
