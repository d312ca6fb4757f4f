# SPDX-License-Identifier: GPL-2.0
"""Pictures of what finds cost in networks of more and more nodes."""

import os
import subprocess

# Title, side, phase, colour, dashes.
LATENCY = (("ours, no session yet", "themis", "cold", "#c0000c", 2),
           ("ours, with sessions", "themis", "warm", "#c0000c", 1),
           ("ours, not encrypted", "null", "warm", "#999999", 1),
           ("OpenDHT", "opendht", "warm", "#1f4e8c", 1))
THROUGHPUT = tuple((title, side, f"{phase} at once", colour, dashes)
                   for title, side, phase, colour, dashes in LATENCY)


def points(records, side, phase, field):
    """Lines of "nodes figure"."""
    return [f"{record['n']} {record[field]}" for record in records
            if record["side"] == side and record["phase"] == phase]


def curves(records, lines, field, nodes):
    """Data and a plot command for some of records' curves."""
    data, parts = [], []
    for title, side, phase, colour, dashes in lines:
        have = points(records, side, phase, field)
        if not have:
            continue
        name = f"$d{len(parts)}"
        data += [f"{name} << END", *have, "END"]
        parts.append(f"{name} using 1:2 with linespoints lw 2 pt 7 ps 0.6 "
                     f"lc rgb '{colour}' dt {dashes} title '{title}'")
    return [*data, f"set xrange [{nodes[0]}:{nodes[-1]}]",
            "plot " + ", ".join(parts)]


def warming(records):
    """The finds of one that has met nobody yet, by their number."""
    data, parts = [], []
    for record in records:
        if record["phase"] != "warming" or record["side"] != "themis" or \
                record["n"] <= 8:
            continue
        name = f"$d{len(parts)}"
        # What it takes by now, on the average of the finds so far.
        data += [f"{name} << END"]
        total = 0
        for number, value in enumerate(record["ms"], 1):
            total += value
            data.append(f"{number} {total / number}")
        data.append("END")
        parts.append(f"{name} using 1:2 with lines lw 2 "
                     f"title '{record['n']} nodes'")
    return data + (["plot " + ", ".join(parts)] if parts else [])


def draw(records, where):
    """Write bench-dht-*.svg; return their paths, or None without gnuplot."""
    nodes = sorted({record["n"] for record in records if "n" in record})
    if len(nodes) < 2:
        return []
    pictures = (
        ("latency", "latency of a find, ms", "nodes", "set logscale xy",
         curves(records, LATENCY, "p50_ms", nodes)),
        ("throughput", "finds a second, 32 at once, by one node", "nodes",
         "set logscale x", curves(records, THROUGHPUT, "rate", nodes)),
        ("warming", "mean latency of the finds so far, ms",
         "finds since there was no session", "set logscale xy",
         warming(records)),
    )
    paths = []
    for name, title, axis, scale, lines in pictures:
        if not lines:
            continue
        path = os.path.join(where, f"bench-dht-{name}.svg")
        script = ["set terminal svg size 800,480 background 'white' "
                  "font 'sans-serif,13'", f"set output '{path}'",
                  f"set title '{title}'", f"set xlabel '{axis}'", scale,
                  "set grid ytics", "set border 3", "set tics nomirror",
                  "set key outside right top reverse Left",
                  "set yrange [*:*]" if "xy" in scale else "set yrange [0:]",
                  *lines]
        try:
            subprocess.run(["gnuplot"], input="\n".join(script) + "\n",
                           text=True, check=True)
        except FileNotFoundError:
            return None
        paths.append(path)
    return paths
