"""What the whole house does when its disk loses its power, fails, or fills up (tests/faults), under a load of tasks.

As in test_chaos.py, what counts is what the clients were told: nothing that was accepted is lost, no result comes
twice, no stream has a gap, a repeat or two ends, and the journal is whole.

RBEES_DISK_SEED repeats a plan; RBEES_DEPTH says how many power cuts (quick 5, ci 50, night 200).
"""

import os
import random
import resource
import shutil
import threading
import time

import pytest

from disk import FaultyDisk
from histories import Load, check_records, undisturbed_texts
from house import House, wait_until
from machine import Machine
from tasks import SLOW, check_whole, stored, submit, submitted, view

DEPTH = os.environ.get("RBEES_DEPTH", "quick")
CUTS = {"quick": 5, "ci": 50, "night": 200}[DEPTH]
ERRORS = {"quick": 2, "ci": 6, "night": 40}[DEPTH]
SEED = int(os.environ.get("RBEES_DISK_SEED", random.SystemRandom().randrange(1 << 32)))
MODEL = "sim:disk?slots=4&prefill=100000&decode=40&seed=1"
WIDE = "sim:wide?slots=1&prefill=10000000&decode=10&context=1000000"
CLIENTS = 4
SYNCS = 80  # at most in a life that ends in the middle of one
MENDING_SECONDS = 90  # orcd looks once a minute at the latest
TRIAL_FAILED = "the journal still cannot be opened for writing"
LIFE = 0.8  # seconds at most of a life that ends between two


def finish(load, undisturbed):
    """Lets its clients see the end of what they submitted, and judges all of it. How many tasks it was."""
    load.end()
    house = load.clients[0].house
    assert len(load.accepted) >= CLIENTS, "the clients did nothing"
    load.check(undisturbed, house.logs())
    check_records(house, load.accepted)
    load.check_keys()
    return len(load.accepted)


@pytest.fixture
def machine():
    with Machine() as machine:
        machine.boot()
        machine.wait_until_healthy()
        machine.must("models", "load", MODEL)
        yield machine


def test_power_cuts_lose_nothing_that_was_answered(machine):
    print(f"RBEES_DISK_SEED={SEED}")
    plan = random.Random(SEED)
    undisturbed = undisturbed_texts(machine, model=MODEL)
    load = Load(machine, CLIENTS, SEED, model=MODEL)
    for cut in range(CUTS):
        in_a_sync = plan.random() < 0.7
        if in_a_sync:
            machine.disk.set(f"cut-at-sync {plan.randint(1, SYNCS)}", f"seed {plan.getrandbits(31)}")
        machine.boot()
        if not in_a_sync:
            threading.Event().wait(plan.uniform(0.02, LIFE))
            machine.kill(machine.running["rbees-orcd"].pid)
        assert machine.wait_until_dead() == -9, (cut, machine.logs())
        if plan.random() < 0.1:
            machine.kill_everything()
        machine.verify()
    machine.boot()
    machine.wait_until_healthy()
    print(f"{finish(load, undisturbed)} tasks, {CUTS} power cuts")


def test_a_disk_that_lies_about_its_syncs_loses_what_was_answered(machine):
    """Nothing can be promised there; and it shows that the cuts of the test above would find a missing fsync."""
    machine.disk.set("lie")
    task = submitted(machine, machine.token, model=MODEL)
    machine.kill(machine.running["rbees-orcd"].pid)
    machine.wait_until_dead()
    machine.disk.mend()
    machine.boot()
    machine.wait_until_healthy()

    assert machine.request("GET", f"/v2/tasks/{task}", token=machine.token).status == 404


@pytest.fixture(scope="module")
def shared_broken():
    with House() as house:
        house.disk = FaultyDisk(house.home / "state", house.programs, only="orcd.db")
        house.environment |= house.disk.environment
        try:
            house.up(MODEL)
            house.must("models", "load", MODEL)
            house.must("models", "load", SLOW)
            yield house
        finally:
            house.disk.mend()


