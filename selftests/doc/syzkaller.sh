#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The descriptions for syzkaller name what the header has: nothing else, and
# all of it that a program can send.
set -uo pipefail
export LC_ALL=C
repo=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
header=$repo/include/uapi/linux/themis.h
text=$repo/selftests/syzkaller/socket_themis.txt
tests=0
bad=0

# none NAME: the file $dir/wrong is empty, and the one it was made from not
none()
{
	local ok=ok

	[[ -s $dir/have && -s $dir/used && ! -s $dir/wrong ]] ||
		ok='not ok' bad=1
	echo "$ok $((++tests)) - $1"
	sed 's/^/# /' "$dir/wrong"
}

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# What the header defines, in the preprocessor's words and the compiler's.
grep -oE '^(	|#define	*|#define +)(AF|SOL|THEMIS)_[A-Z0-9_]+' "$header" |
	grep -oE '[A-Z][A-Z0-9_]+$' | sort -u >"$dir/have"
# What the descriptions use and do not define themselves.
sed 's/#.*//; s/"[^"]*"//g' "$text" |
	grep -oE '\b(AF|SOL|THEMIS)_[A-Z0-9_]*[A-Z0-9]\b' |
	grep -vE '^AF_INET' | sort -u >"$dir/used"
sed -nE 's/^define ([A-Z_]+).*/\1/p' "$text" | sort -u >"$dir/own"

comm -13 "$dir/have" "$dir/used" | comm -23 - "$dir/own" >"$dir/wrong"
none 'every constant is one of the header'

# Enumerators and flags; not what marks the ends of enumerations, nor what is
# only ever received. Bounds of numbers stand as numbers.
grep -oE '^	THEMIS_[A-Z0-9_]+|^#define THEMIS_(KEY_F|SUITE|PKT)_[A-Z0-9_]+' \
	"$header" | grep -oE 'THEMIS_[A-Z0-9_]+' |
	grep -vE '_(UNSPEC|MAX|PAD|NTF|COUNTERS)$' | sort -u >"$dir/have"
comm -23 "$dir/have" "$dir/used" >"$dir/wrong"
none 'every constant of the header is there'

sed -nE 's/^(type )?(themis_[a-z_]+|sockaddr_themis[a-z_]*|m?msghdr_themis[a-z_]*|cmsghdr_themis[a-z_]*)( |\[[A-Z, ]+\]).*/\2/p' \
	"$text" | sort -u >"$dir/have"
sed 's/#.*//; s/[a-z_]*\$[A-Za-z_]*//' "$text" |
	grep -oE '\b(themis_[a-z_]+|(sockaddr|m?msghdr|cmsghdr)_themis[a-z_]*)\b' |
	sort -u >"$dir/used"
comm -13 "$dir/have" "$dir/used" >"$dir/wrong"
none 'every type is defined'

grep -oE '^	THEMIS_CMD_[A-Z_]+' "$header" | tr -d '\t' |
	grep -vE '_(UNSPEC|MAX|NTF)$' | sort -u >"$dir/have"
sed -nE 's/^sendmsg[$](THEMIS_CMD_[A-Z_]+)\(.*/\1/p' "$text" |
	sort -u >"$dir/used"
comm -23 "$dir/have" "$dir/used" >"$dir/wrong"
none 'every command can be sent'

echo "1..$tests"
exit $bad
