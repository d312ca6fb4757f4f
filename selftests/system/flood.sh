#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Ten times as many false first messages as the daemon could check signatures,
# each from another address: sessions hardly notice, a true newcomer gets in,
# and memory stays what it was.
#
# A session exchanges datagrams as fast as it goes, in turns under a flood to its
# own node and under the same flood to a port beside it: what the packets cost to
# make and to receive is no matter of ours. THEMIS_FLOOD_SECONDS changes how long.
# It is to keep 95 percent; half a minute on a machine that is shared tells that
# from 90 percent and no better.
set -uo pipefail
# shellcheck source=selftests/system/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

flood=$repo/build/selftests/helper/flood
seconds=${THEMIS_FLOOD_SECONDS:-30}
least=900
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

# on_cpu CPU COMMAND...: in the background
on_cpu()
{
	local cpu=$1

	shift
	taskset -c "$cpu" "$@" &
	last=$!
	jobs_started+=("$last")
}

# end PID
end()
{
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}

on_cpu 0 ip netns exec beta "$flood" echo 9000 >"$dir/echo"
wait_for 10 grep -q ready "$dir/echo"
in_netns alpha "$flood" ask "$b:9000" 1 >/dev/null

# What is measured has one processor, and the flood, its receipt, and beta's
# daemon have the other, which is busy all the time, flood or not.
taskset -cp 1 "${daemons[beta]}" >/dev/null
on_cpu 1 nice -n 19 "$flood" spin
spinner=$last
capacity=$(taskset -c 1 "$flood" capacity)

# Nobody is at port 7999.
before=$(resident)
on_cpu 1 ip netns exec alpha "$flood" init "$b" 192.0.2.2 7000 \
	$((10 * capacity)) $((seconds + 4)) 7999 >/dev/null
sleep 2
checked=$(event signatures)
read -r under beside share < <(taskset -c 0 ip netns exec alpha \
	"$flood" ask "$b:9000" "$seconds")
checked=$(($(event signatures) - checked))
wait "$last"
end "$spinner"
echo "# $capacity signatures a second can be checked, and $checked were in $seconds s"
echo "# $under exchanges under the flood, $beside beside it; median of pairs $share permille"
((share >= least))
result $? "a session keeps its throughput under the flood"
((checked < capacity * seconds / 10))
result $? 'hardly a signature is checked'

ip netns exec alpha "$flood" init "$b" 192.0.2.2 7000 $((10 * capacity)) 30 \
	>"$dir/flooded" 2>&1 &
flooder=$!
jobs_started+=("$flooder")
sleep 2

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
echo "# $flooded false first messages in 30 s; wanted $((300 * capacity))"
((flooded > 9 * capacity * 30))
result $? 'the flood was one'
(($(event tx-cookie) > 100))
result $? 'addresses had to be proven'
# What could not be sent is said by --debug only.
(($(grep -vc '^themisd: cannot send to ' "$dir/beta.log") < 100))
result $? 'the journal is not flooded'

finish
