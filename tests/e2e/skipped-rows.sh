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
exits 0 "a dry run, as JSON" run --dry-run --format json
sums='.rows == 30000 and .rejected == 0 and .skipped == 3000 and .batches == 27000'
check "says how many rows are skipped" holds "$sums" "$work/out"
exits 0 "the header, explained" explain --feed a "$work/in/users-eventless.csv:1"
said "does not count them as accepted" '30000 rows, 27000 accepted, 0 rejected, 3000 skipped'
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

# ---- the sums of a run, as JSON ----
{
	echo user_identities.customer_id,events.data.screen_name
	printf 'U1,%s\n' a b c
	printf 'U2,d\n,e\n'
} >"$work/in/pages-screen_view.csv"
sed -i '/^manifest/d' "$conf"
exits 1 "a run, as JSON" run --format json
sums='.documents == 1 and .rows == 5 and .delivered == 4 and .rejected == 1 and .skipped == 0'
check "says what was delivered" holds "$sums and .events == 4 and .batches == 2" "$work/out"
sed 's/^U/V/' "$work/in/pages-screen_view.csv" >"$work/more-screen_view.csv"
exits 1 "an import, as JSON" import --format json "$work/more-screen_view.csv"
check "says it, too" holds "$sums and .events == 4 and .batches == 2" "$work/out"
exits 0 "an import to a sink, as JSON" import --format json --sink "file:$work/sent/plain" \
	--manifest "$work/m.json" "$work/in/users-eventless.csv"
check "says how many rows are skipped" holds '.rows == 30000 and .skipped == 3000' "$work/out"
finish
