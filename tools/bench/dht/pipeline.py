# SPDX-License-Identifier: GPL-2.0
"""Finds and stores by the control socket of a daemon with one node."""

import json

import control
import hosts


def run():
    """Yield records."""
    with hosts.Bridge(1) as bridge, \
            hosts.side("themis", bridge, 1, "-") as side:
        path = f"{side.directory.name}/0.sock"
        one = control.Control(path)
        nodes, _ = one.call(cmd="net-list")
        one.close()
        text = hosts.command(f"{hosts.BUILD}/bench-dht-pipeline", path,
                             nodes["nodes"][0]["node"])
        for line in text.splitlines():
            yield json.loads(line)
