#!/usr/bin/env python3
"""A client that leaves during a prefill of 2,000 tokens while another stream runs.

How long its slot stays taken, as rbees-orcd and as the engine itself says, beside the step of the engine that ran at
that moment: the other stream gets a token at the end of each step, so its gap around the leaving is that step. And what
the other stream notices: its longest gaps with nobody else, during a prefill, and after the leaving.
"""

import asyncio
import json
import os
import socket
import time
import urllib.parse

from common import House, arguments, conditions, report, spread, stream, wait_until

MODEL = "smollm2"
PREFILL_TOKENS = 2000
LEAVE_AFTER = (0.25, 0.4, 0.55, 0.7)  # of the time that the whole prefill takes; another one each round


class Asker:
    """Asks one address the same thing again and again, on one connection."""

    def __init__(self, url, path, key):
        address = urllib.parse.urlsplit(url)
        self.connection = socket.create_connection((address.hostname, address.port), timeout=20)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.text = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
        self.file = self.connection.makefile("rb")

    def ask(self):
        self.connection.sendall(self.text)
        length = 0
        while (line := self.file.readline().strip()) != b"":
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return json.loads(self.file.read(length))

    def close(self):
        self.file.close()
        self.connection.close()


def request_of(words, tokens):
    return {
        "model": MODEL,
        "messages": [{"role": "user", "content": words}],
        "max_tokens": tokens,
        "temperature": 0,
        "ignore_eos": True,
        "cache_prompt": False,
    }


def long_prompt(seed):
    """About PREFILL_TOKENS tokens, different from the first one on."""
    return f"Number {seed}. " + "bees " * (PREFILL_TOKENS - 40)


def seconds_until(asker, is_free, deadline=10.0):
    began = time.perf_counter()
    while not is_free(asker.ask()):
        if time.perf_counter() - began > deadline:
            raise RuntimeError(f"the slot was not free within {deadline:g} s")
    return time.perf_counter() - began


class Place:
    """The house and its one worker."""

    def __init__(self, options):
        threads = options.threads or max(1, len(os.sched_getaffinity(0)) - 1)
        self.house = House(options.bin, f"[worker]\nthreads = {threads}\nslots = 2\n")
        self.house.up(MODEL)
        self.house.must("models", "load", MODEL)
        worker = self.house.ready_workers(MODEL)[0]
        secret = self.house.worker_record(worker["id"])["secret"]
        capabilities = Asker(worker["url"], "/capabilities", secret)
        self.batch = capabilities.ask()["batch"]
        capabilities.close()
        self.key = self.house.token
        self.engine = Asker(worker["url"], "/health", secret)
        self.tickets = Asker(self.house.url, "/v2/workers", self.key)

    def engine_busy(self):
        return self.engine.ask()["slots_busy"]

    def wait_for_idle(self):
        wait_until("the engine is idle", lambda: self.engine_busy() == 0)


async def whole_prefill(place, seed):
    """Seconds of the prefill with another stream running."""
    other = asyncio.create_task(stream(place.house.url, request_of(f"Story {seed}", 400), place.key))
    await asyncio.sleep(0.3)
    done = await stream(place.house.url, request_of(long_prompt(f"whole {seed}"), 1), place.key)
    other.cancel()
    await asyncio.gather(other, return_exceptions=True)
    return done.end


