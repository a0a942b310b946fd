#!/usr/bin/env python3
"""What durability costs a stream: tasks against /v1 on the same simulated worker, many streams at once.

Both arms ask the same worker for the same text at the same rate and are read the same way. A task is accepted, placed
and stored before its tokens are shown, so its first token waits for commits, and each token for the one that holds it.
The disk's own speed is measured beside them: the goals are in its fsyncs. --fsync-delay-ms makes it slower.
"""

import asyncio
import json
import os
import statistics
import sys
import time
import urllib.parse

from common import House, add_fsync_delay, arguments, conditions, delay_fsyncs, report, spread, stream

RATE = 50  # tokens a second of each stream
MODEL = f"sim:bench?slots=128&prefill=1000000&decode={RATE}&seed=1"


def fsync_seconds(folder, count=200):
    """Median of writing a page and syncing it, as a commit of the journal does."""
    path = folder / "fsync-probe"
    times = []
    with open(path, "wb") as file:
        for _ in range(count):
            began = time.perf_counter()
            file.write(b"x" * 4096)
            file.flush()
            os.fdatasync(file.fileno())
            times.append(time.perf_counter() - began)
    path.unlink()
    return statistics.median(times)


class Arrivals:
    """When the tokens of a stream came, in seconds after its request was sent."""

    def __init__(self):
        self.sent = time.perf_counter()
        self.times = []

    def token(self, count=1):
        self.times.extend([time.perf_counter() - self.sent] * count)


async def request(address, key, method, path, body=b""):
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=1 << 20)
    head = f"{method} {path} HTTP/1.1\r\nHost: {address.netloc}\r\nAuthorization: Bearer {key}\r\n"
    writer.write(f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    return reader, writer


async def run_task(url, key, tokens):
    address = urllib.parse.urlsplit(url)
    arrivals = Arrivals()
    task = {"model": MODEL, "prompt": "Tell me about bees.", "max_tokens": tokens, "ignore_eos": True}
    reader, writer = await request(address, key, "POST", "/v2/tasks", json.dumps(task).encode())
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 202 " not in head:
        raise RuntimeError((head + await reader.read(2000)).decode())
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    accepted = json.loads(await reader.readexactly(length))
    writer.close()
    reader, writer = await request(address, key, "GET", accepted["events_url"])
    held = b""
    while piece := await reader.read(65536):
        held += piece
        *events, held = held.split(b"\n\n")
        for event in events:
            if b"event: token" in event:
                data = json.loads(event.split(b"data: ", 1)[1].split(b"\n")[0])
                arrivals.token(data.get("n", 1))
        if any(b"event: end" in event for event in events):
            break
    writer.close()
    return arrivals


async def run_chat(url, key, tokens):
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Tell me about bees."}], "max_tokens": tokens}
    answer = await stream(url, body | {"ignore_eos": True}, key)
    arrivals = Arrivals()
    arrivals.times = answer.arrivals
    return arrivals


async def run_arm(arm, url, key, options):
    ask = run_task if arm == "task" else run_chat

    async def begin(number):
        # One after the other over a second: in one moment they would measure how fast this client can ask.
        await asyncio.sleep(number / options.streams)
        return await ask(url, key, options.tokens)

    return await asyncio.gather(*(begin(number) for number in range(options.streams)))


def lateness(arrivals):
    """How late each token came behind the moment that its place after the first one gives it."""
    first = arrivals.times[0]
    return [max(0.0, at - first - place / RATE) for place, at in enumerate(arrivals.times)]


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


def main():
    parser = arguments(__doc__.splitlines()[0], rounds=9)
    parser.add_argument("--streams", type=int, default=64, help="streams at once (default 64)")
    parser.add_argument("--tokens", type=int, default=64, help="tokens of each (default 64)")
    add_fsync_delay(parser)
    options = parser.parse_args()
    house = House(options.bin)
    try:
        before = conditions(house)
        delay_fsyncs(house.environment, house.home / "state", options.fsync_delay_ms, house.programs)
        house.up(MODEL)
        house.must("models", "load", MODEL)
        fsync = fsync_seconds(house.home) + options.fsync_delay_ms / 1000
        print(f"one fsync takes {1000 * fsync:.2f} ms here")
        first = {"task": [], "v1": []}
        late = {"task": [], "v1": []}
        for number in range(options.rounds + 1):
            print(f"  round {number} of {options.rounds}", file=sys.stderr)
            arms = ["task", "v1"] if number % 2 else ["v1", "task"]
            for arm in arms:
                streams = asyncio.run(run_arm(arm, house.url, house.token, options))
                lengths = {len(each.times) for each in streams}
                assert lengths == {options.tokens}, f"{arm}: streams of {lengths} tokens, not of {options.tokens}"
                if number == 0:
                    continue  # warming up
                first[arm].append(statistics.median(each.times[0] for each in streams))
                late[arm].append(percentile([delay for each in streams for delay in lateness(each)], 0.99))
        added_first = [task - chat for task, chat in zip(first["task"], first["v1"])]
        added_late = [task - chat for task, chat in zip(late["task"], late["v1"])]
        result = {
            "streams": options.streams,
            "fsync_delay_ms": options.fsync_delay_ms,
            "fsync_seconds": fsync,
            "first_token_seconds": {arm: spread(values) for arm, values in first.items()},
            "late_p99_seconds": {arm: spread(values) for arm, values in late.items()},
            "added_first_token_seconds": spread(added_first),
            "added_late_p99_seconds": spread(added_late),
        }
        for arm in first:
            print(
                f"{arm:>5}  first token {1000 * statistics.median(first[arm]):.1f} ms   "
                f"token late, p99 {1000 * statistics.median(late[arm]):.1f} ms"
            )
        fsyncs = statistics.median(added_first) / fsync
        limit = 2 * fsync * 1000 + 2
        report(
            "tasks",
            house,
            before,
            result,
            [
                ("fsyncs added to the first token", fsyncs, 4, "at most"),
                ("ms added to a token's delay, p99", 1000 * statistics.median(added_late), limit, "at most"),
            ],
        )
    finally:
        house.close()


if __name__ == "__main__":
    main()
