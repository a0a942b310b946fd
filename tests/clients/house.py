"""A rbees of one's own for a test or a measurement: a home in a folder that goes away, the real programs, their pids.

Every process that is started carries MARK in its environment, so that what belongs to the house is known for certain
and nothing else is ever signalled.
"""

import http.client
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.parse
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
MARK = "RBEES_TEST_HOUSE"
COMMAND_SECONDS = 180  # a pull may have to fetch a model


class NotInTime(AssertionError):
    """What was waited for did not happen."""


def wait_until(what, found, seconds=20.0):
    """The first result of `found` that is not false; asks every 20 ms and gives up after `seconds`.

    Nobody there, or a connection that breaks, is asked again. An assertion that fails in `found` fails at once: what
    may happen meanwhile is a condition.
    """
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    last = None
    while True:
        try:
            if result := found():
                return result
        except (OSError, http.client.HTTPException) as error:
            last = error
        if time.monotonic() > deadline:
            raise NotInTime(f"not within {seconds:g} s: {what}" + (f" (last: {last})" if last else ""))
        pause.wait(0.02)


class Answer:
    """A whole HTTP answer."""

    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:500]!r}"


class House:
    """Not thread-safe but for `request`. `close` takes everything down and deletes the folder; so does the end of a
    `with`, where it is a failure that `down` left something running."""

    prefix = ()  # of every command: what it is run under
    patience = 60  # seconds without a byte, then a connection is given up

    def __init__(self, programs=None, config="", environment=None):
        self.programs = pathlib.Path(programs or os.environ.get("RBEES_BIN") or ROOT / "build/release/bin")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rbees-house-"))
        self.home = self.folder / "home"
        self.home.mkdir(mode=0o700)
        if config:
            (self.home / "config.toml").write_text(config)
        self.mark = uuid.uuid4().hex
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("RBEES_")}
        if "RBEES_CACHE" in os.environ:
            self.environment["RBEES_CACHE"] = os.environ["RBEES_CACHE"]
        self.environment[MARK] = self.mark
        self.environment.update(environment or {})
        self.url = ""

    def run(self, program, *arguments, seconds=COMMAND_SECONDS):
        """The finished process, whatever its exit code."""
        command = [*self.prefix, str(self.programs / program), *arguments]
        return subprocess.run(
            command, env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds
        )

    def start(self, program, *arguments, stderr=subprocess.DEVNULL):
        """The running process; whoever starts it ends it."""
        command = [*self.prefix, str(self.programs / program), *arguments]
        return subprocess.Popen(
            command,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=stderr,
        )

    def rbees(self, *arguments, seconds=COMMAND_SECONDS):
        return self.run("rbees", "--home", str(self.home), *arguments, seconds=seconds)

    def must(self, *arguments, seconds=COMMAND_SECONDS):
        """What the command printed; an AssertionError with all it said if it failed."""
        done = self.rbees(*arguments, seconds=seconds)
        said = f"rbees {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == 0, said
        return done.stdout

    def up(self, model="sim:demo", listen="127.0.0.1:0"):
        self.must("up", model, *(("--listen", listen) if listen else ()))
        self.url = self.status()["url"]
        return self

    def down(self):
        return self.must("down")

    def status(self):
        return json.loads(self.must("status", "--json"))

    def pid_of(self, name):
        """The pid of a daemon that runs, as `rbees status` names it; None if it does not."""
        done = self.rbees("status", "--json")
        if not done.stdout.startswith("{"):
            return None
        processes = json.loads(done.stdout)["processes"]
        running = [each["pid"] for each in processes if each["name"] == name and each["state"] == "running"]
        return running[0] if running else None

    def pid_of_program(self, name):
        """The pid of a process of the house with that program; None if there is none."""
        return next((pid for pid, program in self.processes().items() if program == name), None)

    def workers(self):
        return json.loads(self.must("workers", "list", "--json"))

    def ready_workers(self, model):
        return [each for each in self.workers() if each["model"] == model and each["state"] == "ready"]

    @property
    def token_file(self):
        return self.home / "secrets/admin.token"

    @property
    def token(self):
        return self.token_file.read_text().strip()

    def connection(self):
        """A new connection to orcd, for whoever closes it."""
        address = urllib.parse.urlsplit(self.url)
        return http.client.HTTPConnection(address.hostname, address.port, timeout=self.patience)

    def request(self, method, path, body=None, token=None, headers=None):
        """One HTTP request on a connection of its own. A body that is no bytes is sent as JSON."""
        connection = self.connection()
        sent = dict(headers or {})
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        try:
            connection.request(method, path, body=body, headers=sent)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def worker_record(self, worker):
        """What the pool manager keeps of a worker: pid, port, secret."""
        return json.loads((self.home / "state/workers" / f"{worker}.json").read_text())

    def processes(self):
        """Pid and name of every process of this house, dead or alive by its own account: /proc says it."""
        found = {}
        mark = f"{MARK}={self.mark}".encode()
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                if mark in (entry / "environ").read_bytes().split(b"\0"):
                    found[int(entry.name)] = pathlib.Path(os.readlink(entry / "exe")).name
            except OSError:
                continue  # it ended meanwhile, or belongs to somebody else
        return found

    def kill(self, pid, number=signal.SIGKILL):
        """Signals a process of this house, and no other."""
        assert pid in self.processes(), f"{pid} is no process of this house"
        os.kill(pid, number)

    def gone(self, pid):
        return pid not in self.processes()

    def logs(self):
        """The ends of all logs, for a failed test's report."""
        text = ""
        for file in sorted((self.home / "logs").glob("*.log")):
            text += f"--- {file.name}\n" + "\n".join(file.read_text(errors="replace").splitlines()[-25:]) + "\n"
        return text

    def __enter__(self):
        return self

    def __exit__(self, failure, *_):
        left = self.close()
        assert failure or not left, f"`rbees down` left processes running: {left}"

    def close(self):
        """Takes the house down. What `down` left, killed now: pids and names."""
        left = {}
        try:
            self.rbees("down", "--timeout", "20s", seconds=60)
            left = self.processes()
            for pid in left:
                self.kill(pid)
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
        return left
