# SPDX-License-Identifier: MIT
# Real rows of a shop's export, with column names of its own, by way of manifests/retail.json.
. "$(dirname "$0")/lib/checks.sh"
data=$shared/data/online-retail-1000.csv
if [ ! -r "$data" ] || [ ! -r "$root/manifests/retail.json" ]; then
	skip "the Online Retail rows or manifests/retail.json are not here"
	finish
fi
receiver_start "$work/api" || exit 1
mkdir -p "$work/in"
cp "$data" "$work/in/retail-commerce_event.csv"
{
	printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
	local_feed retail "$work/in"
	printf \
		'manifest = %s/manifests/retail.json\ntimestamps = %%m/%%d/%%y %%H:%%M\nenvironment = development\n' \
		"$root"
} >"$conf"
anonymous=$(python3 -c 'import csv, sys
print(sum(not row["CustomerID"]
          for row in csv.DictReader(open(sys.argv[1], newline="", encoding="utf-8-sig"))))' \
	"$data")
check "the export has rows without a customer" test "$anonymous" -gt 0
exits 1 "rows without a customer make the run imperfect" run
rejects=$(find "$work/state/rejects" -type f)
equal "they all are rejected, and nothing else is" \
	"$(grep -c 'missing-identity' "$rejects") $(($(wc -l <"$rejects") - 1))" \
	"$anonymous $anonymous"
check "everything else arrived, with time, product and quantity" batches retail "$data" \
	"$work/api/accepted.ndjson"

# Order lines folded into orders: one purchase event an invoice, the same products.
receiver_stop
receiver_start "$work/api2" || exit 1
rm -rf "$work/state"
{
	printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
	local_feed orders "$work/in" # another feed, other ids: the content is another
	printf \
		'manifest = %s/manifests/retail.json\ntimestamps = %%m/%%d/%%y %%H:%%M\nenvironment = development\nfold_products = yes\n' \
		"$root"
} >"$conf"
invoices=$(python3 -c 'import csv, sys
rows = csv.DictReader(open(sys.argv[1], newline="", encoding="utf-8-sig"))
print(len({row["InvoiceNo"] for row in rows if row["CustomerID"]}))' \
	"$data")
exits 1 "the same, folded" run
check "folded: the same products" batches retail "$data" "$work/api2/accepted.ndjson"
equal "folded: one event an invoice" "$(batches events "$work/api2/accepted.ndjson")" "$invoices"

finish
