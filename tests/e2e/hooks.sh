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
hook() { # CODE WHAT [SCRIPT]
	local status=0
	PATH=$work/bin:$PATH DROPFEED_CONFIG=$conf BUCKET=s3://b/d \
		bash "$work/${3:-redshift.sh}" 2026-01-12 >"$work/out" 2>"$work/err" \
		</dev/null || status=$?
	equal "$2 (exit $1)" "$status" "$1"
}
hook 1 "redshift.sh, with a bad row in the first part"
equal "each part is delivered" "$(lines "$work/out.ndjson")" 4
check "the export is kept" test ! -e "$work/removed"
rm -r "$work/state"
part 0 C-1,Gold
hook 0 "redshift.sh without one"
equal "the export is removed" "$(lines "$work/removed")" 1

# bigquery.sh with clients of its own: what a run left in the bucket when it failed is not imported
# with the parts of the next one.
cat >"$work/bin/bq" <<END
#!/bin/sh
case " \$* " in
*' query '*) cat >/dev/null ;;
*' extract '*)
	for to; do :; done
	to=$work/bucket/\${to#s3://}
	mkdir -p "\${to%/*}"
	for part in "$work/parts"/*.gz; do
		cp "\$part" "\${to%%\\**}\$(basename "\$part" .gz)\${to#*\\*}"
	done
	;;
esac
END
cat >"$work/bin/gcloud" <<END
#!/bin/sh
from=$work/bucket/\${3#s3://}
case \$2 in
cp) cp \$from "\$4" ;;
rm)
	[ ! -e "$work/fails" ] || exit 7
	[ "\$3" != --recursive ] || from=$work/bucket/\${4#s3://}
	rm -r \$from
	;;
esac
END
chmod +x "$work/bin"/*
sed 's/-commerce_event/-eventless/' "$hooks/bigquery.sh" >"$work/bigquery.sh"
rm -r "$work/parts" "$work/state" "$work/out.ndjson"
mkdir "$work/parts"
part 0 C-1,Gold
part 1 C-2,Gold
: >"$work/fails"
hook 7 "bigquery.sh, which cannot remove its export" bigquery.sh
check "nothing is sent" test ! -e "$work/out.ndjson"
rm "$work/fails" "$work/parts/001.gz"
part 0 C-2,Gold C-1,Gold
hook 0 "bigquery.sh once more, with fewer parts" bigquery.sh
equal "each row is delivered once" "$(lines "$work/out.ndjson")" 2
finish
