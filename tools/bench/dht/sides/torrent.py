#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Several nodes of libtorrent's kademlia in one process.

Usage: torrent.py ADDRESS PORT COUNT BOOTSTRAP

Ports count up from PORT. BOOTSTRAP is ADDRESS:PORT, or - where the first node
is what the others join through. What it reads and prints: load.h.
"""
import json
import os
import random
import select
import signal
import sys
import time

import libtorrent as lt  # pylint: disable=import-error

# Its members come from a library.
# pylint: disable=no-member,c-extension-no-member

VALUE = 100
PATIENCE = 40
# No limits that are there for the sake of strangers.
SETTINGS = {
    "alert_mask": lt.alert.category_t.dht_notification
    | lt.alert.category_t.dht_operation_notification,
    "alert_queue_size": 100000,
    "dht_block_ratelimit": 1000000,
    "dht_max_dht_items": 100000,
    "dht_restrict_routing_ips": False,
    "dht_restrict_search_ips": False,
    "dht_upload_rate_limit": 1000000000,
    "enable_dht": True,
    "enable_lsd": False,
    "enable_natpmp": False,
    "enable_upnp": False,
}


class Node:
    """A session, and what is under way in it."""

    def __init__(self, address, port, bootstrap):
        self.session = lt.session(dict(
            SETTINGS, listen_interfaces=f"{address}:{port}",
            dht_bootstrap_nodes=bootstrap or ""))
        if bootstrap:
            host, at = bootstrap.split(":")
            self.session.add_dht_node((host, int(at)))
        self.fd, end = os.pipe()
        os.set_blocking(self.fd, False)
        self.session.set_alert_fd(end)
        self.waiting = {}

    def store(self):
        """Begin one."""
        value = os.urandom(VALUE)
        key = self.session.dht_put_immutable_item(value).to_bytes()
        self.begun("put", key)

    def find(self, key):
        """Begin one."""
        self.begun("get", key)
        self.session.dht_get_immutable_item(lt.sha1_hash(key))

    def begun(self, *what):
        """Of the same, several may be under way."""
        self.waiting.setdefault(what, []).append(time.monotonic_ns())

    def ended(self):
        """What has ended: (nanoseconds, good, key)."""
        try:
            os.read(self.fd, 4096)
        except BlockingIOError:
            pass
        now = time.monotonic_ns()
        for alert in self.session.pop_alerts():
            if isinstance(alert, lt.dht_put_alert):
                what, good = "put", alert.num_success > 0
            elif isinstance(alert, lt.dht_immutable_item_alert):
                what, good = "get", bool(alert.item)
            else:
                continue
            key = alert.target.to_bytes()
            if self.waiting.get((what, key)):
                yield now - self.waiting[what, key].pop(0), good, key


def load(nodes, width, jobs):
    """Keep so many jobs under way; a job is a key, or None for a store."""
    result = {"begin": time.monotonic_ns(), "ok": 0, "ns": [], "keys": []}
    by_fd = {node.fd: node for node in nodes}
    poll = select.poll()
    for fd in by_fd:
        poll.register(fd, select.POLLIN)
    left = list(reversed(jobs))
    under_way = 0
    while left or under_way:
        while left and under_way < width:
            key, node = left.pop(), random.choice(nodes)
            under_way += 1
            if key is None:
                node.store()
            else:
                node.find(key)
        ready = poll.poll(PATIENCE * 1000)
        if not ready:
            # They count as not found.
            result["ns"] += [PATIENCE * 10 ** 9] * under_way
            break
        for fd, _ in ready:
            for took, good, key in by_fd[fd].ended():
                under_way -= 1
                result["ns"].append(took)
                result["ok"] += good
                result["keys"].append(key.hex())
    result["end"] = time.monotonic_ns()
    return result


def main():
    """As the usage line says."""
    address, port, count, bootstrap = sys.argv[1:5]
    first = f"{address}:{port}"
    nodes = []
    for i in range(int(count)):
        via = bootstrap if bootstrap != "-" else first if i else None
        nodes.append(Node(address, int(port) + i, via))
    for node in nodes:
        while not node.session.is_dht_running():
            time.sleep(0.1)
    print('{"ready":true}', flush=True)
    for line in sys.stdin:
        verb, width, *rest = line.split()
        if verb == "store":
            jobs = [None] * int(rest[0])
        else:
            jobs = [bytes.fromhex(key) for key in rest]
        print(json.dumps(load(nodes, int(width), jobs)), flush=True)
    # Its threads take their time to say goodbye.
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
