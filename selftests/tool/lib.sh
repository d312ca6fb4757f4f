# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What the tests of the tool share: TAP, and running the tool.

export LC_ALL=C
unset THEMIS_CONTROL THEMIS_NAMES NO_COLOR

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
repo=$(dirname "$(dirname "$here")")
themis=$(readlink -f "${THEMIS:-$repo/build/themis}")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

tests=0
failed=0

[[ -x $themis ]] || {
	echo "Bail out! there is no $themis. Build it with \"make build/themis\"."
	exit 1
}

# result STATUS NAME: a line of TAP; when STATUS is not 0 with what the tool
# has printed last
result()
{
	local ok=ok

	(($1 == 0)) || ok="not ok" failed=$((failed + 1))
	tests=$((tests + 1))
	echo "$ok $tests - ${2//[^[:print:]]/?}"
	(($1 == 0)) || [[ ! -e $tmp/out ]] ||
		sed 's/^/# /' "$tmp/cmd" "$tmp/out" "$tmp/err"
}

# skip NAME WHY
skip()
{
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}

finish()
{
	echo "1..$tests"
	((failed == 0)) || exit 1
	exit 0
}

# run ARGUMENT...: run the tool; sets $status, fills $tmp/out and $tmp/err
run()
{
	status=0
	printf 'themis %s\n' "$*" >"$tmp/cmd"
	"$themis" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null || status=$?
}

# one_error: an error is one line, and says what is wrong and what to do
one_error()
{
	(($(wc -l <"$tmp/err") == 1)) &&
		grep -qE '^Error: [^ ].*[^.]\. .+\.$' "$tmp/err"
}

# fails STATUS TEXT ARGUMENT...: the tool ends with STATUS, an error with TEXT
# and without output
fails()
{
	local want=$1 text=$2 bad=0

	shift 2
	run "$@"
	((status == want)) || bad=1
	one_error || bad=1
	grep -qF -- "$text" "$tmp/err" || bad=1
	[[ ! -s $tmp/out ]] || bad=1
	result $bad "status $want from: themis $*"
}

# works TEXT ARGUMENT...: the tool succeeds, without a word on standard error,
# and its output has a line that matches the pattern TEXT
works()
{
	local text=$1 bad=0

	shift
	run "$@"
	((status == 0)) || bad=1
	grep -qE -- "$text" "$tmp/out" || bad=1
	[[ ! -s $tmp/err ]] || bad=1
	result $bad "works: themis $*"
}

# json EXPRESSION: of the last output, "d" in Python; true or not
json()
{
	python3 - "$1" "$tmp/out" <<'PY'
import json
import sys

with open(sys.argv[2], encoding="utf-8") as file:
    d = json.load(file)
sys.exit(not eval(f"({sys.argv[1]})"))
PY
}

# json_is NAME EXPRESSION ARGUMENT...: the tool succeeds, its output is JSON
json_is()
{
	local name=$1 expression=$2 bad=0

	shift 2
	run "$@"
	((status == 0)) && json "$expression" || bad=1
	result $bad "$name"
}
