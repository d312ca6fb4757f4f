#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What goes wrong around the daemon: no descriptors, no memory, no disk, lost
# notifications, clocks that jump, another daemon, no module. Sessions go on, and
# each is said once.
set -uo pipefail
# shellcheck source=selftests/system/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

# themis.conf: keys are renewed while clocks jump
cat >"$dir/rekey.conf" <<TXT
[daemon]
rekey = 5
metrics = $dir/metrics.sock
TXT
mkdir "$dir/small"
mount -t tmpfs -o size=96k,mode=700 tmpfs "$dir/small"

sed '/metrics/d' "$dir/rekey.conf" >"$dir/alpha.conf"
alpha_options=(--state "$dir/small/state" --config "$dir/alpha.conf")

if ! { make_network && start_daemon beta --config "$dir/rekey.conf" &&
	make_node beta && start_daemon alpha "${alpha_options[@]}" &&
	make_node alpha; }; then
	echo 'Bail out! cannot set up two machines'
	tail "$dir"/*.log
	exit 1
fi
# shellcheck disable=SC2154 # set by make_node()
a=$id_alpha b=$id_beta

# said MACHINE TEXT: how many lines of the journal have it
said()
{
	grep -c -- "$2" "$dir/$1.log"
}

# cpu MACHINE: its ticks so far
cpu()
{
	awk '{ print $14 + $15 }' "/proc/${daemons[$1]}/stat"
}

# descriptors MACHINE
descriptors()
{
	local list=(/proc/"${daemons[$1]}"/fd/*)

	echo ${#list[@]}
}

state()
{
	[[ $(on "$1" -j peer show | jq -r '.[0].state') == "$2" ]]
}

listen beta 9000
listen alpha 9001
on alpha peer add "$b" endpoint 192.0.2.2:7000
must 'a session' ask alpha "$b:9000" one

# No descriptors: connections wait, and nothing spins.
prlimit --nofile=$(($(descriptors alpha) + 3)) \
	--pid "${daemons[alpha]}"
python3 - "$dir/alpha.sock" <<'PY' >"$dir/hold.out" &
import socket, sys, time
held = []
for i in range(12):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    held.append(s)
print("held", flush=True)
time.sleep(600)
PY
holder=$!
jobs_started+=("$holder")
wait_for 10 grep -q held "$dir/hold.out"
wait_for 5 grep -q 'cannot accept' "$dir/alpha.log"
before=$(cpu alpha)
sleep 4
used=$(($(cpu alpha) - before))
echo "# $used ticks of 10 ms in 4 s without descriptors"
((used < 40))
result $? 'without descriptors nothing spins'
[[ $(said alpha 'control socket: cannot accept a connection') == 1 ]]
result $? 'and it is said once'
must 'sessions go on without descriptors' ask beta "$a:9001" fd
kill "$holder"
wait "$holder" 2>/dev/null
must 'who waited is served' wait_for 10 on alpha peer
prlimit --nofile=1024 --pid "${daemons[alpha]}"

# The metrics socket is no other.
prlimit --nofile="$(descriptors beta)" --pid "${daemons[beta]}"
timeout 3 curl -s --unix-socket "$dir/metrics.sock" http://x/ >/dev/null
before=$(cpu beta)
sleep 2
((used = $(cpu beta) - before, used < 20))
result $? 'nor does the metrics socket spin'
prlimit --nofile=1024 --pid "${daemons[beta]}"
must 'metrics come when there are descriptors' wait_for 5 \
	curl -sf --unix-socket "$dir/metrics.sock" http://x/

# A full disk: refused, said once, and what was there stays.
dd if=/dev/zero of="$dir/small/filler" bs=1k >/dev/null 2>&1
for ((i = 0; i < 30; i++)); do
	printf -v id '%064x' $((i + 1))
	on alpha peer add "$id" endpoint 192.0.2.99:7000 2>"$dir/err"
	status=$?
	((status == 0)) || break
done
[[ $status == 2 && $(<"$dir/err") == 'Error: cannot write the state file '*'No space left on device. Check the file system.' ]]
result $? 'a full disk refuses changes'
refused=$id
for ((i = 0; i < 10; i++)); do
	! on alpha peer add "$id" 2>/dev/null || break
done
((i == 10))
result $? 'each of them'
[[ $(said alpha 'No space left on device; changes are refused') == 1 ]]
result $? 'it is said once'
! on alpha peer show "$refused" 2>/dev/null
result $? 'what was refused is not there'
must 'sessions go on with a full disk' ask alpha "$b:9000" full
kill_daemon alpha
start_daemon alpha "${alpha_options[@]}"
must 'it starts with a full disk' on alpha peer show "$b"
must 'and goes on' ask alpha "$b:9000" restarted
rm "$dir/small/filler"
must 'with room it keeps changes' on alpha peer add "$refused"
kill_daemon alpha
start_daemon alpha "${alpha_options[@]}"
must 'they are there after its death' on alpha peer show "$refused"
on alpha peer del "$refused"

# Lost notifications: the state is read anew.
on alpha -j peer show | jq -e '.[] | select(.state == "established")' \
	>/dev/null
result $? 'established before notifications are lost'
kill -STOP "${daemons[alpha]}"
# Its buffer made small by somebody who may, for a storm takes long to brew.
python3 - "${daemons[alpha]}" <<'PY'
import ctypes, os, socket, sys
pid = int(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
pidfd = os.pidfd_open(pid)
n = 0
for name in os.listdir(f"/proc/{pid}/fd"):
    if not os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:"):
        continue
    fd = libc.syscall(438, pidfd, int(name), 0)
    assert fd >= 0, ctypes.get_errno()
    s = socket.socket(fileno=fd)
    # Generic netlink, and a member of groups.
    if s.family == socket.AF_NETLINK and s.proto == 16 and any(
            s.getsockopt(270, 9, 64)):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2304)
        n += 1
assert n == 1, n
PY
result $? 'its buffer is small'
for ((i = 0; i < 20; i++)); do
	printf 'link add port 8001\nlink del port 8001\n'
done >"$dir/storm"
"$themis" -n alpha -b "$dir/storm" >/dev/null 2>&1
"$themis" -n alpha session del peer "$b"
kill -CONT "${daemons[alpha]}"
must 'it is said' wait_for 20 grep -q 'notifications were lost' \
	"$dir/alpha.log"
must 'what was lost is known' wait_for 10 state alpha idle
[[ $(said alpha 'notifications were lost') == 1 ]]
result $? 'said once'
must 'a new session after that' ask alpha "$b:9000" storm

# Clocks that jump by years: sessions, rekeys and the journal do not notice.
lines=$(wc -l <"$dir/beta.log")
keys=$(said beta rekeyed)
now=$EPOCHSECONDS
before=$(cpu beta)
for when in 2099-01-01 1975-01-01 2037-06-01; do
	date -s "$when" >/dev/null
	must "the clock says $when" ask alpha "$b:9000" "$when"
	# A key is renewed by who sends when it is old.
	for ((i = 0; i < 9; i++)); do
		ask alpha "$b:9000" "$i"
		sleep 0.4
	done
done
date -s "@$((now + 13))" >/dev/null
must 'sessions go on' ask alpha "$b:9000" clock
(($(said beta rekeyed) > keys))
result $? 'keys are renewed meanwhile'
(($(wc -l <"$dir/beta.log") < lines + 20))
result $? 'the journal is not flooded'
((used = $(cpu beta) - before, used < 150))
result $? 'the daemon is not busy'
! tail -n "+$((lines + 1))" "$dir/beta.log" | grep -q 'idle\|failed'
result $? 'no session ended'

# A daemon that has slept while its keys grew too old.
kill -STOP "${daemons[alpha]}"
sleep 9
kill -CONT "${daemons[alpha]}"
must 'awake again, it agrees anew' ask alpha "$b:9000" awake

# No memory: refused, and it lives.
size=$(awk '/VmSize/ { print $2 }' "/proc/${daemons[alpha]}/status")
prlimit --as=$(((size + 512) * 1024)) --pid "${daemons[alpha]}"
for ((i = 0; i < 4000; i++)); do
	printf 'peer add %064x endpoint 192.0.2.98:7000 psk-file %s\n' \
		$((i + 100)) "$dir/psk"
done >"$dir/many"
"$themis" key psk "$dir/psk" >/dev/null
on alpha -b "$dir/many" >/dev/null 2>"$dir/err"
echo "# $(head -n 1 "$dir/err")"
grep -q 'out of memory\|cannot add the peer: \|No space left' "$dir/err"
result $? 'without memory changes are refused'
must 'it lives' kill -0 "${daemons[alpha]}"
must 'sessions go on without memory' ask alpha "$b:9000" memory
prlimit --as=unlimited --pid "${daemons[alpha]}"
must 'with memory it goes on' on alpha peer

# Another daemon in the same network namespace.
err=$(ip netns exec alpha "$themisd" --control "$dir/x.sock" \
	--state "$dir/x.state" 2>&1)
[[ $? == 1 && $err == *'Error: another themisd serves this network namespace. Stop it, '* ]]
result $? 'a second daemon is refused'
must 'the first one serves' on alpha peer
kill_daemon alpha
# Anybody can take the name; that must not keep the daemon out.
ip netns exec alpha setpriv --reuid 65534 --clear-groups python3 -c '
import socket, time
s = socket.socket(socket.AF_UNIX)
s.bind("\0themisd")
s.listen()
print("held", flush=True)
time.sleep(600)' >"$dir/name.out" &
jobs_started+=($!)
wait_for 10 grep -q held "$dir/name.out"
must 'a stranger who takes its name does not keep it out' \
	start_daemon alpha "${alpha_options[@]}"

# The module removed under a daemon that has no nodes.
for name in alpha beta; do
	kill_daemon "$name" TERM
done
for pid in "${jobs_started[@]}"; do
	kill "$pid"
done 2>/dev/null
ip netns del alpha
ip netns del beta
sleep 0.5
make_network
rm -f "$dir"/alpha.state* "$dir/small/"*
cat >"$dir/link.conf" <<TXT
[link]
port = 7003
TXT
start_daemon alpha --config "$dir/link.conf" --state "$dir/small/state"
must 'a module that nobody uses can be removed' wait_for 10 rmmod themis
must 'it is said' wait_for 5 grep -q 'the module was removed; waiting' \
	"$dir/alpha.log"
err=$(on alpha node add key "$dir/alpha.key" netid test link 7000 2>&1)
[[ $? == 2 && $err == 'Error: the kernel has no Themis module. Load it: '* ]]
result $? 'changes are refused without the module'
must 'it still answers' on alpha peer
before=$(cpu alpha)
sleep 2
(($(cpu alpha) - before < 20))
result $? 'it waits'
modprobe themis
must 'it comes back' wait_for 10 grep -q 'the module has come back' \
	"$dir/alpha.log"
must 'and has its ports' wait_for 5 on alpha link show port 7003
rm "$dir/alpha.key"
make_node alpha >/dev/null
result $? 'a node, after that'
[[ $(said alpha 'the module was removed') == 1 ]]
result $? 'said once'
kill_daemon alpha
umount "$dir/small"

finish
