#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The metrics socket: the format to the letter, the numbers, the bounds.
set -uo pipefail
# shellcheck source=selftests/system/lib.sh
. "$(dirname "$(readlink -f "$0")")/lib.sh"

cat >"$dir/metrics.conf" <<TXT
[daemon]
metrics = $dir/metrics.sock
TXT
make_network
must 'a daemon with metrics' start_daemon alpha --config "$dir/metrics.conf"
must 'a daemon without' start_daemon beta
make_node alpha
make_node beta
# shellcheck disable=SC2154 # set by make_node()
a=$id_alpha b=$id_beta
# Whose addresses change while it waits asks again, and measures no round trip.
sleep 1.5
# A directory of two.
must 'beta begins a directory' on beta join
must 'alpha joins it' on alpha join "$b" endpoint 192.0.2.2:7000
stored=$(on alpha -br store value hello)
must 'beta finds what alpha has stored' on beta find "$stored"
! on alpha find "${stored/#??????/000000}" 2>/dev/null
result $? 'and alpha not what is not there'
listen beta 9000
on alpha peer add "$b" endpoint 192.0.2.2:7000 name beta
must 'a conversation' ask alpha "$b:9000" one
# Numbers are collected once a second.
sleep 1.1

scrape()
{
	curl -s --max-time 5 --unix-socket "$dir/metrics.sock" \
		http://localhost/metrics
}

scrape >"$dir/text"
result $? 'curl gets an answer'
curl -s -i --unix-socket "$dir/metrics.sock" http://localhost/ >"$dir/head"
must 'of the right type' grep -q \
	'^Content-Type: text/plain; version=0.0.4' "$dir/head"

cat >"$dir/parse.py" <<'TXT'
import re
import sys

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? "
                    r"([0-9]+(?:\.[0-9]+)?)")
data = open(sys.argv[1], encoding="utf-8").read()
assert data.endswith("\n")
helps, types, seen, current = {}, {}, {}, None
for line in data[:-1].split("\n"):
    m = re.fullmatch(rf"# HELP ({NAME}) (\S.*)", line)
    if m:
        assert m[1] not in helps, line
        assert not re.search(r"\\(?![\\n])", m[2]), line
        helps[m[1]] = m[2]
        current = m[1]
        continue
    m = re.fullmatch(rf"# TYPE ({NAME}) (counter|gauge|histogram)", line)
    if m:
        assert m[1] == current and m[1] not in types, line
        assert (m[2] == "counter") == m[1].endswith("_total"), line
        types[m[1]] = m[2]
        continue
    m = SAMPLE.fullmatch(line)
    assert m, line
    family = m[1]
    if family not in types:
        family = re.sub(r"_(bucket|sum|count)$", "", family)
        assert types[family] == "histogram", line
    assert family == current, line
    key = (m[1], m[2] or "")
    assert key not in seen, line
    seen[key] = float(m[3])
assert set(helps) == set(types)

header = open(sys.argv[2], encoding="utf-8").read().replace("\\\n", "")
rows = re.findall(r'\b([CD])\([A-Z_]+,\s*"([a-z-]+)",\s*"([^"]+)"\)', header)
assert len(rows) > 30
for kind, name, text in rows:
    if kind == "D":
        assert ("themis_drops_total", f'reason="{name}"') in seen, name
        assert f"{name}: {text}" in helps["themis_drops_total"], name
    else:
        metric = "themis_" + name.replace("-", "_") + "_total"
        assert (metric, "") in seen, name
        assert helps[metric] == text, name
header = open(sys.argv[3], encoding="utf-8").read().replace("\\\n", "")
table = {}
for m in re.finditer(r"#define DIRECTORY_(\w+)\([A-Z, ]+\)(.*)", header):
    table[m[1]] = re.findall(r'\b([A-Z])\(\w+,\s*"([a-z_-]+)"'
                             r'(?:,\s*"([^"]+)")?\)', m[2])
assert sum(map(len, table.values())) > 30
prefix = "themis_directory_"
for kind, name, text in table["COUNTERS"]:
    if kind == "D":
        assert (prefix + "drops_total", f'reason="{name}"') in seen, name
        assert f"{name}: {text}" in helps[prefix + "drops_total"], name
    else:
        assert (f"{prefix}{name}_total", "") in seen, name
        assert helps[f"{prefix}{name}_total"] == text, name
for _, name, text in table["STATES"]:
    assert (prefix + name, "") in seen and helps[prefix + name] == text, name
for kind, name, text in table["OF_NODE"]:
    metric = prefix + re.sub("_s$", "_seconds", name)
    metric += "_total" if kind == "C" else ""
    assert helps[metric] == text, name
    assert len([1 for key in seen if key[0] == metric]) == 1, metric
