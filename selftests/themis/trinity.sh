#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Debian's fuzzer trinity on sockets of the family alone, as an ordinary user
# where there are nodes that he may use. It makes no sockets of families that
# it does not know, and of 18 it knows only the name: so the module takes the
# number of TIPC for as long, which it knows how to open. It knows nothing of
# our formats; fuzz.c does. Needs root, the module, and trinity (tools/deps
# test).
#
# THEMIS_TRINITY_SECONDS: for how long (default 20)
# THEMIS_KO: the module's file, if it is not the one in build/
#
# shellcheck disable=SC2317 # the tests are called by their names
set -u
export LC_ALL=C

here=$(dirname "$(readlink -f "$0")")
out=${THEMIS_SELFTESTS:-$here/../../build/selftests}
scene=$out/helper/scene
ko=${THEMIS_KO:-$here/../../build/kmod-$(uname -r)/themis.ko}
seconds=${THEMIS_TRINITY_SECONDS:-20}
SKIP=4

skip_all()
{
	echo "TAP version 13"
	echo "1..0 # SKIP $1"
	exit $SKIP
}

((EUID == 0)) || skip_all "not root"
[[ -d /sys/module/themis ]] || skip_all "the module is not loaded"
[[ -r $ko ]] || skip_all "$ko is not there: set THEMIS_KO"
[[ -x $scene ]] || skip_all "$scene is not built"
command -v trinity >/dev/null ||
	skip_all "trinity is not installed: run tools/deps test"

# Nothing that could end the machine, and nothing that could end us.
options=(-l off -a64 -C4 -s18 -P TIPC --enable-fds=sockets --stats)
for call in bind connect getpeername getsockname getsockopt ioctl listen poll \
	read readv recvfrom recvmmsg recvmsg select sendfile sendmmsg sendmsg \
	sendto setsockopt shutdown socket splice tee vmsplice write writev; do
	options+=("-c$call")
done

reload()
{
	local i

	for ((i = 0; i < 100; i++)); do
		[[ $(</sys/module/themis/refcnt) != 0 ]] || break
		sleep 0.1
	done
	rmmod themis && insmod "$ko" "$@"
}

made()
{
	local line

	reload family=30 || return
	coproc stage { exec "$scene" make; }
	# shellcheck disable=SC2154 # coproc sets it
	pid=$stage_PID
	read -r -t 30 line <&"${stage[0]}" && [[ $line == ready ]]
}

# Root of trinity's would wait for ten seconds, and then do harm.
ran()
{
	local status

	cd "$dir" || return
	nsenter --net="/proc/$pid/ns/net" setpriv --reuid 65534 \
		--regid 65534 --clear-groups timeout -s INT -k 5 "$seconds" \
		trinity "${options[@]}" >log 2>&1
	status=$?
	((status == 0 || status == 124)) && return
	tail -n 5 log | sed 's/^/# /'
	return 1
}

# What it called was ours, and not only things that are no socket.
reached()
{
	local call count

	grep -aq 'created [1-9][0-9]* sockets' log || return
	for call in socket connect sendmsg recvmsg setsockopt bind; do
		count=$(grep -a "^$call: " log | tail -n 1)
		echo "# $count"
		[[ $count =~ attempted:[1-9] ]] || return
	done
	[[ $(grep -a '^socket: ' log) =~ success:[1-9] ]]
}

still_works()
{
	kill "$pid" && reload && "$out/themis/socket" >/dev/null 2>&1
}

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 777 "$dir"
tests=(made ran reached still_works)
echo "TAP version 13"
echo "1..${#tests[@]}"
failed=0
n=0
for t in "${tests[@]}"; do
	((++n))
	if "$t"; then
		echo "ok $n $t"
	else
		echo "not ok $n $t"
		failed=1
	fi
done
exit $failed
