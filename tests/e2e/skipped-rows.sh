#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Rows that a manifest skips are counted apart, from the check to the ledger; filled cells are the
# same for any number of threads.
. "$(dirname "$0")/lib/checks.sh"

mkdir -p "$work/in" "$work/sent"
cat >"$work/m.json" <<'M'
{"mappings": [
  {"mapping_type": "column", "source": "user", "destination": "user_identities.customer_id"},
  {"mapping_type": "column", "source": "plan", "destination": "user_attributes.plan"}],
 "rows": {"skip": [{"source": "status", "in": ["test"]}]},
 "fill_down": ["plan"], "fill_by": ["group"]}
M
{
	echo user,group,plan,status
	for ((i = 0; i < 30000; i++)); do
		status=live plan=
		((i % 10 == 3)) && status=test
		((i % 1000 == 0)) && plan=p$((i / 1000))
		echo "U$i,$((i / 1000)),$plan,$status"
	done
} >"$work/in/users-eventless.csv"
printf \
	'[dropfeed]\nstate_dir = %s/state\njobs = 8\n[feed a]\nsource = file://%s/in\nmin_age = 0s\nmanifest = %s/m.json\nsink = file:%s/sent/o\n' \
	"$work" "$work" "$work" "$work" >"$conf"
exits 0 "a run that skips rows" run
said "says how many" '30000 rows = 27000 delivered \+ 0 rejected \+ 3000 skipped'
exits 0 "status" status
said "proves it" '30000 rows = 27000 delivered \+ 0 rejected \+ 3000 skipped,'
equal "every row has its group's value" \
	"$(jq \
	-r \
	'(.user_identities.customer_id[1:] | tonumber / 1000 | floor) as $g | select(.user_attributes.plan != "p\($g)") | 1' \
	"$work"/sent/o | wc -l)" \
	0
finish