@pytest.fixture
def house(shared_broken):
    """A whole house, supervisor included, on a disk that each test breaks and mends."""
    try:
        yield shared_broken
    finally:
        shared_broken.disk.mend()
        if shared_broken.pid_of("rbees-orcd") is None:
            shared_broken.must("up", MODEL)  # for the tests that come after one that failed


def readiness(house):
    return house.request("GET", "/ready", token=house.token).json()


def wait_until_degraded(house, what):
    """The disk is looked at every second, or the daemon starts again."""
    wait_until(f"degraded: {what}", lambda: what in " ".join(readiness(house).get("degraded", [])))


def wait_until_good(house):
    wait_until("nothing is degraded", lambda: not readiness(house).get("degraded"))


def refusal(house):
    """What a new task is told."""
    problem = submit(house, house.token, status=507).json()
    assert problem["code"] == "STORAGE_FULL"
    return problem


def kill_all(house):
    for pid in house.processes():
        house.kill(pid)
    wait_until("all is dead", lambda: not house.processes())


def failed_storage(house):
    """How often orcd has ended because its disk failed, as the supervisor tells."""
    return (house.home / "logs/supervisor.log").read_text().count('"how":"exit code 75"')


def rest_before(deadline):
    """A supervisor gives up what it starts 5 times within 10 s."""
    threading.Event().wait(max(0.0, deadline - time.monotonic()))


class TestErrors:
    @pytest.mark.parametrize("fault", ["fsync-error", "write-error"])
    def test_what_failed_is_never_answered_and_all_else_is_done(self, house, fault):
        plan = random.Random(SEED)
        undisturbed = undisturbed_texts(house, model=MODEL)
        load = Load(house, CLIENTS, SEED, model=MODEL)
        already = failed_storage(house)
        for _ in range(ERRORS // 2):
            deadline = time.monotonic() + 2.6
            before = house.pid_of("rbees-orcd")
            house.disk.set(f"{fault} {plan.randint(1, SYNCS // 2)}")
            wait_until("the fault has struck", house.disk.has_struck, 60)
            wait_until("orcd has ended", lambda: house.gone(before))
            wait_until("orcd is back", lambda: house.request("GET", "/health").status == 200, 60)
            rest_before(deadline)

        finish(load, undisturbed)
        assert failed_storage(house) - already >= ERRORS // 2

    @pytest.mark.parametrize("fault", ["fsync-error 1 lasting", "read-only", "quota 0"])
    def test_a_disk_that_stays_broken_is_read_until_it_is_mended(self, house, fault):
        token = house.token
        running = submitted(house, token, model=SLOW, max_tokens=30)
        house.disk.set(fault)
        wait_until_degraded(house, "nothing can be recorded, only read")
        refused = refusal(house)
        listed = house.request("GET", "/v2/tasks?limit=100", token=token)
        chat = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 3}
        answered = wait_until(
            "a loaded model answers",
            lambda: (found := house.request("POST", "/v1/chat/completions", chat, token)).status == 200 and found,
        )
        found = house.rbees("doctor")
        before = house.pid_of("rbees-orcd")
        house.disk.mend()
        wait_until("orcd has ended", lambda: house.gone(before), MENDING_SECONDS)
        wait_until_good(house)

        assert found.returncode == 1 and "✗ rbees-orcd says: nothing can be recorded, only read" in found.stdout
        assert "could only be opened for reading" in refused["detail"] and "GET /ready" in refused["hint"]
        assert running in [each["id"] for each in listed.json()["tasks"]]
        assert answered.json()["choices"]
        assert check_whole(stored(house, token, running)) == 30
        submitted(house, token)
        house.must("audit", "verify")
        assert "✓ rbees-orcd records what it accepts" in house.must("doctor")

    def test_a_long_log_and_little_room_is_read_and_not_started_again_until_there_is_more(self, house):
        """There is room for a small file, but not for the log: only opening the journal shows that it would fail."""
        token = house.token
        house.must("models", "load", WIDE)
        running = submitted(house, token, model=SLOW, max_tokens=30)
        long = submitted(house, token, model=WIDE, prompt="bees " * 130_000)
        house.disk.set("quota 100000")  # for each process anew: much less than a third of the log
        house.kill(house.pid_of("rbees-orcd"))
        wait_until_degraded(house, "nothing can be recorded, only read")
        before = house.pid_of("rbees-orcd")
        log = house.home / "logs/orcd.log"
        failed = log.read_text().count(TRIAL_FAILED)
        wait_until("two trials have failed", lambda: log.read_text().count(TRIAL_FAILED) >= failed + 2, 60)
        after = house.pid_of("rbees-orcd")
        refusal(house)
        listed = house.request("GET", "/v2/tasks?limit=100", token=token).json()["tasks"]
        house.disk.mend()
        wait_until("orcd has ended", lambda: house.gone(before), MENDING_SECONDS)
        wait_until_good(house)
        assert house.request("POST", f"/v2/tasks/{long}/cancel", {}, token).status in (200, 202)

        assert after == before
        assert running in [each["id"] for each in listed]
        assert check_whole(stored(house, token, running)) == 30
        submitted(house, token)
        house.must("audit", "verify")

    def test_a_disk_that_takes_nothing_at_all_keeps_orcd_down_until_it_is_mended(self, house):
        """Not even the memory that readers of the database share can be made there."""
        running = submitted(house, house.token, model=SLOW, max_tokens=30)
        given_up = house.home / "state/rbees-orcd.down"
        house.disk.set("write-error 1 lasting")
        wait_until("orcd is given up", given_up.exists, 60)
        errors = (house.home / "logs/orcd.log").read_text()
        said = house.rbees("status")
        with pytest.raises(OSError):
            readiness(house)
        house.disk.mend()
        house.must("up", MODEL)
        house.url = house.status()["url"]

        assert "disk I/O error" in errors
        assert said.returncode != 0
        assert "rbees-orcd stays down after 5 starts" in said.stderr and "start it with: rbees up" in said.stderr, said
        assert check_whole(stored(house, house.token, running)) == 30
        house.must("audit", "verify")


