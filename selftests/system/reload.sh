#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The configuration is read again on SIGHUP: what is new comes, what is changed
# changes, what is gone goes, what stays does not notice; and a file that is
# wrong changes nothing.
set -uo pipefail
# shellcheck source=selftests/system/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

make_network
for name in a b x; do
	id=$("$themis" -j key new "$dir/$name.key" netid test | jq -r '.[0].id')
	declare "$name=$id"
done
# shellcheck disable=SC2154
[[ $a && $b && $x ]] || exit 1
# What nobody has: the first bytes turned to zero.
ghost=00000000${b:8}

node()
{
	printf '[node %s]\nkey = %s\nnetid = test\nlink = %s\nowner = any\n' \
		"$1" "$dir/$2.key" "$3"
}

peer()
{
	printf '[peer %s]\nid = %s\nendpoint = %s\n' "$1" "$2" "$3"
}

# reload TEXT: alpha gets this configuration; done when it says so
reload()
{
	before=$(said)
	printf '%s' "$1" >"$dir/alpha.conf"
	kill -HUP "${daemons[alpha]}"
	wait_for 10 said_more
}

said()
{
	grep -cE 'configuration (read:|stays)' "$dir/alpha.log"
}

# ask_from ID TEXT: from this one of alpha's nodes
ask_from()
{
	[[ $(on alpha nc -w 5 -n 1 "$b:9000" from "$1:9100" <<<"$2" \
		2>>"$dir/nc.log") == "$2" ]]
}

said_more()
{
	(($(said) > before))
}

peers()
{
	on alpha -j peer show | jq -r '[.[].name] | sort | join(" ")'
}

base=$(node one a 7000)$'\n'$(peer beta "$b" 192.0.2.2:7000)$'\n'
printf '%s' "$base" >"$dir/alpha.conf"
node two b 7000 >"$dir/beta.conf"
must 'a daemon' start_daemon alpha --config "$dir/alpha.conf"
must 'and another' start_daemon beta --config "$dir/beta.conf"
listen beta 9000
must 'a conversation' ask alpha "$b:9000" one
keys=$(counter alpha keys)

reload "$base"
must 'the same again' test "$(peers)" = beta
must 'no new agreement' test "$(counter alpha keys)" = "$keys"

reload "$base$(peer ghost "$ghost" 192.0.2.3:7000)"$'\n'
must 'a peer more' test "$(peers)" = 'beta ghost'

reload "$base$(peer spook "$ghost" 192.0.2.4:7000)"$'\n'
must 'it gets another name' test "$(peers)" = 'beta spook'
on alpha -j peer show | jq -e --arg p "$ghost" \
	'.[] | select(.peer == $p).endpoint == "192.0.2.4:7000"' >/dev/null
result $? 'and another endpoint'

# Names are looked up, which takes other system calls than all else.
reload "$base$(peer ghost "$ghost" localhost:7000)"$'\n'
on alpha -j peer show | jq -e --arg p "$ghost" '.[] | select(.peer == $p) |
	.endpoint == "127.0.0.1:7000" or .endpoint == "[::1]:7000"' >/dev/null
result $? 'an endpoint may be a name'
reload "$base$(peer ghost "$ghost" no-such-host.invalid:7000)"$'\n'
must 'one that is not found is a warning' grep -q \
	'cannot find "no-such-host.invalid:7000"' "$dir/alpha.log"
must 'and no obstacle' test "$(peers)" = 'beta ghost'

reload "$base"
must 'a peer less' test "$(peers)" = beta

# With two nodes the peer must say whose it is.
reload "$base$(node three x 7003)"$'\n'
must 'an ambiguous file is refused' grep -q 'lacks "node"' "$dir/alpha.log"
must 'the conversation has not noticed' ask alpha "$b:9000" two
must 'still no new agreement' test "$(counter alpha keys)" = "$keys"

with_node=${base/endpoint/node = one$'\n'endpoint}
reload "$with_node$(node three x 7003)"$'\n'
must 'now there are two nodes' test "$(on alpha -j node show |
	jq -r '[.[].name] | sort | join(" ")')" = 'one three'
must 'on two links' test "$(on alpha -j link show |
	jq -r '[.[].port] | sort | map(tostring) | join(" ")')" = '7000 7003'

# What a client has added to a node that moves to another link stays.
on alpha peer add "$ghost" node three endpoint 192.0.2.9:7000 name client
reload "$with_node$(node three x 7004)"$'\n'
must 'a node moves' test "$(on alpha -j link show |
	jq -r '[.[].port] | sort | map(tostring) | join(" ")')" = '7000 7004'
must 'with what clients have added to it' test "$(peers)" = 'beta client'

# Wrong files: each is told, none changes anything.
bad=0
while IFS='|' read -r text word; do
	# shellcheck disable=SC2059
	reload "$(printf "$text")"
	grep -q "$word" "$dir/alpha.log" || {
		echo "# not told: $word"
		bad=1
	}
	[[ $(peers) == 'beta client' ]] || bad=1
done <<TXT
nonsense\n|line is not understood
[node q]\nkey = $dir/none.key\nnetid = test\nlink = 7000\n|none.key
[node q]\nkey = $dir/a.key\nnetid = test\nlink = 7000\n[node r]\nkey = $dir/a.key\nnetid = test\nlink = 7000\n|are the same
[node q]\nkey = $dir/a.key\nnetid = test\nlink = 7000\n[peer p]\nid = $a\n|of its own node
[node q]\nkey = $dir/a.key\nnetid = test\nlink = 7000\n[peer p]\nid = $b\npsk-file = $dir/none.psk\n|none.psk
TXT
result $bad 'a wrong file is told and changes nothing'

# A port that somebody else has.
ip netns exec alpha python3 -c '
import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("0.0.0.0", 7009))
print("bound", flush=True)
time.sleep(600)' >"$dir/bound" &
jobs_started+=($!)
wait_for 20 grep bound "$dir/bound"
reload "[link]"$'\nport = 7008\n'"$(node one a 7009)"$'\n'
must 'nor does a port that is taken' grep -q 'link 7009' "$dir/alpha.log"
must 'no link is left of it' test "$(on alpha -j link show |
	jq -r '[.[].port] | sort | map(tostring) | join(" ")')" = '7000 7004'
must 'the conversation goes on' ask_from "$a" three
must 'without a new agreement' test "$(counter alpha keys)" = "$keys"

reload '[daemon]'$'\nrekey = 20\n'"$base"
must 'the second node goes' test "$(on alpha -j node show |
	jq -r '[.[].name] | join(" ")')" = one
must 'with its link' test "$(on alpha -j link show |
	jq -r '[.[].port] | join(" ")')" = 7000
must '[daemon] waits' grep -q 'waits for the next start' "$dir/alpha.log"
must 'and still' ask alpha "$b:9000" four
must 'without a new agreement at all' test "$(counter alpha keys)" = "$keys"

reload ''
must 'an empty file is nothing at all' test \
	"$(on alpha -j node show | jq length)" = 0

finish
