#!/bin/bash
# SPDX-License-Identifier: MIT
# Yesterday's orders from Redshift to mParticle: UNLOAD to S3, aws s3 cp, import from standard
# input.
#
# Where and as whom: Redshift speaks PostgreSQL's protocol: PGSERVICE names a section of
# ~/.pg_service.conf, the password is in ~/.pgpass (0600). S3: the machine's role, or
# ~/.aws/credentials (0600). UNLOAD itself writes by the cluster's role, IAM_ROLE default.
# Failures: psql and aws end with a code that is not 0 and their own words, and nothing is sent;
# others are dropfeed's (README.md).
set -euo pipefail
feed=${FEED:-orders}
day=${1:-$(date -d yesterday +%Y-%m-%d)}
bucket=${BUCKET:?set BUCKET to a place for the export, such as s3://shop-exports/dropfeed}
stem=orders_${day//-/}

# Redshift lowers names, quoted ones too, unless it is set not to: "user_attributes.Member Tier"
# would lose its capitals.
# PARALLEL OFF: one file, up to 6.2 GB; what is beyond goes to 001 and so on, each with the header.
# ($$ quotes a query in UNLOAD; psql does not put variables into it, so the day is put in here,
# checked to be one.)
[[ $day =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}$ ]] || { echo "not a day: $day" >&2; exit 2; }
psql -X -q -v ON_ERROR_STOP=1 -v to="$bucket/$stem/" >&2 <<SQL
SET enable_case_sensitive_identifier TO true;
UNLOAD (\$\$
	SELECT
		o.customer_id                                  AS "user_identities.customerid",
		c.email                                        AS "user_identities.email",
		c.tier                                         AS "user_attributes.Member Tier",
		'purchase'                                     AS "events.data.product_action.action",
		o.id                                           AS "events.data.product_action.transaction_id",
		(extract(epoch FROM o.placed_at)::decimal(18,3) * 1000)::bigint AS "events.data.timestamp_unixtime_ms",
		l.sku                                          AS "events.data.product_action.products.id",
		l.title                                        AS "events.data.product_action.products.name",
		l.quantity                                     AS "events.data.product_action.products.quantity",
		l.price                                        AS "events.data.product_action.products.price"
	FROM orders o
	JOIN customers c ON c.id = o.customer_id
	JOIN order_lines l ON l.order_id = o.id
	WHERE o.placed_at >= '$day'::date AND o.placed_at < '$day'::date + 1
	ORDER BY o.customer_id, o.placed_at, o.id, l.line
\$\$) TO :'to' IAM_ROLE default FORMAT CSV HEADER GZIP PARALLEL OFF CLEANPATH;
SQL

# Each part goes straight from S3 into dropfeed's spool. A download that is cut is a cut gzip file:
# refused, exit 1, nothing of it sent.
# Exit 1 may as well mean that some rows were rejected: the parts after it are delivered all the
# same, and S3 keeps the export. After any other failure run the script again, for the same day:
# what the feed has had before is skipped.
aws s3 ls "$bucket/$stem/" | awk '{ print $4 }' | sort | (
	worst=0
	while read -r part; do
		status=0
		name=${stem}_${part%%.*}-commerce_event.csv.gz
		aws s3 cp --only-show-errors "$bucket/$stem/$part" - </dev/null |
			dropfeed import --feed "$feed" --name "$name" - || status=$?
		[ "$status" -le 1 ] || exit "$status"
		[ "$status" -eq 0 ] || worst=1
	done
	exit "$worst"
)
aws s3 rm --recursive --only-show-errors "$bucket/$stem/" >&2
