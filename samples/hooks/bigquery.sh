#!/bin/bash
# SPDX-License-Identifier: MIT
# Yesterday's orders from BigQuery to mParticle: a query into a table, bq extract to Cloud Storage,
# import.
#
# BigQuery's column names can't have dots, so the feed needs a manifest that maps them: manifest =
# bigquery.json (beside this file).
# `bq query --format=csv` alone is for small things: it stops at --max_rows (100, unless said)
# without a message.
# Where and as whom: the account that `gcloud auth activate-service-account --key-file` was given
# once, from a key file of mode 0600.
# Failures: bq and gcloud end with a code that is not 0 and their own words, and nothing is sent;
# others are dropfeed's (README.md).
set -euo pipefail
umask 077
feed=${FEED:-orders}
day=${1:-$(date -d yesterday +%Y-%m-%d)}
table=${TABLE:-shop.dropfeed_orders_${day//-/}} # DATASET.TABLE, replaced
bucket=${BUCKET:?set BUCKET to a bucket for the export, such as gs://shop-exports/dropfeed}
stem=orders_${day//-/}

dir=$(mktemp -d)
# A folder of this run's own: parts that a failed run has left there are not fetched with today's,
# which may be fewer, and have the same rows in another order. A lifecycle rule of the bucket is for
# what a killed run leaves.
place=$bucket/$stem.${dir##*/}
exported=
trap 'rm -rf "$dir"; [ -z "$exported" ] || gcloud storage rm --recursive "$place/" >&2 || :' EXIT
trap 'exit 130' INT TERM HUP

bq --quiet query --use_legacy_sql=false --replace --destination_table="$table" --max_rows=0 \
	--parameter="day:DATE:$day" >&2 <<'SQL'
SELECT
	o.customer_id                AS customer,
	c.email                      AS email,
	c.tier                       AS tier,
	'purchase'                   AS action,
	o.id                         AS order_id,
	UNIX_MILLIS(o.placed_at)     AS placed_ms,
	l.sku                        AS sku,
	l.title                      AS title,
	l.quantity                   AS quantity,
	l.price                      AS price
FROM shop.orders o
JOIN shop.customers c ON c.id = o.customer_id
JOIN shop.order_lines l ON l.order_id = o.id
WHERE DATE(o.placed_at) = @day
SQL

# More than 1 GB comes as several files, each with the header. They are fetched whole before the
# first is imported; that they are gzip data lets dropfeed see that one was cut. The order of rows
# is not kept by extract.
exported=yes
bq --quiet extract --destination_format=CSV --compression=GZIP --print_header=true "$table" \
	"$place/$stem*-commerce_event.csv.gz" >&2
gcloud storage cp "$place/$stem*-commerce_event.csv.gz" "$dir/" >&2
gcloud storage rm --recursive "$place/" >&2
exported=
bq --quiet rm -f -t "$table" >&2

dropfeed import --feed "$feed" "$dir/$stem"*.csv.gz
