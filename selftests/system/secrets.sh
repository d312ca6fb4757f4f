#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# What was secret is gone once it is of no more use: from the daemon's memory
# when a node and a peer are removed, from the machine's when a session is. What
# is still in use is found by the same search, or the search would be worth
# nothing.
set -uo pipefail
# shellcheck source=selftests/system/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"
scan=$repo/selftests/helper/scan

make_machines
# shellcheck disable=SC2154 # set by make_node()
a=$id_alpha b=$id_beta

# --- the daemon: the seed of its node, as bytes and as text, and a psk
head -c 32 /dev/urandom | base64 -w 0 >"$dir/psk"
chmod 600 "$dir/psk"
hex() { od -An -v -tx1 | tr -d ' \n'; }
text=$(cut -d ' ' -f 2 "$dir/alpha.key")
secrets=$(base64 -d <<<"$text" | hex)$'\n'$(printf %s "$text" | hex)
secrets+=$'\n'$(base64 -d "$dir/psk" | hex)$'\n'$(hex <"$dir/psk")

# found: how often each of them is in the daemon's memory
found()
{
	"$scan" process "${daemons[alpha]}" <<<"$secrets"
}

listen beta 9000
on beta peer add "$a" psk-file "$dir/psk"
on alpha peer add "$b" endpoint 192.0.2.2:7000 psk-file "$dir/psk"
must 'two nodes with a pre-shared key' ask alpha "$b:9000" one

read -r seed seed_text psk psk_text < <(found)
((seed >= 1 && psk >= 1))
result $? "the daemon has the seed and the psk that it needs ($seed, $psk)"
((seed_text == 0 && psk_text == 0))
result $? 'and not the text of their files'
grep -q '^VmFlags:.* lo.* dd' "/proc/${daemons[alpha]}/smaps"
result $? 'in memory that is locked and left out of core dumps'

on alpha peer del "$b"
read -r seed seed_text psk psk_text < <(found)
((seed >= 1 && psk == 0 && psk_text == 0))
result $? 'without the peer its psk is gone'
on alpha node del "$a"
read -r seed seed_text psk psk_text < <(found)
((seed == 0 && seed_text == 0 && psk == 0 && psk_text == 0))
result $? 'without the node its seed is gone'

# --- the machine: keys of two sessions, of which one is deleted
mkfifo "$dir/hold"
"$repo/build/selftests/helper/remains" <"$dir/hold" >"$dir/keys" &
jobs_started+=($!)
exec 7>"$dir/hold"
wait_for 10 grep -q ready "$dir/keys"
echo >&7
wait_for 10 grep -q deleted "$dir/keys"
sleep 1			# a grace period and more
grep -E '^(gone|kept) ' "$dir/keys" >"$dir/wanted"
read -r gone_tx gone_rx kept_tx kept_rx < <("$scan" machine <"$dir/wanted" \
	2>"$dir/scan.log")
sed 's/^/# /' "$dir/scan.log"
((kept_tx >= 1 && kept_rx >= 1))
result $? "keys in use are found in the machine's memory ($kept_tx, $kept_rx)"
((gone_tx == 0 && gone_rx == 0))
result $? "keys of a session that was deleted are not ($gone_tx, $gone_rx)"
exec 7>&-

# --- a core: whoever dies leaves one here, but not the daemon
ulimit -c unlimited
echo "$dir/core.%p" >/proc/sys/kernel/core_pattern
pid=$(sh -c 'echo $$; kill -ABRT $$' 2>/dev/null)
[[ -s $dir/core.$pid ]]
result $? 'a program leaves a core'
kill_daemon alpha
start_daemon alpha
pid=${daemons[alpha]}
grep -q '^Max core file size *unlimited' "/proc/$pid/limits"
result $? 'the daemon might'
kill_daemon alpha ABRT
[[ ! -e $dir/core.$pid ]]
result $? 'and leaves none'

finish
