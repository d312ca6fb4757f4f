#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Sessions with members that only the directory has named come and go: without a
# message their keys grow too old, and they are forgotten; a message makes them
# anew. Keys live for 7.5 s here, not for three minutes.
set -uo pipefail
# shellcheck source=selftests/system/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
# shellcheck source=selftests/system/bridge.sh
. "$repo/selftests/system/bridge.sh"

machines_on_bridge m1 m2 m3
for name in "${machines[@]}"; do
	make_key "$name"
	{
		printf '%s\n' '[daemon]' 'rekey = 5'
		member "$name" 'directory = yes'
	} >"$dir/$name.conf"
	start_daemon "$name" --config "$dir/$name.conf"
done
for name in "${machines[@]}"; do
	must "$name has joined" wait_for 10 joined "$name"
done
must 'm2 finds m3' wait_for 20 on m2 find "${id[m3]}"

# peers MACHINE: those that its daemon knows of
peers()
{
	on "$1" -j peer show | jq -r '.[].peer'
}

# The journal tells of each end; upkeep may have begun another since.
ended()
{
	grep -q "peer ${id[m3]:0:16}: idle" "$dir/m2.log"
}
[[ $(peers m2) == *"${id[m3]}"* ]]
result $? 'it is a peer while there is a session'
must 'without a message the session ends' wait_for 30 ended
forgotten()
{
	[[ $(peers m2) != *"${id[m3]}"* ]] &&
		! on m2 -j session | grep -q "${id[m3]}"
}
must 'and daemon and kernel forget it' wait_for 40 forgotten
must 'who is configured stays' grep -q "${id[m1]}" <(peers m2)
[[ $(on m2 -j net | jq '.[0].neighbours') == 2 ]]
result $? 'the directory still knows both'
listen m3 9000
must 'a message makes it anew' ask m2 "${id[m3]}:9000" hello

finish
