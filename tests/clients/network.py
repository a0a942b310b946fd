"""A house in a network of its own, whose packets can be dropped: both ways, one way, by port; or slowed down.

Linux only, as root or where user namespaces give as much. Nothing outside the house notices. Clients come from another
address of the same loopback, so that they and the daemons can be cut off one without the other.
"""

import contextlib
import ctypes
import http.client
import os
import subprocess
import urllib.parse

from house import House, wait_until

CLIENT = "127.0.0.2"
DAEMONS = "127.0.0.1"
CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)


def missing():
    """Why there can be no such house here; None if there can."""
    probe = "ip link set lo up && ip rule add pref 1 ipproto 6 dport 1 blackhole && command -v nsenter tc"
    try:
        done = subprocess.run(["unshare", "--net", "sh", "-c", probe], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return None if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no network of one's own"])[0]


class Inside:
    """This thread's new sockets belong to the network of process `pid` until the end of the `with`."""

    def __init__(self, pid):
        self.path = f"/proc/{pid}/ns/net"

    def __enter__(self):
        self.outside = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        inside = os.open(self.path, os.O_RDONLY)
        try:
            self.enter(inside)
        finally:
            os.close(inside)

    def __exit__(self, *_):
        self.enter(self.outside)
        os.close(self.outside)

    @staticmethod
    def enter(network):
        if LIBC.setns(network, CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


class Connection(http.client.HTTPConnection):
    """Connects inside the house's network, as a client."""

    def __init__(self, pid, *arguments, **settings):
        super().__init__(*arguments, source_address=(CLIENT, 0), **settings)
        self.inside = Inside(pid)

    def connect(self):
        with self.inside:
            super().connect()


class NetHouse(House):
    patience = 4

    def __init__(self, *arguments, **settings):
        super().__init__(*arguments, **settings)
        self.rules = 0
        self.holder = subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE)  # ends with its input
        self.prefix = ("nsenter", f"--net=/proc/{self.holder.pid}/ns/net")
        wait_until("the network is there", lambda: self.is_apart() and self.outcome("true") == 0)
        self.ip("link", "set", "lo", "up")
        # The rule for local addresses comes first; where it comes later, others can be before it.
        self.ip("rule", "add", "pref", "1000", "lookup", "local")
        self.ip("rule", "del", "pref", "0")

    def is_apart(self):
        """Whether the network is another one than ours."""
        return os.readlink(f"/proc/{self.holder.pid}/ns/net") != os.readlink("/proc/self/ns/net")

    def outcome(self, *command):
        assert self.is_apart(), "what is dropped must not be ours"
        return subprocess.run([*self.prefix, *command], timeout=20).returncode

    def ip(self, *arguments):
        assert self.outcome("ip", *arguments) == 0

    def connection(self):
        address = urllib.parse.urlsplit(self.url)
        return Connection(self.holder.pid, address.hostname, address.port, timeout=self.patience)

    @contextlib.contextmanager
    def dropped(self, *selectors):
        """Packets that one of the selectors matches vanish, as in `["from", "127.0.0.2", "dport", "8080"]`."""
        numbers = []
        for selector in selectors:
            self.rules += 1
            numbers.append(str(self.rules))
            self.ip("rule", "add", "pref", numbers[-1], *selector, "ipproto", "6", "blackhole")
        try:
            yield
        finally:
            for number in numbers:
                self.ip("rule", "del", "pref", number)

    @contextlib.contextmanager
    def narrow(self, rate="256kbit"):
        """All packets go through a pipe so narrow that some are lost."""
        assert self.outcome("tc", "qdisc", "add", "dev", "lo", "root", "tbf", "rate", rate, "burst", "70kb",
                            "limit", "140kb") == 0
        try:
            yield
        finally:
            assert self.outcome("tc", "qdisc", "del", "dev", "lo", "root") == 0

    def close(self):
        try:
            return super().close()
        finally:
            self.holder.stdin.close()
            self.holder.wait(20)
