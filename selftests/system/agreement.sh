#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Two real daemons over the real module: who reaches whom, and why not.
set -uo pipefail
# shellcheck source=selftests/system/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

make_machines
# shellcheck disable=SC2154 # set by make_node()
a=$id_alpha b=$id_beta

# why MACHINE TEXT: the peer's WHY contains it
why()
{
	on "$1" -j peer show | jq -e --arg text "$2" \
		'.[0].why_text | contains($text)'
}

state()
{
	[[ $(on "$1" -j peer show | jq -r '.[0].state') == "$2" ]]
}

forget()
{
	on alpha session del peer "$b" >/dev/null 2>&1
	on beta session del peer "$a" >/dev/null 2>&1
	on alpha peer del "$b" >/dev/null 2>&1
	on beta peer del "$a" >/dev/null 2>&1
	wait_for 5 state alpha null
	return 0
}

listen beta 9000
listen alpha 9001

# Not configured: the sender hears of it at once.
! ask alpha "$b:9000" x && [[ $(counter alpha tx-refused) == 1 ]]
result $? 'an unknown peer is refused at once'

on alpha peer add "$b" endpoint 192.0.2.2:7000
must 'IPv4' ask alpha "$b:9000" 'over IPv4'
must 'the responder needs no configuration' ask beta "$a:9001" back
must 'one agreement served both' test "$(counter alpha keys)" = 1

forget
on alpha peer add "$b" endpoint '[2001:db8::2]:7000'
must 'IPv6' ask alpha "$b:9000" 'over IPv6'
on beta -j session show | jq -e '.[0].endpoint == "[2001:db8::1]:7000"' \
	>/dev/null
result $? 'the responder answers over IPv6'

# Both begin at the same time; a session comes about all the same.
forget
on alpha peer add "$b" endpoint 192.0.2.2:7000
on beta peer add "$a" endpoint 192.0.2.1:7000
ask alpha "$b:9000" one &
first=$!
ask beta "$a:9001" two &
second=$!
wait $first && wait $second
result $? 'simultaneous open'

# A shared secret on both sides, on one side, and another one.
forget
"$themis" key psk "$dir/psk" >/dev/null
"$themis" key psk "$dir/psk2" >/dev/null
on alpha peer add "$b" endpoint 192.0.2.2:7000 psk-file "$dir/psk"
on beta peer add "$a" psk-file "$dir/psk"
must 'the same pre-shared key' ask alpha "$b:9000" psk

forget
on alpha peer add "$b" endpoint 192.0.2.2:7000 psk-file "$dir/psk"
on beta peer add "$a" psk-file "$dir/psk2"
! ask alpha "$b:9000" psk
result $? 'another pre-shared key does not do'

# Somebody else at that address: beta's node goes, another one comes.
forget
on beta node del "$b"
"$themis" -j key new "$dir/other.key" netid test >/dev/null
on beta node add key "$dir/other.key" netid test link 7000 owner any name x \
	>/dev/null
on alpha peer add "$b" endpoint 192.0.2.2:7000
! ask alpha "$b:9000" x
result $? 'a peer that is not there is not reached'
must 'and why' wait_for 15 why alpha \
	'no answer from 192.0.2.2:7000 to 5 tries in 9 s'
must 'the state is failed' state alpha failed

finish
