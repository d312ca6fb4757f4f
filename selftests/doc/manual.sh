#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The manual pages name what there is, and nothing else: keys of the
# configuration, options of the daemon, socket options and counters.
set -uo pipefail
export LC_ALL=C
repo=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
man=$repo/Documentation/man
header=$repo/include/uapi/linux/themis.h
tests=0
bad=0

# same NAME: both files have the same lines, in any order, and there are some
same()
{
	local ok=ok

	sort -u "$dir/source" -o "$dir/source"
	sort -u "$dir/page" -o "$dir/page"
	[[ -s $dir/source ]] && cmp -s "$dir/source" "$dir/page" ||
		ok='not ok' bad=1
	echo "$ok $((++tests)) - $1"
	[[ $ok == ok ]] || diff "$dir/source" "$dir/page" | sed 's/^/# /'
}

# section FILE FROM TO: the lines between two patterns
section()
{
	sed -nE "/$2/,/$3/p" "$1"
}

# items: the words that .It lines name, without escapes
items()
{
	sed -nE "s/^\.It (Dv|Cm) ([A-Za-z_-]+).*/\2/p"
}

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# The keys of each section: config.c compares with each in take_SECTION().
for kind in daemon link node peer; do
	section "$repo/userd/config.c" "^static int take_$kind\(" '^}' |
		grep -oE 'strcmp\(key, "[a-z-]+"' | cut -d'"' -f2 \
		>"$dir/source"
	section "$man/themisd.conf.5" "^\.Ss \[$kind" '^\.El' | items \
		>"$dir/page"
	same "themisd.conf(5) has the keys of [$kind]"
done

section "$repo/userd/main.c" 'struct option table' '};' |
	grep -oE '\{ "[a-z-]+"' | cut -d'"' -f2 >"$dir/source"
section "$man/themisd.8" '^\.Ss Options' '^\.El' |
	sed -nE 's/^\.It Fl Fl ([a-z-]+).*/\1/p' >"$dir/page"
same 'themisd(8) has the options'

section "$repo/userd/request.c" '^static const struct command commands' '^}' |
	grep -oE '\{ "[a-z-]+"' | cut -d'"' -f2 >"$dir/source"
section "$man/themisd.8" '^\.It Cm info' '^\.El' | items >"$dir/page"
same 'themisd(8) has the commands of the control socket'

section "$header" '^enum themis_sockopt' '^}' |
	grep -oE '^	THEMIS_[A-Z]+,' | tr -d '\t,' >"$dir/source"
section "$man/themis.7" '^\.Ss Socket options' '^\.El' | items >"$dir/page"
same 'themis(7) has the socket options'

section "$header" '^enum themis_cmsg' '^}' |
	grep -oE '^	THEMIS_CMSG_[A-Z]+,' | tr -d '\t,' |
	grep -v UNSPEC >"$dir/source"
section "$man/themis.7" '^\.Ss Control messages' '^\.Pp' | items >"$dir/page"
same 'themis(7) has the control messages'

# Names and meanings.
tr -d '\n' <"$header" | sed 's/\\//g; s/\t/ /g' |
	grep -oE '[CD]\([A-Z_]+, *"[a-z-]+", *"[^"]+"' |
	sed -E 's/^[^"]*"([a-z-]+)", *"(.*)"/\1 \L\2/' >"$dir/source"
section "$man/themis.7" '^\.Sh COUNTERS' '^\.Sh SEE' |
	sed -nE '/^\.It Cm/{N; s/^\.It Cm ([a-z-]+)\n(.*)\./\1 \L\2/p}' \
	>"$dir/page"
same 'themis(7) has the counters and their meanings'

# Errors that the description of the sockets names.
grep -oE '\bE[A-Z]{4,}\b' "$repo/Documentation/networking/af_themis.rst" \
	>"$dir/source"
section "$man/themis.7" '^\.Ss Errors' '^\.Sh' |
	sed -nE 's/^\.It Bq Er (E[A-Z]+)/\1/p' >"$dir/page"
sort -u "$dir/page" -o "$dir/page"
comm -13 "$dir/page" <(sort -u "$dir/source") >"$dir/missing"
ok=ok
[[ -s $dir/source && ! -s $dir/missing ]] || ok='not ok' bad=1
echo "$ok $((++tests)) - themis(7) has the errors of af_themis.rst"
sed 's/^/# missing: /' "$dir/missing"

# missing NAME: a line of source that is not in page
missing()
{
	local ok=ok

	sort -u "$dir/source" -o "$dir/source"
	sort -u "$dir/page" -o "$dir/page"
	comm -23 "$dir/source" "$dir/page" >"$dir/missing"
	[[ -s $dir/source && ! -s $dir/missing ]] || ok='not ok' bad=1
	echo "$ok $((++tests)) - $1"
	sed 's/^/# missing: /' "$dir/missing"
}

# What the module returns, but for what never leaves it: a packet that does not
# open, a session without a key, a group without listeners, what the network
# layer makes of an unknown ioctl and of kernels without IPv6. And a word that
# is no errno.
sed 's/^ \*.*//; s|/\*.*\*/||' "$repo"/kmod/*.c |
	grep -oE -- '\bE[A-Z]{3,}\b' |
	grep -vxE 'EBADMSG|ENOKEY|ESRCH|ENOIOCTLCMD|EPFNOSUPPORT|ENCRYPTED' \
	>"$dir/source"
grep -oE '\bE[A-Z]{4,}\b' "$repo/Documentation/networking/af_themis.rst" \
	>"$dir/page"
missing 'af_themis.rst has the errors of the module'

section "$header" '^enum themis_(sockopt|cmsg)' '^}' |
	grep -oE '^	THEMIS_[A-Z_]+,' | tr -d '\t,' | grep -v UNSPEC \
	>"$dir/source"
grep -oE '\bTHEMIS_[A-Z_]+\b' "$repo/Documentation/networking/af_themis.rst" \
	>"$dir/page"
missing 'af_themis.rst has the options and control messages'

sed -nE 's/^module_param\(([a-z_]+),.*/\1/p' "$repo"/kmod/*.c >"$dir/source"
grep -oE '^[a-z_]+' "$repo/Documentation/networking/af_themis.rst" \
	>"$dir/page"
missing 'af_themis.rst has the module parameters'

echo "1..$tests"
exit $bad
