# SPDX-License-Identifier: MIT
# What can be tested of the hooks without their databases: they are good shell, and their columns
# are what the program takes.
. "$(dirname "$0")/lib/checks.sh"
hooks=$samples/hooks
row="C-1,c@example.com,Gold,purchase,O-1,1768206600000,S-1,Cup,2,3.50"

for f in "$hooks"/*.sh; do check "$(basename "$f"): syntax" bash -n "$f"; done
for f in snowflake.sh redshift.sh postgresql-server.sql; do
	{
		grep -o 'AS "[^"]*"' "$hooks/$f" | cut -d'"' -f2 | paste -sd,
		echo "$row"
	} >"$work/orders_1-commerce_event.csv"
	exits 0 "$f: its columns" validate --set guidelines=off "$work/orders_1-commerce_event.csv"
done
{
	sed -n "/^SELECT/,/^FROM/s/.* AS \([a-z_]*\),\{0,1\}$/\1/p" "$hooks/bigquery.sh" |
		paste -sd,
	echo "$row"
} >"$work/orders_1-commerce_event.csv"
exits 0 "bigquery.sh: its columns, by its manifest" validate --manifest "$hooks/bigquery.json" \
	"$work/orders_1-commerce_event.csv"
finish
