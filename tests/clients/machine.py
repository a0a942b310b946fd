"""A house without a supervisor whose rbees-orcd loses its power: nobody starts it but the test."""

import socket
import subprocess

from disk import FaultyDisk
from house import House, wait_until

BOOT_SECONDS = 30


def free_port():
    """One that nobody has at the moment: the orchestrator must be found there again after each boot."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Machine(House):
    """`url` and `token` stay the same through all its lives."""

    def __init__(self):
        super().__init__()
        self.disk = FaultyDisk(self.home / "state", self.programs, only="orcd.db", power=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.running = {}

    def start_daemon(self, name, *arguments, environment):
        """As a supervisor does it."""
        logs = self.home / "logs"
        logs.mkdir(exist_ok=True)
        command = [str(self.programs / name), "--home", str(self.home), *arguments]
        with open(logs / f"{name}.log", "ab") as log:
            self.running[name] = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stderr=log)

    def is_running(self, name):
        return name in self.running and self.running[name].poll() is None

    def boot(self):
        """Starts what does not run. The disk may fail again before anybody hears of it."""
        if not self.is_running("rbees-orcd"):
            powered = self.environment | self.disk.environment
            self.start_daemon("rbees-orcd", "--listen", f"127.0.0.1:{self.port}", environment=powered)
        if not self.is_running("pool-managerd"):
            self.start_daemon("pool-managerd", environment=self.environment)

    def wait_until_healthy(self):
        wait_until("orcd answers", lambda: self.request("GET", "/health").status == 200, BOOT_SECONDS)
        wait_until("a pool manager is there", self.is_ready, BOOT_SECONDS)

    def is_ready(self):
        return self.request("GET", "/ready", token=self.token).status == 200

    def wait_until_dead(self):
        """The exit code of rbees-orcd."""
        return self.running["rbees-orcd"].wait(BOOT_SECONDS)

    def kill_everything(self):
        for pid in self.processes():
            try:
                self.kill(pid)
            except (AssertionError, ProcessLookupError):
                pass  # it ended meanwhile
        for process in self.running.values():
            process.wait(BOOT_SECONDS)

    def verify(self):
        """Checks the journal as it lies on the disk, without rbees-orcd; the boot of the disk comes first."""
        command = [str(self.programs / "rbees"), "--home", str(self.home), "audit", "verify", "--file"]
        command.append(str(self.home / "state/orcd.db"))
        done = subprocess.run(
            command, env=self.environment | self.disk.environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def close(self):
        self.kill_everything()
        return super().close()
