# SPDX-License-Identifier: GPL-2.0
"""Finds and stores through a network of real nodes, before and after a quarter
of them is killed."""

import random

import hosts

HOSTS, NODES = 4, 12
WIDTH = 32
SETTLE, IDLE = 240, 120
# Nearly all have met nearly all after so many stores. Where nobody is met, since
# there is no encryption, and each takes so much longer, it goes without.
WARM = 1000
PREPARED = ("themis", "libtorrent", "opendht")


def share(count, parts):
    """Split a number as evenly as can be."""
    return [count // parts + (i < count % parts) for i in range(parts)]


def deal(keys, count):
    """So many keys, each as often as any other."""
    cards = []
    while len(cards) < count:
        cards += random.sample(keys, len(keys))
    return cards[:count]


def ask(side, width, jobs):
    """Give each driver its part of a number of stores, or of keys; all at
    once, or one operation after another if the width is one."""
    drivers = side.drivers
    stores = isinstance(jobs, int)
    parts = share(jobs if stores else len(jobs), len(drivers))
    widths = share(width, len(drivers)) if width > 1 else [1] * len(drivers)
    answers, at = [], 0
    for driver, part, wide in zip(drivers, parts, widths):
        if stores:
            driver.say(f"store {wide} {part}")
        else:
            driver.say(f"find {wide} " + " ".join(jobs[at:at + part]))
            at += part
        if width == 1:
            answers.append(driver.hear())
    return answers or [driver.hear() for driver in drivers]


def measure(side, width, jobs):
    """Do it; return (figures, keys)."""
    packets, cpu = side.bridge.sent()[0], hosts.busy()
    answers = ask(side, width, jobs)
    cpu = hosts.busy() - cpu
    packets = side.bridge.sent()[0] - packets
    times = sorted(ns for answer in answers for ns in answer["ns"])
    count = len(times)
    if width > 1:
        span = (max(answer["end"] for answer in answers)
                - min(answer["begin"] for answer in answers)) / 1e9
    else:
        span = sum(answer["end"] - answer["begin"]
                   for answer in answers) / 1e9
    return {
        "count": count,
        "good": sum(answer["ok"] for answer in answers) / count,
        "rate": count / span,
        "per_cpu": count / cpu if cpu else None,
        "mean_ms": sum(times) / count / 1e6,
        "p50_ms": times[count // 2] / 1e6,
        "p99_ms": times[count * 99 // 100] / 1e6,
        "max_ms": times[-1] / 1e6,
        "datagrams": packets / count,
    }, [key for answer in answers for key in answer["keys"]]


def idle(side):
    """Datagrams a second, and bytes an hour with all headers, of a node that has
    nothing to do."""
    # Keys that were in use are renewed for two minutes; then they expire.
    hosts.time.sleep(SETTLE)
    before = side.bridge.sent()
    hosts.time.sleep(IDLE)
    packets, size = (now - then for now, then in
                     zip(side.bridge.sent(), before))
    return {"datagrams": packets / IDLE / HOSTS / NODES,
            "hour": size * 3600 / IDLE / HOSTS / NODES}


def run(name, modules, finds, stores):
    """Measure one side; yield records."""
    random.seed(1)
    with hosts.Bridge(HOSTS) as bridge, \
            hosts.side(name, bridge, NODES, modules) as side:
        memory = side.memory()
        # Whoever is met for the first time costs more, and programs that are
        # compiled while they run are slow at first.
        figures, keys = measure(side, WIDTH, stores)
        yield {"phase": "cold", "what": "store", **figures}
        figures, _ = measure(side, WIDTH, deal(keys, finds))
        yield {"phase": "cold", "what": "find", **figures}
        yield {"phase": "idle", "memory": memory, **idle(side)}
        if name in PREPARED:
            keys += measure(side, WIDTH, WARM)[1]
        for phase, width, divide in (("alone", 1, 4), ("healthy", WIDTH, 1)):
            figures, more = measure(side, width, stores // divide)
            yield {"phase": phase, "what": "store", **figures}
            keys += more
            figures, _ = measure(side, width, deal(
                keys, finds // divide))
            yield {"phase": phase, "what": "find", **figures}
        side.kill_last()
        wanted = deal(keys, finds)
        figures, _ = measure(side, WIDTH, wanted)
        yield {"phase": "killed", "what": "find", **figures}
        figures, _ = measure(side, WIDTH, stores // 2)
        yield {"phase": "killed", "what": "store", **figures}
