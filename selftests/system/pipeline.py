# SPDX-License-Identifier: GPL-2.0
"""Many requests at once on one connection to a daemon's control socket.

Usage: pipeline.py SOCKET stores-and-finds | order | bound N
"""
import json
import socket
import sys


class Daemon:
    """A connection."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(path)
        self.lines = self.socket.makefile("rb")

    def say(self, requests):
        """Send them all."""
        self.socket.sendall(b"".join(json.dumps(r).encode() + b"\n"
                                     for r in requests))

    def hear(self):
        """The next answer."""
        return json.loads(self.lines.readline())

    def ask(self, requests):
        """Send them all; return the answers by tag."""
        for i, request in enumerate(requests):
            request["tag"] = i
        self.say(requests)
        answers = {}
        for _ in requests:
            answer = self.hear()
            assert answer["tag"] not in answers, answer
            answers[answer["tag"]] = answer
        assert sorted(answers) == list(range(len(requests)))
        return [answers[i] for i in range(len(requests))]


def stores_and_finds(daemon):
    """Each answer belongs to its request."""
    values = [b"value %d" % i for i in range(100)]
    stored = daemon.ask([{"cmd": "store", "value_hex": v.hex()}
                         for v in values])
    bad = [a for a in stored if not a["ok"]]
    assert not bad, (len(bad), bad[0])
    found = daemon.ask([{"cmd": "find", "id": a["result"]["id"]}
                        for a in stored])
    for value, answer in zip(values, found):
        assert answer["ok"], answer
        assert answer["result"]["objects"][0]["value_hex"] == value.hex()


def order(daemon):
    """What is tagged keeps nobody waiting; what is not is in order."""
    nowhere = "00" * 32
    daemon.say([{"cmd": "find", "id": nowhere, "tag": "slow"},
                {"cmd": "node-list", "tag": 1},
                {"cmd": "node-list"}])
    first, second, third = daemon.hear(), daemon.hear(), daemon.hear()
    assert first["tag"] == 1 and "tag" not in second, (first, second)
    assert third["tag"] == "slow" and not third["ok"], third
    daemon.say([{"cmd": "find", "id": nowhere}, {"cmd": "node-list"}])
    first, second = daemon.hear(), daemon.hear()
    assert not first["ok"] and second["ok"], (first, second)


def bound(daemon, most):
    """So many at once, and no more."""
    answers = daemon.ask([{"cmd": "find", "id": f"{i:064x}"}
                          for i in range(2 * most)])
    refused = [a for a in answers if a["error"] ==
               f"{most} requests of this connection are being answered"]
    assert refused and len(refused) <= most, [a["error"] for a in answers]
    # One who has gone does not matter.
    daemon.say([{"cmd": "find", "id": f"{i:064x}", "tag": i}
                for i in range(most)])


def main():
    """See above."""
    daemon = Daemon(sys.argv[1])
    if sys.argv[2] == "stores-and-finds":
        stores_and_finds(daemon)
    elif sys.argv[2] == "order":
        order(daemon)
    else:
        bound(daemon, int(sys.argv[3]))


main()
