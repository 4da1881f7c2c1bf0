# SPDX-License-Identifier: MIT
# Two hosts whose ledger is reached through PgBouncer, which gives each transaction another
# session of the database.
. "$(dirname "$0")/lib/checks.sh"

. "$e2e/lib/bouncer.sh"
with_postgres
receiver_start "$work/api" || exit 1
accepted=$work/api/accepted.ndjson
bouncer_start "$work/bouncer" || finish
receivers+=("$bouncer") # is ended with them
mkdir "$work/in"

python3 - "$work/in" <<'END'
import os, sys
for n in range(6):
    path = "%s/f%d-custom_event.csv" % (sys.argv[1], n)
    with open(path, "w") as f:
        f.write("user_identities.customer_id,user_attributes.Row,events.data.event_name,events.data.custom_event_type\n")
        f.writelines("C-%d,%d,Clicked,other\n" % (i, i) for i in range(60))
        f.write("C-%d,999,Poison,other\n" % n)
    os.utime(path, (1700000000 + n, 1700000000 + n))
END
echo 'reject-name Poison' >"$work/api/rules"
for host in A B; do
	{
		printf '[dropfeed]\nstate_dir = %s/%s\nnode = %s\n' "$work" "$host" "$host"
		printf 'ledger = postgresql://dropfeed@127.0.0.1:%s/ledger?%s\n' \
			"$bouncer_port" 'sslmode=disable&gssencmode=disable'
		local_feed clicks "$work/in"
		printf 'guidelines = off\nafter_done = move:done\n'
	} >"$work/$host.conf"
done
"$dropfeed" --config "$work/A.conf" run 2>"$work/A.err" & a=$!
"$dropfeed" --config "$work/B.conf" run 2>"$work/B.err" & b=$!
wait $a; sa=$?
wait $b; sb=$?
check "two hosts: rejected rows, and nothing else ($sa $sb)" \
	test $((sa + sb)) -gt 0 -a $sa -le 1 -a $sb -le 1
times=$(jq -r .source_request_id "$accepted" | sort | uniq -c | awk '{ print $1 }')
equal "every row that the API takes arrived, once" "$(sort <<<"$times" | uniq -c | xargs)" "360 1"
equal "the source is tidied" "$(find "$work/in" -maxdepth 1 -type f | wc -l)" 0
"$dropfeed" --config "$work/A.conf" status >"$work/out"
check "status lists both nodes" test "$(grep -c '^node [AB]: ' "$work/out")" -eq 2
adds_up='6 files (0 unfinished, 0 refused): 366 rows = 360 delivered + 6 rejected'
check "and adds up" grep -q "$adds_up" "$work/out"
for host in A B; do
	"$dropfeed" --config "$work/$host.conf" rejects f{0..5}-custom_event.csv \
		>"$work/$host.rejects" 2>/dev/null
done
equal "rejects prints all of them on each host" \
	"$(grep -c Poison "$work/A.rejects") $(grep -c Poison "$work/B.rejects")" "6 6"
rm -r "$work/A" "$work/B"
"$dropfeed" --config "$work/B.conf" rejects f{0..5}-custom_event.csv >"$work/B.rejects" 2>/dev/null
equal "also where both have lost their folders" "$(grep -c Poison "$work/B.rejects")" 6
rm "$work/api/rules"
: >"$work/A.err"
"$dropfeed" --config "$work/B.conf" retry 2>>"$work/A.err"
equal "the rejected rows are sent again by either" "$?" 0
equal "and arrive" "$(lines "$accepted")" 366
finish
