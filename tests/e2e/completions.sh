# SPDX-License-Identifier: MIT
# What bash, zsh and fish complete: every command and option there is, feeds, files that the ledger
# knows.
. "$(dirname "$0")/lib/checks.sh"

mkdir -p "$work/in"
{
	printf '[dropfeed]\nstate_dir = %s/s\n' "$work"
	for feed in views orders; do
		printf \
			'[feed %s]\nsource = file://%s/in\nmin_age = 0s\nsink = file://%s/out\ninclude = %s*\n' \
			"$feed" "$work" "$work" "$feed"
	done
} >"$conf"
printf 'user_identities.customer_id,events.data.screen_name\nu1,Home\n' |
	tee "$work/in/views day-screen_view.csv" >"$work/in/views-screen_view.csv"
exits 0 "a run" run

exits 0 "the script" completions bash
check "bash reads it" bash -n "$work/out"
cp "$work/out" "$work/completions"
cat >"$work/ask" <<'END'
# ask WORD...: what bash offers for the last word, one a line
source "$0.d/completions"
compopt() { :; } # only bash itself may call it while it completes
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_dropfeed "$1"
printf '%s\n' "${COMPREPLY[@]}"
END
mkdir "$work/ask.d"
mv "$work/completions" "$work/ask.d"
ask() { bash "$work/ask" "$dropfeed" "$@"; }
offers() { # WHAT WANTED WORD...
	equal "$1" "$(ask "${@:3}" | sort | paste -sd' ')" "$2"
}

mapfile -t commands < <("$dropfeed" help | sed -n 's/^  \([a-z][a-z]*\)  *[a-z].*/\1/p')
offers "every command" "$(printf '%s\n' "${commands[@]}" help version | sort | paste -sd' ')" ''
for command in "${commands[@]}"; do
	offers "every option of $command" \
		"$("$dropfeed" help "$command" | sed -n 's/^  \(--[a-z-]*\).*/\1/p' | sort -u |
		paste -sd' ')" "$command" --
done
offers "commands that begin so" "rejects report requests resend restart retry" re
offers "feeds" "orders views" --config "$conf" status --feed ''
offers "a feed that begins so" views --config "$conf" status --feed v
offers "a feed after =" views --config = "$conf" status --feed = v
offers "formats" "json text" status --format ''
offers "nothing where anything may come" "" status --since ''
offers "files, one with a blank" "views day-screen_view.csv views-screen_view.csv" \
	--config "$conf" resend v
offers "without a configuration no feeds" "" --config "$work/none" status --feed ''
offers "what to do with requests" "cancel poll" requests ''
offers "the same after an option" "poll" requests --feed views p
offers "files of requests" "views day-screen_view.csv views-screen_view.csv" --config "$conf" \
	requests poll v
offers "what to do with a plan" "check fetch" plan ''
offers "help of a command" "status" help st

# as a person sees it
if [ -n "$(command -v tmux)" ]; then
	mkdir "$work/bin"
	ln -s "$dropfeed" "$work/bin/dropfeed"
	tmux -S "$work/tmux" -f /dev/null new-session -d -x 100 -y 20 \
		"env PATH='$work/bin:$PATH' DROPFEED_CONFIG='$conf' bash --norc --noprofile"
	for keys in "source '$work/ask.d/completions'" 'echo ready'; do
		tmux -S "$work/tmux" send-keys -l "$keys"
		tmux -S "$work/tmux" send-keys Enter
	done
	screen_has() {
		local n
		for ((n = 0; n < 100; n++)); do
			tmux -S "$work/tmux" capture-pane -p | grep -qF -- "$1" && return 0
			sleep 0.05
		done
		return 1
	}
	check "the shell is there" screen_has ready
	tmux -S "$work/tmux" send-keys -l 'dropfeed stat'
	tmux -S "$work/tmux" send-keys Tab
	tmux -S "$work/tmux" send-keys -l -- '--unf'
	tmux -S "$work/tmux" send-keys Tab
	tmux -S "$work/tmux" send-keys -l -- '--feed or'
	tmux -S "$work/tmux" send-keys Tab
	check "a command, an option and a feed" screen_has \
		'dropfeed status --unfinished --feed orders'
	tmux -S "$work/tmux" send-keys C-u
	tmux -S "$work/tmux" send-keys -l 'dropfeed resend views\ '
	tmux -S "$work/tmux" send-keys Tab
	check "a file with a blank" screen_has 'views\ day-screen_view.csv'
	tmux -S "$work/tmux" kill-server
else
	skip "there is no tmux"
fi
exits 0 "the script for zsh" completions zsh
if [ -n "$(command -v tmux)" ] && [ -n "$(command -v zsh)" ]; then
	mkdir "$work/zsh"
	cp "$work/out" "$work/zsh/_dropfeed"
	check "zsh reads it" zsh -n "$work/out"
	tmux -S "$work/tmux" -f /dev/null new-session -d -x 100 -y 20 \
		"env PATH='$work/bin:$PATH' DROPFEED_CONFIG='$conf' zsh -f"
	keys() { tmux -S "$work/tmux" send-keys "$@"; }
	keys \
		-l \
		"fpath=('$work/zsh' \$fpath); autoload -Uz compinit; compinit -u -D; clear; echo rea''dy"
	keys Enter
	check "zsh is there" screen_has ready
	keys -l 'dropfeed stat'
	keys Tab
	keys -l -- '--unf'
	keys Tab
	keys -l -- '--feed=or'
	keys Tab
	check "zsh: a command, an option and a feed" screen_has \
		'dropfeed status --unfinished --feed=orders'
	keys C-u
	keys -l 'dropfeed resend views\ '
	keys Tab
	check "zsh: a file with a blank" screen_has 'views\ day-screen_view.csv'
	keys C-u
	keys -l 'dropfeed completions --fee'
	keys Tab
	check "zsh: an option of another command" screen_has 'dropfeed completions --feeds'
	tmux -S "$work/tmux" kill-server
else
	skip "there is no zsh, or no tmux"
fi

# fish says itself what it would offer
exits 0 "the script for fish" completions fish
cp "$work/out" "$work/dropfeed.fish"
if [ -n "$(command -v fish)" ]; then
	# shellcheck disable=SC2016
	fish_offers() { # WHAT WANTED LINE
		equal "fish: $1" "$(PATH=$work/bin:$PATH DROPFEED_CONFIG=$conf fish --no-config -c \
			'source $argv[1]; complete -C $argv[2]' "$work/dropfeed.fish" "$3" |
			cut -f1 | tr -d '\134' | sort -u | paste -sd' ')" "$2"
	}
	mkdir -p "$work/bin"
	ln -sf "$dropfeed" "$work/bin/dropfeed"
	fish_offers "commands" "$(printf '%s\n' "${commands[@]}" | sort | paste -sd' ')" 'dropfeed '
	for command in "${commands[@]}"; do
		fish_offers "every option of $command" "$("$dropfeed" help "$command" |
			sed -n 's/^  \(--[a-z-]*\).*/\1/p' | sort -u | paste -sd' ')" \
			"dropfeed $command --"
	done
	fish_offers "feeds" "orders views" 'dropfeed status --feed '
	fish_offers "formats" "json text" 'dropfeed status --format '
	fish_offers "files" 'views day-screen_view.csv views-screen_view.csv' 'dropfeed resend vi'
	fish_offers "no feeds of another configuration" "" 'dropfeed --config /none status --feed '
else
	skip "there is no fish"
fi
exits 2 "another shell" completions tcsh
finish
