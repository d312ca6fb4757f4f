#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A network of 56 nodes at eight daemons, on a network that delays and loses
# packets: joining one after another and all at once, and a quarter of all killed
# while objects are stored and found.
set -uo pipefail
# shellcheck source=selftests/system/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

# shellcheck source=selftests/system/bridge.sh
. "$repo/selftests/system/bridge.sh"

nodes=7		# of each machine

# configure MACHINE yes|no: its nodes, in the directory or not yet
configure()
{
	local name=$1 via i

	printf '%s\n' '[network test]' 'redundancy = 6' 'siblings = 16' \
		'table = 32' >"$dir/$name.conf"
	for ((i = 0; i < nodes; i++)); do
		via=${id[first]}
		[[ $name-$i != m1-0 && $2 == yes ]] || via=
		section "$name-$i" "$via" 192.0.2.1:7000 'create-key = yes' \
			"directory = $2"
	done >>"$dir/$name.conf"
}

# all_joined: every node of every machine
# shellcheck disable=SC2317 # called by wait_for
all_joined()
{
	local name

	for name in "${machines[@]}"; do
		joined "$name" "$nodes" || return
	done
}

machines_on_bridge m1 m2 m3 m4 m5 m6 m7 m8
netem=yes
for name in "${machines[@]}"; do
	# Where the kernel has no netem, it goes without.
	tc -n "$name" qdisc add dev eth0 root netem delay 5ms 2ms loss 0.5% \
		2>/dev/null || netem=no
done
echo "# netem: $netem"
make_key m1-0
id[first]=${id[m1-0]}

# One after another, by the tool.
for name in "${machines[@]}"; do
	configure "$name" no
	start_daemon "$name" --config "$dir/$name.conf"
done
begin=${EPOCHREALTIME/./}
for name in "${machines[@]}"; do
	for ((i = 0; i < nodes; i++)); do
		[[ $name-$i == m1-0 ]] && echo "join node $name-$i" ||
			echo "join ${id[first]} endpoint 192.0.2.1:7000 node $name-$i"
	done >"$dir/$name.batch"
	on "$name" -b "$dir/$name.batch" >"$dir/$name.joined" 2>&1
	result $? "$name: $nodes nodes join one after another"
done
took=$(((${EPOCHREALTIME/./} - begin) / 1000))
echo "# 56 joins one after another: $took ms, $((took / 56)) each"

# All at once: what they knew of each other is forgotten.
for name in "${machines[@]}"; do
	kill_daemon "$name"
	rm -f "$dir/$name".state*
	configure "$name" yes
done
begin=${EPOCHREALTIME/./}
for name in "${machines[@]}"; do
	start_daemon "$name" --config "$dir/$name.conf"
done
must 'all join at once' wait_for 60 all_joined
echo "# 56 joins at once: $(((${EPOCHREALTIME/./} - begin) / 1000)) ms"

# A quarter killed while objects are stored and found.
sockets=()
for name in m1 m2 m3 m4 m5 m6; do
	sockets+=("$dir/$name.sock")
done
python3 "$repo/selftests/system/mesh.py" 20 5 \
	"${sockets[@]}" >"$dir/mesh.out" 2>&1 &
worker=$!
sleep 8
kill_daemon m7
kill_daemon m8
wait $worker
status=$?
sed 's/^/# /' "$dir/mesh.out"
result $status 'a quarter killed: nothing that was acknowledged is lost'

rss=$(awk '$1 == "RssAnon:" { print $2 }' "/proc/${daemons[m1]}/status")
echo "# a daemon with $nodes nodes: RssAnon $rss kB; $(on m1 -j net |
	jq -c 'map(.neighbours)') neighbours"

# Back again, with what they had.
start_daemon m7 --config "$dir/m7.conf"
must 'who was killed comes back' wait_for 10 joined m7 "$nodes"

finish