class TestFullDisk:
    def test_below_the_watermark_only_new_work_is_refused(self, house):
        token = house.token
        running = submitted(house, token, model=SLOW, max_tokens=20)
        house.disk.set("full 300000000")
        wait_until_degraded(house, "no new work is accepted")
        problem = refusal(house)
        tokens = check_whole(stored(house, token, running))
        was_degraded = bool(readiness(house).get("degraded"))
        house.disk.mend()
        wait_until_good(house)

        assert tokens == 20 and was_degraded
        assert problem["retriable"] and problem["limit"] == "storage.watermark" and "free space" in problem["hint"]
        submitted(house, token)

    def test_near_the_reserve_tasks_stand_still_and_go_on_when_there_is_room(self, house):
        token = house.token
        tasks = [submitted(house, token, model=SLOW, max_tokens=30, prompt=f"task {n}") for n in range(6)]
        house.disk.set("full 100000000")
        wait_until_degraded(house, "only what ends something is recorded")
        still = [view(house, token, task)["status"] for task in tasks]
        house.disk.mend()
        wait_until_good(house)

        assert "completed" not in still
        for task in tasks:
            assert check_whole(stored(house, token, task)) == 30
        house.must("audit", "verify")

    def test_the_reserve_takes_ends_when_nothing_else_has_room(self, house):
        token = house.token
        reserve = house.home / "state/orcd.db.reserve"
        goes_on, ends = (submitted(house, token, model=SLOW, max_tokens=30) for _ in range(2))
        house.disk.set("full 0")
        wait_until_degraded(house, "only what ends something is recorded")
        answer = house.request("POST", f"/v2/tasks/{ends}/cancel", {}, token)
        wait_until("it is cancelled", lambda: view(house, token, ends)["status"] == "cancelled")
        was_given_up = not reserve.exists()
        house.disk.mend()
        wait_until_good(house)

        assert answer.status in (200, 202) and was_given_up
        assert reserve.stat().st_size == 16 << 20
        assert check_whole(stored(house, token, goes_on)) == 30

    def test_a_stop_is_clean_where_the_log_has_no_room_in_the_database(self, house):
        """Everything is on the disk already, in the log; the next start reads it there."""
        token = house.token
        house.must("down")
        house.up(MODEL, listen=None)  # with an empty log, which what follows does not make long enough to be copied
        house.must("models", "load", WIDE)
        long = submitted(house, token, model=WIDE, prompt="bees " * 100_000)
        house.request("POST", f"/v2/tasks/{long}/cancel", {}, token)
        wait_until("it is cancelled", lambda: view(house, token, long)["status"] == "cancelled")
        logged = house.home / "logs/orcd.log"
        before = len(logged.read_text())
        failed = failed_storage(house)
        house.disk.set("quota 100000")  # much less than the text
        stopped = house.rbees("down")
        said = logged.read_text()[before:]
        failed_at_the_stop = failed_storage(house) - failed
        house.disk.mend()
        house.up(MODEL, listen=None)

        assert stopped.returncode == 0 and "killed" not in stopped.stderr
        assert "no room to checkpoint the journal at the end" in said
        assert "storage failed" not in said and failed_at_the_stop == 0
        assert view(house, token, long)["status"] == "cancelled"
        house.must("audit", "verify")

    def test_a_limit_of_file_sizes_is_a_broken_disk_not_a_death_by_signal(self, lone):
        """`ulimit -f`: the signal that comes with it is ignored, so that the write fails and the log says it."""
        lone.up(SLOW)
        running = submitted(lone, lone.token, model=SLOW, max_tokens=30)
        for name in ("rbees-supervisor", "rbees-orcd"):
            resource.prlimit(lone.pid_of(name), resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
        wait_until_degraded(lone, "nothing can be recorded, only read")
        refused = refusal(lone)
        errors = (lone.home / "logs/orcd.log").read_text()
        kill_all(lone)
        lone.up(SLOW)

        assert "could only be opened for reading" in refused["detail"]
        assert "storage failed; nothing is acknowledged any more" in errors
        assert "signal" not in (lone.home / "logs/supervisor.log").read_text()
        assert check_whole(stored(lone, lone.token, running)) == 30


class TestFilesThatAreMissing:
    """A database without its log is whole by itself, and older: it must not be served as if nothing had happened."""

    @pytest.fixture
    def dead(self, lone):
        """A house that died at once, with what it knows in the log."""
        lone.up()
        for n in range(3):
            stored(lone, lone.token, submitted(lone, lone.token, max_tokens=3, prompt=f"task {n}"))
        kill_all(lone)
        return lone

    def refused(self, house):
        """What rbees-orcd says when it does not start."""
        done = house.run("rbees-orcd", "--home", str(house.home), "--listen", "127.0.0.1:0", seconds=20)
        assert done.returncode == 1, done
        verified = house.rbees("audit", "verify", "--file", str(house.home / "state/orcd.db"))
        assert verified.returncode == 1, verified
        return done.stderr

    @pytest.mark.parametrize("share", [0, 0.5, None], ids=["emptied", "cut", "removed"])
    def test_a_log_that_lost_something_is_refused_and_says_what_to_do(self, dead, share):
        log = dead.home / "state/orcd.db-wal"
        kept = dead.home / "kept-wal"
        shutil.copy(log, kept)
        if share is None:
            log.unlink()
        else:
            os.truncate(log, int(log.stat().st_size * share))
        said = self.refused(dead)
        shutil.copy(kept, log)
        dead.up()
        tasks = dead.request("GET", "/v2/tasks", token=dead.token).json()["tasks"]

        assert "orcd.db-wal was cut or removed" in said and "restore a backup" in said
        assert [each["status"] for each in tasks] == ["completed"] * 3

    def test_the_index_of_the_log_is_made_anew(self, dead):
        (dead.home / "state/orcd.db-shm").write_bytes(os.urandom(32768))
        dead.up()
        tasks = dead.request("GET", "/v2/tasks", token=dead.token).json()["tasks"]

        assert [each["status"] for each in tasks] == ["completed"] * 3
        dead.must("audit", "verify")

    def test_going_on_without_what_is_missing_is_a_decision_of_a_person(self, dead):
        (dead.home / "state/orcd.db-wal").unlink()
        self.refused(dead)
        (dead.home / "state/orcd.db.head").unlink()
        dead.up()

        stored(dead, dead.token, submitted(dead, dead.token))
        dead.must("audit", "verify")
