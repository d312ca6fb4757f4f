#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The daemon's systemd unit is well-formed and leaves it little.
set -uo pipefail
export LC_ALL=C
repo=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
units=$repo/userd/systemd
tests=0
bad=0

# must NAME COMMAND...
must()
{
	local name=$1 ok=ok

	shift
	"$@" >"$dir/out" 2>&1 || ok='not ok' bad=1
	echo "$ok $((++tests)) - $name"
	[[ $ok == ok ]] || sed 's/^/# /' "$dir/out"
}

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# As installed, but with the program of this tree.
install -d "$dir/root/usr/lib/systemd/system"
sed "s|^ExecStart=.*/themisd|ExecStart=$repo/build/themisd|" \
	"$units/themisd.service" >"$dir/themisd.service"

# No more than what one word or another costs: 2.0 of 10.
must 'systemd-analyze security: at most 2.0' systemd-analyze security \
	--offline=yes --no-pager --threshold=20 "$dir/themisd.service"
# A unit that gives up nothing does not pass.
printf '[Service]\nExecStart=/bin/true\n' >"$dir/open.service"
if systemd-analyze security --offline=yes --no-pager --threshold=20 \
	"$dir/open.service" >/dev/null 2>&1; then
	must 'and the check can fail' false
else
	must 'and the check can fail' true
fi

# Unknown words are warnings only, so there must be no word at all.
verify()
{
	systemd-analyze verify --man=no "$dir/themisd.service" 2>&1 |
		grep -F themisd.service >"$dir/said"
	cat "$dir/said"
	[[ ! -s $dir/said ]]
}
must 'systemd-analyze verify is silent' verify

user()
{
	install -d "$dir/root/etc"
	systemd-sysusers --root="$dir/root" "$units/themisd.sysusers" &&
		grep -q '^themis:' "$dir/root/etc/passwd"
}
must 'sysusers makes the user of the unit' user
must 'which it runs as' grep -qx 'User=themis' "$units/themisd.service"

directory()
{
	systemd-tmpfiles --root="$dir/root" --create \
		"$units/themisd.tmpfiles" && [[ -d $dir/root/etc/themis ]]
}
must 'tmpfiles makes the directory of the configuration' directory

echo "1..$tests"
exit $bad
