# SPDX-License-Identifier: GPL-2.0
"""Hosts in the guest: network namespaces on one bridge, each with a process
that has several nodes of one directory, ours or a rival's."""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
REPO = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
BUILD = os.path.join(REPO, "build")
THEMIS = os.path.join(BUILD, "themis")
PORT = 4000
NEIGHBOURS = 1 << 17	# 250 hosts, each of which speaks with each
PATIENCE = 1800
SETTLE = 20
WATCH = 10		# seconds that the processor is looked at
RESTING = 0.5		# of it, at most
REST = 600		# seconds that are waited for that


class BenchError(Exception):
    """Text for "Error: <what>. <next step>"."""


def command(*argv):
    """Run a command; return what it says."""
    run = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         text=True, check=False)
    if run.returncode:
        raise BenchError(f"{' '.join(argv)} failed: {run.stderr.strip()}. Run "
                         "this as root in a guest: tools/bench/dht/run")
    return run.stdout


def address(host):
    """Where a host is; a private address, which no rival takes for strange."""
    return f"10.9.0.{host + 1}"


@contextlib.contextmanager
def wake_first():
    """Who has something to do again gets the processor at once meanwhile, as if
    each host had its own. Later kernels have no such setting."""
    knob = pathlib.Path("/sys/kernel/debug/sched/wakeup_granularity_ns")
    before = knob.read_text(encoding="ascii") if knob.exists() else ""
    if before:
        knob.write_text("0", encoding="ascii")
    try:
        yield
    finally:
        if before:
            knob.write_text(before, encoding="ascii")


class Bridge:
    """So many hosts, and what a host's link delays, in milliseconds; a context
    manager."""

    def __init__(self, count, delay=0):
        self.hosts = [f"host{i}" for i in range(count)]
        self.delay = delay

    def __enter__(self):
        # Of all namespaces together; who is one too many is not sent to.
        for i in (1, 2, 3):
            pathlib.Path("/proc/sys/net/ipv4/neigh/default/"
                         f"gc_thresh{i}").write_text(str(NEIGHBOURS),
                                                     encoding="ascii")
        command("ip", "netns", "add", "hub")
        command("ip", "-n", "hub", "link", "add", "br0", "type", "bridge")
        command("ip", "-n", "hub", "link", "set", "br0", "up")
        for i, name in enumerate(self.hosts):
            command("ip", "netns", "add", name)
            command("ip", "link", "add", "eth0", "netns", name, "type",
                    "veth", "peer", "name", name, "netns", "hub")
            command("ip", "-n", "hub", "link", "set", name, "master", "br0",
                    "up")
            command("ip", "-n", name, "link", "set", "lo", "up")
            command("ip", "-n", name, "addr", "add", f"{address(i)}/24",
                    "dev", "eth0")
            command("ip", "-n", name, "link", "set", "eth0", "up")
            if self.delay:
                command("tc", "-n", name, "qdisc", "add", "dev", "eth0",
                        "root", "netem", "delay", f"{self.delay}ms", "limit",
                        "100000")
        return self

    def __exit__(self, *_):
        for name in [*self.hosts, "hub"]:
            subprocess.run(["ip", "netns", "del", name], check=False)

    def sent(self):
        """Datagrams and bytes that have been sent, to other hosts and within
        them."""
        packets = size = 0
        for name in self.hosts:
            text = command("ip", "netns", "exec", name, "cat", "/proc/net/dev")
            for line in text.splitlines()[2:]:
                words = line.split(":")[1].split()
                size += int(words[8])
                packets += int(words[9])
        return packets, size


