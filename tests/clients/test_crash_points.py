"""Processes that die at each place with a name (lib/base/include/rbees/base/crash_point.hpp) under a load of tasks.

The sanitized programs of build/dev have these places. Each is reached while clients submit tasks under keys and follow
their streams; the process dies there, with code 137, and comes back; at the end what the clients saw is judged, as in
test_chaos.py.

RBEES_DEPTH says how often: quick once at the first pass; ci twice, and night twelve times, at passes that the seed
draws. RBEES_CHAOS_SEED repeats a plan.
"""

import collections
import contextlib
import os
import pathlib
import random
import signal
import time

import pytest

from conftest import not_run
from histories import Load, check_records, undisturbed_texts, wait_for_free_slots
from house import ROOT, House, NotInTime, wait_until
from tasks import body, stored, submit

DEPTH = os.environ.get("RBEES_DEPTH", "quick")
HOUSES = 1 if DEPTH == "quick" else 2  # while one daemon rests, the other house's is killed
ROUNDS = 6 if DEPTH == "night" else 1
SEED = int(os.environ.get("RBEES_CHAOS_SEED", random.SystemRandom().randrange(1 << 32)))
PROGRAMS = pathlib.Path(os.environ.get("RBEES_DEV_BIN", ROOT / "build/dev/bin"))
MODEL = "sim:crash?slots=4&prefill=100000&decode=40&seed=1"
CLIENTS = 3
SOON = 20.0
SUPERVISION = 10.5  # seconds; who dies more than four times within them stays down

ORCD, POOL, WORKER = "rbees-orcd", "pool-managerd", "rbees-workerd"

# Where each point is, up to which pass it may be ordered, and what is killed so that it is passed (None: tasks do).
OFTEN, PER_TASK, ONCE = 20, 3, 1
POINTS = {
    "before-append": (ORCD, OFTEN, None),
    "appended-not-synced": (ORCD, OFTEN, None),
    "synced-not-reported": (ORCD, OFTEN, None),
    "log-copied": (ORCD, ONCE, None),
    "cut-not-committed": (ORCD, 2, ORCD),
    "cut-committed": (ORCD, 2, ORCD),
    "synced-not-replied": (ORCD, OFTEN, None),
    "replied-effect-not-run": (ORCD, OFTEN, None),
    "spawn-run-not-recorded": (ORCD, ONCE, WORKER),
    "execute-run-not-recorded": (ORCD, PER_TASK, None),
    "recovered-not-serving": (ORCD, ONCE, ORCD),
    "during-reconcile": (ORCD, 2, ORCD),
    "node-registered": (ORCD, ONCE, ORCD),
    "frame-received-not-stored": (ORCD, OFTEN, None),
    "frame-stored-not-acknowledged": (ORCD, OFTEN, None),
    "end-received-not-stored": (ORCD, PER_TASK, None),
    "end-stored-not-acknowledged": (ORCD, PER_TASK, None),
    "task-answered": (ORCD, PER_TASK, None),
    "spawned-not-recorded": (POOL, ONCE, WORKER),
    "recorded-not-trusted": (POOL, ONCE, WORKER),
    "trusted-not-told": (POOL, ONCE, WORKER),
    "ready-not-told": (POOL, ONCE, WORKER),
    "during-adoption": (POOL, ONCE, POOL),
    "loaded-not-told": (WORKER, ONCE, WORKER),
    "order-taken-not-answered": (WORKER, PER_TASK, None),
    "token-made-not-sent": (WORKER, OFTEN, None),
    "token-sent-not-acknowledged": (WORKER, OFTEN, None),
    "end-made-not-sent": (WORKER, PER_TASK, None),
    "acknowledged-not-answered": (WORKER, PER_TASK, None),
}
IN_TESTS_OF_THEIR_OWN = {"during-erasure", "backup-copied", "backup-listed"}


@pytest.fixture(scope="module", autouse=True)
def programs():
    for name in ("rbees", ORCD, POOL, WORKER):
        if not (PROGRAMS / name).exists():
            not_run("crash-points", f"{PROGRAMS / name} is missing: tools/dev build")


