#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The specification of the netlink family is valid and true: it says what the
# header says and what the module does, and the kernel's own tool, which knows
# nothing but the specification, drives the module by it. Without the module
# only the first of that is tested.
set -uo pipefail
export LC_ALL=C

repo=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
uapi=$repo/include/uapi
netns=spec
dir=$(mktemp -d)
tests=0
failed=0
jobs_started=()

clean_up()
{
	local pid

	for pid in "${jobs_started[@]}"; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	ip netns del "$netns" 2>/dev/null
	rm -rf "$dir"
}
trap clean_up EXIT

# result STATUS NAME: what was said is in $dir/said
result()
{
	local ok=ok

	(($1 == 0)) || ok='not ok' failed=$((failed + 1))
	tests=$((tests + 1))
	echo "$ok $tests - $2"
	(($1 == 0)) || tail -n 12 "$dir/said" | sed 's/^/# /'
	: >"$dir/said"
}

# must NAME COMMAND...: a test that is a command
must()
{
	local name=$1

	shift
	"$@" >"$dir/said" 2>&1
	result $? "$name"
}

finish()
{
	echo "1..$tests"
	((failed == 0))
}

if [[ -d /sys/module/themis ]]; then
	ynl=$("$repo/selftests/ynl/fetch" --cached)
else
	ynl=$("$repo/selftests/ynl/fetch")
fi || {
	echo 'Bail out! no tools/net/ynl'
	exit 1
}

# The generator looks for the tree of the kernel around a specification.
tree=$dir/tree
netlink=$tree/Documentation/netlink
mkdir -p "$netlink/specs"
touch "$tree/MAINTAINERS"
ln -s "$ynl/Documentation/netlink/genetlink.yaml" "$netlink"
spec=$netlink/specs/themis.yaml
cp "$repo/Documentation/netlink/specs/themis.yaml" "$spec"

# What Python compiles it keeps here, and not beside its source.
export PYTHONPYCACHEPREFIX=$dir/pycache PYTHONUNBUFFERED=1

python()
{
	/usr/bin/python3 "$@"
}

pyynl=$ynl/tools/net/ynl/pyynl

check()
{
	python "$repo/selftests/ynl/check.py" "$ynl" "$spec" "$@"
}

must 'the specification is valid' \
	python "$pyynl/cli.py" --spec "$spec" --validate

must 'a header is generated from it' \
	python "$pyynl/ynl_gen_c.py" --spec "$spec" --mode uapi --header \
	-o "$dir/generated.h"

# compiles OPTION...: the numbers of the specification hold
compiles()
{
	gcc -std=gnu11 -Wall -Wextra -Werror -fsyntax-only "$@" \
		"$dir/program.c"
}

check program >"$dir/program.c" 2>"$dir/said" &&
	(($(grep -c _Static_assert "$dir/program.c") > 100))
result $? 'the specification has numbers to compare'
must 'each number in it is that of the header, and none is missing' \
	compiles -I"$uapi" -include linux/themis.h
must 'the generated header has the names and numbers, too' \
	compiles -Wno-error -w -include "$dir/generated.h"
must "each attribute's type is what the header says" \
	check types "$uapi/linux/themis.h"

# The macros that are no enumeration.
macros()
{
	grep -oE '\bTHEMIS_(KEY_F|SUITE)_[A-Z0-9_]+' | sort -u
}
compare_macros()
{
	gcc -dM -E -I"$uapi" -include linux/themis.h - </dev/null | macros \
		>"$dir/want" && check names | macros >"$dir/have" &&
		[[ -s $dir/want ]] && diff "$dir/want" "$dir/have"
}
must 'each flag and suite is in it' compare_macros

