#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Endpoints that are host names: found without waiting, and looked up again when
# the peer is no longer there; and changes of addresses, which are noticed.
set -uo pipefail
# shellcheck source=selftests/system/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

# Files that ip netns exec puts over those in /etc, before daemons start.
mkdir -p /etc/netns/alpha
echo '127.0.0.1 localhost' >/etc/netns/alpha/hosts
echo 'nameserver 192.0.2.53' >/etc/netns/alpha/resolv.conf
echo 'hosts: files dns' >/etc/netns/alpha/nsswitch.conf

make_machines
# shellcheck disable=SC2154 # set by make_node()
b=$id_beta

# row FIELD VALUE: of alpha's peer
row()
{
	[[ $(on alpha -j peer show | jq -r ".[0].$1") == "$2" ]]
}

listen beta 9000

# Nobody is at the name server's address: nothing waits for it.
start=${EPOCHREALTIME/./}
on alpha peer add "$b" endpoint beta.example:7000 name beta
((${EPOCHREALTIME/./} - start < 2000000))
result $? 'adding a peer by name does not wait'
must 'the host is shown' row host beta.example:7000
must 'it is not found' wait_for 30 grep -q 'cannot find "beta.example:7000"' \
	"$dir/alpha.log"
kill_daemon alpha
start=${EPOCHREALTIME/./}
start_daemon alpha
((${EPOCHREALTIME/./} - start < 4000000))
result $? 'the start does not wait for a name server'
must 'the name has been kept' row host beta.example:7000

# A name server appears: alpha hears of its address, and asks again at once.
cat >"$dir/dns.py" <<'PY'
import socket, struct, sys
address = socket.inet_aton(sys.argv[1])
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("192.0.2.53", 53))
print("ready", flush=True)
while True:
    q, who = s.recvfrom(512)
    end = q.index(b"\0", 12) + 5
    kind, = struct.unpack(">H", q[end - 4:end - 2])
    n = 1 if kind == 1 else 0
    a = q[:2] + struct.pack(">HHHHH", 0x8180, 1, n, 0, 0) + q[12:end]
    if n:
        a += struct.pack(">HHHIH", 0xc00c, 1, 1, 1, 4) + address
    s.sendto(a, who)
PY
ip netns exec alpha python3 "$dir/dns.py" 192.0.2.2 >"$dir/dns.out" 2>&1 &
dns=$!
jobs_started+=("$dns")
! wait_for 2 grep -q ready "$dir/dns.out"
result $? 'no server without its address'
ip -n alpha addr add 192.0.2.53/32 dev lo
ip netns exec alpha python3 "$dir/dns.py" 192.0.2.2 >"$dir/dns.out" 2>&1 &
dns=$!
jobs_started+=("$dns")
wait_for 10 grep -q ready "$dir/dns.out"
# Any change of addresses will do; this one comes when the server is there.
ip -n alpha addr add 192.0.2.54/32 dev lo
must 'a change of addresses looks the name up' wait_for 10 \
	row endpoint 192.0.2.2:7000
must 'a peer found by DNS answers' ask alpha "$b:9000" found

# The peer moves: its name is looked up when it does not answer.
kill "$dns"
wait "$dns" 2>/dev/null
ip -n beta addr add 192.0.2.3/24 dev beta0
ip -n beta addr del 192.0.2.2/24 dev beta0
ip -n beta addr add 192.0.2.3/24 dev beta0 2>/dev/null
ip netns exec alpha python3 "$dir/dns.py" 192.0.2.3 >"$dir/dns.out" 2>&1 &
jobs_started+=($!)
wait_for 10 grep -q ready "$dir/dns.out"
on alpha session del peer "$b" >/dev/null
sleep 10
on alpha peer connect "$b"
must 'looked up again when it does not answer' wait_for 25 \
	row endpoint 192.0.2.3:7000
must 'and called there' wait_for 25 row state established

# /etc/hosts serves as well.
echo '192.0.2.3 other.example' >>/etc/netns/alpha/hosts
on alpha session del peer "$b" >/dev/null
on alpha peer add "$b" endpoint other.example:7000
must 'a name from /etc/hosts' wait_for 5 row endpoint 192.0.2.3:7000
must 'a peer found in /etc/hosts answers' ask alpha "$b:9000" hosts

# An address that comes back: asked at once, and not seconds later.
on alpha session del peer "$b" >/dev/null
on alpha peer add "$b" endpoint 192.0.2.3:7000
ip -n alpha addr del 192.0.2.1/24 dev alpha0
on alpha peer connect "$b"
sleep 5
must 'no way' row state handshaking
ip -n alpha addr add 192.0.2.1/24 dev alpha0
must 'a way is noticed at once' wait_for 2 row state established
on alpha session del peer "$b" >/dev/null
ip -n alpha addr del 192.0.2.1/24 dev alpha0
on alpha peer connect "$b"
must 'no way at all' wait_for 15 row state failed
ip -n alpha addr add 192.0.2.9/24 dev alpha0
must 'who failed is called again' wait_for 5 row state established
must 'from another address' ask alpha "$b:9000" moved

# An established session goes on from a new address.
ip -n alpha addr add 192.0.2.10/24 dev alpha0
ip -n alpha addr del 192.0.2.9/24 dev alpha0
ip -n alpha addr add 192.0.2.10/24 dev alpha0 2>/dev/null
must 'a session goes on from a new address' ask alpha "$b:9000" again

err=$(on alpha peer add "$b" endpoint 'no host:7000' 2>&1)
[[ $? == 1 && $err == 'Error: "no host:7000" is not an endpoint. '* ]]
result $? 'what is no name'
rm -rf /etc/netns/alpha

finish
