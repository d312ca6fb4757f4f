# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# What the tests of the directory share beside lib.sh: machines on one bridge,
# each with a daemon, whose nodes are in the directory of network "test".

machines=()
declare -A id public
# Of network "test". All have addresses of one prefix, of which a node takes few.
network=('bucket-prefix = 0' 'table-prefix = 0')

# machines_on_bridge MACHINE...: 192.0.2.1 and so on; without daemons
machines_on_bridge()
{
	set_up_bridge "$@" || {
		echo 'Bail out! cannot set up the machines'
		exit 1
	}
}

set_up_bridge()
{
	local name n=0

	machines=("$@")
	ip netns add alpha && ip -n alpha link add br0 type bridge &&
		ip -n alpha link set br0 up || return
	for name; do
		((++n))
		ip netns add "$name" && ip -n "$name" link set lo up &&
			ip link add eth0 netns "$name" type veth \
				peer name "$name" netns alpha &&
			ip -n alpha link set "$name" master br0 up &&
			ip -n "$name" addr add "192.0.2.$n/24" dev eth0 &&
			ip -n "$name" link set eth0 up || return
	done
}

# shellcheck disable=SC2034 # for those who read this
# make_key NODE: its id and its public key go to id[NODE] and public[NODE]
make_key()
{
	# shellcheck disable=SC2154 # of lib.sh
	id[$1]=$("$themis" -j key new "$dir/$1.key" netid test |
		jq -r '.[0].id') || return
	public[$1]=$("$themis" -j key show "$dir/$1.key" | jq -r '.[0].public')
}

# section NODE MEMBER ENDPOINT [LINE...]: of the configuration: a node in the
# directory, joining through MEMBER; "" for the first
section()
{
	local name=$1 member=$2 endpoint=$3

	shift 3
	printf '%s\n' "[node $name]" "key = $dir/$name.key" 'netid = test' \
		'link = 7000' 'owner = any' "$@"
	[[ -z $member ]] || printf '%s\n' "[peer via-$name]" "node = $name" \
		"id = $member" "endpoint = $endpoint" 'bootstrap = yes'
}

# member MACHINE LINE...: of the configuration: the network, and its node, which
# joins through that of the first machine; that one through nobody
member()
{
	local first=${id[${machines[0]}]} name=$1

	shift
	printf '%s\n' '[network test]' "${network[@]}"
	section "$name" "${first/#${id[$name]}}" 192.0.2.1:7000 "$@"
}

# start_members: each machine has a node, which joins
start_members()
{
	local name

	for name in "${machines[@]}"; do
		make_key "$name"
		member "$name" 'directory = yes' >"$dir/$name.conf"
		start_daemon "$name" --config "$dir/$name.conf"
	done
	for name in "${machines[@]}"; do
		must "$name has joined" wait_for 10 joined "$name"
	done
}

# joined MACHINE [NUMBER]: so many nodes of it have joined
# shellcheck disable=SC2317 # called by wait_for
joined()
{
	[[ $(on "$1" -j net |
		jq '[.[] | select(.state == "joined")] | length') == "${2:-1}" ]]
}

# net_count MACHINE COUNTER: of the daemon's directory
net_count()
{
	on "$1" -br -s net show | awk -v name="$2" '$1 == name { print $2 }'
}

remove_machines()
{
	local name

	for name in "${machines[@]}"; do
		ip netns del "$name" 2>/dev/null
	done
	clean_up
}
trap remove_machines EXIT