# What the header's table says, a line each.
cat >"$dir/counters.c" <<'C'
#include <stdio.h>
#include <linux/themis.h>
#define ROW(name, text, help) \
	printf("%d %s %s\n", THEMIS_CNT_##name, text, help);
int main(void)
{
	THEMIS_COUNTERS(ROW, ROW)
	return 0;
}
C
compare_counters()
{
	gcc -I"$uapi" -o "$dir/counters" "$dir/counters.c" &&
		"$dir/counters" >"$dir/table" && check counters >"$dir/have" &&
		[[ -s $dir/table ]] && diff "$dir/table" "$dir/have"
}
must 'each counter is in it by number, name and meaning' compare_counters

if [[ ! -d /sys/module/themis ]]; then
	tests=$((tests + 1))
	echo "ok $tests - the module does as it says # SKIP it is not loaded"
	finish
	exit
fi

if ! ip netns add "$netns" || ! ip -n "$netns" link set lo up; then
	echo 'Bail out! no network namespace'
	exit 1
fi

must 'operations, flags and groups are those of the module' check operations
must 'requests may contain what the module allows' check policies

cli=(ip netns exec "$netns" /usr/bin/python3 "$pyynl/cli.py" --spec
	"$spec" --schema '' --output-json)

# request OPERATION JSON [FILTER]: do it; what FILTER, of jq, says of the reply
# must be true
request()
{
	"${cli[@]}" --do "$1" --json "$2" >"$dir/said" 2>&1 || return
	[[ -z ${3-} ]] || jq -e "$3" <"$dir/said" >/dev/null
}

dump()
{
	"${cli[@]}" --dump "$1" >"$dir/said" 2>&1 &&
		jq -e "$2" <"$dir/said" >/dev/null
}

# refused TEXT OPERATION JSON: it fails, and TEXT is why
refused()
{
	! "${cli[@]}" --do "$2" --json "$3" >"$dir/said" 2>&1 &&
		grep -qF "$1" "$dir/said"
}

# without_net_admin COMMAND...
without_net_admin()
{
	setpriv --bounding-set -net_admin --inh-caps -net_admin "$@"
}

# subscribe GROUP: into $dir/GROUP from now on
subscribe()
{
	local end=$((SECONDS + 30)) pid

	"${cli[@]}" --subscribe "$1" >"$dir/$1" 2>&1 &
	# ip has become the tool: this is its own pid, and its socket's.
	pid=$!
	jobs_started+=("$pid")
	until ip netns exec "$netns" cat /proc/net/netlink |
		awk -v pid=$pid '$2 == 16 && $3 == pid && $4 !~ /^0+$/ { n++ }
			END { exit !n }'; do
		((SECONDS < end)) || return
		sleep 0.2
	done
}

# heard GROUP FILTER: until what came from GROUP, as a list, makes FILTER true
heard()
{
	local end=$((SECONDS + 15))

	until jq -se "$2" <"$dir/$1" >/dev/null 2>&1; do
		((SECONDS < end)) || {
			cp "$dir/$1" "$dir/said"
			return 1
		}
		sleep 0.2
	done
}

random()
{
	head -c "$1" /dev/urandom | od -An -v -tx1 | tr -d ' \n'
}

# As jq has them after what the tool prints with a blank between bytes.
hex='def hex: gsub(" "; "");'
node=$(random 32)
peer=$(random 32)
stranger=$(random 32)
# 192.0.2.2, port 7000, as a struct sockaddr_in
endpoint=02001b58c00002020000000000000000
pair="\"node\": \"$node\", \"peer\": \"$peer\""

subscribe event
result $? 'anybody may subscribe to the group event'
! without_net_admin "${cli[@]}" --subscribe acquire --duration 1 \
	>"$dir/said" 2>&1 &&
	grep -q PermissionError "$dir/said"
result $? 'the group acquire is for the daemon'

family=$(</sys/module/themis/parameters/family)
request info-get '{}' ".info | .family == $family and .\"msg-max\" > 65000 and
	.suite == 1 and (.version | test(\"^[0-9.]+$\"))"
result $? 'info-get'

request link-new '{"link": {"port": 7000}}'
result $? 'link-new'
request link-get '{"link": {"port": 7000}}' \
	'.link == {"port": 7000, "nodes": 0}'
result $? 'link-get'
request link-new '{"link": {"port": 7001}}' &&
	dump link-get '[.[].link.port] | sort == [7000, 7001]'
result $? 'link-get of all'
request link-del '{"link": {"port": 7001}}' &&
	dump link-get 'length == 1'
result $? 'link-del'

refused 'a link with this port exists' link-new '{"link": {"port": 7000}}'
result $? 'a refused request says why'
refused "'bad-attr': '.link.port'" link-new '{"link": {"port": 0}}'
result $? 'and which attribute is out of its range'
refused 'attribute missing: THEMIS_NODE_A_NETID' node-new \
	"{\"node\": {\"id\": \"$node\", \"link\": 7000}}"
result $? 'and which is missing'
! without_net_admin "${cli[@]}" --do link-new \
	--json '{"link": {"port": 7002}}' >"$dir/said" 2>&1 &&
	grep -q 'Operation not permitted' "$dir/said"
result $? 'link-new needs CAP_NET_ADMIN'

request node-new "{\"node\": {\"id\": \"$node\", \"netid\": \"74657374\",
	\"link\": 7000, \"owner\": \"gid\", \"owner-id\": 7}}"
result $? 'node-new'
node_is="$hex .node | (.id | hex) == \"$node\" and .netid == \"74657374\" and
	.link == 7000 and .owner == \"gid\" and .\"owner-id\" == 7 and
	.sessions == 0 and .sockets == 0"
request node-get "{\"node\": {\"id\": \"$node\"}}" "$node_is"
result $? 'node-get'
dump node-get "length == 1 and (.[0] | $node_is)"
result $? 'node-get of all'

# A session without a key ends after a minute: do not linger over it.
request session-new "{\"session\": {$pair, \"endpoint\": \"$endpoint\"}}"
result $? 'session-new'
session_is="$hex .session | (.node | hex) == \"$node\" and
	(.peer | hex) == \"$peer\" and .endpoint == \"$endpoint\" and
	.state == \"idle\" and .queued == 0 and .\"rx-packets\" == 0 and
	.\"rx-bytes\" == 0 and .\"tx-packets\" == 0 and .\"tx-bytes\" == 0 and
	(has(\"key\") | not)"
dump session-get "length == 1 and (.[0] | $session_is)"
result $? 'session-get of all'

tx=$(random 32)
rx=$(random 32)
request key-new "{\"session\": {$pair}, \"key\": {\"local-index\": 17,
	\"remote-index\": 4000000000, \"suite\": 1, \"tx\": \"$tx\",
	\"rx\": \"$rx\", \"flags\": [\"initiator\"], \"soft-ms\": 60000}}"
result $? 'key-new'
request session-get "{\"session\": {$pair}}" '.session.state == "receive" and
	(.session.key | length == 1) and (.session.key[0] |
	."local-index" == 17 and ."remote-index" == 4000000000 and
	.suite == 1 and .flags == ["initiator"] and .slot == "next" and
	."soft-ms" == 60000 and ."hard-ms" == 180000 and
	."soft-count" > 0 and ."hard-count" > 0 and ."age-ms" >= 0 and
	."tx-seq" == 0 and ."rx-seq" == 0)' && cp "$dir/said" "$dir/shown"
result $? 'session-get, which shows the key'
[[ -s $dir/shown ]] &&
	! tr -d ' ' <"$dir/shown" | grep -qE "\"(tx|rx)\":|$tx|$rx"
result $? 'but not what is secret'
request key-confirm "{\"session\": {$pair}, \"key\": {\"local-index\": 17}}" &&
	request session-get "{\"session\": {$pair}}" '.session.state == "up" and
		.session.key[0].slot == "current" and
		(.session.key[0].flags | index("confirmed"))'
result $? 'key-confirm'
request key-del "{\"session\": {$pair}, \"key\": {\"local-index\": 17}}" &&
	request session-get "{\"session\": {$pair}}" '.session | has("key") | not'
result $? 'key-del'
request session-del "{\"session\": {$pair}}" &&
	refused 'the node has no session with this peer' session-get \
		"{\"session\": {$pair}}"
result $? 'session-del'

subscribe acquire
result $? 'the daemon subscribes to the group acquire'
# A socket of the node that sends to somebody without a session, again and
# again until it hears that it is refused: a slow machine may take longer for
# the refusal than a message waits.
cat >"$dir/insist.py" <<'PYTHON'
import errno
import socket
import sys
import time

family, node, peer = sys.argv[1:]
sock = socket.socket(int(family), socket.SOCK_DGRAM)
sock.setsockopt(29800, 1, f"{node}:0".encode())
sock.setsockopt(29800, 2, f"{peer}:9".encode())
end = time.monotonic() + 60
while time.monotonic() < end:
    try:
        sock.send(b"x")
    except OSError as err:
        if err.errno == errno.ECONNREFUSED:
            sys.exit(0)
    time.sleep(0.2)
sys.exit("the refusal was not heard")
PYTHON
ip netns exec "$netns" /usr/bin/python3 "$dir/insist.py" "$family" "$node" \
	"$stranger" >"$dir/insist" 2>&1 &
sender=$!
jobs_started+=("$sender")
heard acquire "$hex map(select(.name == \"acquire-ntf\") | .msg.session) |
	length > 0 and (.[0] | (.node | hex) == \"$node\" and
	(.peer | hex) == \"$stranger\" and (has(\"endpoint\") | not))"
result $? 'acquire-ntf'
# 111 is ECONNREFUSED.
request acquire-fail "{\"session\": {\"node\": \"$node\",
	\"peer\": \"$stranger\", \"error\": 111}}"
result $? 'acquire-fail'
wait "$sender"
result $? 'whose error the sender gets'

request stats-get '{}' '.stats | .keys == 1 and .acquires >= 1 and
	."tx-refused" >= 1 and length == '"$(wc -l <"$dir/table")"
result $? 'stats-get shows each counter'

request node-del "{\"node\": {\"id\": \"$node\"}}" &&
	dump node-get 'length == 0'
result $? 'node-del'

# happened NAME EVENT FILTER
happened()
{
	heard event "$hex map(select(.name == \"$1\" and .msg.event == \"$2\")) |
		any(.msg | $3)"
}
for event in new del; do
	happened link-ntf $event '.link.port == 7001'
	result $? "link-ntf: $event"
	happened node-ntf $event ".node | (.id | hex) == \"$node\" and
		.link == 7000"
	result $? "node-ntf: $event"
	happened session-ntf $event ".session | (.peer | hex) == \"$peer\""
	result $? "session-ntf: $event"
done
happened session-ntf confirmed ".session | (.peer | hex) == \"$peer\" and
	.endpoint == \"$endpoint\" and
	.key[0].\"local-index\" == 17"
result $? 'session-ntf: confirmed'
happened session-ntf up ".session | (.peer | hex) == \"$peer\""
result $? 'session-ntf: up'

finish
