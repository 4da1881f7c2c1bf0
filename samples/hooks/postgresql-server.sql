-- SPDX-License-Identifier: MIT
-- The same by the server itself: COPY … TO PROGRAM pipes its rows into dropfeed, which runs on the database's machine as the server's
-- user (postgres). For a superuser or a member of pg_execute_server_program:
--
--   psql -X -v ON_ERROR_STOP=1 -f postgresql-server.sql shop
--
-- dropfeed.conf, the state_dir and the file of api_secret_file must belong to that user; the secret is in that file and nowhere in SQL.
-- Failures: COPY fails with 'program "…" failed' and 'child process exited with exit code N', dropfeed's own (README.md); with 1
-- the good rows are delivered nevertheless. What dropfeed says goes to the server's log.
--
-- The result is made first, in a table of its own: a query that failed in the middle of COPY would look to dropfeed like a short, good file.
CREATE TEMPORARY TABLE dropfeed_export AS
SELECT
	o.customer_id                                    AS "user_identities.customerid",
	c.email                                          AS "user_identities.email",
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
WHERE o.placed_at >= date_trunc('day', now()) - interval '1 day' AND o.placed_at < date_trunc('day', now())
ORDER BY o.customer_id, o.placed_at, o.id, l.line;

COPY (SELECT * FROM dropfeed_export
	ORDER BY "user_identities.customerid", "events.data.timestamp_unixtime_ms", "events.data.product_action.transaction_id",
		"events.data.product_action.products.id")
TO PROGRAM 'exec dropfeed import --feed orders --name orders_$(date -d yesterday +%Y%m%d)-commerce_event.csv -'
WITH (FORMAT csv, HEADER, ENCODING 'UTF8');
