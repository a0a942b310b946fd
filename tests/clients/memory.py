"""A memory limit of the kernel for single processes of a house: a control group of version 1 or 2, as the machine has.

What a process had before it came into the group is not counted there; what it takes from then on is, and where that is
too much the kernel ends it with SIGKILL.
"""

import os
import pathlib
import uuid

from house import wait_until

ROOT = pathlib.Path("/sys/fs/cgroup")


class MemoryGroup:
    """Gone at the end of the `with`; its processes go back to where they were. OSError where there can be none."""

    def __init__(self, limit):
        self.is_old = (ROOT / "memory/memory.limit_in_bytes").exists()
        self.parent = ROOT / "memory" if self.is_old else ROOT
        self.folder = self.parent / f"rbees-{uuid.uuid4().hex}"
        self.origin = self.parent
        self.folder.mkdir()
        try:
            self.set_limit(limit)
        except OSError:
            self.folder.rmdir()
            raise

    def set_limit(self, limit):
        (self.folder / ("memory.limit_in_bytes" if self.is_old else "memory.max")).write_text(str(limit))
        swap = self.folder / ("memory.memsw.limit_in_bytes" if self.is_old else "memory.swap.max")
        if swap.exists():
            swap.write_text(str(limit) if self.is_old else "0")

    def hold(self, pid):
        told = pathlib.Path(f"/proc/{pid}/cgroup").read_text()
        lines = (line.split(":", 2) for line in told.splitlines())
        names = {controllers: name.lstrip("/") for _, controllers, name in lines}
        self.origin = self.parent / names["memory" if self.is_old else ""]
        (self.folder / "cgroup.procs").write_text(str(pid))

    def kills(self):
        """How many processes the kernel has ended here."""
        told = (self.folder / ("memory.oom_control" if self.is_old else "memory.events")).read_text()
        return next(int(line.split()[1]) for line in told.splitlines() if line.startswith("oom_kill "))

    def is_empty(self):
        for pid in (self.folder / "cgroup.procs").read_text().split():
            (self.origin / "cgroup.procs").write_text(pid)
        return not (self.folder / "cgroup.procs").read_text()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        wait_until("nobody is in the group", self.is_empty)
        self.folder.rmdir()


def missing():
    """Why there can be no such group here; None if there can."""
    try:
        with MemoryGroup(1 << 30) as group:
            group.kills()
    except (OSError, StopIteration) as error:
        return str(error) or "the kernel does not tell whom it ended"
    return None if os.geteuid() == 0 else "only root moves processes"
