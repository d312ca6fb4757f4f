#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Store and find without a pause, by the control sockets of several daemons.

Run by mesh.sh, which kills others of the network meanwhile. Whatever was
acknowledged must be found afterwards.

Usage: mesh.py SECONDS SETTLE SOCKET...
"""
import json
import random
import socket
import sys
import threading
import time


class Control:
    """A connection to a daemon, and the nodes behind it."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(path)
        self.file = self.sock.makefile("rw")
        self.nodes = [row["node"] for row in
                      self.call(cmd="net-list")["result"]["nodes"]]

    def call(self, **request):
        """The whole answer."""
        self.file.write(json.dumps(request) + "\n")
        self.file.flush()
        return json.loads(self.file.readline())


class Tally:
    """What came of it, of all threads together."""

    def __init__(self):
        self.lock = threading.Lock()
        self.kept = {}
        self.refused = self.found = self.missed = 0
        self.times = []

    def stored(self, name, value, answer):
        """A store has ended."""
        with self.lock:
            if answer["ok"]:
                self.kept[answer["result"]["id"]] = (name, value)
            else:
                self.refused += 1

    def looked(self, good, seconds):
        """A find has ended."""
        with self.lock:
            self.times.append(seconds)
            if good:
                self.found += 1
            else:
                self.missed += 1

    def one(self):
        """Something that was acknowledged, or None."""
        with self.lock:
            return random.choice(list(self.kept)) if self.kept else None


def find(control, tally, wanted):
    """Look for one object; whether it is there as it was stored."""
    begin = time.monotonic()
    answer = control.call(cmd="find", node=random.choice(control.nodes),
                          id=wanted)
    seconds = time.monotonic() - begin
    good = answer["ok"] and any(
        bytes.fromhex(row["value_hex"]).decode() == tally.kept[wanted][1]
        for row in answer["result"]["objects"])
    return good, seconds


def work(path, number, until, tally):
    """One thread: stores and finds in turn."""
    control = Control(path)
    turn = 0
    while time.monotonic() < until:
        turn += 1
        name = f"{number}-{turn}" if turn % 3 == 0 else None
        value = f"value {number} {turn} {random.random()}"
        request = {"cmd": "store", "node": random.choice(control.nodes),
                   "value_hex": value.encode().hex()}
        if name:
            request["name"] = name
        tally.stored(name, value, control.call(**request))
        wanted = tally.one()
        if wanted:
            tally.looked(*find(control, tally, wanted))


def check(paths, tally):
    """Everything that was acknowledged, from anywhere; what is not there."""
    controls = [Control(path) for path in paths]
    lost = []
    for wanted in tally.kept:
        for _ in range(3):
            if find(random.choice(controls), tally, wanted)[0]:
                break
        else:
            lost.append(wanted)
    return lost


def main():
    """As the usage line says."""
    seconds, settle, paths = float(sys.argv[1]), float(sys.argv[2]), \
        sys.argv[3:]
    random.seed(1)
    tally = Tally()
    until = time.monotonic() + seconds
    threads = [threading.Thread(target=work, args=(path, i, until, tally))
               for i, path in enumerate(paths)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(settle)
    lost = check(paths, tally)
    times = sorted(tally.times) or [0]
    print(f"{len(tally.kept)} stored, {tally.refused} refused, {tally.found} "
          f"found, {tally.missed} not found at once, median "
          f"{times[len(times) // 2] * 1e3:.0f} ms, p99 "
          f"{times[len(times) * 99 // 100] * 1e3:.0f} ms; "
          f"{len(lost)} lost")
    return not tally.kept or bool(lost) or tally.missed > len(times) // 10


if __name__ == "__main__":
    sys.exit(main())
