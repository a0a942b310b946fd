"""Processes that are killed at random while clients submit tasks and follow them, and a check of what everybody saw.

RBEES_CHAOS_SEED repeats a plan; RBEES_DEPTH says how many kills (quick 20, ci 200, night 1000).
"""

import os
import random
import signal
import threading
import time

import pytest

from histories import Load, check_records, undisturbed_texts, wait_for_free_slots
from house import House

KILLS = {"quick": 20, "ci": 200, "night": 1000}[os.environ.get("RBEES_DEPTH", "quick")]
SEED = int(os.environ.get("RBEES_CHAOS_SEED", random.SystemRandom().randrange(1 << 32)))
MODEL = "sim:chaos?slots=4&prefill=100000&decode=40&seed=1"
CLIENTS = 4
CONFIG = '[heartbeat]\ninterval = "500ms"\nmissed = 2\n[tasks]\nlease = "2s"\n'
FROZEN = 3.0  # seconds at most: longer than a silent node is trusted, and than a lease
QUIET = 0.8  # seconds at most between two kills; long enough that something runs


class Nemesis:
    """Kills what the plan says, but no daemon so often that its supervisor gives it up (5 starts in 10 s)."""

    def __init__(self, house, plan):
        self.house, self.plan, self.done = house, plan, []
        self.kills = {"rbees-orcd": [], "pool-managerd": []}

    def is_spared(self, name):
        recent = [at for at in self.kills.get(name, []) if time.monotonic() - at < 11]
        return len(recent) >= 3

    def strike(self):
        victims = self.plan.choice(["rbees-orcd", "pool-managerd", "rbees-workerd", "both", "frozen", "all"])
        names = list(self.kills) if victims == "both" else [victims]
        if any(self.is_spared(name) for name in names):
            victims = "rbees-workerd"
        self.done.append(victims)
        if victims == "all":
            return self.everything()
        if victims == "frozen":
            return self.freeze()
        for name in list(self.kills) if victims == "both" else [victims]:
            self.kills.setdefault(name, []).append(time.monotonic())
            self.signal(name, signal.SIGKILL)

    def signal(self, name, number):
        """No effect if none of that name runs at the moment."""
        pids = [pid for pid, program in self.house.processes().items() if program == name]
        pids = [pid for pid in pids if name != "rbees-orcd" or not self.is_supervisor(pid)]
        for pid in pids:
            try:
                self.house.kill(pid, number)
            except (AssertionError, ProcessLookupError):
                pass  # it ended meanwhile

    @staticmethod
    def is_supervisor(pid):
        try:
            return b"--supervise" in open(f"/proc/{pid}/cmdline", "rb").read().split(b"\0")
        except OSError:
            return False

    def freeze(self):
        """Some of them, or all at once."""
        names = self.plan.choice([["rbees-orcd"], ["pool-managerd"], ["rbees-workerd"], [*self.kills, "rbees-workerd"]])
        for name in names:
            self.signal(name, signal.SIGSTOP)
        threading.Event().wait(self.plan.uniform(0.1, FROZEN))
        for name in names:
            self.signal(name, signal.SIGCONT)

    def everything(self):
        """As a power cut of the machine would: all processes at once. Then somebody starts it again."""
        for pid in self.house.processes():
            try:
                self.house.kill(pid)
            except (AssertionError, ProcessLookupError):
                pass
        self.kills = {name: [] for name in self.kills}
        self.house.must("up", MODEL)


@pytest.fixture(scope="module")
def house():
    with House(config=CONFIG) as house:
        house.up(MODEL)
        house.must("models", "load", MODEL)
        yield house


@pytest.fixture(scope="module")
def undisturbed(house):
    return undisturbed_texts(house, model=MODEL)


def test_nothing_is_lost_and_nothing_twice_whatever_is_killed(house, undisturbed):
    print(f"RBEES_CHAOS_SEED={SEED}")
    plan = random.Random(SEED)
    nemesis = Nemesis(house, plan)
    load = Load(house, CLIENTS, SEED, model=MODEL)
    pause = threading.Event()
    for _ in range(KILLS):
        pause.wait(plan.uniform(0.005, QUIET))
        nemesis.strike()
    load.end()

    assert len(load.accepted) >= CLIENTS, "the clients did nothing"
    load.check(undisturbed, (nemesis.done, house.logs()))
    check_records(house, load.accepted)
    wait_for_free_slots(house)
    print(f"{len(load.accepted)} tasks, {len(nemesis.done)} strikes: {nemesis.done}")
