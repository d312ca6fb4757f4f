#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""Kill the daemon at random, again and again, while it works.

Run by crash.sh. One side changes the state by the control socket without a
pause, another sends through an established session. Whatever moment it is
killed at: what it said was done is there afterwards, what it said was removed
is not, and the session goes on.

Usage: crash.py ROUNDS SEED CONTROL FROM TO NODE -- DAEMON...
"""
import json
import random
import select
import socket
import subprocess
import sys
import threading
import time

AF_THEMIS, SOL_THEMIS, THEMIS_BIND, THEMIS_CONNECT = 18, 29800, 1, 2


class Traffic(threading.Thread):
    """Asks an echo server without a pause."""

    def __init__(self, local, remote):
        super().__init__(daemon=True)
        self.sock = socket.socket(AF_THEMIS, socket.SOCK_DGRAM, 0)
        self.sock.setsockopt(SOL_THEMIS, THEMIS_BIND, local.encode())
        self.sock.setsockopt(SOL_THEMIS, THEMIS_CONNECT, remote.encode())
        self.asked = self.answered = 0
        self.longest = 0.0
        self.errors = {}
        self.over = False

    def ask(self):
        """One question; whether it was answered."""
        text = b"%d" % self.asked
        self.asked += 1
        try:
            self.sock.send(text)
            end = time.monotonic() + 2
            while select.select([self.sock], [], [],
                                max(0, end - time.monotonic()))[0]:
                if self.sock.recv(100).strip() == text:
                    return True
        except OSError as err:
            self.errors[err.errno] = self.errors.get(err.errno, 0) + 1
            time.sleep(0.05)
        return False

    def run(self):
        last = time.monotonic()
        while not self.over:
            if self.ask():
                now = time.monotonic()
                self.longest = max(self.longest, now - last)
                last = now
                self.answered += 1
            time.sleep(0.002)


class Control:
    """A connection to the control socket."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(20)
        self.sock.connect(path)
        self.file = self.sock.makefile("rw")

    def call(self, **request):
        """The result; ConnectionError if the daemon died of it."""
        try:
            self.file.write(json.dumps(request) + "\n")
            self.file.flush()
            line = self.file.readline()
        except OSError as err:
            raise ConnectionError from err
        if not line.endswith("\n"):
            raise ConnectionError
        answer = json.loads(line)
        if not answer["ok"]:
            raise RuntimeError(answer["error"])
        return answer["result"]


class State:
    """What the daemon said of its state, and what it said nothing of."""

    def __init__(self, node):
        self.node = node
        self.there = set()
        self.unsure = set()

    def change(self, control):
        """One change; unsure from the question to the answer."""
        peer = random.randbytes(32).hex()
        gone = None
        if len(self.there) > 20 and random.random() < 0.6:
            gone = random.choice(sorted(self.there))
            peer = gone
        self.unsure.add(peer)
        if gone:
            self.there.discard(gone)
            control.call(cmd="peer-del", node=self.node, peer=gone)
        else:
            control.call(cmd="peer-add", node=self.node, peer=peer,
                         endpoint="198.51.100.1:7000")
            self.there.add(peer)
        self.unsure.discard(peer)

    def check(self, control, keep):
        """What is there against what was said."""
        have = {row["peer"] for row in control.call(cmd="peer-list")
                if row["configured"]} - keep
        lost, back = self.there - have, have - self.there - self.unsure
        if lost or back:
            raise AssertionError(f"lost {len(lost)}, came back {len(back)}")
        self.there = have
        self.unsure.clear()


def start(command, path):
    """The daemon, once it answers."""
    # pylint: disable=consider-using-with # it is to be killed
    proc = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 20
    while True:
        try:
            return proc, Control(path)
        except OSError:
            if proc.poll() is not None or time.monotonic() > end:
                raise AssertionError("the daemon does not start") from None
            time.sleep(0.01)


def one_round(command, path, state, keep):
    """Start, look, work, kill."""
    proc, control = start(command, path)
    try:
        if random.random() < 0.9:
            state.check(control, keep)
        killer = threading.Timer(random.uniform(0, 0.3), proc.kill)
        killer.start()
        try:
            while True:
                state.change(control)
        except ConnectionError:
            pass
        killer.join()
    finally:
        proc.kill()
        proc.wait()


def main():
    """As the usage line says."""
    rounds, seed, path, local, remote, node = sys.argv[1:7]
    command = sys.argv[8:]
    random.seed(int(seed))
    state = State(node)
    keep = {remote.split(":", maxsplit=1)[0]}
    traffic = Traffic(local, remote)
    assert traffic.ask(), "no session to begin with"
    traffic.start()
    begin = time.monotonic()
    for n in range(int(rounds)):
        try:
            one_round(command, path, state, keep)
        except AssertionError as err:
            print(f"round {n}: {err}")
            return 1
        if n % 50 == 49:
            print(f"{n + 1} times, {time.monotonic() - begin:.0f} s",
                  flush=True)
    proc, control = start(command, path)
    state.check(control, keep)
    proc.terminate()
    proc.wait()
    traffic.over = True
    traffic.join(10)
    print(f"{rounds} times in {time.monotonic() - begin:.0f} s, "
          f"{len(state.there)} peers at the end; {traffic.answered} of "
          f"{traffic.asked} questions answered, longest wait "
          f"{traffic.longest:.1f} s, errors {traffic.errors or 'none'}")
    return traffic.answered * 100 < traffic.asked * 97


if __name__ == "__main__":
    sys.exit(main())
