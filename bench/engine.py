#!/usr/bin/env python3
"""Tokens a second and time to first token: llama-server of the same build, the worker directly, and through rbees-orcd.

All three have the same model, threads, batch, slots and context, get the same prompts in the same order, and generate
the same number of tokens at temperature 0 without reusing a cached prompt. The worker is one process: directly and
through rbees-orcd differ by rbees-orcd alone. Each round runs every arm once, beginning with another one each time.

What rbees-orcd adds to the first token is measured by itself, in pairs with a prompt that the worker has cached: a
prefill takes hundreds of milliseconds, and its spread would hide the one that is looked for.
"""

import asyncio
import os
import socket
import subprocess
import sys

from common import House, arguments, conditions, llama_prefix, report, spread, stream, wait_until

MODEL = "smollm2"
TOPICS = ("flowers", "winter", "honey", "the queen", "wax", "dancing", "drones", "pollen")


class LlamaServer:
    """llama-server as the worker is: what is not given here is the default of both."""

    def __init__(self, model_file, worker, log):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        slots, batch, threads = worker["slots"], worker["batch"], worker["threads"]
        flags = {"-m": model_file, "--host": "127.0.0.1", "--port": port, "-t": threads, "-tb": threads}
        flags |= {"-b": batch, "-ub": min(batch, 512), "-np": slots, "-c": worker["context"] * slots, "-ngl": 0}
        command = [str(llama_prefix() / "bin/llama-server"), "--no-kv-unified"]
        command += [str(part) for flag in flags.items() for part in flag]
        # As the worker sets it: threads that wait must sleep.
        environment = os.environ | {"OMP_WAIT_POLICY": "passive", "KMP_BLOCKTIME": "0"}
        self.process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)

    def is_ready(self, house):
        assert self.process.poll() is None, "llama-server ended; its log says why"
        here = House.__new__(House)
        here.url = self.url
        return here.request("GET", "/health").status == 200

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def start(options):
    """The house with its worker loaded, and what the worker says of itself."""
    threads = options.threads or max(1, len(os.sched_getaffinity(0)) - 1)
    config = f"[worker]\nthreads = {threads}\nslots = {options.slots}\n"
    house = House(options.bin, config)
    house.up(MODEL)
    house.must("models", "load", MODEL)
    worker = house.ready_workers(MODEL)[0]
    secret = house.worker_record(worker["id"])["secret"]
    at_worker = House.__new__(House)
    at_worker.url = worker["url"]
    able = at_worker.request("GET", "/capabilities", token=secret).json()
    said = {"slots": able["slots"], "batch": able["batch"], "context": able["context"], "threads": threads}
    return house, said, worker["url"], secret


def body_of(round_number, number, tokens):
    topic = TOPICS[number % len(TOPICS)]
    question = f"Round {round_number}, question {number}: tell me a story about bees and {topic}."
    return {
        "model": MODEL,
        "messages": [{"role": "user", "content": question}],
        "max_tokens": tokens,
        "temperature": 0,
        "ignore_eos": True,
        "cache_prompt": False,
    }


async def run_arm(arm, round_number, parallel, tokens):
    url, key = arm
    loop = asyncio.get_running_loop()
    began = loop.time()
    streams = await asyncio.gather(
        *(stream(url, body_of(round_number, number, tokens), key) for number in range(parallel))
    )
    seconds = loop.time() - began
    made = sum(each.usage["completion_tokens"] for each in streams)
    assert made == parallel * tokens, f"{url}: {made} tokens instead of {parallel * tokens}"
    return made / seconds, sorted(each.first for each in streams)[parallel // 2]


def measure(arms, options, parallel):
    rates = {name: [] for name in arms}
    firsts = {name: [] for name in arms}
    names = list(arms)
    for round_number in range(-1, options.rounds):
        turn = round_number % len(names)
        for name in names[turn:] + names[:turn]:
            rate, first = asyncio.run(run_arm(arms[name], round_number, parallel, options.tokens))
            if round_number < 0:
                continue  # warm-up
            rates[name].append(rate)
            firsts[name].append(first)
        print(f"  {parallel} parallel, round {round_number + 1} of {options.rounds}", file=sys.stderr)
    return rates, firsts


def measure_added(arms, pairs):
    """Seconds that rbees-orcd adds to the first token, pair by pair."""
    body = body_of(0, 0, 2) | {"cache_prompt": True}

    def first(name):
        url, key = arms[name]
        return asyncio.run(stream(url, body, key)).first

    added = []
    for number in range(-3, pairs):
        order = ("worker", "orcd") if number % 2 else ("orcd", "worker")
        seconds = {name: first(name) for name in order}
        if number >= 0:
            added.append(seconds["orcd"] - seconds["worker"])
    return spread(added)


def compare(rates, firsts):
    """Each arm's spread, and ratios within the rounds: what disturbs a round disturbs all its arms."""

    def ratio(over, under):
        return spread([a / b for a, b in zip(rates[over], rates[under])])

    return {
        "tokens_per_second": {name: spread(values) for name, values in rates.items()},
        "first_token_seconds": {name: spread(values) for name, values in firsts.items()},
        "worker_over_llama_server": ratio("worker", "llama-server"),
        "orcd_over_llama_server": ratio("orcd", "llama-server"),
    }


def show(parallel, result):
    for name, rate in result["tokens_per_second"].items():
        first = result["first_token_seconds"][name]
        print(
            f"{parallel:>2} parallel  {name:<12}  {rate['median']:8.1f} tokens/s ({rate['low']:.1f} to "
            f"{rate['high']:.1f})   first token {first['median'] * 1e3:7.1f} ms"
        )


def goals_of(results, added):
    goals = []
    for parallel, result in results.items():
        for over, least in (("worker", 0.98), ("orcd", 0.97)):
            value = result[f"{over}_over_llama_server"]["median"]
            goals.append((f"{over} / llama-server, {parallel} parallel", value, least, "at least"))
    goals.append(("ms to first token through orcd", added["median"] * 1e3, 1.0, "at most"))
    return goals


def main():
    parser = arguments(__doc__.splitlines()[0], rounds=9)
    parser.add_argument("--tokens", type=int, default=96, help="tokens of each answer (default 96)")
    parser.add_argument("--slots", type=int, default=8, help="slots of worker and llama-server (default 8)")
    parser.add_argument("--threads", type=int, default=0, help="threads of both (default one fewer than cores)")
    parser.add_argument("--pairs", type=int, default=100, help="pairs for the first token (default 100)")
    parser.add_argument("--parallel", type=int, nargs="+", default=[1, 4, 8], help="requests at once (default 1 4 8)")
    options = parser.parse_args()
    house, said, worker_url, secret = start(options)
    try:
        before = conditions(house)
        print(f"all arms: {said}", file=sys.stderr)
        with open(house.folder / "llama-server.log", "w") as log:
            server = LlamaServer(house.home / "models" / f"{MODEL}.gguf", said, log)
            try:
                wait_until("llama-server is ready", lambda: server.is_ready(house), 120)
                arms = {
                    "llama-server": (server.url, None),
                    "worker": (worker_url, secret),
                    "orcd": (house.url, house.token),
                }
                added = measure_added(arms, options.pairs)
                results = {parallel: compare(*measure(arms, options, parallel)) for parallel in options.parallel}
            finally:
                server.stop()
        for parallel, result in results.items():
            show(parallel, result)
        result = {"settings": said, "tokens": options.tokens, "by_parallel": results}
        result["orcd_adds_seconds_to_first_token"] = added
        report("engine", house, before, result, goals_of(results, added))
    finally:
        house.close()


if __name__ == "__main__":
    main()
