#!/bin/sh
# SPDX-License-Identifier: MIT
# Yesterday's orders from PostgreSQL to mParticle, by psql on any machine: no right on the server is
# needed but to read the tables.
#
# Where and as whom: PGSERVICE names a section of ~/.pg_service.conf; the password, if there is one,
# is in ~/.pgpass (0600).
# From cron: 15 2 * * * dropfeed PGSERVICE=shop /usr/local/lib/dropfeed/postgresql.sh
#
# Exit codes: psql's 1 to 3 show with psql's own words and nothing was sent; others are dropfeed's
# (see README.md).
set -eu
umask 077
feed=${FEED:-orders}                   # the section [feed orders] of dropfeed.conf
day=${1:-$(date -d yesterday +%Y%m%d)} # another day by hand: postgresql.sh 20260131
name=orders_$day-commerce_event.csv    # ends with the event type

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP

# To a file first: if the connection breaks in the middle, nothing is sent. A name may have 63 bytes
# in PostgreSQL; for longer paths name the columns as you like and give the feed a manifest. NULL
# becomes an empty cell, which leaves the field out.
# The dollar signs of $FirstName are safe here: the shell does not look into a quoted 'SQL'
# document.
psql -X -q -v ON_ERROR_STOP=1 -v day="$day" <<'SQL' >"$dir/$name"
BEGIN READ ONLY;
SELECT set_config('dropfeed.day', :'day', true) \g /dev/null
COPY (
	SELECT
		o.customer_id                                    AS "user_identities.customerid",
		c.email                                          AS "user_identities.email",
		c.first_name                                     AS "user_attributes.$FirstName",
		c.tier                                           AS "user_attributes.Member Tier",
		'purchase'                                       AS "events.data.product_action.action",
		o.id                                             AS "events.data.product_action.transaction_id",
		round(extract(epoch FROM o.placed_at) * 1000)::bigint AS "events.data.timestamp_unixtime_ms",
		l.sku                                            AS "events.data.product_action.products.id",
		l.title                                          AS "events.data.product_action.products.name",
		l.quantity                                       AS "events.data.product_action.products.quantity",
		l.price                                          AS "events.data.product_action.products.price"
	FROM orders o
	JOIN customers c ON c.id = o.customer_id
	JOIN order_lines l ON l.order_id = o.id
	WHERE o.placed_at >= current_setting('dropfeed.day')::date AND o.placed_at < current_setting('dropfeed.day')::date + 1
	ORDER BY o.customer_id, o.placed_at, o.id, l.line
) TO STDOUT WITH (FORMAT csv, HEADER, ENCODING 'UTF8');
COMMIT;
SQL

dropfeed import --feed "$feed" "$dir/$name"