class CrashHouse(House):
    """A house whose processes die where it is told: `arm` a point, and the next to pass it often enough is dead."""

    def __init__(self, orders, config=""):
        self.orders = orders  # name of a point: at which pass
        ordered = ",".join(f"{name}:{number}" for name, number in orders.items())
        super().__init__(PROGRAMS, config, {"RBEES_CRASH_AT": ordered})
        self.marks = self.folder / "crashes"
        self.marks.mkdir()
        self.environment["RBEES_CRASH_FOLDER"] = str(self.marks)
        self.deaths = {ORCD: [], POOL: [], WORKER: []}
        for name in orders:
            (self.marks / name).touch()

    def arm(self, point):
        (self.marks / point).unlink()

    def died_at(self, point):
        """The pid of the process that did."""
        try:
            return int((self.marks / point).read_text() or 0)
        except (FileNotFoundError, ValueError):
            return 0

    def rest(self, *programs):
        """Until the supervisor would restart them twice more."""

        def is_rested():
            now = time.monotonic()
            return all(sum(now - at < SUPERVISION for at in self.deaths[name]) <= 2 for name in programs)

        wait_until(f"{programs} may die again", is_rested, 2 * SUPERVISION)

    def kill_one(self, program):
        supervisor = self.pid_of("rbees-supervisor")
        pids = [pid for pid, name in self.processes().items() if name == program and pid != supervisor]
        if pids:
            self.deaths[program].append(time.monotonic())
            try:
                self.kill(pids[0], signal.SIGKILL)
            except (AssertionError, ProcessLookupError):
                pass  # it ended meanwhile

    def strike(self, point, provoke=None):
        """Somebody dies at the point; `provoke` makes it be passed. The rest of the house finds out by itself."""
        program, _, victim = POINTS.get(point, (ORCD, ONCE, None))
        self.rest(*({program, victim} - {None}))
        before = self.codes()
        self.arm(point)
        for _ in range(4):
            if victim:
                self.kill_one(victim)
            if provoke:
                provoke()
            try:
                wait_until(f"a process dies at {point}:{self.orders[point]}", lambda: self.died_at(point), 8)
                break
            except NotInTime:
                continue
        pid = self.died_at(point)
        assert pid, f"nobody passed {point}:{self.orders[point]}\n{self.logs()}"
        self.deaths[program].append(time.monotonic())
        wait_until(f"{program} {pid} is gone", lambda: self.gone(pid))
        if program != WORKER:  # the parent of an adopted one cannot know
            wait_until("the supervisor says that it ended with 137", lambda: self.codes() > before, SOON)
        wait_until("the house answers again", lambda: self.request("GET", "/health").status == 200, SOON)

    def codes(self):
        """How many daemons ended with 137, as the supervisor tells."""
        return (self.home / "logs/supervisor.log").read_text(errors="replace").count("exit code 137")


def orders_of(house):
    plan = random.Random(SEED + house)
    draw = (lambda most: 1) if DEPTH == "quick" else (lambda most: plan.randint(1, most))
    return {point: draw(most) for point, (_, most, _) in POINTS.items()}


def strikes():
    """Houses take turns, each with an order of its own."""
    orders = []
    for house in range(HOUSES):
        plan = random.Random(SEED + house)
        orders.append([point for _ in range(ROUNDS) for point in plan.sample(sorted(POINTS), len(POINTS))])
    return [(house, point) for points in zip(*orders) for house, point in enumerate(points)]


@pytest.fixture(scope="module")
def houses():
    config = '[storage]\njournal_keep = "5s"\n'
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(CrashHouse(orders_of(n), config)).up(MODEL) for n in range(HOUSES)]


@pytest.fixture(scope="module")
def undisturbed(houses):
    return undisturbed_texts(houses[0], model=MODEL, tokens=20)


@pytest.fixture(scope="module")
def loads(houses, undisturbed):
    print(f"RBEES_CHAOS_SEED={SEED}")
    loads = [Load(house, CLIENTS, SEED + n, model=MODEL, tokens=20) for n, house in enumerate(houses)]
    try:
        yield loads
    finally:
        for load in loads:
            load.stop.set()


def test_every_place_is_tried():
    with House(PROGRAMS, environment={"RBEES_CRASH_AT": "nowhere"}) as house:
        done = house.run(ORCD, "--home", str(house.home), "--listen", "127.0.0.1:0", seconds=20)

    assert done.returncode == 1
    assert '"nowhere"' in done.stderr
    listed = {line.split()[0] for line in done.stderr.splitlines()[1:] if line.startswith("  ")}
    assert listed == set(POINTS) | IN_TESTS_OF_THEIR_OWN


@pytest.fixture(scope="module")
def tried():
    """How often each strike has been tried: (house, point)."""
    return collections.Counter()


def strike(houses, loads, tried, number, point):
    assert all(client.error is None for client in loads[number].clients), houses[number].logs()
    tried[number, point] += 1
    houses[number].strike(point)


@pytest.mark.parametrize(("number", "point"), strikes(), ids=lambda value: str(value))
def test_a_process_dies_and_comes_back(houses, loads, tried, number, point):
    strike(houses, loads, tried, number, point)


