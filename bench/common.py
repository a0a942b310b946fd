"""What the measurements share: the house, conditions, interleaved rounds, medians, and a client that costs little."""

import argparse
import asyncio
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time
import urllib.parse

sys.dont_write_bytecode = True
ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/clients"))

from disk import FaultyDisk  # noqa: E402
from house import House, wait_until  # noqa: E402

__all__ = [
    "House",
    "Stream",
    "add_fsync_delay",
    "arguments",
    "conditions",
    "delay_fsyncs",
    "llama_prefix",
    "report",
    "spread",
    "stream",
    "wait_until",
]

IDLE_LOAD = 0.5
TEXT_MARK = b'"content":"'


def arguments(description, rounds):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=rounds, help=f"interleaved rounds (default {rounds})")
    parser.add_argument("--bin", help="folder of the programs (default build/release/bin)")
    return parser


def add_fsync_delay(parser):
    parser.add_argument("--fsync-delay-ms", type=int, default=0, help="added to each fsync below state/ (default 0)")


def delay_fsyncs(environment, folder, milliseconds, programs):
    """What is started with this environment waits so much longer for each fsync below the folder."""
    if milliseconds:
        disk = FaultyDisk(folder, programs)
        disk.set(f"slow {milliseconds}")
        environment |= disk.environment


def first_line(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()[0]
    except (OSError, IndexError):
        return "unknown"


def conditions(house):
    """Where and when this was measured; figures without it mean nothing."""
    cpu = [line.split(": ")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    return {
        "at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "cpu": cpu[0] if cpu else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "load": os.getloadavg()[0],
        "kernel": platform.release(),
        "rbees": json.loads(house.run("rbees", "version", "--json").stdout or "null"),
        "commit": first_line("git", "-C", str(ROOT), "describe", "--always", "--dirty"),
        "llama.cpp": (llama_prefix() / "RECIPE").read_text().splitlines()[0],
    }


def llama_prefix():
    done = subprocess.run([str(ROOT / "third_party/llama/build.sh")], stdout=subprocess.PIPE, text=True, check=True)
    return pathlib.Path(done.stdout.strip())


def spread(values):
    """Median and quartiles; of few values the quartiles are the least and the greatest."""
    values = sorted(values)
    if len(values) < 4:
        return {"median": statistics.median(values), "low": values[0], "high": values[-1], "count": len(values)}
    low, median, high = statistics.quantiles(values, n=4)
    return {"median": median, "low": low, "high": high, "count": len(values)}


def report(name, house, before, result, goals):
    """Prints the result and its conditions, keeps both under bench/results, and says which goals are reached.

    `goals` are (what, value, limit, "at least" or "at most").
    """
    after = conditions(house)
    noisy = before["load"] > IDLE_LOAD
    print(f"\n{name} on {after['cpu']}, {after['cores']} cores, load {before['load']:.2f} before")
    for what, value, limit, side in goals:
        good = value >= limit if side == "at least" else value <= limit
        print(f"  {'reached' if good else 'MISSED '}  {what}: {value:.4g} ({side} {limit:g})")
    if noisy:
        print(f"  the machine was not idle (load {before['load']:.2f} > {IDLE_LOAD}): these figures do not count")
    folder = ROOT / "bench/results"
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}-{after['at'].replace(':', '')[:17]}.json"
    kept = {"conditions": after | {"load_before": before["load"]}, "result": result}
    kept["goals"] = [dict(zip(("what", "value", "limit", "side"), goal)) for goal in goals]
    file.write_text(json.dumps(kept, indent=2) + "\n")
    print(f"  kept in {file.relative_to(ROOT)}")


class Stream:
    """What came of one streamed answer; times are seconds after the request was sent."""

    def __init__(self):
        self.sent = time.perf_counter()
        self.first = None  # text
        self.end = None
        self.arrivals = []  # of every event that has text
        self.usage = {}
        self.finish = None
        self.text = ""


async def stream(url, body, key=None, on_text=None):
    """Posts the body as a streamed chat. Bytes are only searched while they come; JSON is read after the end."""
    address = urllib.parse.urlsplit(url)
    data = json.dumps(body | {"stream": True, "stream_options": {"include_usage": True}}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
    if key:
        head += f"Authorization: Bearer {key}\r\n"
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=1 << 20)
    try:
        result = Stream()
        writer.write(head.encode() + f"Content-Length: {len(data)}\r\n\r\n".encode() + data)
        pieces = []
        tail = b""  # what may be the beginning of a mark that two pieces share
        while piece := await reader.read(65536):
            if count := (tail + piece).count(TEXT_MARK):
                now = time.perf_counter() - result.sent
                result.first = result.first or now
                result.arrivals.extend([now] * count)
                if on_text:
                    on_text(result)
            tail = (tail + piece)[1 - len(TEXT_MARK) :]
            pieces.append(piece)
            if b"[DONE]" in piece:
                break
            if len(pieces) == 1 and not piece.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"{url} refused: {piece[:600].decode(errors='replace')}")
        result.end = time.perf_counter() - result.sent
    finally:
        writer.close()
    read_events(result, b"".join(pieces))
    return result


def read_events(result, answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    if b"chunked" in head.lower():
        body = b"".join(chunks_of(body))
    for line in body.decode().split("\n\n"):
        if not line.startswith("data: {"):
            continue
        event = json.loads(line[6:])
        if "error" in event:
            raise RuntimeError(f"the stream broke: {event['error']}")
        result.usage = event.get("usage") or result.usage
        for choice in event["choices"]:
            result.text += choice["delta"].get("content") or ""
            result.finish = choice.get("finish_reason") or result.finish


def chunks_of(body):
    while body:
        size, _, rest = body.partition(b"\r\n")
        length = int(size, 16)
        if length == 0:
            return
        yield rest[:length]
        body = rest[length + 2 :]
