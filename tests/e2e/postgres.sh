# SPDX-License-Identifier: MIT
# The PostgreSQL hooks of samples/hooks, unchanged, against a real server: a socket in a folder of
# ours, no network.
. "$(dirname "$0")/lib/checks.sh"

on_sqlite "hooks that another user runs, who may not make databases here" || finish
pg=$(find /usr/lib/postgresql/*/bin -name initdb 2>/dev/null | sort -V | tail -n 1)
if [ -z "$pg" ] || ! command -v psql >/dev/null; then
	skip "PostgreSQL is not installed (Debian: postgresql)"
	finish
fi
pg=$(dirname "$pg")

# The server refuses to run as root; then it, and what it starts, run as nobody's account that has
# no rights.
me=$(id -un)
as() { "$@"; }
if [ "$(id -u)" -eq 0 ]; then
	me=$(getent passwd postgres nobody | head -n 1 | cut -d: -f1)
	as() { runuser -u "$me" -- "$@"; }
fi
receiver_start "$work/api" || exit 1
accepted=$work/api/accepted.ndjson
export PGHOST=$work/pg PGDATABASE=shop PGUSER=shop
mkdir -p "$work/pg" "$work/bin"
cp "$dropfeed" "$work/bin/dropfeed" # the tree may lie where the server's user can't look
{
	printf '[dropfeed]\nstate_dir = %s/pg/state\n' "$work"
	local_feed orders "$work/pg"
	printf 'fold_products = yes\nguidelines = off\nenvironment = development\n'
	printf 'api_secret_file = %s/pg/api-secret\n' "$work"
} | awk '!/^api_secret_file/ || ++n > 1' >"$work/pg/dropfeed.conf"
cp "$work/api-secret" "$work/pg/"
[ "$me" = "$(id -un)" ] || chown -R "$me" "$work/pg"
chmod 711 "$work" && chmod 755 "$work/bin" "$work/bin/dropfeed"

as "$pg/initdb" -D "$work/pg/data" -U super -A trust -E UTF8 --no-locale >"$work/log" 2>&1 ||
	{ cat "$work/log"; exit 1; }
cd "$work/pg" || exit 1
PATH=$work/bin:$PATH DROPFEED_CONFIG=$work/pg/dropfeed.conf as env HOME="$work/pg" "$pg/pg_ctl" \
	-D "$work/pg/data" -s -w -l "$work/pg/log" \
	-o "-c listen_addresses= -c unix_socket_directories=$work/pg -c fsync=off" \
	start >"$work/log" 2>&1 ||
	{ cat "$work/log" "$work/pg/log"; exit 1; }
trap \
	'[ -n "$finished" ] || echo "not ok - $(basename "$0") ended early"; as "$pg/pg_ctl" -D "$work/pg/data" -s -m immediate stop; lib_cleanup' \
	EXIT

psql -X -q -v ON_ERROR_STOP=1 -U super -d postgres <<'SQL' || exit 1
CREATE ROLE shop LOGIN;
CREATE DATABASE shop OWNER shop;
SQL
psql -X -q -v ON_ERROR_STOP=1 <<'SQL' || exit 1
CREATE TABLE customers (id text PRIMARY KEY, email text, first_name text, tier text);
CREATE TABLE orders (id text PRIMARY KEY, customer_id text REFERENCES customers, placed_at timestamptz);
CREATE TABLE order_lines (order_id text REFERENCES orders, line int, sku text, title text, quantity int, price numeric(10, 2));
INSERT INTO customers SELECT 'C-' || n, 'c' || n || '@example.com', CASE WHEN n % 3 > 0 THEN 'Zoë, "Z' || n || '"' END,
	(ARRAY['Gold', 'Silver'])[n % 2 + 1] FROM generate_series(1, 40) n;
INSERT INTO orders SELECT 'O-' || n, 'C-' || (n % 40 + 1), date_trunc('day', now()) - interval '1 day' + n * interval '3 minutes'
	FROM generate_series(0, 299) n;
INSERT INTO orders VALUES ('O-today', 'C-1', now());
INSERT INTO order_lines SELECT o.id, l, 'S-' || l, E'A cup,\nwith "handle"', l, l * 2.50 FROM orders o, generate_series(1, 3) l;
SQL

# hook COMMAND...: in $status, $work/out and $work/err
hook() {
	status=0
	PATH=$work/bin:$PATH DROPFEED_CONFIG=$work/pg/dropfeed.conf as env HOME="$work/pg" \
		"$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
	[ $status -eq 0 ] || sed 's/^/#   /' "$work/err"
}
cp -r "$samples/hooks" "$work/bin/hooks" && chmod -R a+rX "$work/bin"

hook sh "$work/bin/hooks/postgresql.sh"
equal "postgresql.sh: exit" $status 0
equal "every order of yesterday is one event with its three lines" \
	"$(jq \
	-r \
	'.events[].data.product_action | [.action, (.products | length), .transaction_id] | join(" ")' \
	"$accepted" | grep -c '^purchase 3 O-[0-9]*$')" \
	300
check "quotes, commas and newlines come through" holds '.user_identities.customer_id != "C-1" or
	(.user_attributes["$FirstName"] == "Zoë, \"Z1\"" and
	.events[0].data.product_action.products[0].name == "A cup,\nwith \"handle\"")' \
		"$accepted"
equal "NULL leaves the attribute out" \
	"$(jq \
	-r 'select(.user_identities.customer_id == "C-3") | .user_attributes | has("$FirstName")' \
	"$accepted" | sort -u)" false
equal "today's order is not there" "$(grep -c O-today "$accepted")" 0

before=$(lines "$accepted")
hook sh "$work/bin/hooks/postgresql.sh"
equal "postgresql.sh again: exit" $status 0
equal "and sends nothing" "$(lines "$accepted")" "$before"
psql -X -q -c 'ALTER TABLE order_lines RENAME TO elsewhere'
hook sh "$work/bin/hooks/postgresql.sh"
equal "a query that fails: exit" $status 3
check "psql says why" grep -q 'order_lines.* does not exist' "$work/err"
psql -X -q -c 'ALTER TABLE elsewhere RENAME TO order_lines'
equal "nothing was sent" "$(lines "$accepted")" "$before"

# The server starts dropfeed. The shop's own account may not; the columns differ from those above,
# so these are new bytes.
psql -X -q -v ON_ERROR_STOP=1 -f "$samples/hooks/postgresql-server.sql" >"$work/out" 2>"$work/err"
equal "postgresql-server.sql without the right: exit" $? 3
check "is reported" grep -q pg_execute_server_program "$work/err"
psql -X -q -U super -c 'GRANT pg_execute_server_program TO shop'
psql -X -q -v ON_ERROR_STOP=1 -f "$samples/hooks/postgresql-server.sql" >"$work/out" 2>"$work/err"
equal "postgresql-server.sql: exit" $? 0
equal "sends the same orders" \
	"$(tail -n +"$((before + 1))" "$accepted" |
	jq -r '.events[].data.product_action.transaction_id' | sort -u | wc -l)" 300
psql -X -q -c "UPDATE order_lines SET quantity = NULL, price = 'NaN' WHERE order_id = 'O-7'"
psql -X -q -v ON_ERROR_STOP=1 -f "$samples/hooks/postgresql-server.sql" >"$work/out" 2>"$work/err"
equal "rejected rows fail the COPY: exit" $? 3
check "with dropfeed's exit code" grep -q 'child process exited with exit code 1' "$work/err"
as "$work/bin/dropfeed" --config "$work/pg/dropfeed.conf" status --format json >"$work/out"
check "status: rows = delivered + rejected" holds \
	'[.. | objects | select(has("delivered") and has("rows"))] | length > 0 and all(.rows == .delivered + .rejected)' \
	"$work/out"

# The one line of samples/hooks/README.md, from psql's own machine
psql -X -q -c "DELETE FROM order_lines WHERE order_id = 'O-7'" \
	-c 'CREATE VIEW export AS SELECT customer_id AS "user_identities.customerid",
	'"'view_detail'"' AS "events.data.product_action.action",
	(extract(epoch FROM placed_at) * 1000)::bigint AS "events.data.timestamp_unixtime_ms",
	id AS "events.data.product_action.products.id" FROM orders ORDER BY id'
before=$(lines "$accepted")
hook psql -X -q -v ON_ERROR_STOP=1 \
	-c "$(sed -n 's/^    \(\\copy .*\)/\1/p' "$samples/hooks/README.md")"
equal "\\copy … to program: exit" $status 0
equal "sends every order" "$(tail -n +"$((before + 1))" "$accepted" |
	jq -r '.events[].data.product_action.products[].id' | sort -u | wc -l)" 301
finish
