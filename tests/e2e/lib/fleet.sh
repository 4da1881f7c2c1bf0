# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For tests of hosts that share a ledger in PostgreSQL, and lose a file after four seconds instead
# of sixty.

with_postgres
# shellcheck disable=SC2034,SC2154 # $work and the tests are elsewhere
dropfeed=$BUILD/faults/dropfeed
export DROPFEED_LEASE_MS=4000
receiver_start "$work/api" || exit 1
# shellcheck disable=SC2034 # for the tests
accepted=$work/api/accepted.ndjson
sql() { "$PG_BIN/psql" -X -q -t -A -c "$1"; }
