# SPDX-License-Identifier: GPL-2.0
"""A call and its answer, as messages, over either transport.

A message is cut into pieces of at most PIECE bytes, a datagram each, and each
begins with struct piece: the call's number, the piece's, how many there are,
and the message's length, all pieces' headers included. The longest request, the
first, takes two. Whoever receives keeps one message at a time: a piece of
another call ends the one that was begun. Nothing is repeated; who waits in vain
gives up.

What follows the pieces' headers is a JSON object, filled up with blanks so that
all headers together have HEADER bytes of a request or ANSWER bytes of an
answer, and then the content.
"""

import json
import socket
import struct

PIECE = 48_000
PIECES = 4
HEADER = 248
ANSWER = 84
piece = struct.Struct(">IHHI")

AF_THEMIS, SOL_THEMIS = 18, 29800
THEMIS_BIND, THEMIS_CONNECT = 1, 2

# What is logged of a call, as the prototype did: times in seconds since the run
# began, intervals in ms. MBit/sec is all bytes, there and back, over Latency,
# with a megabit of 2^20.
LOG = {
    "Start": "{:.6f}", "Duration": "{:.6f}", "Latency": "{:.6f}",
    "Bytes": "{}", "Interval": "{}", "End": "{:.6f}", "MBit/sec": "{:.3f}",
    "Mode": "{}", "Thread_ID": "{}", "Type": "{}", "Function": "{}",
    "Request_ID": "{}",
}


class CallError(Exception):
    """Text for "Error: <what>. <next step>"."""


def plain(local, remote):
    """Return a connected UDP socket; the addresses are (host, port)."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(local)
    sock.connect(remote)
    return sock


def themis(local, remote):
    """Return a connected AF_THEMIS socket; the addresses are (id, port)."""
    with open("/sys/module/themis/parameters/family", encoding="ascii") as file:
        family = int(file.read())
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setsockopt(SOL_THEMIS, THEMIS_BIND, b"%s:%d" % local)
    sock.setsockopt(SOL_THEMIS, THEMIS_CONNECT, b"%s:%d" % remote)
    return sock


def pack(call, header, content, room):
    """Return the datagrams of a message."""
    text = json.dumps(header, separators=(",", ":")).encode()
    size = room + len(content)
    count = -(-size // PIECE)
    room -= count * piece.size
    if len(text) > room or count > PIECES:
        raise CallError(f"a message of {size} bytes does not fit. Send less")
    body = text.ljust(room) + content
    step = PIECE - piece.size
    return [piece.pack(call, at, count, size) + body[at * step:(at + 1) * step]
            for at in range(count)]


def unpack(body, count, room):
    """Return header and content of a message without its pieces' headers."""
    room -= count * piece.size
    try:
        header = json.loads(body[:room])
    except ValueError:
        header = None
    if not isinstance(header, dict):
        raise CallError("a message without a header came. Is it from here?")
    return header, body[room:]


class Receiver:
    """Puts messages together, one at a time."""

    def __init__(self, sock, room):
        self.sock = sock
        self.room = room
        self.call = None
        self.parts = []

    def receive(self):
        """Return (call, header, content, bytes, datagrams) of the next."""
        while True:
            data = self.sock.recv(65536)
            if len(data) < piece.size:
                continue
            call, at, count, size = piece.unpack_from(data)
            if not at:
                self.call, self.parts = call, []
            if call != self.call or at != len(self.parts) or \
                    not at < count <= PIECES or len(data) > PIECE:
                self.call, self.parts = None, []
                continue
            self.parts.append(data[piece.size:])
            if at + 1 < count:
                continue
            body = b"".join(self.parts)
            self.call, self.parts = None, []
            if len(body) + count * piece.size != size or size < self.room:
                continue
            return (call, *unpack(body, count, self.room), size, count)


def send(sock, datagrams):
    """Send a message."""
    for data in datagrams:
        sock.send(data)


def log_text(lines):
    """Return the log of calls, each a dictionary by the names in LOG."""
    text = ["#" + "\t".join(LOG)]
    text += ["\t".join(form.format(line[name]) for name, form in LOG.items())
             for line in lines]
    return "\n".join(text) + "\n"
