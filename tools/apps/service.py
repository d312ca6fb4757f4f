# SPDX-License-Identifier: GPL-2.0
"""A service: one application behind one socket, in a process of its own.

It is forked from a process that has loaded the libraries, as platforms do that
start functions often. It has one caller, and its socket is connected to it."""

import os
import pickle
import signal
import sys
import time

import call
import world
from functions import BadRequest


def fork(work, *args):
    """Run work(pipe, *args) in a new process; return its pid and a file to
    read from that pipe."""
    into, out = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        os.close(out)
        return pid, open(into, "rb")
    status = 1
    try:
        os.close(into)
        with open(out, "wb") as pipe:
            work(pipe, *args)
        status = 0
    except (call.CallError, OSError) as err:
        print(f"Error: {err}.", file=sys.stderr, flush=True)
    finally:
        # Not the parent's ways out.
        os._exit(status)


def locally(function, requests):
    """Return the application's answers without a network between, worked out
    in a process of its own as a service's are."""
    def work(pipe):
        app = function()
        pickle.dump([app.answer(*request) for request in requests], pipe)

    pid, pipe = fork(work)
    with pipe:
        data = pipe.read()
    os.waitpid(pid, 0)
    if not data:
        raise call.CallError("the application fails. Look at its message above")
    return pickle.loads(data)


def serve(sock, function):
    """Answer for ever."""
    app = function()
    receiver = call.Receiver(sock, call.HEADER)
    while True:
        number, header, content, _, _ = receiver.receive()
        begin = time.perf_counter_ns()
        try:
            setup = header.get("setup")
            if not isinstance(setup, int) or not 0 <= setup <= len(content):
                raise BadRequest("the header names no size of a set-up")
            answer = app.answer(content[:setup], content[setup:])
            status = 0
        except BadRequest as err:
            answer, status = str(err).encode(), 1
        took = time.perf_counter_ns() - begin
        call.send(sock, call.pack(number, {"status": status, "ns": took},
                                  answer, call.ANSWER))


class Service:
    """One of them, on beta; a context manager. It is ready once entered."""

    def __init__(self, function, connect, local, remote):
        self.begin = time.perf_counter_ns()

        def work(pipe):
            world.enter("beta")
            sock = connect(local, remote)
            pipe.write(b"ready")
            pipe.flush()
            serve(sock, function)

        self.pid, self.pipe = fork(work)

    def __enter__(self):
        if self.pipe.read(5) != b"ready":
            raise call.CallError("a service does not start. Look at its "
                                 "message above")
        return self

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self.pipe.close()
