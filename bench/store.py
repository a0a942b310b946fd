#!/usr/bin/env python3
"""How fast records become durable in the journal: one writer, and 200 at once.

Runs store_bench (lib/store/bench), which measures the disk's own fsync beside it: a single writer can be no faster,
many writers share one. --fsync-delay-ms makes the disk slower.
"""

import os
import re
import subprocess
import sys
import tempfile
from statistics import median

from common import House, add_fsync_delay, arguments, conditions, delay_fsyncs, report, spread

FSYNC = re.compile(r"fdatasync p50 ([\d.]+) ms")
WRITERS = re.compile(r"(\d+) writers: +([\d.]+) records/s .* p50 ([\d.]+) p99 ([\d.]+)")


def measured(program, folder, options, programs):
    """The lines that the program prints, as (fsync, writers, records a second, p50, p99); times in ms."""
    environment = dict(os.environ)
    delay_fsyncs(environment, folder, options.fsync_delay_ms, programs)
    done = subprocess.run([str(program), folder], env=environment, stdout=subprocess.PIPE, text=True, check=True)
    fsync = None
    for line in done.stdout.splitlines():
        print(f"  {line}", file=sys.stderr)
        if found := FSYNC.match(line):
            fsync = float(found[1])
        elif found := WRITERS.search(line):
            yield fsync, int(found[1]), *(float(number) for number in found.groups()[1:])


def main():
    parser = arguments(__doc__.splitlines()[0], rounds=2)
    add_fsync_delay(parser)
    options = parser.parse_args()
    house = House(options.bin)
    program = house.programs.parent / "bench/store_bench"
    if not program.is_file():
        sys.exit(f"{program} is missing: tools/dev build -p release rbees_store_bench rbees-faulty-disk")
    try:
        before = conditions(house)
        lines = []
        for number in range(options.rounds):
            print(f"run {number + 1} of {options.rounds}", file=sys.stderr)
            with tempfile.TemporaryDirectory(prefix="rbees-store-", dir=house.folder) as folder:
                lines += measured(program, folder, options, house.programs)
        one = [line for line in lines if line[1] == 1]
        many = [line for line in lines if line[1] > 1]
        result = {
            "fsync_delay_ms": options.fsync_delay_ms,
            "fsync_ms": spread([line[0] for line in lines]),
            "one_writer_p50_ms": spread([line[3] for line in one]),
            "one_writer_p99_ms": spread([line[4] for line in one]),
            "writers": many[0][1],
            "records_a_second": spread([line[2] for line in many]),
            "many_writers_p50_ms": spread([line[3] for line in many]),
            "many_writers_p99_ms": spread([line[4] for line in many]),
        }
        added = median(line[3] - line[0] for line in one)
        goals = [
            ("records/s of 200 writers", median(line[2] for line in many), 10_000, "at least"),
            ("ms that one writer's p50 adds to an fsync", added, 1, "at most"),
        ]
        report("store", house, before, result, goals)
    finally:
        house.close()


if __name__ == "__main__":
    main()