@pytest.fixture(scope="module")
def ended(houses, loads, tried):
    """The loads, whose clients have seen the end of what they submitted. What the tests before this one did not strike,
    because they were not run, is struck now."""
    seen = collections.Counter()
    for each in strikes():
        seen[each] += 1
        if tried[each] < seen[each]:
            strike(houses, loads, tried, *each)
    for load in loads:
        load.end()
    return loads


def test_every_task_ended_once_and_every_stream_is_whole(houses, ended, undisturbed):
    for house, load in zip(houses, ended):
        assert len(load.accepted) >= CLIENTS, "the clients did nothing"
        load.check(undisturbed, (f"RBEES_CHAOS_SEED={SEED}", house.logs()))
        check_records(house, load.accepted)
    print(f"{[len(load.accepted) for load in ended]} tasks")


def test_every_key_gets_its_own_task_again(ended):
    for load in ended:
        assert load.accepted
        load.check_keys()


@pytest.mark.usefixtures("ended")
def test_slots_are_free_and_no_worker_is_nobodys(houses):
    for house in houses:
        wait_for_free_slots(house)
        known = {worker["pid"] for worker in house.workers() if worker.get("pid")}
        running = {pid for pid, name in house.processes().items() if name == WORKER}
        assert running <= known, (running, known)
        assert not [worker for worker in house.workers() if worker.get("orphan")]


@pytest.fixture
def lone(request):
    """A house of one point: its name is the test's parameter."""
    point, config = request.param
    with CrashHouse({point: 1}, config) as house:
        yield house.up()


def test_a_program_that_dies_at_every_start_is_named_and_stays_down():
    with House(PROGRAMS, environment={"RBEES_CRASH_AT": "recovered-not-serving"}) as house:
        down = house.home / "state/rbees-orcd.down"
        refused = house.rbees("up", "--listen", "127.0.0.1:0")
        assert refused.returncode == 1 and "rbees-orcd died while it started" in refused.stderr

        down.unlink(missing_ok=True)
        supervisor = house.start(ORCD, "--supervise", "--home", str(house.home), "--listen", "127.0.0.1:0")
        wait_until("it is given up", down.exists, SOON)

        assert "stays down after 5 starts" in down.read_text() and "exit code 137" in down.read_text()
        status = house.rbees("status")
        assert status.returncode == 1 and "stays down after 5 starts" in status.stdout + status.stderr
        supervisor.terminate()
        supervisor.wait(SOON)


def test_a_task_that_kills_each_of_its_workers_is_given_up_and_the_house_lives():
    with House(PROGRAMS, environment={"RBEES_CRASH_AT": "order-taken-not-answered"}) as house:
        token = house.up().token
        task = submit(house, token, body()).json()["job_id"]

        found = stored(house, token, task)

        assert found[-1][1] == "error"
        status = house.request("GET", f"/v2/tasks/{task}", token=token).json()
        assert (status["status"], status["attempt"]) == ("dead_letter", 5)
        assert "worker" in status["error"]["message"]
        assert house.request("GET", "/health").status == 200
        check_records(house, [])


@pytest.mark.parametrize("lone", [("during-erasure", '[tasks]\nretain = "1s"\n')], indirect=True, ids=["erasure"])
def test_an_erasure_that_was_cut_short_is_done_to_its_end(lone):
    token = lone.token
    tasks = [submit(lone, token, body()).json()["job_id"] for _ in range(4)]
    for task in tasks:
        assert stored(lone, token, task)[-1][1] == "end"
    threshold = time.monotonic() + 1.5
    wait_until("they are old", lambda: time.monotonic() > threshold)

    lone.strike("during-erasure", lambda: lone.kill_one(ORCD))

    def is_erased(task):
        return lone.request("GET", f"/v2/tasks/{task}/events", token=token).status == 410

    wait_until("the text of all is erased", lambda: all(is_erased(task) for task in tasks), SOON)
    check_records(lone, tasks)


@pytest.mark.parametrize("lone", [(name, "") for name in ("backup-copied", "backup-listed")], indirect=True)
def test_a_backup_that_was_cut_short_is_none(lone):
    submit(lone, lone.token, body())
    target = lone.folder / "backup.db"

    lone.strike(next(iter(lone.orders)), lambda: lone.rbees("backup", "create", str(target)))

    assert not target.exists()
    assert lone.rbees("backup", "verify", str(target)).returncode == 1
    lone.must("backup", "create", str(target))
    lone.must("backup", "verify", str(target))
