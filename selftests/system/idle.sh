#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# An idle daemon with ten peers stays under 4 MB resident, and does nothing.
set -uo pipefail
# shellcheck source=selftests/system/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

make_machines
# shellcheck disable=SC2154 # set by make_node()
b=$id_beta
ids=("$b")
for ((i = 1; i < 10; i++)); do
	"$themis" -j key new "$dir/$i.key" netid test >/dev/null
	ids+=("$(on beta -j node add key "$dir/$i.key" netid test link 7000 \
		owner any name "n$i" | jq -r '.[0].id')")
done
# Started anew, as a service would be.
kill_daemon alpha TERM
start_daemon alpha
for id in "${ids[@]}"; do
	on alpha peer add "$id" endpoint 192.0.2.2:7000
	on alpha peer connect "$id"
done

all_up()
{
	[[ $(on alpha -j peer show | jq '[.[] | select(.state == "established")]
		| length') == 10 ]]
}
must 'ten peers' wait_for 20 all_up
sleep 3

# field NAME: of alpha's status, kB
field()
{
	awk -v name="$1:" '$1 == name { print $2 }' \
		"/proc/${daemons[alpha]}/status"
}
echo "# VmRSS $(field VmRSS) kB: RssAnon $(field RssAnon), RssFile $(field RssFile); VmData $(field VmData), VmLck $(field VmLck)"
(($(field VmRSS) < 4096))
result $? 'resident: under 4096 kB'

ticks()
{
	awk '{ print $14 + $15 }' "/proc/${daemons[alpha]}/stat"
}
before=$(ticks)
sleep 5
((used = $(ticks) - before, used <= 1))
result $? 'idle: no time spent in five seconds'

finish
