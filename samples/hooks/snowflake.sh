#!/bin/sh
# SPDX-License-Identifier: MIT
# Yesterday's orders from Snowflake to mParticle: COPY INTO the user's own stage, GET, import.
#
# Where and as whom: the connection [connections.dropfeed] of ~/.snowsql/config (0600), with a key
# pair (private_key_path); a passphrase of the key comes from the environment
# (SNOWSQL_PRIVATE_KEY_PASSPHRASE), set from a file of mode 0600, not from the command line.
# Failures: snowsql ends with a code that is not 0 and its own words (exit_on_error), and nothing is
# sent; others are dropfeed's (README.md).
set -eu
umask 077
feed=${FEED:-orders}
day=${1:-$(date -d yesterday +%Y-%m-%d)}
name=orders_$(echo "$day" | tr -d -)-commerce_event.csv.gz

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM HUP

# SINGLE: one file, of the name that is asked for, 5 GB at most. NULL_IF = (''): what NULL becomes,
# an empty cell, not \N.
# Names in quotes keep their case and their dots. Only &{day} is substituted; && would be a &.
snowsql -c dropfeed -o exit_on_error=true -o quiet=true -o friendly=false \
	-o variable_substitution=true \
	-D day="$day" -D name="$name" -D dir="$dir" >&2 <<'SQL'
COPY INTO @~/dropfeed/&{name} FROM (
	SELECT
		o.customer_id                                  AS "user_identities.customerid",
		c.email                                        AS "user_identities.email",
		c.tier                                         AS "user_attributes.Member Tier",
		'purchase'                                     AS "events.data.product_action.action",
		o.id                                           AS "events.data.product_action.transaction_id",
		DATE_PART(EPOCH_MILLISECOND, o.placed_at)      AS "events.data.timestamp_unixtime_ms",
		l.sku                                          AS "events.data.product_action.products.id",
		l.title                                        AS "events.data.product_action.products.name",
		l.quantity                                     AS "events.data.product_action.products.quantity",
		l.price                                        AS "events.data.product_action.products.price"
	FROM orders o
	JOIN customers c ON c.id = o.customer_id
	JOIN order_lines l ON l.order_id = o.id
	WHERE o.placed_at >= '&{day}'::date AND o.placed_at < DATEADD(day, 1, '&{day}'::date)
	ORDER BY o.customer_id, o.placed_at, o.id, l.line
)
FILE_FORMAT = (TYPE = CSV COMPRESSION = GZIP FIELD_OPTIONALLY_ENCLOSED_BY = '"' NULL_IF = ('') EMPTY_FIELD_AS_NULL = FALSE)
HEADER = TRUE SINGLE = TRUE OVERWRITE = TRUE MAX_FILE_SIZE = 5368709120;
GET @~/dropfeed/&{name} file://&{dir}/;
REMOVE @~/dropfeed/&{name};
SQL

dropfeed import --feed "$feed" "$dir/$name"
