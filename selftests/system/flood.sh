#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Ten times as many false first messages as the daemon could check signatures,
# each from another address: sessions hardly notice, a true newcomer gets in,
# and memory stays what it was.
#
# Generator, sender, receiver and daemon share the guest's few processors, so a
# session is measured at a rate that leaves them room: what is lost is lost to
# the flood. THEMIS_FLOOD_SECONDS and THEMIS_FLOOD_RATE (datagrams of 1000 bytes
# a second) change how long and how much.
set -uo pipefail
# shellcheck source=selftests/system/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

flood=$repo/build/selftests/helper/flood
seconds=${THEMIS_FLOOD_SECONDS:-12}
rate=${THEMIS_FLOOD_RATE:-300}
[[ -x $flood ]] || {
	echo "1..0 # SKIP $flood is not built"
	exit 4
}

make_machines
# shellcheck disable=SC2154 # set by make_node()
b=$id_beta
on alpha peer add "$b" endpoint 192.0.2.2:7000

# Answers to everybody go out by alpha, which drops them.
ip -n beta route add 10.0.0.0/8 via 192.0.2.1
in_netns beta sysctl -qw net.ipv4.conf.all.rp_filter=0 \
	net.ipv4.conf.beta0.rp_filter=0

resident()
{
	awk '/^VmRSS/ { print $2 }' "/proc/${daemons[beta]}/status"
}

# event COUNTER: how often beta's core has counted it
event()
{
	python3 -c '
import json, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"{\"cmd\":\"info\"}\n")
print(json.loads(s.makefile().readline())["result"]["counters"]
      .get(sys.argv[2], 0))' "$dir/beta.sock" "$1"
}

# A receiver that tells how many datagrams came, when it is asked.
mkfifo "$dir/ask"
ip netns exec beta "$flood" receive 9000 <"$dir/ask" >"$dir/came" 2>&1 &
jobs_started+=($!)
exec 8>"$dir/ask"
wait_for 10 grep -q ready "$dir/came"

# came: how many since the last time
came()
{
	local lines

	lines=$(wc -l <"$dir/came")
	echo -n . >&8
	wait_for 5 eval "((\$(wc -l <'$dir/came') > $lines))"
	tail -n 1 "$dir/came"
}

# stream SECONDS: prints how many were sent, and how many came
stream()
{
	local sent

	came >/dev/null
	sent=$(in_netns alpha "$flood" send "$b:9000" "$rate" "$1")
	sleep 0.3
	echo "$sent $(came)"
}

in_netns alpha "$flood" send "$b:9000" 1 1 >/dev/null
capacity=$("$flood" capacity)
read -r sent quiet < <(stream "$seconds")
echo "# $capacity signatures a second; a session without a flood: $quiet of $sent"
((quiet * 100 >= sent * 99))
result $? 'a session without a flood loses nothing'

before=$(resident)
ip netns exec alpha "$flood" init "$b" 192.0.2.2 7000 $((10 * capacity)) \
	$((seconds + 30)) >"$dir/flooded" 2>&1 &
flooder=$!
jobs_started+=("$flooder")
sleep 2
checked=$(event signatures)
read -r sent loaded < <(stream "$seconds")
checked=$(($(event signatures) - checked))
echo "# a session under the flood: $loaded of $sent, $((loaded * 100 / sent)) percent; $checked signatures checked in $seconds s"
((loaded * 100 >= sent * 95))
result $? 'a session keeps 95 percent under the flood'
((checked < capacity * seconds / 10))
result $? 'hardly a signature is checked'

# Somebody whom beta has never seen.
"$themis" -j key new "$dir/new.key" netid test >/dev/null
new=$(on alpha -j node add key "$dir/new.key" netid test link 7000 owner any \
	name new | jq -r '.[0].id')
on alpha peer add "$b" node "$new" endpoint 192.0.2.2:7000
start=${EPOCHREALTIME/./}
on alpha peer connect "$b" node "$new"
must 'a newcomer gets in under the flood' wait_for 25 eval \
	"on alpha -j peer show '$b' node '$new' | jq -e '.[0].state == \"established\"'"
echo "# the newcomer took $(((${EPOCHREALTIME/./} - start) / 1000)) ms"
after=$(resident)
echo "# resident: $before kB before, $after kB under the flood"
((after - before <= 256))
result $? 'memory is flat'
must 'the control socket answers' on beta peer
wait "$flooder"
flooded=$(<"$dir/flooded")
echo "# $flooded false first messages in $((seconds + 30)) s; wanted $((10 * capacity * (seconds + 30)))"
((flooded > 9 * capacity * (seconds + 30)))
result $? 'the flood was one'
(($(event tx-cookie) > 100))
result $? 'addresses had to be proven'
(($(wc -l <"$dir/beta.log") < 100))
result $? 'the journal is not flooded'
exec 8>&-

finish
