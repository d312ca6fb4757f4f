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

make_machines_on_bridge m1 m2 m3 || {
	echo 'Bail out! cannot set up the machines'
	exit 1
}
make_key network
soon=$(($(date +%s) + 3600))
for name in "${machines[@]}"; do
	make_key "$name"
	lines=('directory = yes')
	[[ $name == m3 ]] || lines+=("admission = $("$themis" key admit \
		"$dir/network.key" netid test id "${id[$name]}" until $soon)")
	{
		printf '%s\n' '[network test]' "key = ${public[network]}" \
			'work-bits = 8'
		# The first joins through nobody.
		section "$name" "${id[m1]/#${id[$name]}}" 192.0.2.1:7000 \
			"${lines[@]}"
	} >"$dir/$name.conf"
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

finish
