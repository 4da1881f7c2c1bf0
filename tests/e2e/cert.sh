# SPDX-License-Identifier: MIT
# Host certificates: real ones, by ssh-keygen, shown by a real sshd; those that an authority in
# known_hosts vouches for, and all those that it does not.
. "$(dirname "$0")/lib/checks.sh"

receiver_start "$work/api" || exit 1
dir=$work/sftp hosts=$work/hosts
mkdir -p "$dir/root/in"
for key in ca other-ca; do ssh-keygen -q -t ed25519 -N '' -C '' -f "$work/$key"; done
ssh-keygen -q -t rsa -b 2048 -N '' -C '' -f "$work/rsa-ca"
ssh-keygen -q -t ecdsa -b 384 -N '' -C '' -f "$work/ec-ca"
for type in ed25519 ecdsa rsa; do
	ssh-keygen -q -t $type -N '' -C '' -f "$dir/ssh_host_${type}_key"
done
ca=$(cat "$work/ca.pub") other_ca=$(cat "$work/other-ca.pub")

# certify TYPE ARGUMENT...: the host's key of that type, signed by ssh-keygen with these arguments
certify() {
	local type=$1
	shift
	rm -f "$dir"/*-cert.pub
	ssh-keygen -q -I 'drop server' -z 7 "$@" "$dir/ssh_host_${type}_key.pub"
}
serve() { # [OPTION]...: a server that shows the certificates that are there
	"$root/tests/peers/sshd" stop "$dir"
	local options=() cert
	for cert in "$dir"/*-cert.pub; do
		[ ! -e "$cert" ] || options+=(--option "HostCertificate \"$cert\"")
	done
	while [ $# -gt 0 ]; do options+=(--option "$1") && shift; done
	"$root/tests/peers/sshd" start "$dir" "${options[@]}" || exit 1
	port=$(cat "$dir/port")
	sftp=sftp://$(id -un)@127.0.0.1:$port/~
	{
		printf '[dropfeed]\nstate_dir = %s/state\n' "$work"
		sftp_feed orders in "$dir"
		printf 'sink = events-api\ngive_up_after = 1s\nexclude = *\nstall_timeout = 20s\n'
	} | sed "s|^known_hosts.*|known_hosts = $hosts|" >"$conf"
}
known() { printf '%s\n' "$@" >"$hosts"; }
sshds+=("$dir")

# ---- certificates that are right ----
certify ed25519 -s "$work/ca" -h -n 127.0.0.1
serve
known "@cert-authority * $ca"
exits 0 "a certificate of the authority" run
exits 0 "check takes the authority's line for the host" check
known "@cert-authority [127.0.0.1]:$port $ca"
exits 0 "the authority's line has host and port" run
known "@cert-authority 127.0.0.* $ca"
exits 0 "a pattern without the port" run
known "@cert-authority 127.0.0.1 $ca"
exits 0 "a name without the port" run
known "@cert-authority * $other_ca" "@cert-authority * $ca"
exits 0 "the second of two authorities" run
cp "$samples/orders-commerce_event.csv" "$dir/root/in/"
sed -i '/^exclude/d; s/^min_age.*/min_age = 0s/' "$conf"
exits 0 "a file is delivered" run
equal "all of it" "$(lines "$work/api/accepted.ndjson")" \
	"$("$dropfeed" --quiet import --sink - "$samples/orders-commerce_event.csv" | wc -l)"
certify ed25519 -s "$work/ca" -h -n 'a.example.org,127.0.*'
serve
known "@cert-authority * $ca"
exits 0 "a name with a wildcard in the certificate" run
for authority in rsa-ca ec-ca; do
	certify ecdsa -s "$work/$authority" -h -n 127.0.0.1
	serve
	known "@cert-authority * $(cat "$work/$authority.pub")"
	exits 0 "an ECDSA key, signed by $authority" run
done
for kex in ecdh-sha2-nistp256 diffie-hellman-group14-sha256; do
	serve "KexAlgorithms $kex"
	exits 0 "a server with $kex only" run
done
certify ed25519 -s "$work/ca" -h -n 127.0.0.1 -V always:forever
serve
known "[127.0.0.1]:$port $(cat "$work/other-ca.pub")" "@cert-authority * $ca"
exits 0 "the host's key has changed, and its certificate vouches for the new one" run
known "[127.0.0.1]:$port $(cut -d' ' -f1,2 "$dir/ssh_host_ed25519_key.pub")" \
	"@cert-authority * $other_ca"
exits 0 "another authority's certificate, but the key itself is known" run
cat >"$work/pipe" <<'PY'
import os, select, socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
while True:
    for f in select.select([0, s], [], [])[0]:
        data = os.read(0, 65536) if f == 0 else s.recv(65536)
        if not data:
            sys.exit()
        s.sendall(data) if f == 0 else os.write(1, data)
PY
sed -i "s|^known_hosts|proxy_command = python3 $work/pipe %h %p\nknown_hosts|" "$conf"
known "@cert-authority * $ca"
exits 0 "through a proxy_command" run

# ---- and those that are not ----
# refused WHAT PATTERN KNOWN-LINE...
refused() {
	local what=$1 pattern=$2
	shift 2
	known "$@"
	exits 4 "$what" run
	said "$what: it says so" "$pattern"
}
certify ed25519 -s "$work/ca" -h -n 127.0.0.1 -V 20200101:20200201
serve
refused "an expired certificate" \
	"'drop server' .serial 7, ssh-ed25519. .*it expired at 2020-0[12]-.*renew" \
	"@cert-authority * $ca"
certify ed25519 -s "$work/ca" -h -n 127.0.0.1 -V 20990101:20990201
serve
refused "a certificate of the future" 'not valid before 20(98-12|99-01)' "@cert-authority * $ca"
certify ed25519 -s "$work/ca" -h -n a.example.org,b.example.org,c.example.org,d.example.org
serve
refused "a certificate for other hosts" \
	"made for a\.example\.org, b\.example\.org, c\.example\.org, \.\.\., not for '127\.0\.0\.1'" \
	"@cert-authority * $ca"
certify ed25519 -s "$work/ca" -h
serve
refused "a certificate without names" 'made for no name at all' "@cert-authority * $ca"
certify ed25519 -s "$work/ca" -n 127.0.0.1
serve
# sshd itself leaves a user's certificate out, which test_fetch_cert looks at
refused "a user's certificate" 'made for users, not for hosts' "@cert-authority * $ca"
certify ed25519 -s "$work/ca" -h -n 127.0.0.1
serve
ca_print=$(ssh-keygen -lf "$work/ca.pub" | awk '{ print $2 }')
other_print=$(ssh-keygen -lf "$work/other-ca.pub" | awk '{ print $2 }')
refused "another authority" \
	"signed by ssh-ed25519 ${ca_print//+/\\+}, but .*hosts trusts ssh-ed25519 ${other_print//+/\\+} .@cert-authority in line 2" \
	'# nobody' "@cert-authority * $other_ca"
refused "a revoked authority" "authority's key.*${ca_print//+/\\+}. is revoked by .*hosts line 2" \
	"@cert-authority * $ca" "@revoked * $ca"
refused "a revoked host key" 'its key .*is revoked by .*hosts line 1' \
	"@revoked 127.0.0.1 $(cat "$dir/ssh_host_ed25519_key.pub")" "@cert-authority * $ca"
refused "an authority for other hosts" 'unknown: it shows' "@cert-authority *.example.org $ca"
refused "an authority that leaves this host out" 'unknown: it shows' \
	"@cert-authority *,![127.0.0.1]:$port $ca"
refused "an authority that leaves this name out" 'unknown: it shows' \
	"@cert-authority ![127.0.0.1]:1,!127.0.0.1,* $ca"
refused "an authority's key in place of the host's" 'has changed' "[127.0.0.1]:$port $ca"
known "@cert-authority * $other_ca" "[127.0.0.1]:$port $other_ca"
exits 4 "a changed key and another authority" run
said "both are reported" \
	'host key of .* has changed.*The @cert-authority in line 1 does not help: .*signed by'
certify ed25519 -s "$work/ca" -h -n 127.0.0.1 -O 'critical:only@example.org=tuesdays'
serve
refused "a critical option" "critical option 'only@example\.org'" "@cert-authority * $ca"
if certify ed25519 -s "$work/rsa-ca" -t ssh-rsa -h -n 127.0.0.1 2>/dev/null && serve; then
	refused "signed with SHA-1" 'signed with SHA-1, which can be forged' \
		"@cert-authority * $(cat "$work/rsa-ca.pub")"
fi
rm -f "$dir"/*-cert.pub
serve
refused "a server without a certificate" \
	'has no host certificate, which the @cert-authority in .*hosts line 1 asks for .*ssh-ed25519.*HostCertificate' \
	"@cert-authority * $ca"

# ---- one name, two servers in turns ----
certify ed25519 -s "$work/ca" -h -n 127.0.0.1
serve
second=$work/second
mkdir -p "$second"
ssh-keygen -q -t ed25519 -N '' -C '' -f "$second/ssh_host_ed25519_key"
ssh-keygen -q -I second -s "$work/ca" -h -n 127.0.0.1 "$second/ssh_host_ed25519_key.pub"
cp "$dir/authorized_keys" "$second/"
"$root/tests/peers/sshd" start "$second" \
	--option "HostCertificate \"$second/ssh_host_ed25519_key-cert.pub\"" || exit 1
sshds+=("$second")
cat >"$work/turns" <<'PY'
import select, socket, sys
ready, *ports = sys.argv[1:]
s = socket.create_server(("127.0.0.1", 0))
open(ready, "w").write(str(s.getsockname()[1]))
pairs, turn = {}, 0
while True:
    for f in select.select([s, *pairs], [], [])[0]:
        if f is s:
            a, b = s.accept()[0], socket.create_connection(("127.0.0.1", int(ports[turn % len(ports)])))
            turn += 1
            pairs.update({a: b, b: a})
            continue
        try:
            data = f.recv(65536)
            pairs[f].sendall(data) if data else pairs[f].shutdown(socket.SHUT_WR)
        except OSError:
            data = b""
        if not data:
            del pairs[f]
PY
python3 "$work/turns" "$work/turns.port" "$port" "$(cat "$second/port")" &
receivers+=($!)
wait_for "$work/turns.port" || exit 1
sed -i -E "s|^source.*|source = sftp://$(id -un)@127.0.0.1:$(cat "$work/turns.port")/~/in|" "$conf"
mkdir -p "$second/root/in"
known "@cert-authority * $ca"
exits 0 "two servers in turns, both certified" run

# ---- RSA, which libssh2 before 1.11 cannot check with SHA-2 ----
certify rsa -s "$work/ca" -h -n 127.0.0.1
serve
known "@cert-authority * $ca"
"$dropfeed" --config "$conf" run >"$work/out" 2>"$work/err" </dev/null
[ $? -eq 0 ] || said "an RSA key's certificate with an old libssh2: the ways out" \
	'for an RSA key.*Ed25519 or ECDSA.*make libssh2'

# ---- servers that do not keep to the protocol ----
cat >"$work/rude" <<'PY'
import os, socket, sys
how, ready = sys.argv[1:]
kexinit = lambda kex, keys: b"\x14" + b"c" * 16 + b"".join(len(x).to_bytes(4, "big") + x for x in [kex, keys] + [b"x"] * 6 + [b""] * 2) + b"\0" * 5
def packet(payload, size=None):
    pad = 8 - (5 + len(payload)) % 8 + 8
    return (size if size is not None else 1 + len(payload) + pad).to_bytes(4, "big") + bytes([pad]) + payload + b"\0" * pad
offer = packet(kexinit(b"curve25519-sha256", b"ssh-ed25519-cert-v01@openssh.com"))
reply = lambda blob: packet(b"\x1f" + len(blob).to_bytes(4, "big") + blob + b"\0" * 8)
answer = {
    "junk": b"HTTP/1.1 400 Bad Request\r\n" * 1000,
    "huge": b"SSH-2.0-x\r\n" + packet(b"", 1 << 31),
    "short": b"SSH-2.0-x\r\n" + packet(b"\x14" + b"c" * 16 + b"\xff\xff\xff\xff"),
    "bye": b"SSH-2.0-x\r\n" + packet(b"\x01\0\0\0\2\0\0\0\x0cnot \x1b[2Jyou!\0\0\0\0"),
    "damaged": b"SSH-2.0-x\r\n" + offer + reply(b"\0\0\0\x20ssh-ed25519-cert-v01@openssh.com" + b"\xff" * 40),
    "foreign": b"SSH-2.0-x\r\n" + offer + reply(b"\0\0\0\x0bssh-ed25519" + b"\0" * 40),
    "endless": b"SSH-2.0-x\r\n" + packet(b"\x02\0\0\0\0") * 40000,
    "old": b"SSH-2.0-x\r\n" + packet(kexinit(b"diffie-hellman-group1-sha1", b"ssh-ed25519-cert-v01@openssh.com")),
}[how]
s = socket.create_server(("127.0.0.1", 0))
open(ready + ".new", "w").write(str(s.getsockname()[1]))
os.rename(ready + ".new", ready)
while True:
    try:
        c = s.accept()[0]
        c.sendall(answer)
        c.shutdown(socket.SHUT_WR)
        while c.recv(65536):
            pass
    except OSError:
        pass
PY
rude() { # HOW CODE PATTERN
	rm -f "$work/rude.port"
	python3 "$work/rude" "$1" "$work/rude.port" &
	local rude=$!
	wait_for "$work/rude.port" || exit 1
	sed -i -E "s|^source.*|source = sftp://$(id -un)@127.0.0.1:$(cat "$work/rude.port")/~|" \
		"$conf"
	exits "$2" "a server's $1 answer" run
	said "a server's $1 answer: it says so" "$3"
	kill $rude && wait $rude 2>/dev/null
}
known "@cert-authority * $ca"
rude junk 3 'is not an SSH server'
rude huge 3 'does not keep to the SSH protocol'
rude short 3 'does not keep to the SSH protocol'
rude bye 3 'it hung up: not .x1[bB]\[2Jyou!'
rude damaged 4 'certificate (is damaged|cannot be read)'
rude foreign 4 'certificate cannot be read'
rude endless 3 'without an end|hung up'
rude old 4 'cannot be asked for: .*neither curve25519'
finish
