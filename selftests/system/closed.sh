#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A closed network: who has an admission by its key joins, who has none does not;
# and each id costs a proof of work.
set -uo pipefail
# shellcheck source=selftests/system/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
# shellcheck source=selftests/system/bridge.sh
. "$repo/selftests/system/bridge.sh"

machines_on_bridge m1 m2 m3
make_key network
network+=("key = ${public[network]}" 'work-bits = 8')
soon=$(($(date +%s) + 3600))
for name in "${machines[@]}"; do
	make_key "$name"
	lines=('directory = yes')
	[[ $name == m3 ]] || lines+=("admission = $("$themis" key admit \
		"$dir/network.key" netid test id "${id[$name]}" until $soon)")
	member "$name" "${lines[@]}" >"$dir/$name.conf"
	start_daemon "$name" --config "$dir/$name.conf"
done
must 'who has an admission joins' wait_for 10 joined m2
must 'and stores' on m2 store value hello
must 'who has none is told why' wait_for 10 \
	grep -q 'cannot join network test: it was refused' "$dir/m3.log"
! joined m3
result $? 'and does not join'
[[ $(on m1 -j net | jq '.[0].neighbours') == 1 ]]
result $? 'nor does anybody know it'

# harder BITS MACHINE...: each id costs so much from now on
harder()
{
	local bits=$1 name

	shift
	for name; do
		sed -i "s/^work-bits = .*/work-bits = $bits/" "$dir/$name.conf"
		kill -HUP "${daemons[$name]}"
	done
}

# proofs MACHINE BITS COUNT: of so many bits or more it has made so many
proofs()
{
	local made

	made=$(awk -v bits="$2" '/has a proof of work of/ && $(NF - 1) >= bits' \
		"$dir/$1.log" | wc -l)
	((made == $3))
}

must 'a proof of work was made' proofs m2 8 1
harder 16 m1 m2
must 'a harder one is made when it is asked for' wait_for 20 proofs m1 16 1
must 'by all' wait_for 20 proofs m2 16 1
must 'and with it one stores' wait_for 10 on m2 store value again
kill_daemon m2 TERM
start_daemon m2 --config "$dir/m2.conf"
must 'who comes again joins' wait_for 10 joined m2
must 'and has not made one again' proofs m2 16 1
# Far more than is done while this looks.
harder 28 m2
must 'another is begun' wait_for 10 grep -q 'a proof of work of 28 bits' \
	"$dir/m2.log"
must 'and the daemon is there meanwhile' timeout 2 \
	"$themis" -n m2 -C "$dir/m2.sock" -j net
must 'as are its sessions' timeout 5 \
	"$themis" -n m1 -C "$dir/m1.sock" check "${id[m2]}"

finish
