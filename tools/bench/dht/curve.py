# SPDX-License-Identifier: GPL-2.0
"""Finds by one node in networks of more and more nodes, from having a session
with nobody to having one with all that are asked."""

import base64
import hashlib
import json
import os
import re
from statistics import median_high

import control
import hosts

COPIES = 8		# of an object: the network's default
KEYS = 32		# objects that the asker does not hold
STORES = 40 * KEYS	# at most, to have so many
COLD = 12		# finds with no session at all
WIDTH = 32		# finds at once
FINDS = 256		# of these
OTHERS = 4		# hosts beside the asker's, at least
NODES = 8		# on one of these, where that makes more of them
HOSTS = 250		# have an address
GONE = "there is no session with that peer"
TRIPS = {"themis": ("udp", "themis"), "null": ("null",)}


class Known(hosts.Ours):
    """Our nodes, with the same keys each time, so that two networks differ in
    nothing but what is compared."""

    table = 0

    def config(self, index):
        where = self.directory.name
        for node in range(self.counts[index]):
            name = f"{index}-{node}"
            seed = hashlib.sha256(f"curve {name}".encode()).digest()
            path = f"{where}/{name}.key"
            with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w",
                      encoding="ascii") as file:
                file.write("themis-key-v1 "
                           f"{base64.b64encode(seed).decode()}\n")
        path = super().config(index)
        if self.table:
            with open(path, "a", encoding="ascii") as file:
                file.write(f"[network bench]\ntable = {self.table}\n")
        return path

    def first_id(self, path):
        return json.loads(hosts.command(
            hosts.THEMIS, "-j", "key", "show", path, "netid",
            "bench"))[0]["id"]

    def socket(self, index):
        """A daemon's control socket."""
        return f"{self.directory.name}/{index}.sock"

    def store(self, first, count):
        """Store one after another; return the keys."""
        one = control.Control(self.socket(0))
        keys = []
        for number in range(first, first + count):
            value = hashlib.shake_256(b"value %d" % number).hexdigest(100)
            result, _ = one.call(cmd="store", node=self.ids[0][0],
                                 value_hex=value)
            if not result:
                raise hosts.BenchError("an object is not stored. Look at the "
                                       "daemon with tools/vm/run -i")
            keys.append(result["id"])
        one.close()
        return keys

    def sessions(self):
        """The sessions of the asker's host."""
        return json.loads(hosts.command(
            hosts.THEMIS, "-n", self.bridge.hosts[-1], "-j", "session"))

    def forget(self):
        """The asker has a session with nobody."""
        path = f"{self.directory.name}/forget"
        with open(path, "w", encoding="ascii") as file:
            for row in self.sessions():
                file.write(f"session del peer {row['peer']} node "
                           f"{row['node']}\n")
        try:
            hosts.command(hosts.THEMIS, "-n", self.bridge.hosts[-1], "-force",
                          "-batch", path)
        except hosts.BenchError as err:
            # Of hundreds one may be gone since they were listed.
            if set(re.findall("Error: ([^.]*)", str(err))) != {GONE}:
                raise

    def find(self, keys):
        """Find one after another; return microseconds as the daemon has them,
        round trips, and commands."""
        one = control.Control(self.socket(len(self.counts) - 1))
        rows = []
        for key in keys:
            result, _ = one.call(cmd="find", id=key)
            if not result or not result["objects"]:
                raise hosts.BenchError("an object is not found. Look at the "
                                       "daemon with tools/vm/run -i")
            rows.append((result["us"], result["rounds"], result["requests"]))
        one.close()
        return [list(column) for column in zip(*rows)]


class Null(Known):
    """The same without security: sessions carry what is sent as it is. The
    module must be themis_null.ko."""

    DAEMON = "themisd-null"


def far(side, keys):
    """Those that the asker does not hold itself; all, in a network of no more
    nodes than there are copies."""
    everybody = [int(name, 16) for ids in side.ids for name in ids]
    asker = int(side.ids[-1][0], 16)
    if len(everybody) <= COPIES:
        return keys

    def held(key):
        return sum(key ^ other < key ^ asker for other in everybody) < COPIES
    return [key for key in keys if not held(int(key, 16))]


