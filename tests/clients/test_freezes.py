"""Processes that stand still for longer than leases and presence last, and then go on as if nothing had been.

A stopped process (SIGSTOP) is what a suspended machine, a stalled disk or a debugger make of it: all its clocks and
connections are there again, and it does not know.
"""

import concurrent.futures
import contextlib
import signal
import time

import pytest

from histories import Load, check_records, prompts, undisturbed_texts, wait_for_free_slots
from house import House, wait_until
from tasks import only_stored, stored, stream, submitted, text, view

MODEL = "sim:frozen?slots=2&prefill=100000&decode=40&seed=1"
CONFIG = '[heartbeat]\ninterval = "500ms"\nmissed = 2\n[tasks]\nlease = "3s"\n'
PATIENCE = 120.0


@pytest.fixture
def house():
    with House(config=CONFIG) as house:
        yield house.up(MODEL)


@pytest.fixture
def impatient():
    """A house whose pool manager gives a worker that stands still up soon."""
    with House(config=CONFIG + '[worker]\nsilence = "10s"\n') as house:
        yield house.up(MODEL)


@contextlib.contextmanager
def frozen(house, pid):
    house.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        house.kill(pid, signal.SIGCONT)


def at(house, worker, method, path, body=None):
    """The worker's own answer."""
    at_worker = type(house).__new__(type(house))
    at_worker.url = worker["url"]
    secret = house.worker_record(worker["id"])["secret"]
    return at_worker.request(method, path, body, secret, {"X-Rbees-Epoch": "1"})


def metric(house, worker, name):
    answer = at(house, worker, "GET", "/metrics")
    lines = [line.split() for line in answer.body.decode().splitlines() if line.startswith(name)]
    return sum(float(line[-1]) for line in lines)


def node_state(house):
    return house.request("GET", "/v2/nodes", token=house.token).json()[0]["state"]


def loaded(house):
    """A worker; nobody asked for one before."""
    assert house.request("POST", "/v2/workers", {"model": MODEL}, house.token).status == 202
    return wait_until("a worker is ready", lambda: house.ready_workers(MODEL))[0]


def start_pool_manager_again(house):
    before = house.pid_of("pool-managerd")
    house.kill(before)
    wait_until("another pool manager is there", lambda: house.pid_of("pool-managerd") not in (None, before))
    wait_until("the node is back", lambda: node_state(house) == "ready")


def judge(house, load, undisturbed):
    load.end()
    load.check(undisturbed, house.logs())
    check_records(house, load.accepted)
    wait_for_free_slots(house)


def test_a_frozen_pool_manager_disturbs_nobody(house):
    settings = {"model": MODEL, "tokens": 10, "among": prompts(2)}
    undisturbed = undisturbed_texts(house, **settings)
    worker = house.ready_workers(MODEL)[0]
    load = Load(house, 2, 1, **settings)
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2}

    with frozen(house, house.pid_of("pool-managerd")):
        wait_until("the node is lost", lambda: node_state(house) == "lost")
        done = len(load.accepted)
        wait_until("tasks are accepted and done meanwhile", lambda: len(load.accepted) >= done + 6)
        assert house.request("POST", "/v1/chat/completions", body, house.token).status == 200

    wait_until("the node is back", lambda: node_state(house) == "ready")
    judge(house, load, undisturbed)
    assert [each["pid"] for each in house.ready_workers(MODEL)] == [worker["pid"]]


def test_an_order_that_a_frozen_pool_manager_missed_is_carried_out_when_it_goes_on(house):
    worker = loaded(house)
    pool = house.pid_of("pool-managerd")

    with frozen(house, pool):
        wait_until("the node is lost", lambda: node_state(house) == "lost")
        assert house.request("DELETE", f"/v2/workers/{worker['id']}", token=house.token).status == 202

    wait_until("the worker has ended", lambda: not house.workers())
    assert house.gone(worker["pid"])
    assert house.pid_of("pool-managerd") == pool, "it went on with heartbeats"


def test_an_orcd_that_was_frozen_for_longer_than_leases_goes_on_with_new_attempts(house):
    settings = {"model": MODEL, "tokens": 240, "among": prompts(1)}  # six seconds, twice as long as the lease
    undisturbed = undisturbed_texts(house, **settings)
    worker = house.ready_workers(MODEL)[0]
    load = Load(house, 2, 1, **settings)
    wait_until("tasks run", lambda: len(load.accepted) == 2)
    load.stop.set()

    with frozen(house, house.pid_of("rbees-orcd")):
        gave_up = "rbees_execution_leases_ended_total"
        wait_until("the worker gives them up", lambda: metric(house, worker, gave_up) == 2, PATIENCE)

    judge(house, load, undisturbed)
    assert [view(house, house.token, job)["attempt"] for job in load.accepted] == [2, 2]


