#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""A member of the directory that does not keep to it.

Run by liar.sh, on a machine whose daemon agrees on keys and nothing else. Says
what it got for each thing that it tried.

Usage: liar.py OWN-ID PEER-ID WHAT [ARGUMENT]...
"""
import ctypes
import os
import select
import socket
import struct
import sys
import time

AF_THEMIS, SOL_THEMIS = 18, 29800
THEMIS_BIND, THEMIS_CONNECT, THEMIS_RECVINFO = 1, 2, 5
CMSG_INFO = 1
DATAGRAM, COMMAND, RESPONSE = 0, 1, 2
FIND, STORE, JOIN = 1, 2, 3
STATUS = ["ok", "old", "forbidden", "full", "far", "expired", "conflict",
          "busy"]


class IoVec(ctypes.Structure):
    """struct iovec"""
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]


class MsgHdr(ctypes.Structure):
    """struct msghdr: Python's own recvmsg() knows no foreign family"""
    _fields_ = [("name", ctypes.c_void_p), ("namelen", ctypes.c_uint),
                ("iov", ctypes.POINTER(IoVec)), ("iovlen", ctypes.c_size_t),
                ("control", ctypes.c_void_p),
                ("controllen", ctypes.c_size_t), ("flags", ctypes.c_int)]


LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.recvmsg.restype = ctypes.c_ssize_t


def head(kind, status=0):
    """The first bytes of each message."""
    return struct.pack(">BBBBQ", 1, kind, status, 0, 0)


def find(target):
    """A FIND for a value."""
    return head(FIND) + target + struct.pack(">QBB6x", 0, 8, 1)


def store(obj):
    """A STORE of one object."""
    return head(STORE) + b"\1\0\0\0" + struct.pack(">HHI", len(obj), 0, 60) \
        + obj


def join(netid):
    """A JOIN without an admission."""
    return head(JOIN) + struct.pack(">B3x32s72x", len(netid), netid)


def contact(node, address, port):
    """A contact."""
    return node + bytes(10) + b"\xff\xff" + socket.inet_aton(address) + \
        struct.pack(">HHQ", port, 0, 0)


class Door:
    """A socket of our node, connected to the peer's directory."""

    def __init__(self, own, peer, port=1):
        self.sock = socket.socket(AF_THEMIS, socket.SOCK_DGRAM, 0)
        self.sock.setsockopt(SOL_THEMIS, THEMIS_BIND,
                             f"{own}:{port}".encode())
        self.sock.setsockopt(SOL_THEMIS, THEMIS_CONNECT, f"{peer}:1".encode())
        self.sock.setsockopt(SOL_THEMIS, THEMIS_RECVINFO, 1)

    def send(self, kind, text, seq=7):
        """One message of this kind."""
        info = struct.pack("=QB7x", seq, kind)
        self.sock.sendmsg([text], [(SOL_THEMIS, CMSG_INFO, info)])

    def receive(self, seconds):
        """(kind, seq, text), or None."""
        if not select.select([self.sock], [], [], seconds)[0]:
            return None
        text, control = (ctypes.create_string_buffer(n) for n in (20000, 64))
        vector = IoVec(ctypes.addressof(text), len(text))
        header = MsgHdr(None, 0, ctypes.pointer(vector), 1,
                        ctypes.addressof(control), len(control), 0)
        got = LIBC.recvmsg(self.sock.fileno(), ctypes.byref(header), 0)
        if got < 0:
            return None
        # Behind the header of the only control message.
        seq, kind = struct.unpack("=QB7x", control.raw[16:32])
        return kind, seq, text.raw[:got]

    def ask(self, text, seconds=5):
        """The response to a command, or None."""
        self.send(COMMAND, text)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            got = self.receive(max(0, end - time.monotonic()))
            if got and got[0] == RESPONSE:
                return got[2]
        return None


def forged(name):
    """A signed object with a signature that is none."""
    return struct.pack(">BBBBHH", 1, 2, len(name), 0, 5, 0) + \
        os.urandom(32) + struct.pack(">QQ", 1 << 60, int(time.time()) + 60) + \
        name + b"false" + os.urandom(64)


def status(answer):
    """An answer in a word."""
    return STATUS[answer[2]] if answer else "nothing"


def first_object(answer):
    """The first object of an answer to FIND."""
    contacts, objects = answer[12], answer[13]
    at = 28 + 60 * contacts
    if not objects:
        return None
    length = struct.unpack(">H", answer[at:at + 2])[0]
    return answer[at + 8:at + 8 + length]


def misroute(door, victim, address):
    """Answer every question with a false endpoint, until the end."""
    heard = 0
    while True:
        # Who has been silent is not asked, until he is heard again.
        if time.monotonic() - heard > 1:
            heard = time.monotonic()
            door.send(COMMAND, join(b"test"))
        got = door.receive(1)
        if not got or got[0] != COMMAND:
            continue
        kind = got[2][1]
        answer = head(kind | 0x80) + struct.pack(">BBBBIQ", 1, 0, 0, 0, 60, 3)
        if kind == JOIN:
            answer += bytes(132)
        door.send(RESPONSE, answer + contact(victim, address, 7000), got[1])


def main():
    """As the usage line says."""
    own, peer, what = sys.argv[1:4]
    rest = sys.argv[4:]
    door = Door(own, peer, 2 if what == "port" else 1)
    question = find(bytes.fromhex(peer))
    if what in ("port", "ask"):
        print(status(door.ask(question, 2)))
    elif what == "kind":
        door.send(DATAGRAM, question)
    elif what == "long":
        print(status(door.ask(question + bytes(10241), 2)))
    elif what == "garbage":
        for _ in range(100):
            door.send(COMMAND, os.urandom(60))
        print(status(door.receive(1)))
    elif what == "unasked":
        for seq in range(100):
            door.send(RESPONSE, head(FIND | 0x80) + bytes(16), seq)
    elif what == "join":
        print(status(door.ask(join(rest[0].encode()))))
    elif what == "forge":
        print(status(door.ask(store(forged(b"greeting")))))
    elif what == "fetch":
        answer = door.ask(find(bytes.fromhex(rest[0])))
        print(first_object(answer).hex() if answer else "nothing")
    elif what == "put":
        print(status(door.ask(store(bytes.fromhex(rest[0])))))
    elif what == "misroute":
        misroute(door, bytes.fromhex(rest[0]), rest[1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
