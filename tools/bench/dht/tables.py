# SPDX-License-Identifier: GPL-2.0
"""Tables of what tools/bench/dht/run has measured."""


def print_table(title, columns, rows):
    """Print rows of (name, values)."""
    print(f"\n{title}")
    print(f"{'':26}" + "".join(f"{column:>17}" for column in columns))
    for name, values in rows:
        print(f"{name:26}" + "".join(f"{value:>17}" for value in values))


def number(value):
    """As many digits as say something."""
    if value is None:
        return "-"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value >= 1 else f"{value:.3f}"


def against(values, more_is_better):
    """Each with, in brackets, how many times ours is better."""
    ours = values[0]
    cells = [number(ours)]
    for value in values[1:]:
        if not value or not ours:
            cells.append(number(value))
            continue
        ratio = ours / value if more_is_better else value / ours
        cells.append(f"{number(value)} ({ratio:.2f})")
    return cells


def show_native(records):
    """The core alone."""
    rows = [(record["test"], [number(record["per_second"])]) for record in records]
    print_table("the core alone, natively", ["a second"], rows)


ROWS = (
    ("cold", "store", "rate", "first stores, a s", True),
    ("cold", "find", "rate", "first finds, a s", True),
    ("alone", "find", "p50_ms", "find alone, p50 ms", False),
    ("alone", "find", "p99_ms", "  p99 ms", False),
    ("alone", "store", "p50_ms", "store alone, p50 ms", False),
    ("alone", "store", "p99_ms", "  p99 ms", False),
    ("healthy", "find", "rate", "finds, 32 at once, a s", True),
    ("healthy", "find", "per_cpu", "  a second of processor", True),
    ("healthy", "find", "mean_ms", "  mean ms", False),
    ("healthy", "find", "p99_ms", "  p99 ms", False),
    ("healthy", "find", "datagrams", "  datagrams", False),
    ("healthy", "store", "rate", "stores, 32 at once, a s", True),
    ("healthy", "store", "per_cpu", "  a second of processor", True),
    ("healthy", "store", "p99_ms", "  p99 ms", False),
    ("healthy", "store", "datagrams", "  datagrams", False),
    ("killed", "find", "good", "finds, a quarter killed", True),
    ("killed", "find", "rate", "  a second", True),
    ("killed", "find", "mean_ms", "  mean ms", False),
    ("killed", "find", "p99_ms", "  p99 ms", False),
    ("killed", "find", "max_ms", "  longest ms", False),
    ("killed", "store", "good", "stores, a quarter killed", True),
    ("killed", "store", "mean_ms", "  mean ms", False),
    ("killed", "store", "p99_ms", "  p99 ms", False),
    ("idle", None, "datagrams", "idle, datagrams a second", False),
    ("idle", None, "hour", "  KiB an hour", False),
    ("idle", None, "memory", "memory a node, KiB", False),
)


def show_network(records):
    """A network of real nodes."""
    sides = list(dict.fromkeys(record["side"] for record in records))
    have = {(record["side"], record["phase"], record.get("what")): record
            for record in records}
    rows = []
    for phase, what, field, name, more in ROWS:
        values = [have.get((side, phase, what), {}).get(field)
                  for side in sides]
        if field in ("memory", "hour"):
            values = [value and value / 1024 for value in values]
        if sides[0] == "themis":
            cells = against(values, more)
        else:
            cells = [number(value) for value in values]
        rows.append((name, cells))
    print_table("48 nodes; in brackets: how many times better ours is", sides,
                rows)


CURVE = (
    ("themis", "cold, in the daemon", "us", "no session, in the daemon, us"),
    ("themis", "warm, in the daemon", "us", "sessions, in the daemon, us"),
    ("themis", "warm, in the daemon", "rounds", "  round trips"),
    ("null", "warm, in the daemon", "us", "  not encrypted"),
    ("themis", "cold", "p50_ms", "no session, asked, ms"),
    ("themis", "warm", "p50_ms", "sessions, asked, p50 ms"),
    ("null", "warm", "p50_ms", "  not encrypted"),
    ("opendht", "warm", "p50_ms", "  opendht"),
    ("themis", "cold at once", "rate", "no session, 32 at once, s"),
    ("themis", "warm at once", "rate", "sessions, 32 at once, s"),
    ("null", "warm at once", "rate", "  not encrypted"),
    ("opendht", "warm at once", "rate", "  opendht"),
)
AT = (1, 4, 16, 64, 128)


def cost(value, base):
    """In how many percent one is more than the other."""
    return f"{100 * (value / base - 1):.1f} %" if value and base else "-"


def show_curve(records):
    """Finds in networks of more and more nodes."""
    nodes = sorted({record["n"] for record in records if "n" in record})
    have = {(record["side"], record["phase"], record.get("n")): record
            for record in records}

    def get(side, phase, field):
        return [have.get((side, phase, n), {}).get(field) for n in nodes]

    rows = [(title, [number(value) for value in get(side, phase, field)])
            for side, phase, field, title in CURVE]
    print_table("finds by one of so many nodes", nodes, rows)
    print("a round trip of 512 bytes between two programs, us: " + ", ".join(
        f"{record['path']} {number(record['us'])}" for record in records
        if record["phase"] == "round trip"))
    for where, field in (("warm, in the daemon", "us"), ("warm", "p50_ms")):
        if any(get("null", where, field)):
            print_table(f"cost of security: {where}", nodes, [("", [
                cost(a, b) for a, b in zip(get("themis", where, field),
                                           get("null", where, field))])])
    rows = []
    for at in AT:
        cells = []
        for n in nodes:
            ms = have.get(("themis", "warming", n), {}).get("ms", [])
            base = have.get(("null", "warm", n), {}).get("p50_ms")
            cells.append(cost(sum(ms[:at]) / at, base) if len(ms) >= at
                         else "-")
        rows.append((f"the first {at}" if at > 1 else "the first", cells))
    print_table("cost of security, from no session on: mean of", nodes, rows)


PAPER = {"one after another": 724, "all at once": 31, "join and leave": 780,
         "leave": 50}


def show_joins(records):
    """Nodes that come and go."""
    rows = [(record["phase"],
             [record["count"], record["failed"], number(record["each_ms"]),
              number(record["p50_ms"]), number(record["p99_ms"]),
              f"{PAPER[record['phase']]} "
              f"({PAPER[record['phase']] / record['each_ms']:.1f})"])
            for record in records if record["phase"] in PAPER]
    print_table("joins through ten members, ms", [
        "nodes", "failed", "each", "p50", "p99", "paper (times)"], rows)
    for record in records:
        if record["phase"] == "memory":
            print(f"memory of a joined node: {record['memory']:,} bytes, of a "
                  f"daemon with {record['nodes']} that have not joined: "
                  f"{record['daemon']:,} bytes")


def show_control(records):
    """The control socket."""
    rates = {record["phase"]: record["rate"] for record in records}
    rows = [(name, [number(rate), number(rates["echo line by line"] / rate)])
            for name, rate in rates.items()]
    print_table("one control connection, 64 at once", [
        "a second", "times a line"], rows)


def show(records):
    """Everything that there is."""
    for part, show_part in (("native", show_native),
                            ("network", show_network),
                            ("curve", show_curve),
                            ("joins", show_joins),
                            ("control", show_control)):
        chosen = [record for record in records if record["part"] == part]
        if chosen:
            show_part(chosen)
