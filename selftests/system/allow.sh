#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Allow lists and revocation: who may not is told why, and his session ends.
set -uo pipefail
# shellcheck source=selftests/system/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

make_machines
# shellcheck disable=SC2154 # set by make_node()
a=$id_alpha b=$id_beta

# why MACHINE TEXT: the peer's WHY is it
why()
{
	[[ $(on "$1" -j peer show | jq -r '.[0].why_text') == "$2" ]]
}

state()
{
	[[ $(on "$1" -j peer show | jq -r '.[0].state') == "$2" ]]
}

# sessions MACHINE NUMBER: that the kernel has
sessions()
{
	[[ $(on "$1" -j session show | jq length) == "$2" ]]
}

# event MACHINE COUNTER: how often the core has counted it
event()
{
	echo '{"cmd":"info"}' | timeout 30 python3 -c '
import json, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(sys.stdin.buffer.read())
print(json.loads(s.makefile().readline())["result"]["counters"]
      .get(sys.argv[2], 0))' "$dir/$1.sock" "$2"
}

listen beta 9000
listen alpha 9001
on alpha peer add "$b" endpoint 192.0.2.2:7000

# Only listed peers: alpha is none, and hears so at once.
must 'only listed peers' on beta node set "$b" allow listed
[[ $(on beta -j -d node show | jq -r '.[0].allow') == listed ]]
result $? 'the node says so'
start=$SECONDS
! ask alpha "$b:9000" x && ((SECONDS - start < 8))
result $? 'who is not listed is not heard'
must 'and is told why' wait_for 2 why alpha \
	'peer refuses: not in its allow list'
must 'no session' sessions beta 0
must 'the refusal is counted' test "$(event beta not-allowed)" -ge 1
must 'and in the journal' grep -q 'turned-away: it is not in the allow list' \
	"$dir/beta.log"

must 'listed' on beta peer allow "$a"
must 'who is listed is heard' ask alpha "$b:9000" listed
must 'both ways' ask beta "$a:9001" back

# Denied: the session ends now, and a new one is refused.
must 'denied' on beta peer deny "$a"
must 'the session has ended' sessions beta 0
must 'our own side says so' why beta 'our node denies this peer'
! ask alpha "$b:9000" x
result $? 'who is denied is not heard'
# alpha's session is only found dead when it asks for a key.
on alpha session del peer "$b" >/dev/null
! ask alpha "$b:9000" x
result $? 'nor when it asks again'
must 'and is told so' wait_for 5 why alpha \
	'peer refuses: it denies this node'
! ask beta "$a:9001" x
result $? 'nor do we call it'

# The daemon's end changes nothing about it.
kill_daemon beta
start_daemon beta
must 'it is denied after a restart' why beta 'our node denies this peer'
! ask alpha "$b:9000" x
result $? 'and not heard after a restart'
[[ $(on beta -j -d node show | jq -r '.[0].allow') == listed ]]
result $? 'listed peers only after a restart'

must 'allowed again' on beta peer allow "$a"
must 'heard again' ask alpha "$b:9000" again

# Not listed any more: removed, so gone.
must 'removed' on beta peer del "$a"
must 'the session of a removed one has ended' sessions beta 0
on alpha session del peer "$b" >/dev/null
! ask alpha "$b:9000" x
result $? 'who is removed from the list is not heard'

# Anybody again; then listed while a stranger has a session.
must 'anybody' on beta node set "$b" allow any
must 'a stranger is heard' ask alpha "$b:9000" stranger
must 'listed only, now' on beta node set "$b" allow listed
must "the stranger's session has ended" sessions beta 0

# What is wrong is said.
err=$(on beta node set "$b" allow some 2>&1)
[[ $? == 1 && $err == 'Error: "some" tells not whom to allow. Give any or listed.' ]]
result $? 'an unknown word'
err=$(on beta peer deny "$b" 2>&1)
[[ $? == 1 && $err == 'Error: a node is not its own peer.'* ]]
result $? 'itself'

# From the configuration file, and by a reload.
kill_daemon beta TERM
rm -f "$dir/beta.state"*
cat >"$dir/beta.conf" <<TXT
[node beta]
key = $dir/beta.key
netid = test
link = 7000
owner = any
allow = listed
[peer alpha]
id = $a
TXT
start_daemon beta --config "$dir/beta.conf"
on alpha session del peer "$b" >/dev/null
must 'listed in the file' ask alpha "$b:9000" file
sed -i '$a allow = no' "$dir/beta.conf"
kill -HUP "${daemons[beta]}"
must 'denied by a reload: the session has ended' wait_for 5 sessions beta 0
must 'denied in the file' why beta 'our node denies this peer'
sed -i '$d' "$dir/beta.conf"
kill -HUP "${daemons[beta]}"
must 'allowed by a reload' wait_for 5 state beta idle
on alpha session del peer "$b" >/dev/null
must 'heard after a reload' ask alpha "$b:9000" reload
kill -HUP "${daemons[beta]}"
sleep 0.3
must 'a reload without a change ends nothing' sessions beta 1

finish
