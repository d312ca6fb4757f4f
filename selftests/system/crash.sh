#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The daemon killed at random under load: sessions go on, and its state is never
# lost or half-written. THEMIS_CRASHES and THEMIS_SEED change how often and when.
set -uo pipefail
# shellcheck source=selftests/system/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

make_machines
# shellcheck disable=SC2154 # set by make_node()
a=$id_alpha b=$id_beta
rounds=${THEMIS_CRASHES:-30}
seed=${THEMIS_SEED:-1}

listen beta 9000
on alpha peer add "$b" endpoint 192.0.2.2:7000
must 'a session' ask alpha "$b:9000" one
kill_daemon alpha

ip netns exec alpha python3 "$repo/selftests/system/crash.py" "$rounds" \
	"$seed" "$dir/alpha.sock" "$a:9002" "$b:9000" "$a" -- "$themisd" \
	--control "$dir/alpha.sock" --state "$dir/alpha.state" \
	--seccomp kill 2>&1 | sed -u 's/^/# /'
status=${PIPESTATUS[0]}
result "$status" "killed $rounds times: nothing lost, the session goes on"

start_daemon alpha
must 'it starts' on alpha peer show "$b"
"$themis" -j key new "$dir/new.key" netid test >/dev/null
new=$(on beta -j node add key "$dir/new.key" netid test link 7000 owner any \
	name new | jq -r '.[0].id')
on alpha peer add "$new" endpoint 192.0.2.2:7000
on alpha peer connect "$new"
must 'a newcomer gets in afterwards' wait_for 10 eval \
	"on alpha -j peer show '$new' | jq -e '.[0].state == \"established\"'"

finish
