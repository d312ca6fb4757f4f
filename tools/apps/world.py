# SPDX-License-Identifier: GPL-2.0
"""Two machines in the guest: network namespaces joined by a veth, alpha that
calls, where this process goes, and beta that serves, each with its daemon and
its identities."""

import ctypes
import json
import os
import subprocess
import tempfile
import time

from call import CallError

REPO = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.realpath(__file__))))
THEMIS = os.path.join(REPO, "build", "themis")
THEMISD = os.path.join(REPO, "build", "themisd")
ADDRESS = {"alpha": "192.0.2.1", "beta": "192.0.2.2"}
LINK = 7000
CLONE_NEWNET = 0x40000000
PATIENCE = 20


def command(*argv):
    """Run a command; return what it says."""
    run = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         text=True, check=False)
    if run.returncode:
        raise CallError(f"{' '.join(argv)} failed: {run.stderr.strip()}. "
                        "Run this as root in a guest: tools/apps/run")
    return run.stdout


def enter(machine):
    """Move this process into a machine's network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{machine}", "rb") as file:
        if libc.setns(file.fileno(), CLONE_NEWNET):
            raise CallError(f"cannot enter {machine}: "
                            f"{os.strerror(ctypes.get_errno())}. "
                            "Run this as root")


class World:
    """The machines; a context manager."""

    def __init__(self, functions):
        self.functions = functions
        # pylint: disable=consider-using-with
        self.directory = tempfile.TemporaryDirectory()
        self.daemons = []
        self.ids = {}

    def __enter__(self):
        try:
            self.network()
            for machine in ADDRESS:
                self.daemon(machine)
            self.node("alpha", "caller")
            for name in self.functions:
                self.node("beta", name)
                self.tool("alpha", "peer", "add", self.ids[name], "endpoint",
                          f"{ADDRESS['beta']}:{LINK}", "name", name)
            enter("alpha")
        except CallError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for daemon in self.daemons:
            daemon.terminate()
        for daemon in self.daemons:
            daemon.wait()
        for machine in ADDRESS:
            subprocess.run(("ip", "netns", "del", machine), check=False)
        self.directory.cleanup()

    @staticmethod
    def network():
        """Make the namespaces and what joins them. The neighbours are told,
        so that no measured packet waits for an answer about them."""
        for machine in ADDRESS:
            command("ip", "netns", "add", machine)
        command("ip", "link", "add", "veth", "netns", "alpha", "type", "veth",
                "peer", "name", "veth", "netns", "beta")
        for number, machine in enumerate(ADDRESS, 1):
            other = "beta" if machine == "alpha" else "alpha"
            for line in (
                    "link set lo up",
                    f"link set veth address 02:00:00:00:00:0{number} up",
                    f"addr add {ADDRESS[machine]}/24 dev veth",
                    f"neigh add {ADDRESS[other]} lladdr 02:00:00:00:00:0"
                    f"{3 - number} dev veth"):
                command("ip", "-n", machine, *line.split())

    def path(self, name):
        """Return where a file of ours is."""
        return os.path.join(self.directory.name, name)

    def tool(self, machine, *words):
        """Run the tool on a machine; return what it says."""
        return command(THEMIS, "-n", machine, "-C",
                       self.path(f"{machine}.sock"), *words)

    def daemon(self, machine):
        """Start a machine's daemon."""
        with open(self.path(f"{machine}.log"), "wb") as log:
            # pylint: disable=consider-using-with
            self.daemons.append(subprocess.Popen(
                ("ip", "netns", "exec", machine, THEMISD, "--control",
                 self.path(f"{machine}.sock"), "--state",
                 self.path(f"{machine}.state")), stdout=log, stderr=log))
        for tries in range(PATIENCE * 20):
            try:
                self.tool(machine, "link", "add", "port", str(LINK))
                return
            except CallError:
                # Counted, not timed: while the guest waits for a file, a clock
                # that counts instructions is of no use.
                if tries == PATIENCE * 20 - 1:
                    with open(self.path(f"{machine}.log"),
                              encoding="utf-8") as log:
                        print(log.read(), flush=True)
                    raise
                time.sleep(0.05)

    def node(self, machine, name):
        """Make an identity and take it up."""
        key = self.path(f"{name}.key")
        self.ids[name] = json.loads(command(
            THEMIS, "-j", "key", "new", key, "netid", "apps"))[0]["id"]
        self.tool(machine, "node", "add", "key", key, "netid", "apps",
                  "link", str(LINK), "owner", "any", "name", name)

    def counters(self):
        """Return what was sent so far: messages by the module on either side,
        and datagrams by plain UDP on this one (the module's packets are not
        counted there)."""
        messages = int(self.tool("alpha", "stats", "show", "tx-messages"))
        answers = int(self.tool("beta", "stats", "show", "tx-messages"))
        with open("/proc/self/net/snmp", encoding="ascii") as file:
            snmp = [line.split() for line in file if line.startswith("Udp:")]
        plain = int(dict(zip(*snmp))["OutDatagrams"])
        return {"themis": messages, "themis-answers": answers, "plain": plain}
