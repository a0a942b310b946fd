#!/usr/bin/env python3
"""How soon rbees-orcd is ready, what it needs at rest, and how long `rbees --help` and `rbees status` take."""

import os
import socket
import subprocess
import time

from common import House, arguments, conditions, report, spread, wait_until

SETTLE_SECONDS = 2  # until "idle" is idle


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def answers(port):
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def memory_of(pid):
    """Resident and proportional bytes."""
    text = open(f"/proc/{pid}/smaps_rollup").read()
    sizes = dict(line.split(":") for line in text.splitlines() if line.endswith("kB"))
    return {name: int(sizes[name].split()[0]) * 1024 for name in ("Rss", "Pss")}


def start_of_orcd(house, home):
    """Seconds from the start of the process to its first 200, then its memory at rest."""
    port = free_port()
    command = [str(house.programs / "rbees-orcd"), "--home", str(home), "--listen", f"127.0.0.1:{port}"]
    began = time.perf_counter()
    process = subprocess.Popen(command, env=house.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not answers(port):
            if process.poll() is not None or time.perf_counter() - began > 20:
                raise RuntimeError(f"rbees-orcd did not become ready (exit code {process.poll()})")
            time.sleep(0.0005)
        ready = time.perf_counter() - began
        time.sleep(SETTLE_SECONDS)
        return ready, memory_of(process.pid)
    finally:
        process.terminate()
        process.wait(20)


def time_of(house, *command):
    began = time.perf_counter()
    done = house.run(*command)
    seconds = time.perf_counter() - began
    assert done.returncode == 0, done.stderr
    return seconds


def main():
    options = arguments(__doc__.splitlines()[0], rounds=20).parse_args()
    house = House(options.bin)
    try:
        before = conditions(house)
        starts, memory = [], []
        fresh = []
        for number in range(max(3, options.rounds // 4)):
            home = house.folder / f"start-{number}"
            home.mkdir()
            fresh.append(start_of_orcd(house, home)[0])
            ready, resident = start_of_orcd(house, home)
            starts.append(ready)
            memory.append(resident)
        house.up()
        house.must("run", "Hello")
        commands = {"rbees --help": ["--help"], "rbees status": ["--home", str(house.home), "status"]}
        times = {name: [] for name in commands}
        for _ in range(options.rounds + 1):
            for name, command in commands.items():
                times[name].append(time_of(house, "rbees", *command))
        pid = house.pid_of("rbees-orcd")
        wait_until("it has served", lambda: house.request("GET", "/health").status == 200)
        result = {
            "ready_seconds_first_start": spread(fresh),
            "ready_seconds": spread(starts),
            "idle_rss_bytes": spread([each["Rss"] for each in memory]),
            "idle_pss_bytes": spread([each["Pss"] for each in memory]),
            "served_rss_bytes": memory_of(pid)["Rss"],
        } | {f"{name} seconds": spread(values[1:]) for name, values in times.items()}
        for name, value in result.items():
            print(f"{name:<28} {value}")
        goals = [
            ("ms until rbees-orcd is ready", result["ready_seconds"]["median"] * 1e3, 200, "at most"),
            ("MB that rbees-orcd has at rest", result["idle_rss_bytes"]["median"] / 1e6, 30, "at most"),
            ("ms of rbees --help", result["rbees --help seconds"]["median"] * 1e3, 100, "at most"),
            ("ms of rbees status", result["rbees status seconds"]["median"] * 1e3, 100, "at most"),
        ]
        report("startup", house, before, result, goals)
    finally:
        house.close()


if __name__ == "__main__":
    os.environ.pop("RBEES_HOME", None)
    main()
