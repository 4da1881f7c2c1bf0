# SPDX-License-Identifier: MIT
# Progress: one line of a real terminal (tmux, 80 columns, made narrower), whole lines elsewhere,
# SIGUSR1. What is looked for is waited for as long as the run goes on; no clock decides.
. "$(dirname "$0")/lib/checks.sh"

receiver_start "$work/api" || exit 1
drop=$work/in
mkdir -p "$drop"
people() { # NAME N: one batch a row
	awk -v n="$2" \
		'BEGIN { print "user_identities.customer_id,user_attributes.plan"; for (i = 1; i <= n; i++) print "secret" i ",gold" }' \
		>"$drop/$1-eventless.csv"
}
settings() { # [LINE...]
	printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
	printf '%s\n' "$@"
	local_feed people "$drop"
	printf 'batches_per_second = 100\n'
}
# until COMMAND...: waits while $pid runs
until_() {
	local n
	for ((n = 0; n < 1200; n++)); do
		"$@" && return 0
		kill -0 "$pid" 2>/dev/null || return 1
		sleep 0.05
	done
	return 1
}
begin() {
	: >"$work/err" # the shell in the background empties it only when it gets to it
	"$dropfeed" --config "$conf" "$@" >"$work/out" 2>"$work/err" </dev/null &
	pid=$!
}
ended() { # CODE WHAT: stops the run in an orderly way
	local status=0
	kill "$pid" 2>/dev/null
	wait "$pid" || status=$?
	equal "$2" "$status" "$1"
}

# ---- no terminal ----
settings >"$conf"
people first 5000
begin --quiet run
until_ grep -q . "$work/api/accepted.ndjson"
kill -USR1 "$pid"
check "SIGUSR1 gets a line, with --quiet as well" until_ grep -qE \
	'Z people: first-eventless.csv: [0-9]+ of 5000 rows \([0-9]+%\)(, [0-9]+ batches/s \([0-9]+% of the limit\), [0-9.]+[smh] left)?$' \
	"$work/err"
equal "and only one" "$(grep -c . "$work/err")" 1
check "no cell is in it" absent secret "$work/err"
ended 3 "the run is stopped"
begin run
until_ grep -q 'going on' "$work/err"
until_ grep -q . "$work/api/accepted.ndjson"
check "without asking there is none" absent batches/s "$work/err"
ended 3 "the run is stopped"
settings 'log_format = json' >"$conf"
begin run --progress 1
check "--progress brings lines" until_ grep -q batches/s "$work/err"
grep batches/s "$work/err" | head -n 1 >"$work/line"
check "in the log's format, with numbers" holds \
	'.feed == "people" and .file == "first-eventless.csv" and
	.rows == 5000 and .rows_done < 5000
	and .percent < 100 and .batches_per_second > 0 and .limit_percent > 0
	and .seconds_left >= 0' \
		"$work/line"
check "each line is whole" jq -e . "$work/err"
ended 3 "the run is stopped"
settings >"$conf"
begin restart --progress 1 first-eventless.csv
check "restart has it, too" until_ grep -q batches/s "$work/err"
ended 3 "it is stopped"
exits 2 "--progress takes a number" run --progress soon
n=$(lines "$work/api/accepted.ndjson")
begin import --sink events-api --progress 1 "$drop/first-eventless.csv"
check "an import without a ledger has it, too" until_ grep -qE \
	'people: first-eventless.csv: [1-9][0-9]* of 5000 rows .*, [0-9]+ batches/s \([0-9]+% of the limit\), [0-9.]+[smh] left$' \
	"$work/err"
ended 3 "it is stopped"
check "it has sent some" test "$(lines "$work/api/accepted.ndjson")" -gt "$n"

# ---- a terminal ----
if ! command -v tmux >/dev/null 2>&1; then
	skip "tmux is not installed"
	finish
fi
sock=$work/tmux
screen() { tmux -S "$sock" capture-pane -p -t 0 2>/dev/null; }
cat >"$work/go" <<END
#!/bin/sh
"$dropfeed" --config "$conf" run
echo "exit code \$?"
exec sleep 3600
END
chmod +x "$work/go"
unset TMUX NO_COLOR
tmux -S "$sock" -f /dev/null new-session -d -x 80 -y 24 "exec sh $work/go" ||
	{ skip "tmux does not start here"; finish; }
pid=$(tmux -S "$sock" display-message -p '#{pid}')
receivers+=("$pid")
shown() { screen | grep -qE "$1"; }
full='^people: first-eventless.csv  [0-9]+/5000 rows [0-9]+%  [0-9]+ batches/s \([0-9]+% of limit\)'
check "the line is drawn" until_ shown "$full"
equal "once" "$(screen | grep -c 'batches/s')" 1
people second 10
before=$(screen | grep -oE '[0-9]+/5000')
check "it moves" until_ eval '[ "$(screen | grep -oE "[0-9]+/5000")" != "$before" ]'
equal "in place" "$(screen | grep -c 'batches/s')" 1
check "the log is still there" shown 'going on'
equal "above it" "$(screen | grep . | tail -n 1 | grep -c 'batches/s')" 1
tmux -S "$sock" resize-window -x 40 -y 24
check "a narrower terminal" until_ shown '^people: fir[^ ]*\.\.\.  [0-9]+/5000 rows [0-9]+%$'
check "has one line" until_ eval '[ "$(screen | grep -c /5000)" = 1 ]'
tmux -S "$sock" resize-window -x 120 -y 24
check "a wider one" until_ shown "$full  [0-9.]+[smh] left"
equal "has one line" "$(screen | grep -c /5000)" 1
run=$(pgrep -P "$(tmux -S "$sock" display-message -p -t 0 '#{pane_pid}')" dropfeed)
kill "$run"
check "the run ends" until_ shown 'exit code 3'
equal "and leaves no line" "$(screen | grep -c batches/s)" 0
check "but its log" shown 'not finished: run again'
tmux -S "$sock" kill-server
finish
