# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For tests that load and unload the module: sourced by them. Needs root, and the
# module loaded. THEMIS_KO names its file, if it is not the one in build/.
set -u
export LC_ALL=C

here=$(dirname "$(readlink -f "$0")")
out=${THEMIS_SELFTESTS:-$here/../../build/selftests}
scene=$out/helper/scene
ko=${THEMIS_KO:-$here/../../build/kmod-$(uname -r)/themis.ko}
SKIP=4

skip_all()
{
	echo "TAP version 13"
	echo "1..0 # SKIP $1"
	exit $SKIP
}

loaded()
{
	[[ -d /sys/module/themis ]]
}

((EUID == 0)) || skip_all "not root"
loaded || skip_all "the module is not loaded"
[[ -r $ko ]] || skip_all "$ko is not there: set THEMIS_KO"
[[ -x $scene ]] || skip_all "$scene is not built"

# Some references go only after a grace period.
unused()
{
	local i

	for ((i = 0; i < 100; i++)); do
		[[ $(</sys/module/themis/refcnt) != 0 ]] || return 0
		sleep 0.1
	done
	return 1
}

unload()
{
	loaded || return 0
	unused && rmmod themis && ! loaded
}

# load [PARAMETER]...
# shellcheck disable=SC2120 # whoever sources this gives some
load()
{
	insmod "$ko" "$@" && loaded
}

# start SCENE: run it in the background; its input is ${stage[1]}
start()
{
	local line

	coproc stage { exec "$scene" "$1"; }
	# shellcheck disable=SC2154 # coproc sets it
	pid=$stage_PID
	read -r -t 30 line <&"${stage[0]}" && [[ $line == ready ]]
}

stop()
{
	local fd=${stage[1]-}

	[[ -z $fd ]] || exec {fd}>&-
	kill "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	return 0
}

# run_tests NAME...: functions, each with the module loaded when it begins
run_tests()
{
	local failed=0 n=0 t

	echo "TAP version 13"
	echo "1..$#"
	for t; do
		((++n))
		loaded || load
		if "$t"; then
			echo "ok $n $t"
		else
			echo "not ok $n $t"
			failed=1
		fi
	done
	loaded || load
	return $failed
}