def load(side, width, keys):
    """Have the asker's driver find; return what it says."""
    side.drivers[-1].say(f"find {width} " + " ".join(keys))
    answer = side.drivers[-1].hear()
    took = (answer["end"] - answer["begin"]) / 1e9
    return {"p50_ms": median_high(answer["ns"]) / 1e6, "ms": [
        ns / 1e6 for ns in answer["ns"]], "rate": len(keys) / took,
        "good": answer["ok"] / len(keys)}


def many(keys):
    """As many as are measured."""
    return (keys * (FINDS // len(keys) + 1))[:FINDS]


def shown(phase, figures):
    """A record without each single figure."""
    return {"phase": phase, **{name: value for name, value in figures.items()
                               if name != "ms"}}


def keys_of(side, rival):
    """Enough that the asker does not hold."""
    keys = []
    for first in range(0, STORES, KEYS):
        if rival:
            side.drivers[0].say(f"store 8 {KEYS}")
            keys += far(side, side.drivers[0].hear()["keys"])
        else:
            keys += far(side, side.store(first, KEYS))
        if len(keys) >= KEYS:
            break
    if not keys:
        raise hosts.BenchError("the asker holds everything. Look at "
                               "tools/bench/dht/curve.py")
    return keys[:KEYS]


def rival_run(side):
    """One who has no sessions: first finds, and more of them."""
    keys = keys_of(side, True)
    yield shown("cold", load(side, 1, keys))
    yield shown("warm", load(side, 1, keys))
    yield shown("cold at once", load(side, WIDTH, many(keys)))
    yield shown("warm at once", load(side, WIDTH, many(keys)))


def our_run(side):
    """Colder and warmer."""
    keys = keys_of(side, False)
    cold = []
    for key in keys[:COLD]:
        side.forget()
        cold.append([column[0] for column in side.find([key])])
    us, rounds, asked = zip(*cold)
    yield {"phase": "cold, in the daemon", "us": median_high(us),
           "rounds": median_high(rounds), "asked": sum(asked) / len(asked)}
    side.forget()
    yield shown("cold", load(side, 1, keys[:1]))
    side.forget()
    figures = load(side, 1, (4 * KEYS // len(keys)) * keys)
    yield {"phase": "warming", "ms": figures["ms"],
           "sessions": len(side.sessions())}
    side.forget()
    yield shown("cold at once", load(side, WIDTH, keys))
    # Whom a find asks first is by turns: more than once for each object.
    for _ in range(4):
        load(side, WIDTH, keys)
    us, rounds, asked = side.find(keys)
    yield {"phase": "warm, in the daemon", "us": median_high(us),
           "rounds": median_high(rounds), "asked": sum(asked) / len(asked),
           "sessions": len(side.sessions())}
    yield shown("warm", load(side, 1, many(keys)))
    yield shown("warm at once", load(side, WIDTH, many(keys)))


def round_trips(paths):
    """Microseconds of a round trip of the same length between two programs."""
    text = hosts.command(f"{hosts.BUILD}/themis-bench", "--icount", "--sizes",
                         "512", "--tests", "rr", *paths)
    for line in text.splitlines():
        row = json.loads(line)
        yield {"phase": "round trip", "path": row["path"],
               "us": row["instructions"] / 1000}


def spread(n):
    """How many nodes each host has; the asker, last, has one for itself. A daemon
    does one thing after another, so in a large network, whose nodes still meet
    each other, an answer would wait for what others of its host do."""
    others = min(max(OTHERS, -(-(n - 1) // NODES)), HOSTS, n - 1)
    return [(n - 1) // others + (i < (n - 1) % others)
            for i in range(others)] + [1]


def run(name, sizes, delay, table):
    """Yield records; a link delays what is sent by so many milliseconds, and a
    node of ours knows so many others, if it is not 0."""
    if name in TRIPS:
        yield from round_trips(TRIPS[name])
    Known.table = table
    kind = {"themis": Known, "null": Null}.get(name, hosts.Rival)
    for n in sizes:
        counts = spread(n)
        with hosts.wake_first(), \
                hosts.Bridge(len(counts), delay) as bridge, \
                kind(name, bridge, counts, "-") as side:
            yield {"n": n, "phase": "rest", "seconds": hosts.rest()}
            what = rival_run if kind is hosts.Rival else our_run
            for record in what(side):
                yield {"n": n, **record}
