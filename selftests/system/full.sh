#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The directory on a disk that fills up while objects are stored: clients are
# told, nothing that was acknowledged is lost, and it goes on when there is room.
set -uo pipefail
# shellcheck source=selftests/system/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
# shellcheck source=selftests/system/bridge.sh
. "$repo/selftests/system/bridge.sh"

machines_on_bridge m1 m2 m3 m4
# m1's disk is small. It is alone at first.
mkdir "$dir/small"
mount -t tmpfs -o size=2m,mode=700 tmpfs "$dir/small"
network+=('redundancy = 3')
for name in "${machines[@]}"; do
	make_key "$name"
	member "$name" 'directory = yes' >"$dir/$name.conf"
done
start_m1()
{
	start_daemon m1 --config "$dir/m1.conf" --state "$dir/small/state"
}
start_m1
must 'a node alone' wait_for 10 joined m1

# fill LEFT: leave so many KiB
fill()
{
	local free

	free=$(df --output=avail -k "$dir/small" | tail -n 1)
	dd if=/dev/zero of="$dir/small/filler" bs=1k count=$((free - $1)) \
		2>/dev/null
}

# store MACHINE N FROM: values; ids of those acknowledged go to acknowledged, and
# the first error to err.log
store_many()
{
	local i value stored

	for ((i = $3; i < $3 + $2; i++)); do
		printf -v value 'value-%d-%0900d' "$i" 0
		stored=$(on "$1" -br store value "$value" 2>"$dir/err.log") ||
			return
		echo "$stored" >>"$dir/acknowledged"
	done
}

# lost MACHINE: how many that were acknowledged it does not find
lost()
{
	local n=0 object

	while read -r object; do
		on "$1" -br find "$object" >/dev/null 2>&1 || ((++n))
	done <"$dir/acknowledged"
	echo $n
}

# said TEXT: how often m1's journal has it
said()
{
	grep -c -- "$1" "$dir/m1.log"
}

: >"$dir/acknowledged"
must 'it stores' store_many m1 3 0
fill 150
! store_many m1 200 100
result $? 'a disk that fills up refuses'
[[ $(on m1 -br -s net show | awk '$1 == "unwritten" { print $2 }') == 1 ]]
result $? 'the counters show it'
grep -q '^Error: it was refused: no room left\. Make room on the disk' \
	"$dir/err.log"
result $? 'in clear words'
must 'also to who runs it' grep -q \
	'^themisd: Error: the directory cannot write: No space left on device\.' \
	"$dir/m1.log"
echo "# $(wc -l <"$dir/acknowledged") acknowledged until then"
(($(wc -l <"$dir/acknowledged") > 5))
result $? 'some were stored before'
# Every ten seconds it tries again, and may find that little was missing, and room
# for some more in its file.
for ((i = 0; i < 10; i++)); do
	! store_many m1 1 $((500 + i)) ||
		(($(said 'the directory can write') > 0)) || break
done
((i == 10))
result $? 'and so does it what follows'
(($(said 'the directory cannot write') - $(said 'the directory can write') <= 1))
result $? 'it is said once'
must 'what was stored is found on the full disk' test "$(lost m1)" = 0

# With others: they go on without it. It is not among the nearest to all objects any
# more, and so has not all that it acknowledges.
before=$(wc -l <"$dir/acknowledged")
for name in m2 m3 m4; do
	start_daemon "$name" --config "$dir/$name.conf"
done
must 'others join through it' wait_for 10 joined m4
must 'and know each other' wait_for 20 eval \
	"on m2 find ${id[m3]} && on m2 find ${id[m4]}"
! store_many m1 50 600
result $? 'a client of the full one is refused, whatever copies others have'
must 'what it acknowledges the others have' test "$(lost m2)" = 0
must 'somebody else stores with a quorum of others' \
	store_many m2 8 650

# Killed while it is full: what it had acknowledged is on its disk.
for name in m1 m2 m3 m4; do
	kill_daemon "$name"
done
start_m1
must 'killed and started on a full disk' wait_for 10 joined m1
head -n "$before" "$dir/acknowledged" >"$dir/before"
mv "$dir/before" "$dir/acknowledged"
must 'it has what it acknowledged' test "$(lost m1)" = 0

# Room again.
! store_many m1 50 700
result $? 'it still refuses'
rm "$dir/small/filler"
must 'with room it goes on by itself' wait_for 30 store_many m1 1 750
must 'and says so' grep -q 'the directory can write again' "$dir/m1.log"
kill_daemon m1
start_m1
must 'killed again' wait_for 10 joined m1
must 'it has all of it' test "$(lost m1)" = 0
kill_daemon m1
umount "$dir/small"

finish