for _, operation, _ in table["OPERATIONS"]:
    for _, way, text in table["WAYS"]:
        assert (prefix + "messages_total",
                f'operation="{operation}",way="{way}"') in seen, way
        assert f"{way}: {text}" in helps[prefix + "messages_total"], way
    for _, outcome, text in table["OUTCOMES"]:
        assert operation == "update" or (
            prefix + "operations_total",
            f'operation="{operation}",outcome="{outcome}"') in seen, outcome
        assert f"{outcome}: {text}" in helps[prefix + "operations_total"]
for (name, labels), value in seen.items():
    print(f"{name}{{{labels}}} {value:.6f}")
TXT
python3 "$dir/parse.py" "$dir/text" "$repo/include/uapi/linux/themis.h" \
	"$repo/userd/directory_count.h" >"$dir/parsed" 2>"$dir/parse.log"
result $? 'every line is as the format wants it, every counter is there'

# has METRIC PATTERN: the value
has()
{
	grep -F "$1 " "$dir/parsed" | grep -qE "^[^ ]* $2$" || {
		grep -F "${1%%\{*}" "$dir/parsed"
		return 1
	}
}
must 'one node' has 'themis_nodes{}' '1\.0*'
must 'one session' has 'themis_sessions{}' '1\.0*'
must 'one peer established' has 'themis_peers{state="established"}' '1\.0*'
must 'one key agreed on' has 'themis_agreement_events_total{event="agreed"}' \
	'1\.0*'
must 'messages as the kernel counts them' has 'themis_tx_messages_total{}' \
	"$(counter alpha tx-messages)\.0*"
must 'one agreement, by outcome' has 'themis_agreements_total{outcome="agreed"}' \
	'1\.0*'
must 'none refused' has 'themis_agreements_total{outcome="refused-denied"}' \
	'0\.0*'
must 'its round trip in the histogram' has \
	'themis_agreement_rtt_seconds_bucket{le="+Inf"}' '1\.0*'
member="{node=\"$a\",network=\"test\"}"
must 'it has joined' has "themis_directory_joined$member" '1\.0*'
must 'it knows one member' has "themis_directory_neighbours$member" '1\.0*'
must 'it keeps one object' has "themis_directory_objects$member" '1\.0*'
must 'its lease' has "themis_directory_lease_seconds$member" \
	"$(on alpha -j net | jq '.[0].lease_s')\.0*"
must 'one join' has \
	'themis_directory_operations_total{operation="join",outcome="done"}' \
	'1\.0*'
must 'one store' has \
	'themis_directory_operations_total{operation="store",outcome="done"}' \
	'1\.0*'
must 'one find in vain' has \
	'themis_directory_operations_total{operation="find",outcome="not-found"}' \
	'1\.0*'
must 'one store in the histogram' has \
	'themis_directory_duration_seconds_bucket{operation="store",le="+Inf"}' \
	'1\.0*'
# An answer that is slow is asked for again.
must 'a command to store' has \
	'themis_directory_messages_total{operation="store",way="tx-commands"}' \
	'[12]\.0*'
must 'and a response' has \
	'themis_directory_messages_total{operation="store",way="rx-responses"}' \
	'[12]\.0*'
must 'the disk is written' has 'themis_directory_unwritten{}' '0\.0*'
rtt="themis_peer_rtt_seconds{node=\"$a\",peer=\"$b\",name=\"beta\"}"
us=$(on alpha -j peer show | jq '.[0].rtt_us')
must 'the round trip' has "$rtt" "$(printf '%d\\.%06d' $((us / 1000000)) \
	$((us % 1000000)))"

# Whoever connects and says nothing is answered too; whoever does not read, or
# comes in crowds, keeps nobody waiting.
cat >"$dir/crowd.py" <<'TXT'
import socket
import sys
import time


def connect():
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    return s


def read(s):
    data = b""
    while chunk := s.recv(65536):
        data += chunk
    return data


assert b"themis_nodes 1\n" in read(connect())
half = connect()
half.shutdown(socket.SHUT_WR)
assert b"themis_nodes 1\n" in read(half)
idle = [connect() for _ in range(40)]
time.sleep(0.5)
kept = 0
for s in idle:
    s.settimeout(0.2)
    try:
        got = read(s)
    except (TimeoutError, ConnectionResetError):
        got = b""
    kept += bool(got)
assert kept == 8, kept
TXT
must 'a crowd is answered within its bound' timeout 60 \
	python3 "$dir/crowd.py" "$dir/metrics.sock"
must 'the daemon is not kept' on alpha peer show
answers()
{
	[[ $(scrape) == *themis_nodes* ]]
}
must 'and serves again' wait_for 10 answers
must 'everybody may ask' test "$(stat -c %a "$dir/metrics.sock")" = 666

# A dead daemon's socket does not keep the next one from starting.
kill_daemon alpha
must 'a new daemon starts' start_daemon alpha --config "$dir/metrics.conf"
must 'and answers' answers
kill_daemon alpha TERM
must 'stopped, it leaves no socket' test ! -e "$dir/metrics.sock"

finish
