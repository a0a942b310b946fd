#!/usr/bin/env python3
"""How much faster than real time rbees-sim runs, on one core."""

import json
import subprocess

from common import House, arguments, conditions, report, spread


def run(house, first, seeds):
    """What `rbees-sim run` says of so many seeds."""
    command = [str(house.programs / "rbees-sim"), "run", "--json", "--jobs", "1"]
    command += ["--from", str(first), "--seeds", str(seeds)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def main():
    parser = arguments(__doc__, rounds=5)
    parser.add_argument("--seeds", type=int, default=200, help="of each round (default 200)")
    options = parser.parse_args()
    house = House(options.bin)
    try:
        before = conditions(house)
        run(house, 1, 10)
        rounds = [run(house, 1 + number * options.seeds, options.seeds) for number in range(options.rounds)]
        result = {
            "times_real_time": spread([each["times_real_time"] for each in rounds]),
            "seeds_a_second": spread([each["seeds"] / each["real_s"] for each in rounds]),
            "steps_a_second": spread([each["steps"] / each["real_s"] for each in rounds]),
            "steps_of_the_shortest_run": min(each["steps_least"] for each in rounds),
        }
        for name, value in result.items():
            print(f"{name:<28} {value}")
        goals = [
            ("times real time", result["times_real_time"]["median"], 1_000, "at least"),
            ("steps of the shortest run", result["steps_of_the_shortest_run"], 2_000, "at least"),
        ]
        report("simulator", house, before, result, goals)
    finally:
        house.close()


if __name__ == "__main__":
    main()
