# SPDX-License-Identifier: GPL-2.0
"""The load generator: calls one application over both transports by turns, by
the prototype's schedule, and checks each answer and each counter."""

import base64
import collections
import contextlib
import hmac
import socket
import statistics
import struct
import time

import numpy

import call
import functions
import service
import world

# An interval in seconds, until so many requests have been sent.
SCHEDULE = ((10, 0.8), (25, 0.7), (55, 0.4), (80, 0.2), (100, 0.5), (120, 0.9))
TRANSPORTS = ("plain", "themis")
PORT = 9000
# Only a lost message takes so long. A clock that counts instructions gets there
# in no time if nothing runs any more.
PATIENCE = 3600
# Right labels: by chance it would be one of four.
LEAST_RIGHT = 0.5

Call = collections.namedtuple(
    "Call", "start duration execution end bytes datagrams answer")


def intervals(divide):
    """Return the seconds before the request after each, the number of
    requests divided by divide."""
    result = []
    for until, pause in SCHEDULE:
        result += [pause] * (-(-until // divide) - len(result))
    return result


def rows(random, count):
    """Return samples: a noisy wave, and which of four lengths it has."""
    table = numpy.zeros(count, functions.ROW)
    table["y"] = random.randint(0, functions.CLASSES, count)
    pace = 0.25 + 0.2 * table["y"]
    phase = random.normal(0, 0.6, count)
    at = numpy.arange(functions.POINTS)
    table["x"] = numpy.sin(pace[:, None] * at + phase[:, None]) + \
        random.normal(0, 0.8, (count, functions.POINTS))
    return table


def requests_of(name, count):
    """Return [(setup, data)], from the seed alone."""
    random = numpy.random.RandomState(functions.SEED)
    if name == "encrypt-sign":
        return [(b"" if at else random.bytes(functions.SETUP_BYTES),
                 random.bytes(functions.DATA_BYTES)) for at in range(count)]

    def fill(number, size):
        return rows(random, number).tobytes().ljust(size, b"\0")

    return [(b"" if at else fill(functions.SETUP_ROWS, functions.SETUP_BYTES),
             fill(functions.DATA_ROWS, functions.DATA_BYTES))
            for at in range(count)]


def check_signed(requests, answers):
    """The encrypted and signed is what was sent, by the standard library's
    HMAC and by decrypting it again."""
    app = functions.EncryptSign()
    keys = app.derive(requests[0][0])
    for number, ((_, data), answer) in enumerate(zip(requests, answers)):
        sealed = base64.b64decode(answer[:-88], validate=True)
        mac = base64.b64decode(answer[-88:], validate=True)
        opener = app.cipher(keys[0], app.vector(keys, number)).decryptor()
        text = opener.update(sealed) + opener.finalize()
        if not hmac.compare_digest(mac, hmac.digest(keys[1], sealed, "sha512")):
            raise call.CallError(f"the signature of answer {number} is wrong. "
                                 "Look at the service")
        if text[:len(data)] != data or len(text) - len(data) != text[-1]:
            raise call.CallError(f"answer {number} decrypts to something else. "
                                 "Look at the service")
    return 1.0


def check_labels(requests, answers):
    """The labels are those that the seed gave the samples, mostly; return
    how many of them."""
    right = [
        (numpy.frombuffer(answer, "<i4") ==
         functions.unpack(data, functions.DATA_ROWS, "data")["y"]).mean()
        for (_, data), answer in zip(requests, answers)]
    if numpy.mean(right) < LEAST_RIGHT:
        raise call.CallError(f"{numpy.mean(right):.0%} of the labels are "
                             "right. Look at the application")
    return float(numpy.mean(right))


class Caller:
    """One end of one transport, on alpha."""

    def __init__(self, sock):
        self.sock = sock
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO,
                             struct.pack("ll", PATIENCE, 0))
        self.receiver = call.Receiver(sock, call.ANSWER)

    def ask(self, number, setup, data):
        """One call."""
        start = time.perf_counter_ns()
        datagrams = call.pack(number, {"setup": len(setup)}, setup + data,
                              call.HEADER)
        sent = time.perf_counter_ns()
        try:
            call.send(self.sock, datagrams)
            answered = None
            while answered != number:
                answered, header, answer, size, _ = self.receiver.receive()
        except BlockingIOError:
            raise call.CallError(f"no answer to request {number}. Look at the "
                                 "service and at themis stats") from None
        except OSError as err:
            raise call.CallError(f"request {number} failed: {err.strerror}. "
                                 "Look at themis check") from None
        received = time.perf_counter_ns()
        if header.get("status"):
            raise call.CallError(f"request {number} was refused: "
                                 f"{answer.decode(errors='replace')}. "
                                 "Correct it")
        end = time.perf_counter_ns()
        return Call(start, received - sent, header["ns"], end,
                    sum(map(len, datagrams)) + size, len(datagrams), answer)


def sleep_until(moment):
    """Sleep until the clock shows moment, in ns."""
    left = moment - time.perf_counter_ns()
    if left > 0:
        time.sleep(left / 1e9)


class Run:
    """One application, called over both transports."""

    def __init__(self, where, name, divide, connect=None, function=None):
        self.where = where
        self.name = name
        self.function = function or functions.FUNCTIONS[name]
        self.connect = connect or {"plain": call.plain, "themis": call.themis}
        self.pauses = intervals(divide)
        self.requests = requests_of(name, len(self.pauses))
        self.calls = {kind: [] for kind in TRANSPORTS}
        self.startup = {}
        self.origin = None

    def addresses(self, kind):
        """Return where the service is, and where its caller."""
        if self.connect[kind] == call.plain:
            port = PORT + TRANSPORTS.index(kind)
            return tuple((world.ADDRESS[at], port) for at in ("beta", "alpha"))
        return ((self.where.ids[self.name].encode(), PORT),
                (self.where.ids["caller"].encode(), PORT))

    def begin(self, stack, kind):
        """Start a service and make the first call, with the set-up in it."""
        there, here = self.addresses(kind)
        served = stack.enter_context(service.Service(
            self.function, self.connect[kind], there, here))
        caller = Caller(stack.enter_context(self.connect[kind](here, there)))
        first = caller.ask(0, *self.requests[0])
        self.calls[kind].append(first)
        self.startup[kind] = first.end - served.begin - first.execution
        return caller

    def go(self):
        """Make all calls; return the summary."""
        expected = service.locally(functions.FUNCTIONS[self.name],
                                   self.requests)
        before = self.where.counters()
        with contextlib.ExitStack() as stack:
            self.origin = time.perf_counter_ns()
            callers = {kind: self.begin(stack, kind) for kind in TRANSPORTS}
            due = time.perf_counter_ns()
            for number in range(1, len(self.pauses)):
                pause = self.pauses[number - 1] * 1e9
                order = TRANSPORTS if number % 2 else TRANSPORTS[::-1]
                for turn, kind in enumerate(order):
                    sleep_until(due + (turn + 1) * pause / 2)
                    self.calls[kind].append(callers[kind].ask(
                        number, *self.requests[number]))
                due = max(due + pause, time.perf_counter_ns() - pause / 2)
        after = self.where.counters()
        self.check_counters({key: after[key] - before[key] for key in after})
        return self.summary(self.check_answers(expected))

    def check_counters(self, grown):
        """Each transport has carried what was sent over it, no more."""
        for kind in TRANSPORTS:
            sent = sum(made.datagrams for made in self.calls[kind])
            if grown[kind] != sent:
                raise call.CallError(
                    f"{sent} messages were sent over {kind}, and its counter "
                    f"grew by {grown[kind]}. Look at themis stats")
        if grown["themis-answers"] != len(self.pauses):
            raise call.CallError(
                f"{len(self.pauses)} answers came over themis, and the counter "
                f"grew by {grown['themis-answers']}. Look at themis stats")

    def check_answers(self, expected):
        """Each answer is the known one."""
        for kind in TRANSPORTS:
            answers = [made.answer for made in self.calls[kind]]
            for number, (answer, known) in enumerate(zip(answers, expected)):
                if answer != known:
                    raise call.CallError(
                        f"the answer to request {number} of {self.name} over "
                        f"{kind} is wrong. Look at the service")
        if self.name == "encrypt-sign":
            return check_signed(self.requests, expected)
        return check_labels(self.requests, expected)

    def summary(self, right):
        """Return the figures, in ns and bytes: medians without the first call,
        which is a part of the start-up, ratios of calls of a pair, and the
        sizes of a request and its answer."""
        answer = len(self.calls["plain"][-1].answer) + call.ANSWER
        figures = {"function": self.name, "calls": len(self.pauses),
                   "right": right, "startup": self.startup,
                   "sizes": [self.calls["plain"][-1].bytes - answer, answer]}
        made = {kind: self.calls[kind][1:] for kind in TRANSPORTS}
        latency = {kind: [one.end - one.start for one in made[kind]]
                   for kind in TRANSPORTS}
        rate = {kind: [one.bytes / took for one, took in
                       zip(made[kind], latency[kind])] for kind in TRANSPORTS}
        for what, values in (
                ("latency", latency), ("throughput", rate),
                ("execution", {kind: [one.execution for one in made[kind]]
                               for kind in TRANSPORTS}),
                ("duration", {kind: [one.duration for one in made[kind]]
                              for kind in TRANSPORTS})):
            pairs = [ours / theirs for theirs, ours in
                     zip(*(values[kind] for kind in TRANSPORTS))]
            figures[what] = {kind: statistics.median(values[kind])
                             for kind in TRANSPORTS}
            figures[what].update(ratio=statistics.median(pairs),
                                 least=min(pairs), most=max(pairs))
        figures["extra"] = statistics.median(
            (ours.end - ours.start - ours.execution) -
            (theirs.end - theirs.start - theirs.execution)
            for theirs, ours in zip(*(made[kind] for kind in TRANSPORTS)))
        return figures

    def log(self):
        """Return the calls as dictionaries by the names in call.LOG."""
        lines = []
        for thread, kind in enumerate(TRANSPORTS):
            for number, made in enumerate(self.calls[kind]):
                took = (made.end - made.start) / 1e9
                values = (
                    (made.start - self.origin) / 1e9, made.duration / 1e9,
                    took, made.bytes, round(self.pauses[number] * 1000),
                    (made.end - self.origin) / 1e9,
                    8 / 1024 / 1024 * made.bytes / took, kind, thread, "exec",
                    self.name, number)
                lines.append(dict(zip(call.LOG, values)))
        return sorted(lines, key=lambda line: line["Start"])
