# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# PgBouncer in transaction mode, in front of the server of tests/with-postgres: each transaction may
# reach another session there.

# bouncer_start DIR: sets $bouncer, its process, and $bouncer_port on the loopback. It knows every
# database of the server. False, saying skip, where it is not installed.
bouncer_start() {
	local dir=$1 program i
	program=$(PATH=$PATH:/usr/sbin command -v pgbouncer)
	if [ -z "$program" ]; then
		echo "skip - PgBouncer is not installed (Debian: pgbouncer)"
		return 1
	fi
	mkdir -p "$dir"
	bouncer_port=$(python3 \
		-c \
		'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
	cat >"$dir/ini" <<-END
		[databases]
		* = host=$PGHOST port=$PGPORT user=dropfeed
		[pgbouncer]
		listen_addr = 127.0.0.1
		listen_port = $bouncer_port
		unix_socket_dir =
		auth_type = any
		pool_mode = transaction
		default_pool_size = 3
		server_idle_timeout = 5
		logfile = $dir/log
	END
	# It refuses to run as root, as the server does.
	chmod 711 "$(dirname "$dir")" && chmod 755 "$dir" && chmod 644 "$dir/ini"
	[ -z "$PG_AS" ] || chown -R "$($PG_AS id -un)" "$dir"
	# shellcheck disable=SC2086 # a command and its arguments
	$PG_AS "$program" -q "$dir/ini" >/dev/null 2>&1 &
	bouncer=$!
	for ((i = 0; i < 100; i++)); do
		(exec 3<>"/dev/tcp/127.0.0.1/$bouncer_port") 2>/dev/null && return 0
		sleep 0.1
	done
	echo "PgBouncer does not start" >&2
	return 1
}
