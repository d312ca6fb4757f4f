#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The directory in the daemon: join, find, store, leave, and a peer that nobody
# has configured found when something is sent to it.
set -uo pipefail
# shellcheck source=selftests/system/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

machines=(m1 m2 m3 m4 m5)
declare -A id public
bridge=alpha

# One daemon and one node in each of five machines, on one bridge.
make_mesh()
{
	local name n=0

	ip netns add $bridge && ip -n $bridge link add br0 type bridge &&
		ip -n $bridge link set br0 up || return
	for name in "${machines[@]}"; do
		((++n))
		ip netns add "$name" && ip -n "$name" link set lo up &&
			ip link add eth0 netns "$name" type veth \
				peer name "$name" netns $bridge &&
			ip -n $bridge link set "$name" master br0 up &&
			ip -n "$name" addr add "192.0.2.$n/24" dev eth0 &&
			ip -n "$name" link set eth0 up || return
		id[$name]=$("$themis" -j key new "$dir/$name.key" netid test |
			jq -r '.[0].id') || return
		public[$name]=$("$themis" -j key show "$dir/$name.key" |
			jq -r '.[0].public')
	done
}

# configure MACHINE [LINE...]: a node in the directory, joining through m1
configure()
{
	local name=$1

	shift
	printf '%s\n' "[node $name]" "key = $dir/$name.key" 'netid = test' \
		'link = 7000' 'owner = any' 'directory = yes' \
		>"$dir/$name.conf"
	[[ $name == m1 ]] || printf '%s\n' '[peer m1]' "id = ${id[m1]}" \
		'endpoint = 192.0.2.1:7000' 'bootstrap = yes' >>"$dir/$name.conf"
	(($# == 0)) || printf '%s\n' "$@" >>"$dir/$name.conf"
}

joined()
{
	on "$1" -j net | jq -e '.[0].state == "joined"'
}

# knows MACHINE NUMBER...: how many neighbours it knows
knows()
{
	local n

	n=$(on "$1" -j net | jq '.[0].neighbours')
	[[ " ${*:2} " == *" $n "* ]]
}

remove_mesh()
{
	local name

	for name in "${machines[@]}"; do
		ip netns del "$name" 2>/dev/null
	done
}
trap 'remove_mesh; clean_up' EXIT

make_mesh || { echo 'Bail out! cannot set up the machines'; exit 1; }
for name in "${machines[@]}"; do
	configure "$name"
	start_daemon "$name" --config "$dir/$name.conf"
done

# Join.
for name in "${machines[@]}"; do
	must "$name has joined" wait_for 10 joined "$name"
done
for name in "${machines[@]}"; do
	must "$name knows the others" wait_for 20 knows "$name" 3 4
done

# Find a node.
must 'a node is found by one that was never told of it' eval \
	"[[ \$(on m2 -br find ${id[m5]}) == '${id[m5]} 192.0.2.5:7000' ]]"
on m2 find --trace "${id[m4]}" >"$dir/trace.log" &&
	grep -q answered "$dir/trace.log" && grep -q ' ms\|ms ' "$dir/trace.log"
result $? 'the way of a find is shown'
on m2 -br find "${id[m1]/#??????/000000}" 2>"$dir/err.log"
(($? == 2)) && grep -q '^Error: nobody has it\. ' "$dir/err.log"
result $? 'what is not there is not found, in words'

# Objects.
stored=$(on m1 -br store value 'hello world')
must 'an immutable object is stored and found elsewhere' eval \
	"[[ \$(on m3 -br find $stored) == 'hello world' ]]"
head -c 1024 /dev/urandom >"$dir/value"
stored=$(on m2 -br store "$dir/value")
on m4 -br find "$stored" | cmp -s - "$dir/value"
result $? 'a value of 1024 bytes from a file comes back as it was'
head -c 1025 /dev/urandom | on m2 store 2>"$dir/err.log"
(($? == 1)) && grep -q 'more than 1024 bytes' "$dir/err.log"
result $? 'one byte more is refused'
echo -n one | on m2 -br store name greeting >"$dir/out.log"
echo -n two | on m2 -br store - name greeting >"$dir/out2.log"
cmp -s "$dir/out.log" "$dir/out2.log"
result $? 'a named object keeps its id'
must 'its newest version is found by name and owner' eval \
	"[[ \$(on m5 -br find name greeting owner '${public[m2]}') == two ]]"
on m2 store value three name greeting seq 1 2>"$dir/err.log"
(($? == 2)) && grep -q 'a newer version is held' "$dir/err.log"
result $? 'an older version is refused'
for name in m1 m2 m3; do
	on "$name" -br store value "$name" set crowd >/dev/null
done
must 'entries of a set come from all of their owners' eval \
	"[[ \$(on m4 -j find set crowd |
		jq -r '[.[0].objects[].value] | sort | join(\" \")') == 'm1 m2 m3' ]]"

# Something is sent to somebody of whom nobody has said where he is.
listen m5 9000
must 'acquire by find' ask m3 "${id[m5]}:9000" hello
! ask m3 "${id[m5]/#??????/000000}:9000" hello
result $? 'a stranger is not reached'
must 'and the reason is told in words' \
	grep -q 'the directory does not know the peer' "$dir/m3.log"

# Leave.
on m4 leave
result $? 'leave'
must 'the others know of it' wait_for 20 knows m1 2 3
[[ $(on m4 -j net) == '[]' ]]
result $? 'and it is in the directory no longer'
must 'objects are still found' eval \
	"[[ \$(on m5 -br find name greeting owner '${public[m2]}') == two ]]"
must 'join again' on m4 join
must 'and be known again' wait_for 20 knows m1 3 4

finish
