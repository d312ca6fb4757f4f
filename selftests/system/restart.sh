#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Killed with -9, the daemon leaves traffic running; started again, it takes the
# kernel's state over without a new agreement, and goes on renewing keys.
set -uo pipefail
# shellcheck source=selftests/system/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

printf '[daemon]\nrekey = 10\n' >"$dir/conf"
make_machines --config "$dir/conf"
# shellcheck disable=SC2154 # set by make_node()
a=$id_alpha b=$id_beta
listen beta 9000
on alpha peer add "$b" endpoint 192.0.2.2:7000 name beta

must 'a conversation' ask alpha "$b:9000" one
keys=$(counter alpha keys)

kill_daemon alpha
must 'goes on without the one daemon' ask alpha "$b:9000" two
kill_daemon beta
must 'and without the other' ask alpha "$b:9000" three

start_daemon alpha --config "$dir/conf"
start_daemon beta --config "$dir/conf"
on alpha -j peer show | jq -e '.[0].state == "established"' >/dev/null
result $? 'a new daemon knows that the peer is established'
on alpha -j node show | jq -e '.[0].name == "alpha"' >/dev/null
result $? 'and the name of its node'
must 'the conversation is the same' ask alpha "$b:9000" four
must 'no new agreement' test "$(counter alpha keys)" = "$keys"

# The key is renewed by the new daemons.
renewed()
{
	ask alpha "$b:9000" tick && (($(counter alpha keys) > keys))
}
must 'the new daemons renew the key' wait_for 30 renewed

# Killed and started again and again while datagrams flow.
lost=0
for ((i = 0; i < 10; i++)); do
	kill_daemon alpha
	start_daemon alpha --config "$dir/conf"
	ask alpha "$b:9000" "round $i" || ((lost++))
done
must 'ten times over' test $lost = 0

# Stopped in peace it leaves the same behind.
kill_daemon alpha TERM
must 'stopped with SIGTERM it leaves the session' ask alpha "$b:9000" five
[[ ! -S $dir/alpha.sock ]]
result $? 'and no socket'

# Without a daemon a new peer is an immediate error.
before=$(counter alpha tx-no-daemon)
! ask alpha "${a/#??/00}:9000" x && (($(counter alpha tx-no-daemon) > before))
result $? 'a new peer without a daemon is an immediate error'

finish
