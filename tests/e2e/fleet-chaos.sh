# SPDX-License-Identifier: MIT
# Four hosts that share a ledger while everything around them fails, for a short time; `make fleet`
# takes ten minutes.
. "$(dirname "$0")/lib/checks.sh"

needs_libpq
finished=yes
# most of it is waiting, and the program that is not sanitized has been through it
if [ -n "${SANITIZE:-}" ]; then
	skip 'hosts while everything fails: of the program that is not sanitized'
	exit 0
fi
"$root/tests/with-postgres" "$root/tests/fleet/chaos.py" "$BUILD" --seconds 25 --lease 4 --rate 60 \
	--files 4 | grep -vE '^[0-9]+ passed'
status=${PIPESTATUS[0]}
[ "$status" -ne 77 ] || exit 0
exit "$status"
