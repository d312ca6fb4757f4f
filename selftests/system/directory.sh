#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The directory in the daemon: join, find, store, leave, and a peer that nobody
# has configured found when something is sent to it.
set -uo pipefail
# shellcheck source=selftests/system/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

# shellcheck source=selftests/system/bridge.sh
. "$repo/selftests/system/bridge.sh"

# knows MACHINE NUMBER...: how many neighbours it knows; if it does not, whom
# shellcheck disable=SC2317 # called by wait_for
knows()
{
	local n

	on "$1" -br net neigh >"$dir/knows.log"
	n=$(on "$1" -j net | jq '.[0].neighbours')
	[[ " ${*:2} " == *" $n "* ]]
}

machines_on_bridge m1 m2 m3 m4 m5
start_members
other=m1
for name in m5 m4 m3 m2 m1; do
	must "$name finds $other" wait_for 20 on "$name" find "${id[$other]}"
	other=$name
done

# Find a node.
must 'a node is found by one that was never told of it' eval \
	"[[ \$(on m2 -br find ${id[m5]}) == '${id[m5]} 192.0.2.5:7000' ]]"
on m2 find --trace "${id[m4]}" >"$dir/trace.log" &&
	grep -q answered "$dir/trace.log" && grep -q ' ms\|ms ' "$dir/trace.log"
result $? 'the way of a find is shown'
on m2 -br find "${id[m1]/#??????/000000}" 2>"$dir/err.log"
(($? == 2)) && grep -q '^Error: nobody has it\. ' "$dir/err.log"
result $? 'what is not there is not found, in words'

# Objects.
stored=$(on m1 -br store value 'hello world')
must 'an immutable object is stored and found elsewhere' eval \
	"[[ \$(on m3 -br find $stored) == 'hello world' ]]"
head -c 1024 /dev/urandom >"$dir/value"
stored=$(on m2 -br store "$dir/value")
on m4 -br find "$stored" | cmp -s - "$dir/value"
result $? 'a value of 1024 bytes from a file comes back as it was'
head -c 1025 /dev/urandom | on m2 store 2>"$dir/err.log"
(($? == 1)) && grep -q 'more than 1024 bytes' "$dir/err.log"
result $? 'one byte more is refused'
echo -n one | on m2 -br store name greeting >"$dir/out.log"
echo -n two | on m2 -br store - name greeting >"$dir/out2.log"
cmp -s "$dir/out.log" "$dir/out2.log"
result $? 'a named object keeps its id'
must 'its newest version is found by name and owner' eval \
	"[[ \$(on m5 -br find name greeting owner '${public[m2]}') == two ]]"
on m2 store value three name greeting seq 1 2>"$dir/err.log"
(($? == 2)) && grep -q 'a newer version is held' "$dir/err.log"
result $? 'an older version is refused'
for name in m1 m2 m3; do
	on "$name" -br store value "$name" set crowd >/dev/null
done
must 'entries of a set come from all of their owners' eval \
	"[[ \$(on m4 -j find set crowd |
		jq -r '[.[0].objects[].value] | sort | join(\" \")') == 'm1 m2 m3' ]]"

# Several requests at once on one connection.
pipeline=$repo/selftests/system/pipeline.py
must 'stores and finds of one connection go on side by side' \
	python3 "$pipeline" "$dir/m2.sock" stores-and-finds
must 'answers come when they are ready, or in order' \
	python3 "$pipeline" "$dir/m2.sock" order
must 'there is a bound' python3 "$pipeline" "$dir/m2.sock" bound 128
must 'and a lower one for others' setpriv --reuid 65534 --clear-groups \
	python3 - "$dir/m2.sock" bound 16 <"$pipeline"
# What others have asked before they went away may be before it in the queues.
must 'the daemon serves on' wait_for 5 on m2 find "${id[m1]}"

# What is kept up: signed again before it expires, until it is taken back.
kept=$(on m1 -br store --keep value up name service ttl 20)
entry=$(on m1 -br store --keep value up set services ttl 20)
brief=$(on m1 -br store value down name short ttl 20)
on m1 store --keep value x name y ttl 19 2>"$dir/err.log"
(($? == 1)) && grep -q 'signed for 20 seconds at least' "$dir/err.log"
result $? 'what is kept up has a time that can be met'
must 'it is listed' eval \
	"on m1 -j net published | jq -e '.[] | select(.id == \"$kept\") | .until == null and .ttl == 20'"
expiry=$(on m1 -j net published |
	jq ".[] | select(.id == \"$kept\") | .expiry")
while ((EPOCHSECONDS <= expiry + 2)); do
	sleep 0.5
done
must 'what is kept up is there after its expiry' eval \
	"[[ \$(on m4 -br find $kept) == up ]]"