class Program:
    """A process on a host that says and is told lines."""

    def __init__(self, host, argv, log, talks=True):
        self.name = os.path.basename(argv[0])
        # pylint: disable=consider-using-with
        self.log = open(log, "ab")
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", host, *argv], stderr=self.log, text=True,
            stdin=subprocess.PIPE if talks else subprocess.DEVNULL,
            stdout=subprocess.PIPE if talks else self.log)
        self.ids = None

    def say(self, text):
        """Send a line."""
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def hear(self):
        """Read a line of JSON."""
        line = self.process.stdout.readline()
        if not line:
            raise BenchError(f"{self.name} has died, status "
                             f"{self.process.wait()}: {self.end()}. Run it by "
                             "hand")
        return json.loads(line)

    def end(self):
        """The end of what it has complained of."""
        with open(self.log.name, encoding="utf-8", errors="replace") as file:
            return file.read()[-2000:].strip()

    def ready(self):
        """Its nodes are there; some say their ids."""
        self.ids = self.hear().get("ids")

    def kill(self):
        """With -9."""
        self.process.kill()
        self.process.wait()
        self.log.close()

    def memory(self):
        """Bytes that this process alone is the reason for."""
        with open(f"/proc/{self.process.pid}/smaps_rollup",
                  encoding="ascii") as file:
            return 1024 * int(re.search(r"^Pss:\s+(\d+)", file.read(),
                                        re.M).group(1))

    def cpu(self):
        """Processor seconds, of all threads."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            words = file.read().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def busy():
    """Processor seconds of the whole guest so far."""
    with open("/proc/stat", encoding="ascii") as file:
        words = [int(word) for word in file.readline().split()[1:]]
    # All but idle and iowait; guests are counted in user already.
    return (sum(words[:8]) - words[3] - words[4]) / os.sysconf("SC_CLK_TCK")


def rest():
    """Wait until the processor does, in part: who has joined a large network has
    much to do, and what is measured beside that is chance. Return the seconds."""
    begin = time.monotonic()
    while time.monotonic() < begin + REST:
        before = busy()
        time.sleep(WATCH)
        if busy() - before < RESTING * WATCH:
            break
    return time.monotonic() - begin


class Rival:
    """A network of a rival's nodes, several to a host: as many to each, or a
    number for each."""

    def __init__(self, name, bridge, nodes, modules):
        self.name, self.bridge, self.modules = name, bridge, modules
        self.counts = nodes if isinstance(nodes, list) else \
            [nodes] * len(bridge.hosts)
        # pylint: disable=consider-using-with
        self.directory = tempfile.TemporaryDirectory()
        self.drivers, self.daemons = [], []

    def log(self, host):
        """The file that a host's programs complain in."""
        return os.path.join(self.directory.name, f"{host}.log")

    def argv(self):
        """How its program is called."""
        sides = os.path.join(HERE, "sides")
        return {
            "libtorrent": ["/usr/bin/python3", f"{sides}/torrent.py"],
            "opendht": [f"{BUILD}/bench-dht-opendht"],
        }.get(self.name, ["node", f"{sides}/npm.js", self.name, self.modules])

    def start_host(self, index):
        """Start one and wait for it."""
        via = f"{address(0)}:{PORT}" if index else "-"
        driver = Program(self.bridge.hosts[index], [
            *self.argv(), address(index), str(PORT), str(self.counts[index]), via],
            self.log(index))
        self.drivers.append(driver)
        driver.ready()

    def __enter__(self):
        for index in range(len(self.bridge.hosts)):
            self.start_host(index)
        time.sleep(SETTLE)
        return self

    def __exit__(self, *_):
        for program in self.drivers + self.daemons:
            if program.process.poll() is None:
                program.kill()
        self.directory.cleanup()

    def kill_last(self):
        """One host is no more: -9, and nothing that would tell others."""
        command("ip", "-n", "hub", "link", "set", self.bridge.hosts[-1],
                "down")
        for programs in (self.daemons, self.drivers):
            if programs:
                programs.pop().kill()

    @property
    def ids(self):
        """The ids of each host's nodes."""
        return [driver.ids for driver in self.drivers]

    def memory(self):
        """Bytes of a node."""
        holders = self.daemons or self.drivers
        return sum(holder.memory() for holder in holders) // \
            sum(self.counts[:len(holders)])


class Ours(Rival):
    """A network of our nodes, several to a daemon, a daemon to a host."""

    DAEMON = "themisd"

    def __init__(self, name, bridge, nodes, modules):
        super().__init__(name, bridge, nodes, modules)
        self.first = None

    def first_id(self, path):
        """Make a key; return whose it is."""
        return json.loads(command(THEMIS, "-j", "key", "new", path, "netid",
                                  "bench"))[0]["id"]

    def config(self, index):
        """The nodes of one host; they join through the very first."""
        where = self.directory.name
        if not index:
            self.first = self.first_id(f"{where}/0-0.key")
        text = ""
        for node in range(self.counts[index]):
            name = f"{index}-{node}"
            text += (f"[node {name}]\nkey = {where}/{name}.key\n"
                     "netid = bench\nlink = 7000\nowner = any\n"
                     "create-key = yes\ndirectory = yes\n")
            if name != "0-0":
                text += (f"[peer via-{name}]\nnode = {name}\n"
                         f"id = {self.first}\nbootstrap = yes\n"
                         f"endpoint = {address(0)}:7000\n")
        path = f"{where}/{index}.conf"
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def start_host(self, index):
        where = self.directory.name
        control = f"{where}/{index}.sock"
        self.daemons.append(Program(self.bridge.hosts[index], [
            f"{BUILD}/{self.DAEMON}", "--config", self.config(index),
            "--control", control, "--state", f"{where}/{index}.state"],
            self.log(index), talks=False))
        end = time.monotonic() + PATIENCE
        asked = time.monotonic()
        while self.joined(control) < self.counts[index]:
            if self.daemons[-1].process.poll() is not None:
                raise BenchError("our daemon has ended: "
                                 f"{self.daemons[-1].end()}. Run it by hand")
            if time.monotonic() > end:
                raise BenchError("our nodes do not join. Look at the "
                                 "daemon with tools/vm/run -i")
            # To ask hundreds of nodes takes long, from the same processor.
            time.sleep(max(0.2, 9 * (time.monotonic() - asked)))
            asked = time.monotonic()
        driver = Program(self.bridge.hosts[index],
                         [f"{BUILD}/bench-dht-themis", control],
                         self.log(index))
        self.drivers.append(driver)
        driver.ready()

    @staticmethod
    def joined(control):
        """How many nodes have."""
        run = subprocess.run([THEMIS, "-j", "-C", control, "net"],
                             stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, check=False)
        if run.returncode:
            return 0
        return sum(row["state"] == "joined" for row in json.loads(run.stdout))


def side(name, *rest):
    """Ours or a rival's."""
    return (Ours if name == "themis" else Rival)(name, *rest)
