"""Clients that write down what they are told, and what must be true of it whatever died meanwhile.

A client notes the id of each accepted task and every event of its stream. At the end the histories are judged, not exit
codes: each accepted task ended once, with the answer that an undisturbed house gives; no stream had a gap, a repeat or
two ends; one key gives one task; and the journal is whole.
"""

import random
import threading
import uuid

from house import wait_until
from tasks import TERMINAL, only_stored, stream, text

PATIENCE = 120.0  # until everything has ended after the last fault


def prompts(count=8):
    return [f"Tell me {number} things about bees." for number in range(2, 2 + count)]


def task(model, prompt, tokens=40):
    return {"model": model, "prompt": prompt, "max_tokens": tokens, "seed": 7, "ignore_eos": True}


class Client(threading.Thread):
    """Submits tasks under keys of its own and follows each to its end, whatever breaks."""

    def __init__(self, house, name, plan, stop, *, model, tokens=40, among=None):
        super().__init__(name=f"client {name}", daemon=True)
        self.house, self.token, self.plan, self.stop = house, house.token, plan, stop
        self.model, self.tokens, self.among = model, tokens, among or prompts()
        self.accepted = {}  # id of the task: its prompt
        self.keys = {}  # id of the task: its key
        self.streams = {}  # id of the task: its stored events, as they came
        self.error = None

    def run(self):
        try:
            while not self.stop.is_set():
                prompt = self.plan.choice(self.among)
                job = self.submit(prompt)
                self.follow(job)
        except Exception as error:  # noqa: BLE001 - told by the test
            self.error = error

    def submit(self, prompt, key=None):
        """The same key until there is an answer: however often that takes, it is one task."""
        key = key or str(uuid.UUID(int=self.plan.getrandbits(128)))
        body = task(self.model, prompt, self.tokens)

        def answered():
            answer = self.house.request("POST", "/v2/tasks", body, self.token, {"Idempotency-Key": key})
            if answer.status == 503:
                return None
            assert answer.status == 202, answer
            return answer.json()["job_id"]

        job = wait_until(f"a task of {self.name} is accepted", answered, PATIENCE)
        self.accepted[job] = prompt
        self.keys[job] = key
        return job

    def explain(self, job):
        """What the house says of it, for the report."""
        return [
            self.house.request("GET", f"/v2/tasks/{job}{about}", token=self.token).json() for about in ("", "/explain")
        ]

    def follow(self, job):
        seen = self.streams.setdefault(job, [])

        def ended():
            after = seen[-1][0] if seen else None
            with stream(self.house, self.token, job, after) as answer:
                if answer.status == 204:
                    return True
                if answer.status == 503:
                    return False
                assert answer.status == 200, (answer.status, answer.read())
                for event in only_stored(answer):
                    seen.append(event)
            return bool(seen) and seen[-1][1] in TERMINAL

        wait_until(f"task {job} has ended", ended, PATIENCE)


class Load:
    """Some clients at work, until `end`."""

    def __init__(self, house, clients, seed, **settings):
        self.stop = threading.Event()
        self.clients = [Client(house, n, random.Random(seed + n + 1), self.stop, **settings) for n in range(clients)]
        for client in self.clients:
            client.start()

    def end(self):
        """Lets them finish what they have begun."""
        self.stop.set()
        for client in self.clients:
            client.join(2 * PATIENCE)

    @property
    def accepted(self):
        return {job: prompt for client in self.clients for job, prompt in client.accepted.items()}

    def check(self, undisturbed, told=""):
        """Every stream against the text of each prompt that `undisturbed` has. `told` is for the report."""
        assert not [client.error for client in self.clients if client.error], told
        assert not [client.name for client in self.clients if client.is_alive()], told
        for client in self.clients:
            for job, prompt in client.accepted.items():
                faults = list(faults_of(client.streams[job], undisturbed[prompt]))
                assert not faults, (job, faults, client.explain(job), told)

    def check_keys(self):
        """Sent again, each submission gets the task that it got."""
        for client in self.clients:
            for job, key in list(client.keys.items()):
                assert client.submit(client.accepted[job], key) == job


def undisturbed_texts(house, **settings):
    """The text of each prompt's answer when nothing happens."""
    client = Client(house, "first", random.Random(0), threading.Event(), **settings)
    texts = {}
    for prompt in client.among:
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
    if ends != ["end"]:
        return
    usage = events[-1][2].get("usage") or {}
    tokens = sum(data.get("n", 1) for _, name, data in events if name == "token")
    if usage.get("completion_tokens") != tokens:
        yield f"its end says {usage}, {tokens} tokens came"


def check_records(house, accepted):
    """What the house says of the tasks afterwards: each is there once, completed; and the journal is whole."""
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


def wait_for_free_slots(house):
    """A ticket that was not given back would leave a worker with fewer slots than it has."""

    def idle():
        answer = house.request("GET", "/v2/workers", token=house.token)
        if answer.status == 503:
            return False
        assert answer.status == 200, answer
        ready = [each for each in answer.json() if each["state"] == "ready"]
        return ready and all(each.get("slots_busy", 0) == 0 for each in ready)

    wait_until("no slot is taken", idle, PATIENCE)
