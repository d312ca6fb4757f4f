#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Loading and unloading the module: idle, in use, configured, under fire, and
# with parameters.
#
# shellcheck disable=SC2317 # the tests are called by their names
# shellcheck source=selftests/themis/module.sh
. "$(dirname "$(readlink -f "$0")")/module.sh"

aliases()
{
	local all

	all=$(modinfo -F alias "$ko") || return
	grep -qx 'net-pf-18' <<<"$all" &&
		grep -qx 'net-pf-16-proto-16-family-themis' <<<"$all" &&
		[[ $(modinfo -F license "$ko") == GPL ]] &&
		[[ -n $(modinfo -F version "$ko") ]]
}

protocol_listed()
{
	grep -q '^THEMIS ' /proc/net/protocols &&
		[[ $(</sys/module/themis/parameters/family) == 18 ]]
}

# While a socket is open the module stays, and the socket works on.
refused_in_use()
{
	start hold || return
	if rmmod themis 2>/dev/null || ! loaded; then
		stop
		return 1
	fi
	kill -0 "$pid" && stop && unload && load
}

again_and_again()
{
	local i

	for ((i = 0; i < 20; i++)); do
		unload && load || return
	done
}

# Nothing is left behind when it goes with everything configured.
configured()
{
	local i

	for ((i = 0; i < 5; i++)); do
		start make || return
		if ! unload; then
			stop
			return 1
		fi
		stop
		! grep -q '^THEMIS ' /proc/net/protocols || return
		load || return
	done
}

under_fire()
{
	local i

	for ((i = 0; i < 5; i++)); do
		start pour || return
		sleep 0.3
		if ! unload; then
			stop
			return 1
		fi
		sleep 0.2
		stop
		load || return
	done
}

namespace_goes_first()
{
	local i

	for ((i = 0; i < 5; i++)); do
		start pour || return
		sleep 0.2
		stop
		unload && load || return
	done
}

# Another number, if 18 is somebody else's: the same tests pass.
other_family()
{
	unload && load family=22 || return
	[[ $(</sys/module/themis/parameters/family) == 22 ]] &&
		"$out/themis/options" >/dev/null 2>&1 &&
		"$out/themis/owner" >/dev/null 2>&1 || return
	unload && load
}

# A number that is taken or impossible is an error, and leaves nothing.
bad_family()
{
	local family

	unload || return
	for family in 0 1 2 10 16 46 255 -1 0x7fffffff; do
		if load "family=$family" 2>/dev/null || loaded; then
			rmmod themis
			load
			return 1
		fi
		! grep -q '^THEMIS ' /proc/net/protocols || return
	done
	load
}

run_tests aliases protocol_listed refused_in_use again_and_again configured \
	under_fire namespace_goes_first other_family bad_family
