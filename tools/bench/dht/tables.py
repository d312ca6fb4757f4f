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
        if field == "memory":
            values = [value and value / 1024 for value in values]
        if sides[0] == "themis":
            cells = against(values, more)
        else:
            cells = [number(value) for value in values]
        rows.append((name, cells))
    print_table("48 nodes; in brackets: how many times better ours is", sides,
                rows)


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
            print(f"memory a node: {record['memory']:,} bytes")


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
                            ("joins", show_joins),
                            ("control", show_control)):
        chosen = [record for record in records if record["part"] == part]
        if chosen:
            show_part(chosen)
