#!/usr/bin/env python3
"""How soon rbees-orcd is back: with many tasks in its store, and for a client whose stream it was serving.

The store is filled through the API with tasks of a simulated model; some are left waiting. Then orcd is killed with
SIGKILL, its supervisor starts it again, and the time until it answers is taken. The second measure kills it in the
middle of a stream: a client that reconnects with the id of its last event waits for the next token.
"""

import http.client
import json
import os
import signal
import sys
import threading
import time
import urllib.parse

from common import House, arguments, conditions, report, spread, wait_until

FAST = "sim:fast?slots=64&prefill=1000000&decode=100000&seed=1"
SLOW = "sim:slow?slots=1&prefill=1000000&decode=5&seed=1"
REST_SECONDS = 3  # between two kills: a supervisor gives up what it starts 5 times in 10 s
STREAM = "sim:stream?slots=4&prefill=1000000&decode=50&seed=1"


class Client:
    """One kept connection."""

    def __init__(self, house):
        self.address = urllib.parse.urlsplit(house.url)
        self.headers = {"Authorization": f"Bearer {house.token}", "Content-Type": "application/json"}
        self.connection = self.connect()

    def connect(self):
        return http.client.HTTPConnection(self.address.hostname, self.address.port, timeout=30)

    def submit(self, model, tokens):
        body = json.dumps({"model": model, "prompt": "Count.", "max_tokens": tokens, "ignore_eos": True})
        self.connection.request("POST", "/v2/tasks", body, self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status == 202, text
        return json.loads(text)

    def get(self, path):
        self.connection.request("GET", path, headers=self.headers)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())


def fill(house, ended, live):
    """Tasks that have ended, and tasks that wait."""

    def submit(count):
        client = Client(house)
        for _ in range(count):
            client.submit(FAST, 1)

    parts = 16
    threads = [threading.Thread(target=submit, args=(ended // parts,)) for _ in range(parts)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"{ended} tasks submitted in {time.perf_counter() - began:.0f} s", file=sys.stderr)
    client = Client(house)
    for _ in range(live):
        client.submit(SLOW, 1000)
    wait_until("the fast tasks have ended", lambda: waiting(client, FAST) == 0, seconds=600)


def waiting(client, model):
    status, answer = client.get(f"/v2/tasks?limit=1&model={urllib.parse.quote(model, safe='')}&status=queued")
    assert status == 200, answer
    return len(answer["tasks"])


def seconds_until_ready(house):
    """Kills orcd; the time until it answers again, and what it needs then."""
    pid = house.pid_of("rbees-orcd")
    address = urllib.parse.urlsplit(house.url)
    began = time.perf_counter()
    os.kill(pid, signal.SIGKILL)
    while True:
        try:
            connection = http.client.HTTPConnection(address.hostname, address.port, timeout=5)
            connection.request("GET", "/health")
            if connection.getresponse().status == 200:
                break
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.002)
    ready = time.perf_counter() - began
    new = wait_until("orcd is named again", lambda: house.pid_of("rbees-orcd"))
    return ready, resident(new)


def resident(pid):
    text = open(f"/proc/{pid}/status").read()
    return int(text.split("VmRSS:")[1].split()[0]) * 1024


class Reader:
    """Follows a task's stream; connects again where it ended, with the last id."""

    def __init__(self, house, events_url):
        self.client = Client(house)
        self.path = events_url
        self.last = 0
        self.tokens = 0

    def read(self, until):
        """Reads until `until()`, through any break."""
        while not until():
            try:
                self.follow(until)
            except (OSError, http.client.HTTPException):
                time.sleep(0.005)

    def follow(self, until):
        connection = self.client.connect()
        headers = self.client.headers | ({"Last-Event-ID": str(self.last)} if self.last else {})
        connection.request("GET", self.path, headers=headers)
        answer = connection.getresponse()
        event = {}
        while line := answer.readline():
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                event[name] = value
                continue
            if "id" in event:
                assert int(event["id"]) == self.last + 1, f"after {self.last} came {event}"
                self.last += 1
            if event.get("event") == "token":
                self.tokens += 1
            event = {}
            if until():
                return


def seconds_to_next_token(house):
    accepted = Client(house).submit(STREAM, 2000)
    reader = Reader(house, accepted["events_url"])
    reader.read(lambda: reader.tokens >= 20)
    seen = reader.tokens
    pid = house.pid_of("rbees-orcd")
    began = time.perf_counter()
    os.kill(pid, signal.SIGKILL)
    reader.read(lambda: reader.tokens > seen)
    seconds = time.perf_counter() - began
    Client(house).connection.request("GET", "/health")
    cancel = Client(house)
    cancel.connection.request("POST", f"/v2/tasks/{accepted['job_id']}/cancel", b"{}", cancel.headers)
    cancel.connection.getresponse().read()
    return seconds


def main():
    parser = arguments(__doc__.splitlines()[0], rounds=5)
    parser.add_argument("--tasks", type=int, default=100_000, help="tasks in the store (default 100000)")
    parser.add_argument("--live", type=int, default=1000, help="of which live (default 1000)")
    options = parser.parse_args()
    house = House(options.bin, "[queue]\ncapacity = 200000\n")
    try:
        before = conditions(house)
        house.up(STREAM)
        for model in (STREAM, FAST, SLOW):
            house.must("models", "load", model)
        next_token = []
        for number in range(options.rounds):
            print(f"  stream {number + 1} of {options.rounds}", file=sys.stderr)
            next_token.append(seconds_to_next_token(house))
            time.sleep(REST_SECONDS)
        fill(house, options.tasks - options.live, options.live)
        ready, memory = [], []
        for number in range(options.rounds):
            print(f"  restart {number + 1} of {options.rounds}", file=sys.stderr)
            seconds, size = seconds_until_ready(house)
            ready.append(seconds)
            memory.append(size)
            time.sleep(REST_SECONDS)
        result = {
            "tasks": options.tasks,
            "live": options.live,
            "ready_seconds": spread(ready),
            "resident_bytes": spread(memory),
            "next_token_seconds": spread(next_token),
        }
        report(
            "restart",
            house,
            before,
            result,
            [
                ("s until it answers again", max(ready), 2, "at most"),
                ("MB resident then", max(memory) / 1e6, 100, "at most"),
                ("s from the kill to the next token", max(next_token), 1, "at most"),
            ],
        )
    finally:
        house.close()


if __name__ == "__main__":
    main()
