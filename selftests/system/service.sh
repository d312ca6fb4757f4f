#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The daemon as the service manager sees it: told when it is ready, reloads,
# stops and lives; the journal's fields; and what it has given up by then.
set -uo pipefail
# shellcheck source=selftests/system/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

# What systemd listens on: datagrams, one printed on each line.
cat >"$dir/listen.py" <<'TXT'
import os
import socket
import sys

os.makedirs(os.path.dirname(sys.argv[1]), exist_ok=True)
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
print("listening", flush=True)
while True:
    print(s.recv(65536).decode().replace("\n", "|"), flush=True)
TXT
python3 "$dir/listen.py" "$dir/notify" >"$dir/notified" 2>&1 &
jobs_started+=($!)
python3 "$dir/listen.py" /run/systemd/journal/socket >"$dir/journal" 2>&1 &
jobs_started+=($!)
wait_for 20 grep -q listening "$dir/notified"
wait_for 20 grep -q listening "$dir/journal"

# An ordinary user without anything but what the daemon leaves itself.
uid=987
echo "themis-test:x:$uid:$uid::/:/bin/false" >>/etc/passwd
install -d -o "$uid" "$dir/own"
cat >"$dir/alpha.conf" <<TXT
[daemon]
user = themis-test
control = $dir/alpha.sock
[node alpha]
key = $dir/own/alpha.key
netid = test
link = 7000
owner = any
create-key = yes
directory = yes
TXT

make_network
chmod 1777 "$dir"
touch "$dir/alpha.log"
export NOTIFY_SOCKET=$dir/notify WATCHDOG_USEC=1000000
JOURNAL_STREAM=$(stat -c %d:%i "$dir/alpha.log")
export JOURNAL_STREAM
start_alpha()
{
	start_daemon alpha --config "$dir/alpha.conf" \
		--state "$dir/own/state.json"
}
must 'a daemon as a user of its own' start_alpha
unset NOTIFY_SOCKET WATCHDOG_USEC JOURNAL_STREAM
pid=${daemons[alpha]}
must 'it is ready' wait_for 5 grep -qx 'READY=1' "$dir/notified"
must 'it lives' wait_for 5 grep -qx 'WATCHDOG=1' "$dir/notified"

# status FIELD: of the daemon's process
status()
{
	sed -nE "s/^$1:\t([^\t]*).*/\1/p" "/proc/$pid/status"
}
must 'it is that user' test "$(status Uid)" = "$uid"
must 'without groups' test -z "$(status Groups | tr -d ' ')"
# CAP_NET_ADMIN is bit 12.
must 'CAP_NET_ADMIN alone' test "$(status CapEff)/$(status CapPrm)" = \
	0000000000001000/0000000000001000
must 'nothing to inherit, nothing to gain' test \
	"$(status CapInh)/$(status CapBnd)/$(status CapAmb)" = \
	0000000000000000/0000000000000000/0000000000000000
must 'no new privileges' test "$(status NoNewPrivs)" = 1
must 'a filter for system calls' test "$(status Seccomp)" = 2
must 'its key is its own' test "$(stat -c %u/%a "$dir/own/alpha.key")" = \
	"$uid/600"

start_daemon beta
make_node beta
listen beta 9000
# shellcheck disable=SC2154 # set by make_node()
on alpha peer add "$id_beta" endpoint 192.0.2.2:7000 name beta
must 'it agrees on keys' ask alpha "$id_beta:9000" hello
entry()
{
	grep -E "PRIORITY=6.*THEMIS_NODE=[0-9a-f]{64}\|THEMIS_PEER=$id_beta\|THEMIS_ENDPOINT=192.0.2.2:7000\|THEMIS_STATE=$1\|THEMIS_WHY=$2\|" \
		"$dir/journal"
}
must 'the journal has the fields' wait_for 5 entry established none
must 'other lines begin with their priority' grep -q '^<6>' "$dir/alpha.log"

ghost=00000000${id_beta:8}
on alpha peer add "$ghost" endpoint 192.0.2.2:7000
! ask alpha "$ghost:9000" x
id_beta=$ghost
must 'and those of a failure' wait_for 15 entry failed no-answer

kill -HUP "$pid"
must 'it tells of a reload' wait_for 5 grep -q '^RELOADING=1|MONOTONIC_USEC=' \
	"$dir/notified"
ready_twice()
{
	(($(grep -cx READY=1 "$dir/notified") == 2))
}
must 'and of its end' wait_for 5 ready_twice
kill_daemon alpha TERM
must 'it tells that it stops' wait_for 5 grep -qx 'STOPPING=1' "$dir/notified"

# The directory, so confined: it joins, keeps objects, and has them after being
# killed.
start_alpha
id_alpha=$(on alpha -j node | jq -r '.[0].id')
must 'beta joins through it' on beta join "$id_alpha" endpoint 192.0.2.1:7000
stored=$(on alpha -br store value kept)
named=$(on alpha -br store --keep value kept name service)
must 'what it stores is found elsewhere' eval \
	"[[ \$(on beta -br find $stored) == kept ]]"
kill_daemon alpha
must 'its file is its own' test "$(stat -c %u/%a "$dir/own/state.json.dht")" = \
	"$uid/600"
start_alpha
pid=${daemons[alpha]}
joined()
{
	[[ $(on alpha -j net | jq -r '.[0].state') == joined ]]
}
must 'killed, it joins again' wait_for 10 joined
must 'with no more rights than before' test \
	"$(status Uid)/$(status CapEff)/$(status Seccomp)" = \
	"$uid/0000000000001000/2"
must 'it has what it kept' eval "[[ \$(on alpha -br find $stored) == kept ]]"
must 'and what it keeps up' eval "[[ \$(on alpha -br find $named) == kept ]]"
[[ $(on alpha -br -s net show | awk '$1 == "unwritten" { print $2 }') == 0 ]]
result $? 'all of it is on its disk'
kill_daemon alpha TERM

# What it cannot become is an error, not a daemon with too much.
sed 's/^user = .*/user = nobody-at-all/' "$dir/alpha.conf" >"$dir/bad.conf"
"$themisd" --config "$dir/bad.conf" >"$dir/bad.log" 2>&1
[[ $? == 1 ]] && grep -q 'Error: there is no user "nobody-at-all"' \
	"$dir/bad.log"
result $? 'no such user'

finish
