"""Processes that are killed at random while clients submit tasks and follow them, and a check of what everybody saw.

A client writes down what it was told: the id of each accepted task, and every event of its stream. At the end the
histories are judged, not exit codes: each accepted task ended once, with the answer that an undisturbed house gives; no
stream had a gap, a repeat or two ends; the journal is whole; and nothing is left running.

RBEES_CHAOS_SEED repeats a plan; RBEES_DEPTH says how many kills (quick 20, ci 200, night 1000).
"""

import http.client
import os
import random
import signal
import threading
import time
import uuid

import pytest

from house import House, wait_until
from tasks import TERMINAL, only_stored, stream, text

KILLS = {"quick": 20, "ci": 200, "night": 1000}[os.environ.get("RBEES_DEPTH", "quick")]
SEED = int(os.environ.get("RBEES_CHAOS_SEED", random.SystemRandom().randrange(1 << 32)))
MODEL = "sim:chaos?slots=4&prefill=100000&decode=40&seed=1"
CLIENTS = 4
PROMPTS = [f"Tell me {count} things about bees." for count in range(2, 10)]
QUIET = 0.8  # seconds at most between two kills; long enough that something runs
PATIENCE = 120.0  # until everything has ended after the last kill


def task(prompt):
    return {"model": MODEL, "prompt": prompt, "max_tokens": 40, "seed": 7, "ignore_eos": True}


class Client(threading.Thread):
    """Submits tasks under keys of its own and follows each to its end, whatever breaks."""

    def __init__(self, house, token, number, plan, stop):
        super().__init__(name=f"client {number}")
        self.house, self.token, self.plan, self.stop = house, token, plan, stop
        self.accepted = {}  # id of the task: its prompt
        self.streams = {}  # id of the task: its stored events, as they came
        self.error = None

    def run(self):
        try:
            while not self.stop.is_set():
                prompt = self.plan.choice(PROMPTS)
                job = self.submit(prompt)
                self.accepted[job] = prompt
                self.follow(job)
        except Exception as error:  # noqa: BLE001 - told by the test
            self.error = error

    def submit(self, prompt):
        """The same key until there is an answer: however often that takes, it is one task."""
        key = str(uuid.UUID(int=self.plan.getrandbits(128)))

        def answered():
            answer = self.house.request("POST", "/v2/tasks", task(prompt), self.token, {"Idempotency-Key": key})
            assert answer.status in (202, 503), answer
            return answer.json()["job_id"] if answer.status == 202 else None

        return wait_until(f"a task of {self.name} is accepted", answered, PATIENCE)

    def follow(self, job):
        seen = self.streams.setdefault(job, [])

        def ended():
            after = seen[-1][0] if seen else None
            with stream(self.house, self.token, job, after) as answer:
                if answer.status == 204:
                    return True
                assert answer.status == 200, (answer.status, answer.read())
                for event in only_stored(answer):
                    seen.append(event)
            return bool(seen) and seen[-1][1] in TERMINAL

        wait_until(f"task {job} has ended", ended, PATIENCE)


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
        self.signal("rbees-orcd", signal.SIGSTOP)
        threading.Event().wait(self.plan.uniform(0.1, 1.0))
        self.signal("rbees-orcd", signal.SIGCONT)

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
    house = House()
    try:
        house.up(MODEL)
        house.must("models", "load", MODEL)
        yield house
    finally:
        left = house.close()
        assert not left, f"`rbees down` left processes running: {left}"


@pytest.fixture(scope="module")
def undisturbed(house):
    """The text of each prompt's answer when nothing happens."""
    client = Client(house, house.token, 0, random.Random(0), threading.Event())
    texts = {}
    for prompt in PROMPTS:
        job = client.submit(prompt)
        client.follow(job)
        texts[prompt] = text(client.streams[job])
    return texts


def faults_of(events, expected):
    """What is wrong with a stream; empty if nothing is."""
    numbers = [number for number, _, _ in events]
    if numbers != list(range(1, len(events) + 1)):
        yield f"events are numbered {numbers}"
    ends = [name for _, name, _ in events if name in TERMINAL]
    if ends != ["end"]:
        yield f"it ended with {events[-1] if events else None}"
    if text(events) != expected:
        yield f"its text is {text(events)!r}, undisturbed it is {expected!r}"
    usage = events[-1][2].get("usage") if events else None
    tokens = sum(data.get("n", 1) for _, name, data in events if name == "token")
    if usage and usage["completion_tokens"] != tokens:
        yield f"it counts {usage['completion_tokens']} tokens, {tokens} came"


def test_nothing_is_lost_and_nothing_twice_whatever_is_killed(house, undisturbed):
    print(f"RBEES_CHAOS_SEED={SEED}")
    plan = random.Random(SEED)
    stop = threading.Event()
    clients = [Client(house, house.token, n, random.Random(SEED + n + 1), stop) for n in range(CLIENTS)]
    nemesis = Nemesis(house, plan)
    for client in clients:
        client.start()
    pause = threading.Event()
    for _ in range(KILLS):
        pause.wait(plan.uniform(0.005, QUIET))
        nemesis.strike()
    stop.set()
    for client in clients:
        client.join(PATIENCE * 2)

    assert not [client.error for client in clients if client.error], (nemesis.done, house.logs())
    assert not [client.name for client in clients if client.is_alive()], (nemesis.done, house.logs())
    accepted = {job: prompt for client in clients for job, prompt in client.accepted.items()}
    assert len(accepted) >= CLIENTS, "the clients did nothing"
    for client in clients:
        for job, prompt in client.accepted.items():
            faults = list(faults_of(client.streams[job], undisturbed[prompt]))
            assert not faults, (job, faults, nemesis.done, house.logs())
    check_records(house, accepted)
    print(f"{len(accepted)} tasks, {len(nemesis.done)} strikes: {nemesis.done}")


def check_records(house, accepted):
    """What the house says of the tasks afterwards: each is there once, completed."""
    token = house.token
    found, cursor = {}, None
    while True:
        answer = house.request("GET", "/v2/tasks?limit=100" + (f"&cursor={cursor}" if cursor else ""), token=token)
        assert answer.status == 200, answer
        for each in answer.json()["tasks"]:
            assert each["id"] not in found, f"{each['id']} is listed twice"
            found[each["id"]] = each["status"]
        cursor = answer.json().get("next")
        if not cursor:
            break
    assert {job: found.get(job) for job in accepted} == {job: "completed" for job in accepted}
    done = house.rbees("audit", "verify")
    assert done.returncode == 0, done.stderr


def test_slots_are_free_afterwards(house):
    """A ticket that was not given back would leave a worker with fewer slots than it has."""

    def idle():
        answer = house.request("GET", "/v2/workers", token=house.token)
        ready = [each for each in answer.json() if each["state"] == "ready"]
        return ready and all(each.get("slots_busy", 0) == 0 for each in ready)

    try:
        wait_until("no slot is taken", idle, PATIENCE)
    except http.client.HTTPException as error:
        pytest.fail(str(error))
