#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Listens like the daemon and gives each client another wrong answer."""

import socket
import sys
import time

ANSWERS = [
    b"",
    b"hello\n",
    b'["ok"]\n',
    b'{"ok": false, "code": 2, "error": "no.", "next": "Go away."}\n',
    b'{"ok": false, "code": 4, "error": 7}\n',
    b'{"ok": false, "code": 99, "error": "two\\u0020lines. On\\none",'
    b' "next": "Line."}\n',
    None,
]


def main():
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(sys.argv[1])
    server.listen()
    for answer in ANSWERS:
        client, _ = server.accept()
        client.recv(65536)
        if answer is None:
            time.sleep(60)
        client.sendall(answer)
        client.close()


main()
