# SPDX-License-Identifier: MIT
# Every form of answer that an API, or whoever is in its place, may give: the exit code, whether
# rows are consumed, and what the log quotes; as the first answer of a key, and after a success.
. "$(dirname "$0")/lib/checks.sh"

python3 "$e2e/lib/matrix.py" "$dropfeed" "$work" || failed=1
finish
