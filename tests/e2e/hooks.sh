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

# redshift.sh with clients of its own: a part with a bad row does not keep those after it, and its
# export is kept.
mkdir -p "$work/bin" "$work/parts"
head='user_identities.customerid,user_attributes.Member Tier'
part() { # N ROW...
	printf '%s\n' "$head" "${@:2}" | gzip >"$work/parts/00$1.gz"
}
part 0 C-1,Gold ,Silver
part 1 C-2,Gold
part 2 C-3,Gold C-4,Gold
printf '#!/bin/sh\ncat >/dev/null\n' >"$work/bin/psql"
cat >"$work/bin/aws" <<END
#!/bin/sh
case \$2 in
ls) for f in "$work/parts"/*.gz; do echo "2026-01-12 02:15:00 100 \${f##*/}"; done ;;
cp) cat "$work/parts/\${4##*/}" ;;
rm) echo "\$*" >>"$work/removed" ;;
esac
END
ln -s "$dropfeed" "$work/bin/dropfeed"
chmod +x "$work/bin"/*
printf '[dropfeed]\nstate_dir = %s/state\n[feed orders]\nsource = file://%s\nsink = file:%s\n' \
	"$work" "$work/parts" "$work/out.ndjson" >"$conf"
printf 'guidelines = off\n' >>"$conf"
sed 's/-commerce_event/-eventless/' "$hooks/redshift.sh" >"$work/redshift.sh"
hook() { # CODE WHAT
	local status=0
	PATH=$work/bin:$PATH DROPFEED_CONFIG=$conf BUCKET=s3://b/d bash "$work/redshift.sh" \
		2026-01-12 >"$work/out" 2>"$work/err" </dev/null || status=$?
	equal "$2 (exit $1)" "$status" "$1"
}
hook 1 "redshift.sh, with a bad row in the first part"
equal "each part is delivered" "$(lines "$work/out.ndjson")" 4
check "the export is kept" test ! -e "$work/removed"
rm -r "$work/state"
part 0 C-1,Gold
hook 0 "redshift.sh without one"
equal "the export is removed" "$(lines "$work/removed")" 1
finish
