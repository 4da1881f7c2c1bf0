# SPDX-License-Identifier: MIT
# Who we are and who they are: keys with passphrases, the agent, passwords, asked for or not; host
# keys known in every way that known_hosts has, and those that nobody should trust.
. "$(dirname "$0")/lib/checks.sh"

sshd_start "$work/sftp" || exit 1
receiver_start "$work/api" || exit 1
drop=$work/sftp/root/in
port=$(cat "$work/sftp/port")
mkdir -p "$drop"
cp "$samples/orders-commerce_event.csv" "$drop/"
hosts=$work/hosts
configure() { # [sed expression]: the good configuration, spoilt
	{
		printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
		sftp_feed orders in "$work/sftp"
		printf 'sink = events-api\ngive_up_after = 1s\nexclude = *\n'
	} | sed "${1:-}" >"$conf"
}
# Expressions for configure: the server in that folder, and the key that it takes, with MORE lines.
there_at() { # USER SERVER
	printf 's|^source.*|source = sftp://%s@127.0.0.1:%s/~|; ' "$1" "$(cat "$work/$2/port")"
	printf 's|^known_hosts.*|known_hosts = %s|' "$work/$2/known_hosts"
}
with_key() { # SERVER [MORE]
	printf '%s' "s|^identity_file.*|identity_file = $work/$1/id_ed25519${2:-}|"
}
enters() { exits 0 "$1" run; }

