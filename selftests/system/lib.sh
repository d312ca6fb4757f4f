# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What the tests of the whole share: TAP, and two machines, alpha and beta,
# which are network namespaces joined by a veth with a daemon in each. As root,
# in a guest with the module loaded.

export LC_ALL=C
unset THEMIS_CONTROL THEMIS_NAMES NO_COLOR

repo=$(dirname "$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")")
themis=$repo/build/themis
themisd=$repo/build/themisd
dir=$(mktemp -d)
chmod 755 "$dir"

tests=0
failed=0
declare -A daemons=()
jobs_started=()

[[ -d /sys/module/themis ]] || {
	echo '1..0 # SKIP the module is not loaded'
	exit 4
}

# result STATUS NAME
result()
{
	local ok=ok

	(($1 == 0)) || ok='not ok' failed=$((failed + 1))
	tests=$((tests + 1))
	echo "$ok $tests - $2"
	(($1 == 0)) || tail -n 8 "$dir"/*.log 2>/dev/null | sed 's/^/# /'
}

# must NAME COMMAND...: a test that is a command
must()
{
	local name=$1

	shift
	"$@" >"$dir/must.log" 2>&1
	result $? "$name"
}

finish()
{
	echo "1..$tests"
	((failed == 0)) || exit 1
	exit 0
}

# wait_for SECONDS COMMAND...: until it succeeds; three times as long before it
# is given up, for the machine may have others to serve
wait_for()
{
	local end=$((SECONDS + 3 * $1))

	shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS <= end)) || return 1
		sleep 0.05
	done
}

# on MACHINE ARGUMENT...: the tool there
on()
{
	local name=$1

	shift
	"$themis" -n "$name" -C "$dir/$name.sock" "$@"
}

# in_netns MACHINE COMMAND...
in_netns()
{
	ip netns exec "$@"
}

# counter MACHINE NAME
counter()
{
	on "$1" stats show "$2"
}

# start_daemon MACHINE [ARGUMENT...]
start_daemon()
{
	local name=$1

	shift
	ip netns exec "$name" "$themisd" --control "$dir/$name.sock" \
		--state "$dir/$name.state" --seccomp kill --debug "$@" \
		>>"$dir/$name.log" 2>&1 &
	daemons[$name]=$!
	wait_for 10 on "$name" peer
}

# kill_daemon MACHINE [SIGNAL]
kill_daemon()
{
	# ip netns exec has become the daemon: this is its own pid.
	[[ $(</proc/"${daemons[$1]}"/comm) == themisd ]] || {
		echo "Bail out! ${daemons[$1]} is no daemon"
		exit 1
	}
	kill "-${2:-KILL}" "${daemons[$1]}"
	wait "${daemons[$1]}" 2>/dev/null
	unset "daemons[$1]"
}

# listen MACHINE PORT [OPTION...]: an echo server there; heard.MACHINE.PORT and
# from.MACHINE.PORT are what it prints
listen()
{
	local name=$1 port=$2

	shift 2
	"$themis" -n "$name" nc -l -k --echo "$@" ":$port" >"$dir/heard.$name.$port" \
		2>"$dir/from.$name.$port" &
	jobs_started+=($!)
	wait_for 10 grep -q listening "$dir/from.$name.$port"
}

# ask MACHINE ADDRESS TEXT [SECONDS]: succeeds if TEXT comes back
ask()
{
	local answer

	answer=$(on "$1" nc -w "${4:-5}" -n 1 "$2" <<<"$3" 2>>"$dir/nc.log")
	[[ $answer == "$3" ]]
}

clean_up()
{
	local pid

	for pid in "${daemons[@]}" "${jobs_started[@]}"; do
		kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	ip netns del alpha 2>/dev/null
	ip netns del beta 2>/dev/null
	rm -rf "$dir"
}
trap clean_up EXIT

# Two machines with IPv4 and IPv6, without daemons.
make_network()
{
	local name

	for name in alpha beta; do
		ip netns add "$name" || return
		ip -n "$name" link set lo up || return
	done
	ip link add alpha0 netns alpha type veth peer name beta0 netns beta ||
		return
	ip -n alpha addr add 192.0.2.1/24 dev alpha0 || return
	ip -n beta addr add 192.0.2.2/24 dev beta0 || return
	ip -n alpha addr add 2001:db8::1/64 dev alpha0 nodad || return
	ip -n beta addr add 2001:db8::2/64 dev beta0 nodad || return
	ip -n alpha link set alpha0 up || return
	ip -n beta link set beta0 up
}

# make_node MACHINE: a key, a link and a node; its id is in id_MACHINE
make_node()
{
	local name=$1 id

	id=$("$themis" -j key new "$dir/$name.key" netid test |
		jq -r '.[0].id') || return
	[[ $id =~ ^[0-9a-f]{64}$ ]] || return
	printf -v "id_$name" %s "$id"
	on "$name" link add port 7000 || return
	on "$name" node add key "$dir/$name.key" netid test link 7000 \
		owner any name "$name" >/dev/null
}

# All of it.
make_machines()
{
	make_network && start_daemon alpha "$@" && start_daemon beta "$@" &&
		make_node alpha && make_node beta && return
	echo 'Bail out! cannot set up two machines'
	tail -n 20 "$dir"/*.log | sed 's/^/# /'
	exit 1
}
