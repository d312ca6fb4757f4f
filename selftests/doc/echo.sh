#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The programs that the documentation shows do what it says.
set -uo pipefail
# shellcheck source=selftests/system/lib.sh
. "$(dirname "$(readlink -f "$0")")/../system/lib.sh"

doc=$repo/Documentation/networking/af_themis.rst
make_machines
# shellcheck disable=SC2154 # set by make_node()
on alpha peer add "$id_beta" endpoint 192.0.2.2:7000

must 'af_themis.rst shows echo.c' grep -q 'selftests/doc/echo.c' "$doc"
must 'echo.c compiles without a warning' cc -Wall -Wextra -Werror \
	-I"$repo/include/uapi" -o "$dir/echo" "$repo/selftests/doc/echo.c"

ip netns exec beta "$dir/echo" serve 9000 >"$dir/served" 2>&1 &
jobs_started+=($!)
sleep 0.5
answer=$(in_netns alpha "$dir/echo" ask "$id_beta:9000" hello)
[[ $answer == hello ]]
result $? 'echo ask prints the answer'
# shellcheck disable=SC2154
grep -q "^from ${id_alpha:0:8}...: hello" "$dir/served"
result $? 'echo serve prints the proven sender'

# The ten lines of Python in the README, as they stand there.
sed -n '/^    import socket/,/^    print/s/^    //p' "$repo/README.md" |
	sed "s/<id of the peer>/$id_beta/" >"$dir/example.py"
[[ $(wc -l <"$dir/example.py") -ge 5 ]]
result $? 'README.md has a program in Python'
answer=$(in_netns alpha timeout 20 /usr/bin/python3 "$dir/example.py")
[[ $answer == "b'hello'" ]]
result $? 'it does what it says'

finish
