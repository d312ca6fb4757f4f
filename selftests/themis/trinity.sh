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
#
# shellcheck disable=SC2317 # the tests are called by their names
# shellcheck source=selftests/themis/module.sh
. "$(dirname "$(readlink -f "$0")")/module.sh"
seconds=${THEMIS_TRINITY_SECONDS:-20}

command -v trinity >/dev/null ||
	skip_all "trinity is not installed: run tools/deps test"

# Nothing that could end the machine, and nothing that could end us.
options=(-l off -a64 -C4 -s18 -P TIPC --enable-fds=sockets --stats)
for call in bind connect getpeername getsockname getsockopt ioctl listen poll \
	read readv recvfrom recvmmsg recvmsg select sendfile sendmmsg sendmsg \
	sendto setsockopt shutdown socket splice tee vmsplice write writev; do
	options+=("-c$call")
done

made()
{
	unload && load family=30 && start make
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
	stop && unload && load && "$out/themis/socket" >/dev/null 2>&1
}

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 777 "$dir"
run_tests made ran reached still_works