def test_a_worker_that_was_frozen_for_longer_than_its_lease_is_not_heard_any_more(house):
    token = house.token
    undisturbed = text(stored(house, token, submitted(house, token, model=MODEL, max_tokens=120, seed=3)))
    task = submitted(house, token, model=MODEL, max_tokens=120, seed=3)
    with stream(house, token, task) as answer:
        coming = only_stored(answer)
        found = [next(coming) for _ in range(5)]
        first = next(each for each in house.ready_workers(MODEL) if each["slots_busy"])
        assert house.request("POST", "/v2/workers", {"model": MODEL}, token).status == 202
        wait_until("another worker is ready", lambda: len(house.ready_workers(MODEL)) == 2)

        with concurrent.futures.ThreadPoolExecutor(1) as reader, frozen(house, first["pid"]):
            rest = reader.submit(lambda: list(coming))
            wait_until("another attempt runs", lambda: view(house, token, task)["attempt"] == 2, PATIENCE)
        found += rest.result(PATIENCE)

    assert [name for _, name, _ in found].count("end") == 1
    assert text(found) == undisturbed
    assert view(house, token, task)["attempt"] == 2
    wait_until("the first worker has nothing to do", lambda: metric(house, first, "rbees_executions{") == 0)
    order = {"job_id": task, "attempt": 1, "operation": "chat", "request": {"messages": []}}
    assert at(house, first, "POST", "/execute", order).status == 409, "the attempt is over there, too"


def test_a_worker_that_never_answers_costs_a_task_no_attempt(house):
    token = house.token
    undisturbed = text(stored(house, token, submitted(house, token, model=MODEL, seed=3)))
    worker = house.ready_workers(MODEL)[0]

    with frozen(house, worker["pid"]):
        task = submitted(house, token, model=MODEL, seed=3)
        wait_until("its first attempt is over", lambda: view(house, token, task)["attempt"] > 1, PATIENCE)
        explained = house.request("GET", f"/v2/tasks/{task}/explain", token=token).json()

    assert explained["failures"] == 0, explained
    assert text(stored(house, token, task)) == undisturbed
    assert [each["pid"] for each in house.ready_workers(MODEL)] == [worker["pid"]], "it is not given up so soon"


def test_a_worker_that_stands_still_is_killed_and_another_one_takes_its_place(impatient):
    house, token = impatient, impatient.token
    undisturbed = text(stored(house, token, submitted(house, token, model=MODEL, max_tokens=120, seed=3)))
    worker = house.ready_workers(MODEL)[0]
    task = submitted(house, token, model=MODEL, max_tokens=120, seed=3)
    waits = submitted(house, token, model=MODEL, max_tokens=120, seed=3)

    with stream(house, token, task) as answer:
        coming = only_stored(answer)
        found = [next(coming) for _ in range(5)]
        house.kill(worker["pid"], signal.SIGSTOP)
        found += list(coming)

    assert text(found) == undisturbed
    assert text(stored(house, token, waits)) == undisturbed
    assert [view(house, token, each)["attempt"] for each in (task, waits)] == [2, 2], "one of each was in flight"
    assert house.gone(worker["pid"])
    assert len(house.ready_workers(MODEL)) == 1
    assert "the worker gave no answer for 10 s" in (house.home / "logs/orcd.log").read_text()


def test_a_worker_that_stands_still_while_its_pool_manager_starts_again_is_adopted_when_it_goes_on(house):
    worker = loaded(house)

    with frozen(house, worker["pid"]):
        start_pool_manager_again(house)
        assert [each["pid"] for each in house.ready_workers(MODEL)] == [worker["pid"]], "it is not given up"

    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2}
    assert house.request("POST", "/v1/chat/completions", body, house.token).status == 200
    assert [each["pid"] for each in house.workers()] == [worker["pid"]], "nobody else loaded the model"


def test_a_worker_that_stands_still_since_before_its_pool_manager_started_is_killed(impatient):
    house, token = impatient, impatient.token
    undisturbed = text(stored(house, token, submitted(house, token, model=MODEL, seed=3)))
    worker = house.ready_workers(MODEL)[0]

    house.kill(worker["pid"], signal.SIGSTOP)
    start_pool_manager_again(house)
    task = submitted(house, token, model=MODEL, seed=3)

    wait_until("its process is gone", lambda: house.gone(worker["pid"]), PATIENCE)
    assert text(stored(house, token, task)) == undisturbed
    serving = house.ready_workers(MODEL)
    assert len(serving) == 1
    assert serving[0]["id"] != worker["id"]
    assert "the worker gave no answer for 10 s" in (house.home / "logs/orcd.log").read_text()


def test_a_machine_that_slept_for_longer_than_all_leases_goes_on(house):
    settings = {"model": MODEL, "tokens": 240, "among": prompts(1)}
    undisturbed = undisturbed_texts(house, **settings)
    load = Load(house, 2, 1, **settings)
    wait_until("tasks run", lambda: len(load.accepted) == 2)
    load.stop.set()
    end = time.monotonic() + 5

    with contextlib.ExitStack() as asleep:
        for pid in house.processes():
            asleep.enter_context(frozen(house, pid))
        wait_until("leases are over", lambda: time.monotonic() > end)

    judge(house, load, undisturbed)