async def leave(place, seed, after):
    """One client leaves `after` seconds into its prefill. Seconds until its slot is free, and the other stream."""
    moments = {}
    loop = asyncio.get_running_loop()
    other = asyncio.create_task(stream(place.house.url, request_of(f"Story {seed}", 400), place.key))
    await asyncio.sleep(0.5)
    moments["joined"] = time.perf_counter()
    body = json.dumps(request_of(long_prompt(f"left {seed}"), 4) | {"stream": True}).encode()
    address = urllib.parse.urlsplit(place.house.url)
    leaver = socket.create_connection((address.hostname, address.port))
    leaver.sendall(
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {place.key}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode() + body
    )
    await asyncio.sleep(after)
    assert not other.done(), "the other stream ended too soon: raise its tokens"
    leaver.close()
    moments["left"] = time.perf_counter()
    engine, tickets = await asyncio.gather(
        loop.run_in_executor(None, seconds_until, place.engine, lambda health: health["slots_busy"] <= 1),
        loop.run_in_executor(
            None, seconds_until, place.tickets, lambda workers: sum(each["slots_busy"] for each in workers) <= 1
        ),
    )
    return engine, tickets, await other, moments


def gaps_of(result, begin, end):
    """The pauses between pieces of a stream that lie between two moments."""
    times = [result.sent + arrival for arrival in result.arrivals]
    return [late - early for early, late in zip(times, times[1:]) if begin <= early and late <= end]


def gap_around(result, moment):
    """The pause of a stream in which the moment lies."""
    times = [result.sent + arrival for arrival in result.arrivals]
    return next(late - early for early, late in zip(times, times[1:]) if early <= moment <= late)


def run_rounds(place, rounds):
    alone = asyncio.run(stream(place.house.url, request_of("Story x", 400), place.key))
    names = ("whole", "step", "engine", "ticket", "gap_before", "gap_prefill", "gap_after")
    figures = {name: [] for name in names}
    in_steps = []
    harmed = []
    for number in range(rounds):
        place.wait_for_idle()
        if number % len(LEAVE_AFTER) == 0:
            whole = asyncio.run(whole_prefill(place, number))
            place.wait_for_idle()
        after = whole * LEAVE_AFTER[number % len(LEAVE_AFTER)]
        engine, ticket, other, moments = asyncio.run(leave(place, number, after))
        figures["whole"].append(whole)
        step = gap_around(other, moments["left"])
        figures["step"].append(step)
        in_steps.append(engine / step)
        figures["engine"].append(engine)
        figures["ticket"].append(ticket)
        figures["gap_before"].append(max(gaps_of(other, 0, moments["joined"])))
        figures["gap_prefill"].append(max(gaps_of(other, moments["joined"], moments["left"])))
        figures["gap_after"].append(max(gaps_of(other, moments["left"], float("inf"))))
        if other.finish != "length" or other.usage["completion_tokens"] != 400:
            harmed.append(number)
    figures = {name: spread(values) for name, values in figures.items()}
    return {"seconds": figures, "engine_in_steps": spread(in_steps), "harmed": harmed} | {
        "gaps_alone": spread(gaps_of(alone, 0, float("inf")))
    }


def main():
    parser = arguments(__doc__.splitlines()[0], rounds=8)
    parser.add_argument("--threads", type=int, default=0, help="threads of the worker (default one fewer than cores)")
    options = parser.parse_args()
    place = Place(options)
    try:
        before = conditions(place.house)
        result = run_rounds(place, options.rounds) | {"batch": place.batch}
        figures, harmed = result["seconds"], len(result["harmed"])
        for name, value in figures.items():
            print(f"{name:<12} {value['median'] * 1e3:8.1f} ms ({value['low'] * 1e3:.1f} to {value['high'] * 1e3:.1f})")
        ticket = figures["ticket"]["median"] / figures["step"]["median"]
        slower = figures["gap_after"]["median"] / figures["gap_before"]["median"]
        goals = [
            ("steps until the engine's slot is free", result["engine_in_steps"]["median"], 1.0, "at most"),
            ("steps until the ticket is free", ticket, 1.0, "at most"),
            ("streams that were harmed", harmed, 0, "at most"),
            ("the other's longest gap afterwards / before", slower, 1.5, "at most"),
        ]
        report("cancel", place.house, before, result, goals)
    finally:
        place.engine.close()
        place.tickets.close()
        place.house.close()


if __name__ == "__main__":
    main()