# ---- who they are ----
key=$(awk '{ print $2, $3; exit }' "$work/sftp/known_hosts")
pin=$(ssh-keygen -lf "$work/sftp/known_hosts" | awk '{ print $2; exit }')
print=${pin//+/\\+} # in a pattern
ssh-keygen -q -t ed25519 -N '' -f "$work/strange"
strange=$(cut -d' ' -f1,2 "$work/strange.pub")
strange_pin=$(ssh-keygen -lf "$work/strange.pub" | awk '{ print $2 }')
strange_print=${strange_pin//+/\\+}
known() { # LINE...: known_hosts holds these
	printf '%s\n' "$@" >"$hosts"
	configure "s|^known_hosts.*|known_hosts = $hosts|"
}
known "[127.0.0.1]:$port $key"
ssh-keygen -q -H -f "$hosts" >/dev/null 2>&1
check "known_hosts is hashed" grep -q '^|1|' "$hosts"
enters "a host key known by a hashed name"
known "[127.0.0.1]:$port $strange"
ssh-keygen -q -H -f "$hosts" >/dev/null 2>&1
exits 4 "another host key, by a hashed name" run
said "both fingerprints are named" "$print.*$strange_print"
known '# a comment' '' "nobody,[127.0.0.*]:$port $key"
enters "a host key known by a pattern"
known "[127.0.0.*]:$port,![127.0.0.1]:$port $key"
exits 4 "a pattern that leaves the host out" run
known "[127.0.0.1]:$port $strange" "[127.0.0.1]:$port $key"
enters "two keys of one type, the second is the right one"
known "@revoked * $key" "[127.0.0.1]:$port $key"
exits 4 "a revoked host key, though it is known, too" run
said "it says that it is revoked, by which line, and its fingerprint" \
	"$print, is revoked by .*hosts line 1"
known "[127.0.0.1]:$port $key" "@revoked * $strange"
enters "another key is revoked"
known "@cert-authority * $key"
exits 4 "a certificate authority's key is not a host key" run
said "it says why, and by which line" \
	'has no host certificate, which the @cert-authority in .*hosts line 1 asks for'
known "[127.0.0.1]:$((port + 1)) $key" "127.0.0.1 $key"
exits 4 "the same key of another port" run
said "the fingerprint, and what to do" \
	"unknown: it shows ssh-ed25519 $print\. .*host_key = $print.*ssh-keyscan -p $port"
configure "/^known_hosts/d"
exits 4 "no known_hosts at all" run
said "it names the fingerprint" "$print"
configure "s|^known_hosts.*|host_key = $strange_pin|"
exits 4 "a pinned fingerprint that is another one" run
said "both are named" "$strange_print.*$print"
configure "s|^known_hosts.*|host_key = $pin|"
enters "a pinned fingerprint"
equal "nothing was sent" "$(lines "$work/api/accepted.ndjson")" 0

# ---- who we are ----
identity() { configure "s|^identity_file.*|$1|"; }
ssh-keygen -q -t ed25519 -N 'open sesame' -f "$work/locked"
ssh-keygen -q -t ecdsa -m PEM -N 'open sesame' -f "$work/locked-pem"
cat "$work/locked.pub" "$work/locked-pem.pub" >>"$work/sftp/authorized_keys"
printf 'open sesame\n' >"$work/passphrase"
printf 'sesam oeffne dich\n' >"$work/wrong"
for key in locked locked-pem; do
	identity "identity_file = $work/$key\npassphrase_file = $work/passphrase"
	enters "a key with a passphrase ($key)"
	identity "identity_file = $work/$key\npassphrase_file = $work/wrong"
	exits 4 "a wrong passphrase ($key)" run
	said "it is the passphrase" 'its passphrase is not the one in passphrase_file'
	check "and it is not logged" absent 'sesam' "$work/err"
	identity "identity_file = $work/$key"
	exits 2 "no passphrase ($key)" run
	said "what to set" 'set passphrase_file'
done
printf 'PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n' >"$work/key.ppk"
identity "identity_file = $work/key.ppk"
exits 2 "a key of PuTTY" run
said "a key of PuTTY: how to convert it" 'puttygen .*key\.ppk -O private-openssh'
identity "identity_file = $work/strange.pub"
exits 2 "a public key" run
said "a public key: it says so" 'is a public key: name the private one'
identity "identity_file = $work/strange"
exits 4 "a key that does not open the door" run
said "who, where, what was tried, what is taken" \
	"127.0.0.1 refused the login of $(id -un); the key .*strange.*it takes: .*publickey"
said "and what to do" 'let the server.s administrator have the public key'
eval "$(ssh-agent -s)" >/dev/null
ssh-add -q "$work/strange" "$work/sftp/id_ed25519" 2>/dev/null
identity ''
enters "the agent, whose second key is the right one"
ssh-add -q -D 2>/dev/null
exits 4 "an agent without keys" run
said "it says so" 'the agent has no keys'
kill "$SSH_AGENT_PID"
unset SSH_AUTH_SOCK SSH_AGENT_PID
exits 4 "no agent" run
said "it says what is missing" 'neither identity_file nor password_file, and no agent'

# ---- a command as the way to the server
cat >"$work/jump" <<'END'
#!/usr/bin/env python3
import os, select, socket, sys
print("by way of", sys.argv[1], sys.argv[2], file=sys.stderr, flush=True)
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
while True:
    for f in select.select([0, s], [], [])[0]:
        data = os.read(0, 65536) if f == 0 else s.recv(65536)
        if not data:
            sys.exit()
        s.sendall(data) if f == 0 else os.write(1, data)
END
chmod +x "$work/jump"
configure "s|^known_hosts|proxy_command = $work/jump %h %p\nknown_hosts|"
enters "a proxy_command"
said "what it says is logged" "proxy_command: by way of 127\.0\.0\.1 $port"
equal "it ended with the connection" "$(pgrep -f "^[^ ]*python3 $work/jump" | wc -l)" 0
configure "s|^known_hosts|proxy_command = echo no such way >\&2\nknown_hosts|"
exits 3 "a proxy_command that fails" run
said "what it said is logged" 'proxy_command: no such way'
said "how it ended" 'proxy_command ended with exit status 0 before the server said anything'
check "the server is not blamed" absent PerSourcePenalties "$work/err"
configure "s|^known_hosts|proxy_command = nosuchprogram %h\nknown_hosts|"
exits 3 "a proxy_command that does not exist" doctor
said "doctor says so" 'connection .*proxy_command ended with exit status 127'
"$root/tests/peers/sshd" start "$work/chatty" --host-keys ed25519 \
	--option 'ForceCommand echo Welcome to this server' >"$work/chatty.log" 2>&1
sshds+=("$work/chatty")
configure "$(there_at "$(id -un)" chatty); $(with_key chatty)"
exits 4 "a login script that writes a text" run
said "what it may be" 'serves no SFTP: .*no login script writes a text there'
python3 - "$work/mute" <<'END' &
import socket, sys
s = socket.create_server(("127.0.0.1", 0))
open(sys.argv[1], "w").write(str(s.getsockname()[1]))
while True:
    s.accept()[0].close()
END
receivers+=($!)
wait_for "$work/mute"
configure "s|:$port/|:$(cat "$work/mute")/|"
exits 3 "a server that hangs up" run
said "a server that says nothing: what it may be" \
	'hung up before it said anything.*PerSourcePenalties'
for only in 'Ciphers aes128-gcm@openssh.com' 'MACs hmac-sha2-256-etm@openssh.com'; do
	"$root/tests/peers/sshd" start "$work/modern" --host-keys ed25519 --option "$only" \
		--option "$([ "${only%% *}" = Ciphers ] ||
		echo Ciphers aes128-ctr)" >"$work/modern.log" 2>&1
	configure "$(there_at "$(id -un)" modern); $(with_key modern)"
	"$dropfeed" --config "$conf" run >"$work/out" 2>"$work/err" </dev/null
	# a newer libssh2 has them
	[ $? -ne 4 ] || said "a server with nothing but ${only%% *} of today" \
		'aes-gcm ciphers or -etm MACs only needs libssh2 1\.11'
	"$root/tests/peers/sshd" stop "$work/modern"
done

# ---- passwords: those of a user who is there for this test alone ----
user=
gone() { [ -z "$user" ] || userdel "$user" >/dev/null 2>&1; }
PATH=$PATH:/usr/sbin
if [ "$(id -u)" = 0 ] && command -v useradd >/dev/null && command -v chpasswd >/dev/null; then
	trap \
		'gone; [ -n "$finished" ] || echo "not ok - $(basename "$0") ended early"; lib_cleanup' \
		EXIT
	useradd --no-create-home --home-dir "$work" --shell /bin/sh "dropfeed-test-$$" &&
		user=dropfeed-test-$$
fi
if [ -n "$user" ]; then
	printf '%s:%s\n' "$user" 'pass word, "quoted" ß' | chpasswd
	printf '%s\n' 'pass word, "quoted" ß' >"$work/password"
	chmod 755 "$work" # sshd goes there as that user
	# A key and a password, one after the other; a server's list of ways names what comes first
	# only.
	for second in password keyboard-interactive; do
		[ $second = password ] && pam=no kbd=no || pam=yes kbd=yes
		"$root/tests/peers/sshd" start "$work/both-$second" --host-keys ed25519 \
			--option "AuthenticationMethods publickey,$second" \
			--option "UsePAM $pam" \
			--option "KbdInteractiveAuthentication $kbd" >"$work/both.log" 2>&1
		sshds+=("$work/both-$second")
		chmod 755 "$work/both-$second" "$work/both-$second/root"
		chmod 644 "$work/both-$second/authorized_keys"
		there=$(there_at "$user" "both-$second")
		configure "$there; $(with_key "both-$second" "\npassword_file = $work/password")"
		enters "a key, then a password ($second)"
		configure "$there; $(with_key "both-$second" "\npassword_file = $work/wrong")"
		exits 4 "a key, then a wrong password ($second)" run
		said "what the server wants is said" "it takes: $second"
	done
	for way in password keyboard-interactive; do
		asked=yes plain=no
		[ $way = password ] && asked=no plain=yes
		"$root/tests/peers/sshd" start "$work/by-$way" --host-keys ed25519 \
			--option "PasswordAuthentication $plain" \
			--option "KbdInteractiveAuthentication $asked" \
			--option "UsePAM $asked" >"$work/by-$way.log" 2>&1
		sshds+=("$work/by-$way")
		chmod 755 "$work/by-$way" "$work/by-$way/root"
		there=$(there_at "$user" "by-$way")
		configure "$there; s|^identity_file.*|password_file = $work/password|"
		enters "a password ($way)"
		check "the server took it that way" grep -q "Accepted $way" "$work/by-$way/log"
		configure "$there; s|^identity_file.*|password_file = $work/wrong|"
		exits 4 "a wrong password ($way)" run
		said "it says what was refused" \
			"refused the login of $user; the password.*correct password_file"
		check "and it is not logged" absent sesam "$work/err"
		configure \
			"$there; s|^identity_file.*|identity_file = $work/strange\npassword_file = $work/password|"
		enters "a key that is refused, then a password ($way)"
	done
else
	skip "passwords: only root can make a user who has one"
fi

# ---- RSA, which libssh2 before 1.11 signs with SHA-1 only ----
ssh-keygen -q -t rsa -b 3072 -N '' -f "$work/rsa"
cat "$work/rsa.pub" >>"$work/sftp/authorized_keys"
"$root/tests/peers/sshd" start "$work/only-rsa" --host-keys rsa >"$work/only-rsa.log" 2>&1
sshds+=("$work/only-rsa")
there="$(there_at "$(id -un)" only-rsa); $(with_key only-rsa)"
if [ -e "$root/build/libssh2/lib/libssh2.a" ]; then
	identity "identity_file = $work/rsa"
	enters "an RSA key"
	configure "$there"
	enters "a server that has only an RSA host key"
else
	skip \
		"RSA keys: libssh2 1.11 was not built (make libssh2); how 1.10 explains itself is looked at instead"
	identity "identity_file = $work/rsa"
	"$dropfeed" --config "$conf" run >"$work/out" 2>"$work/err" </dev/null
	# a newer system libssh2 has nothing to explain
	if [ $? -eq 4 ]; then
		said "an RSA key: why it is refused and the ways out" \
			'RSA with SHA-1 only.*Ed25519 or ECDSA.*libssh2 1\.11'
		configure "$there"
		exits 4 "a server that has only an RSA host key" run
		said "why, and the ways out" 'only RSA host keys.*Ed25519 or ECDSA.*libssh2 1\.11'
	fi
fi
finish
