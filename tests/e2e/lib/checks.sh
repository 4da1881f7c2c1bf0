# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What every end-to-end test starts with: tests/lib.sh and the checks. A test ends with `finish`.

. "$(dirname "${BASH_SOURCE[0]}")/../../lib.sh"
e2e=$root/tests/e2e
shared=${DROPFEED_SHARED:-$root/../shared}
conf=$work/dropfeed.conf
failed=0 finished=
# A sanitizer's finding must not look like one of the program's own exit codes.
lsan=exitcode=99:print_suppressions=0:suppressions=$root/tests/lsan.supp
# Leaks are looked for in some of the runs, as that takes a third of a short one's time; see exits.
leaks=${ASAN_OPTIONS:-exitcode=99} runs=0
export ASAN_OPTIONS=$leaks:detect_leaks=0 LSAN_OPTIONS=${LSAN_OPTIONS:-$lsan} \
	UBSAN_OPTIONS=${UBSAN_OPTIONS:-exitcode=99:print_stacktrace=1}
export TSAN_OPTIONS=${TSAN_OPTIONS:-exitcode=99:suppressions=$root/tests/tsan.supp}

# Of many tries that are alike a sanitized program, which starts slowly, makes one in so many.
every=1
[ -z "${SANITIZE:-}" ] || every=4

trap '[ -n "$finished" ] || echo "not ok - $(basename "$0") ended early"; lib_cleanup' EXIT

ok() { echo "ok - $*"; }
not_ok() {
	failed=$((failed + 1))
	echo "not ok - $*"
}
skip() { echo "skip - $*"; }

# check WHAT COMMAND...: ok when the command succeeds; else its output is shown.
check() {
	local what=$1 out
	shift
	if out=$("$@" 2>&1); then ok "$what"; else
		not_ok "$what"
		printf '%s\n' "$out" | head -n 40 | sed 's/^/#   /'
	fi
}

# equal WHAT GOT WANTED
equal() {
	if [ "$2" = "$3" ]; then ok "$1"; else
		not_ok "$1"
		printf '#   got:    %s\n#   wanted: %s\n' "$2" "$3"
	fi
}

# exits CODE WHAT ARGUMENT...: runs the program; its output stays in $work/out and $work/err.
exits() {
	local wanted=$1 what=$2 status=0
	shift 2
	local options=$ASAN_OPTIONS
	[ $((runs++ % every)) -ne 0 ] || options=$leaks
	if [ -e "$conf" ]; then set -- --config "$conf" "$@"; fi
	ASAN_OPTIONS=$options "$dropfeed" "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
	if [ "$status" -eq "$wanted" ] && ! grep -qE 'Sanitizer|runtime error:' "$work/err"; then
		ok "$what (exit $status)"
	else
		not_ok "$what: exit $status, wanted $wanted"
		sed "s|$work/||g; s/^/#   /" "$work/out" "$work/err" | tail -n 40
	fi
}

# said WHAT PATTERN: the last run wrote this somewhere.
said() {
	if grep -qE -- "$2" "$work/out" "$work/err"; then ok "$1"; else
		not_ok "$1: no /$2/ in"
		sed "s|$work/||g; s/^/#   /" "$work/out" "$work/err" | tail -n 40
	fi
}

# absent TEXT FILE...: the text is in none of these files and folders, all of which exist.
absent() {
	local status=0
	grep -rqaF -e "$@" || status=$?
	[ $status -eq 1 ]
}

# holds FILTER FILE: jq's filter is true of the file; an empty file has nothing to be true of.
holds() { [ -s "$2" ] && jq -e "$1" "$2"; }

# ledger_sql STATE_DIR SQL: asks the ledger of that folder, or changes it; a row a line, blanks
# between its columns. The SQL is what SQLite and PostgreSQL understand alike.
ledger_sql() {
	if [ -n "${DROPFEED_DATABASES:-}" ]; then
		"$PG_BIN/psql" -X -q -t -A -F ' ' -v ON_ERROR_STOP=1 \
			-d "$("$root/tests/ledger-database" "$1")" -c "$2"
	else
		sqlite3 -batch -noheader -separator ' ' "$1/ledger.db" "$2"
	fi
}

# on_sqlite WHY: false, and says skip, where the tests run with PostgreSQL (tests/on-postgres): what
# follows is about SQLite itself.
on_sqlite() {
	[ -n "${DROPFEED_DATABASES:-}" ] || return 0
	skip "of SQLite alone: $*"
	return 1
}

lines() { if [ -e "$1" ]; then wc -l <"$1"; else echo 0; fi; }
batches() { python3 -I -S "$e2e/lib/batches.py" "$@"; }

# local_feed NAME FOLDER: the lines of a feed that takes files from a local folder and delivers to
# $endpoint.
local_feed() {
	cat <<END
[feed $1]
source = file://$2
min_age = 0s
endpoint = $endpoint
api_key = demo-key
api_secret_file = $work/api-secret
END
}

# Ends the test, which says skip, where the build has no libpq.
needs_libpq() {
	"$dropfeed" version | grep -q 'libpq *not built in' || return 0
	skip "the build has no libpq"
	finish
}

# with_clock OFFSET COMMAND...: with a clock that differs by so many seconds, or by +40d. A process
# with a false clock that is killed leaves a semaphore and shared memory whose names are its process
# id, and one that gets that id again fails. So they are removed, and the command faketime is not
# used, which has names of its own.
with_clock() {
	# shellcheck disable=SC2016 # of the inner shell, whose id becomes the program's
	sh -c 'rm -f "/dev/shm/faketime_shm_$$" "/dev/shm/sem.faketime_sem_$$"; exec "$@"' sh \
		env LD_PRELOAD='/usr/$LIB/faketime/libfaketime.so.1' FAKETIME="$1" \
		FAKETIME_DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1 \
		ASAN_OPTIONS="$ASAN_OPTIONS:verify_asan_link_order=0" "${@:2}"
}
# at_time TIME COMMAND...: with a clock that says that (UTC) as it begins
at_time() {
	local offset=$(($(TZ=UTC date -d "$1" +%s) - $(date +%s)))
	TZ=UTC with_clock "$(printf '%+d' "$offset")" "${@:2}"
}

# The rest of the test has a PostgreSQL server of its own: see tests/with-postgres. Ends it
# with a skip where PostgreSQL is missing.
with_postgres() {
	local status
	needs_libpq
	[ -z "${DROPFEED_FLEET:-}" ] || return 0
	finished=yes
	DROPFEED_FLEET=1 "$root/tests/with-postgres" bash "$0" # once more, with a server
	status=$?
	[ $status -ne 77 ] || exit 0
	exit $status
}

finish() {
	local accepted
	accepted=$(find "$work" -name accepted.ndjson -size +0)
	if [ -n "$accepted" ]; then
		# shellcheck disable=SC2086 # one word per file
		check "batches with the same id are the same" batches identical $accepted
		if [ -r "$shared/vendor/mparticle.inbound.eventsapi.schema.json" ] &&
			/usr/bin/python3 -c 'import jsonschema' 2>/dev/null; then
			# shellcheck disable=SC2086
			check "every batch obeys the vendor's schema" \
				/usr/bin/python3 "$e2e/lib/batches.py" schema \
				"$shared/vendor/mparticle.inbound.eventsapi.schema.json" $accepted
		else
			skip "the vendor's schema (or python3-jsonschema) is not here"
		fi
	fi
	finished=yes
	exit $((failed > 0))
}
