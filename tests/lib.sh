# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Servers, keys and checks that the demo and the end-to-end tests share; to be sourced by bash.
#
# Everything lives below $work, and every process started here is ended by its own id when the
# script ends.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=${BUILD:-$root/build}
dropfeed=$BUILD/dropfeed
samples=$root/samples
umask 077
work=$(mktemp -d "${TMPDIR:-/tmp}/dropfeed.XXXXXX") || exit 1
# nobody's own configuration, keys or known hosts take part
export HOME=$work XDG_CONFIG_HOME=$work/.config
unset DROPFEED_CONFIG SSH_AUTH_SOCK GNUPGHOME http_proxy https_proxy HTTP_PROXY HTTPS_PROXY
receivers=() homes=() sshds=()

lib_cleanup() {
	local x
	for x in "${receivers[@]}"; do kill "$x" 2>/dev/null && wait "$x" 2>/dev/null; done
	for x in "${sshds[@]}"; do "$root/tests/peers/sshd" stop "$x" >/dev/null 2>&1; done
	for x in "${homes[@]}"; do gpgconf --homedir "$x" --kill all >/dev/null 2>&1; done
	rm -rf "$work"
}
trap lib_cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
trap 'exit 141' PIPE # as in `make demo | head`

# Waits up to ten seconds until a file is there and not empty.
wait_for() {
	local n
	for ((n = 0; n < 200; n++)); do
		[ -s "$1" ] && return 0
		sleep 0.05
	done
	echo "waited in vain for $1" >&2
	return 1
}

# receiver_start DIR [option...]: the Events API's stand-in; sets $endpoint and $receiver, key and
# secret are demo-key/demo-secret.
receiver_start() {
	local dir=$1
	shift
	mkdir -p "$dir"
	rm -f "$dir/port"
	"$BUILD/tests/peers/receiver" "$dir" --key demo-key --secret demo-secret \
		"$@" >"$dir/log" 2>&1 &
	receiver=$!
	receivers+=("$receiver")
	wait_for "$dir/port" || return 1
	endpoint=http://127.0.0.1:$(tr -d '\n' <"$dir/port")
}

receiver_stop() {
	kill "$receiver" 2>/dev/null && wait "$receiver" 2>/dev/null
	return 0
}

# sshd_start DIR [option...]: sets $sftp (sftp://user@host:port/~, where a login starts); that
# folder is DIR/root here.
sshd_start() {
	"$root/tests/peers/sshd" start "$@" --host-keys ed25519 >"$1.log" 2>&1 ||
		{ cat "$1.log" >&2; return 1; }
	sshds+=("$1")
	sftp=sftp://$(id -un)@127.0.0.1:$(tr -d '\n' <"$1/port")/~
}

# proxy_start DIR SSHD [option...]: trouble on the way to that server, see tests/peers/proxy.c; sets
# $sftp to the way through it.
proxy_start() {
	local dir=$1 to
	to=$(cat "$2/port")
	shift 2
	proxy_stop
	rm -rf "$dir"
	mkdir -p "$dir"
	"$BUILD/tests/peers/proxy" "$dir" --to "$to" "$@" >"$dir/log" 2>&1 &
	proxy=$!
	receivers+=("$proxy")
	wait_for "$dir/port" || return 1
	sftp=sftp://$(id -un)@127.0.0.1:$(tr -d '\n' <"$dir/port")/~
}

proxy_stop() {
	[ -z "${proxy-}" ] || { kill "$proxy" && wait "$proxy"; } 2>/dev/null
	proxy=
}

# gpg_home DIR [name...]: a GnuPG home with one unprotected key for each name (default: dropfeed).
# Keys are of the kind that is GnuPG's default from 2.3 on: one of RSA, its former default, which
# key_kind=default asks for, takes a second.
gpg_home() {
	local home=$1 name
	shift
	mkdir -p "$home"
	homes+=("$home")
	[ $# -gt 0 ] || set -- dropfeed
	for name in "$@"; do
		gpg --homedir "$home" --batch --quiet --pinentry-mode loopback --passphrase '' \
			--quick-generate-key "$name <$name@example.com>" \
			"${key_kind:-future-default}" default never 2>"$home/log" ||
			{ cat "$home/log" >&2; return 1; }
	done
}

# agents_end HOME: no agent is left there, not even one that is about to end: it would still be
# asked, and fail.
agents_end() {
	local n socket
	socket=$(gpgconf --homedir "$1" --list-dirs agent-socket)
	gpgconf --homedir "$1" --kill all
	for ((n = 0; n < 100; n++)); do
		[ -S "$socket" ] || return 0
		sleep 0.05
	done
}

# locked_home HOME NAME FILE: a key whose passphrase is in FILE, made anew where GnuPG cannot use
# it: about one in some thousand is written so that the agent does not read it as it was (white
# space is lost at the end of a line).
locked_home() {
	local n
	homes+=("$1")
	for ((n = 0; n < 3; n++)); do
		rm -rf "$1" && mkdir -p -m 700 "$1"
		# else the agent measures this machine first
		echo 's2k-count 65536' >"$1/gpg-agent.conf"
		gpg --homedir "$1" --batch --quiet --pinentry-mode loopback --passphrase-file "$3" \
			--quick-generate-key "$2 <$2@example.com>" future-default \
			default never 2>"$1/log" || { cat "$1/log" >&2; return 1; }
		agents_end "$1"
		echo words | encrypt "$1" "$2" 2>/dev/null |
			gpg --homedir "$1" --batch --quiet --pinentry-mode loopback \
			--passphrase-file "$3" --decrypt 2>"$1/log" | grep -qx words && break
		cat "$1/log" >&2
		agents_end "$1"
	done
	agents_end "$1"
	test $n -lt 3
}

# encrypt HOME NAME: standard input to standard output
encrypt() {
	gpg --homedir "$1" --batch --quiet --no-auto-check-trustdb --trust-model always \
		--recipient "$2@example.com" --encrypt
}

# sftp_feed NAME DIR SSHD: the lines of a feed that pulls DIR below the server's root and delivers
# to $endpoint.
sftp_feed() {
	cat <<END
[feed $1]
source = $sftp/$2
known_hosts = $3/known_hosts
identity_file = $3/id_ed25519
min_age = 0s
endpoint = $endpoint
api_key = demo-key
api_secret_file = $work/api-secret
END
}
printf 'demo-secret\n' >"$work/api-secret"
