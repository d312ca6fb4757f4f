#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# One table of counters: what the header says is what the tool shows, what the
# tracepoint prints and what the manual explains.
set -uo pipefail
# shellcheck source=selftests/system/lib.sh
. "$(dirname "$(readlink -f "$0")")/../system/lib.sh"

mapfile -t names < <(sed -n 's/.*[CD]([A-Z_]*, "\([a-z-]*\)".*/\1/p' \
	"$repo/include/uapi/linux/themis.h")
((${#names[@]} > 30))
result $? "the header names ${#names[@]} counters"

"$themis" -j -d stats show >"$dir/stats.json"
for name in "${names[@]}"; do
	jq -e ".[] | select(.name == \"$name\") | .value >= 0" \
		<"$dir/stats.json" >/dev/null || echo "# the tool lacks $name"
done >"$dir/missing"
[[ ! -s $dir/missing ]]
result $? 'the tool shows each of them'
cat "$dir/missing"

format=/sys/kernel/tracing/events/themis/drop/format
for name in "${names[@]}"; do
	grep -q "\"$name\"" $format || echo "# the tracepoint lacks $name"
done >"$dir/missing"
[[ -r $format && ! -s $dir/missing ]]
result $? 'the tracepoint themis:drop knows each of them'
cat "$dir/missing"

for name in "${names[@]}"; do
	grep -qE "(^|[^a-z-])${name//-/\\\\?-}([^a-z-]|$)" \
		"$repo/Documentation/man/themis.8" ||
		echo "# themis.8 lacks $name"
done >"$dir/missing"
[[ ! -s $dir/missing ]]
result $? 'themis(8) explains each of them'
cat "$dir/missing"

# The same for the directory, whose table is the daemon's.
mapfile -t names < <(tr -d '\\\n' <"$repo/userd/directory_count.h" |
	grep -oE '\b[CDGOSW]\([A-Za-z_]+,[[:blank:]]*"[a-z_-]+"' |
	sed 's/.*"\(.*\)"/\1/')
((${#names[@]} > 30))
result $? "the directory's header names ${#names[@]} things"
for name in "${names[@]}"; do
	grep -qE "(^|[^a-z-])${name//-/\\\\?-}([^a-z-]|$)" \
		"$repo/Documentation/man/themis.8" ||
		echo "# themis.8 lacks $name"
done >"$dir/missing"
[[ ! -s $dir/missing ]]
result $? 'themis(8) explains each of them'
cat "$dir/missing"

finish
