# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# A stand-in for Braze, and a feed that delivers to it. After checks.sh.

printf 'the-key\n' >"$work/key"

# peer_start [line of its script...]: sets $peer (a folder) and $port. refuse=WORD: what it refuses.
peer_start() {
	peer=$work/peer
	rm -rf "$peer"
	mkdir -p "$peer"
	printf '%s\n' "$@" >"$peer/script"
	"$root/tests/peers/braze" "$peer" --refuse "${refuse:-REFUSE}" >"$work/peer.log" 2>&1 &
	peer_pid=$!
	receivers+=("$peer_pid")
	wait_for "$peer/port" || exit 1
	port=$(cat "$peer/port")
}

peer_stop() { kill "$peer_pid" && wait "$peer_pid" 2>/dev/null; }

# feed [line...]: a fresh configuration, with an empty ledger and an empty source.
feed() {
	rm -rf "$work/state" "$work/in"
	mkdir -p "$work/in"
	{
		printf \
			'[dropfeed]\nstate_dir = %s/state\n[feed shop]\nsource = file://%s/in\nmin_age = 0s\n' \
			"$work" "$work"
		printf 'sink = braze\ninstance = http://127.0.0.1:%s\napi_key_file = %s/key\n' \
			"$port" "$work"
		printf '%s\n' "$@"
	} >"$conf"
}

# clicks N: rows of users C-0 to C-4, with an attribute and an event each.
clicks() {
	printf '%s\n' \
		"user_identities.customer_id,user_attributes.Visit,events.data.timestamp_unixtime_ms,events.data.event_name,events.data.custom_event_type,events.data.custom_attributes.Row"
	local i
	for ((i = 0; i < $1; i++)); do
		echo "C-$((i % 5)),$((i / 5)),$((1768206600000 + i)),Clicked,other,$i"
	done
}

# reasons FILE: how many rows of the reject file have which code.
reasons() {
	sed 1d "$work/state/rejects/shop/$1" 2>/dev/null |
		sed 's/.*,\([a-z-]*\): .*/\1/; s/.*"\([a-z-]*\): .*/\1/' | sort | uniq -c |
		awk '{ print $1, $2 }' | tr '\n' ' '
}
