#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A member that lies: forged, replayed, misrouted, oversized and unasked messages
# change nothing, and are counted.
set -uo pipefail
# shellcheck source=selftests/system/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
# shellcheck source=selftests/system/bridge.sh
. "$repo/selftests/system/bridge.sh"

machines_on_bridge m1 m2 m3
for name in "${machines[@]}"; do
	make_key "$name"
	directory=yes
	[[ $name != m3 ]] || directory=no
	member "$name" "directory = $directory" >"$dir/$name.conf"
	start_daemon "$name" --config "$dir/$name.conf"
done
must 'two honest members' wait_for 10 joined m2

# lie WHAT [ARGUMENT]...: at m1
lie()
{
	in_netns m3 python3 "$repo/selftests/system/liar.py" "${id[m3]}" \
		"${id[m1]}" "$@" 2>>"$dir/liar.log"
}

# counted COUNTER COMMAND...: it moves when COMMAND is run, which prints nothing
# but "nothing"
counted()
{
	local counter=$1 before out

	shift
	before=$(net_count m1 "$counter")
	out=$("$@")
	sleep 0.3
	[[ ${out:-nothing} == nothing ]] &&
		(($(net_count m1 "$counter") > before))
	result $? "$counter: $*"
}

[[ $(lie ask) == ok ]]
result $? 'who is asked as he should be answers'
counted rx-port lie port
counted rx-kind lie kind
counted rx-long lie long
counted rx-malformed lie garbage

before=$(counter m1 rx-unasked)
lie unasked
sleep 0.5
after=$(counter m1 rx-unasked)
echo "# rx-unasked was ${before:-0} and is ${after:-0}"
# A few may answer what it was really asked, for all that.
((after >= before + 90))
result $? 'answers that nobody has asked for are dropped by the kernel'

[[ $(lie join other) == forbidden ]]
result $? 'of another network'
[[ $(lie forge) == forbidden && $(on m1 -j net | jq '.[0].objects') == 0 ]]
result $? 'a forged object is not kept'

object=$(on m2 -br store value one name greeting)
old=$(lie fetch "$object")
on m2 store value two name greeting >/dev/null
[[ $old != nothing && $(lie put "$old") == old ]]
result $? 'an older version does not take the place of a newer one'
[[ $(on m1 -br find "$object") == two ]]
result $? 'which is what is found'
new=$(lie fetch "$object")
changed=${new/74776f/78797a}
[[ $changed != "$new" && $(lie put "$changed") == forbidden ]]
result $? 'nor does an altered one'

# It says of m2 that it is where the liar is.
before=$(net_count m1 elsewhere)
ip netns exec m3 python3 "$repo/selftests/system/liar.py" "${id[m3]}" \
	"${id[m1]}" misroute "${id[m2]}" 192.0.2.3 2>>"$dir/liar.log" &
jobs_started+=($!)
# shellcheck disable=SC2317 # called by wait_for
misled()
{
	on m1 find "${id[m3]/#??????/000000}" >/dev/null
	on m1 update >/dev/null
	(($(net_count m1 elsewhere) > before))
}
must 'a false endpoint is counted' wait_for 10 misled
[[ $(on m1 -br find "${id[m2]}") == "${id[m2]} 192.0.2.2:7000" ]]
result $? 'and leads nobody astray'

finish
