# SPDX-License-Identifier: GPL-2.0
"""Connections to the control sockets of our daemons."""

import json
import select
import socket
import time

PATIENCE = 300


class Control:
    """One connection."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        # With a timeout it would not wait for the daemon to accept.
        self.sock.connect(path)
        self.sock.settimeout(PATIENCE)
        self.file = self.sock.makefile("rb")

    def say(self, **request):
        """Ask, and do not wait."""
        self.sock.sendall(json.dumps(request).encode() + b"\n")

    def hear(self):
        """The answer."""
        line = self.file.readline()
        if not line:
            raise ConnectionError("the daemon has gone")
        return json.loads(line)

    def call(self, **request):
        """Ask; return (result or None, nanoseconds that it took)."""
        begin = time.monotonic_ns()
        self.say(**request)
        answer = self.hear()
        took = time.monotonic_ns() - begin
        return answer.get("result") if answer["ok"] else None, took

    def close(self):
        """The daemon closes those that are idle for long, too."""
        self.file.close()
        self.sock.close()


def all_at_once(requests):
    """Ask (path, request) each on a connection of its own, all at once;
    return [(answer, nanoseconds)] and how long all of them took."""
    open_ones = [(Control(path), request) for path, request in requests]
    begin = time.monotonic_ns()
    poll = select.poll()
    waiting = {}
    for control, request in open_ones:
        control.say(**request)
        poll.register(control.sock, select.POLLIN)
        waiting[control.sock.fileno()] = control
    answers = []
    while waiting:
        ready = poll.poll(PATIENCE * 1000)
        if not ready:
            break
        for fd, _ in ready:
            control = waiting.pop(fd)
            answers.append((control.hear(), time.monotonic_ns() - begin))
            poll.unregister(fd)
    took = time.monotonic_ns() - begin
    for control, _ in open_ones:
        control.close()
    return answers, took
