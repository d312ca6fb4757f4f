#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Each test that protocol.rst names for a guarantee exists.
set -uo pipefail
repo=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")

n=0
bad=0
while IFS=: read -r program name; do
	((++n))
	file=$(find "$repo/selftests/unit" "$repo/selftests/themis" \
		-name "$program.c")
	if [[ -n $file ]] && grep -qE "\b$name\b" "$file"; then
		echo "ok $n - $program:$name"
	elif [[ -z $file ]] &&
		grep -qE "TEST_F[A-Z_]*\($program, $name\b" \
			"$repo"/selftests/themis/*.c; then
		echo "ok $n - $program:$name"
	else
		echo "not ok $n - $program:$name"
		bad=1
	fi
done < <(sed -n '/^Guarantees/,$p' "$repo/Documentation/protocol.rst" |
	grep -oE '[a-z_]+:[a-z_]+$')
echo "1..$n"
((n > 20 && !bad))