must 'and so is the entry of a set' eval "[[ \$(on m4 -br find $entry) == up ]]"
! on m4 find "$brief" 2>/dev/null
result $? 'what is not is gone'
(($(net_count m1 renewed) >= 2))
result $? 'it is counted'
kill_daemon m1
start_daemon m1 --config "$dir/m1.conf"
must 'after a restart it is still known' eval \
	"on m1 -j net published | jq -e '.[] | select(.id == \"$kept\")'"
must 'it is taken back' on m1 net unpublish "$kept"
on m1 net unpublish "$kept" 2>"$dir/err.log"
(($? == 2)) && grep -q 'has stored nothing of id' "$dir/err.log"
result $? 'once'
gone()
{
	! on m4 find "$kept" 2>/dev/null
}
must 'and gone when it has expired' wait_for 30 gone
must 'the entry still is there' eval "[[ \$(on m4 -br find $entry) == up ]]"

# Something is sent to somebody of whom nobody has said where he is.
listen m5 9000
must 'acquire by find' ask m3 "${id[m5]}:9000" hello
! ask m3 "${id[m5]/#??????/000000}:9000" hello
result $? 'a stranger is not reached'
must 'and the reason is told in words' \
	grep -q 'the directory does not know the peer' "$dir/m3.log"

# Leave.
on m4 leave
result $? 'leave'
must 'the others know of it' wait_for 20 knows m1 2 3
[[ $(on m4 -j net) == '[]' ]]
result $? 'and it is in the directory no longer'
must 'objects are still found' eval \
	"[[ \$(on m5 -br find name greeting owner '${public[m2]}') == two ]]"
must 'join again' on m4 join
must 'and be known again' wait_for 20 knows m1 3 4

# A restart: back in the overlay without the member that it first joined through.
# held MACHINE: what it holds that does not expire while we look
held()
{
	on "$1" -j net objects | jq -c --argjson until $((began + 300)) \
		'[.[] | select((.expiry // $until + 1) > $until) | .id] | sort'
}
began=$EPOCHSECONDS
held=$(held m2)
kill_daemon m1
kill_daemon m2
start_daemon m2 --config "$dir/m2.conf"
must 'after kill -9 it joins again' wait_for 10 joined m2
took=$(sed -n "s/.*has joined network test in \([0-9]*\) ms/\1/p" \
	"$dir/m2.log" | tail -n 1)
echo "# joined again in $took ms"
((took < 1000))
result $? 'within a second'
[[ $held == *,* && $(held m2) == "$held" ]]
result $? 'without its bootstrap node, with all that it held'
must 'and finds what it stored before' eval \
	"[[ \$(on m2 -br find name greeting) == two ]]"
start_daemon m1 --config "$dir/m1.conf"

# Everybody killed while objects are stored: what was acknowledged is there.
for ((i = 0; i < 200; i++)); do
	printf 'value-%d\n' $i
done >"$dir/values"
while read -r value; do
	on m3 -br store value "$value" || break
done <"$dir/values" >"$dir/acknowledged" 2>/dev/null &
writer=$!
sleep 3
for name in "${machines[@]}"; do
	kill_daemon "$name"
done
wait $writer
for name in "${machines[@]}"; do
	start_daemon "$name" --config "$dir/$name.conf"
done
must 'all are back' wait_for 5 joined m5
lost=0 n=0
while read -r object; do
	on m5 -br find "$object" >/dev/null 2>&1 || ((lost++))
	((++n < 20)) || break
done < <(tac "$dir/acknowledged")
echo "# $(wc -l <"$dir/acknowledged") acknowledged, $n looked for"
((n > 0 && lost == 0))
result $? 'all killed at once: no acknowledged object is lost'

# Parameters change while it runs.
sed -i '/^\[network test\]$/a redundancy = 3\nlease-max = 300' "$dir/m2.conf"
kill -HUP "${daemons[m2]}"
must 'the copies wanted follow the file' wait_for 5 eval \
	"[[ \$(on m2 -j net | jq '.[0].redundancy') == 3 ]]"

# A node that a client has added is in the directory after a restart, too.
make_key added
on m2 node add key "$dir/added.key" netid test link 7000 owner any name added
must 'a node added by hand joins' on m2 join "${id[m1]}" \
	endpoint 192.0.2.1:7000 node added
kill_daemon m2 TERM
start_daemon m2 --config "$dir/m2.conf"
must 'and again by itself when the daemon comes back' wait_for 10 joined m2 2

# A disk that cannot be written.
kill_daemon m5
rm -f "$dir/m5.state.dht"
mkdir "$dir/m5.state.dht"
start_daemon m5 --config "$dir/m5.conf"
must 'without a file for objects it joins all the same' wait_for 5 joined m5
[[ $(grep -c 'the directory cannot open its file' "$dir/m5.log") == 1 ]]
result $? 'and says so once'

finish
