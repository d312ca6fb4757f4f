# SPDX-License-Identifier: GPL-2.0
"""Nodes that join through ten members, and leave again."""

import statistics

import control
import hosts

VIA = 10		# members from the beginning
HOSTS = 6		# daemons: the first has those ten
BLINKS = 50


class Crowd(hosts.Ours):
    """Ten members at the first daemon, and at the others nodes that are in no
    directory yet."""

    def __init__(self, bridge, nodes):
        super().__init__("themis", bridge, [VIA] + [nodes] * (HOSTS - 1), "-")
        self.members, self.others = [], []

    def socket(self, index):
        """A daemon's control socket."""
        return f"{self.directory.name}/{index}.sock"

    def config(self, index):
        if not index:
            return super().config(index)
        where = self.directory.name
        path = f"{where}/{index}.conf"
        with open(path, "w", encoding="ascii") as file:
            for node in range(self.counts[index]):
                file.write(f"[node {index}-{node}]\n"
                           f"key = {where}/{index}-{node}.key\n"
                           "netid = bench\nlink = 7000\nowner = any\n"
                           "create-key = yes\n")
        return path

    def start_host(self, index):
        self.daemons.append(hosts.Program(self.bridge.hosts[index], [
            f"{hosts.BUILD}/themisd", "--config", self.config(index),
            "--control", self.socket(index), "--state",
            f"{self.directory.name}/{index}.state"], self.log(index),
            talks=False))
        wanted = VIA if not index else 0
        end = hosts.time.monotonic() + hosts.PATIENCE
        while len(self.nodes_of(index) or ()) < self.counts[index] or \
                self.joined(self.socket(index)) < wanted:
            if hosts.time.monotonic() > end:
                raise hosts.BenchError("a daemon does not start. Look at it "
                                       "with tools/vm/run -i")
            hosts.time.sleep(0.2)
        names = [f"{index}-{node}" for node in range(self.counts[index])]
        ids = self.nodes_of(index)
        if index:
            self.others += [(self.socket(index), ids[name])
                            for name in names]
        else:
            self.members = [ids[name] for name in names]

    def bytes(self):
        """What the daemons take to which nodes come."""
        return sum(daemon.memory() for daemon in self.daemons[1:])

    def nodes_of(self, index):
        """The ids of a daemon's nodes by their names, or None."""
        done = hosts.subprocess.run(
            [hosts.THEMIS, "-j", "-C", self.socket(index), "-n",
             self.bridge.hosts[index], "node"], stdout=hosts.subprocess.PIPE,
            stderr=hosts.subprocess.DEVNULL, check=False)
        if done.returncode:
            return None
        return {row["name"]: row["id"]
                for row in hosts.json.loads(done.stdout)}

    def agreed(self):
        """How many keys have been agreed on; both sides count each."""
        total = 0
        for index in range(len(self.counts)):
            one = control.Control(self.socket(index))
            result, _ = one.call(cmd="info")
            total += result["counters"].get("agreed", 0)
            one.close()
        return total / 2

    def join(self, number):
        """What one of the others says to join."""
        return {"cmd": "join", "node": self.others[number][1],
                "member": self.members[number % VIA],
                "endpoint": f"{hosts.address(0)}:7000"}


def failed(answers):
    """How many did not come out well."""
    return sum(not answer["ok"] for answer, _ in answers)


def record(what, times, total, bad):
    """Nanoseconds to what is shown."""
    times = sorted(times)
    return {"phase": what, "count": len(times), "failed": bad,
            "each_ms": total / len(times) / 1e6, "total_s": total / 1e9,
            "p50_ms": times[len(times) // 2] / 1e6,
            "p99_ms": times[len(times) * 99 // 100] / 1e6,
            "mean_ms": statistics.mean(times) / 1e6}


def one_by_one(crowd):
    """Each joins when the one before has."""
    times, bad, before = [], 0, crowd.agreed()
    for number, (path, _) in enumerate(crowd.others):
        one = control.Control(path)
        result, took = one.call(**crowd.join(number))
        one.close()
        times.append(took)
        bad += result is None
    return {**record("one after another", times, sum(times), bad),
            "agreed": (crowd.agreed() - before) / len(times)}


def blink(crowd):
    """The last one leaves, and then comes and goes."""
    path, node = crowd.others[-1]
    number = len(crowd.others) - 1
    one = control.Control(path)
    one.call(cmd="leave", node=node)
    joins, leaves, bad = [], [], 0
    for _ in range(BLINKS):
        result, took = one.call(**crowd.join(number))
        joins.append(took)
        bad += result is None
        result, took = one.call(cmd="leave", node=node)
        leaves.append(took)
        bad += result is None
    one.close()
    both = [a + b for a, b in zip(joins, leaves)]
    yield record("join and leave", both, sum(both), bad)
    yield record("leave", leaves, sum(leaves), 0)


def run(count):
    """Yield records."""
    nodes = count // (HOSTS - 1)
    with hosts.Bridge(HOSTS) as bridge:
        with Crowd(bridge, nodes) as crowd:
            before = crowd.bytes()
            yield one_by_one(crowd)
            joined = crowd.bytes() - before
            yield {"phase": "memory", "memory": joined // len(crowd.others),
                   "daemon": before // (HOSTS - 1),
                   "nodes": nodes}
            yield from blink(crowd)
        with Crowd(bridge, nodes) as crowd:
            before = crowd.agreed()
            answers, total = control.all_at_once(
                [(path, crowd.join(number))
                 for number, (path, _) in enumerate(crowd.others)])
            agreed = crowd.agreed() - before
            yield {**record("all at once", [took for _, took in answers],
                            total, failed(answers) + len(crowd.others) -
                            len(answers)),
                   "agreed": agreed / len(crowd.others)}
