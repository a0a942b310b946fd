"""A kernel that ends a process because its memory is short: in the middle of its work, and while it loads a model."""

import pytest

from conftest import needs, not_run
from house import House, wait_until
from memory import MemoryGroup, missing
from tasks import check_whole, stored, submitted, text, view

MODEL = "sim:short?slots=4&prefill=1000000&decode=10&context=1000000&seed=1"
LITTLE = 512 << 10  # bytes: less than a worker needs for the text below
LONG = "bees " * 200_000


@pytest.fixture(autouse=True)
def ground():
    if why := missing():
        not_run("cgroup", why)


@pytest.fixture
def house():
    with House() as house:
        yield house


def said_of_workers(house):
    return (house.home / "logs/pool.log").read_text()


def test_a_worker_that_the_kernel_ends_in_the_middle_costs_its_tasks_nothing(house):
    house.up(MODEL)
    house.must("models", "load", MODEL)
    undisturbed = text(stored(house, house.token, submitted(house, house.token, model=MODEL, max_tokens=40, seed=3)))
    worker = house.ready_workers(MODEL)[0]
    running = submitted(house, house.token, model=MODEL, max_tokens=40, seed=3)
    wait_until("it runs", lambda: view(house, house.token, running)["status"] == "running")

    with MemoryGroup(LITTLE) as group:
        group.hold(worker["pid"])
        heavy = submitted(house, house.token, model=MODEL, prompt=LONG)
        wait_until("the kernel ended the worker", lambda: group.kills() and house.gone(worker["pid"]))
    found = stored(house, house.token, running)

    assert check_whole(found) == 40 and text(found) == undisturbed
    assert check_whole(stored(house, house.token, heavy)) == 12
    assert view(house, house.token, running)["attempt"] == 2
    assert "killed by signal 9" in said_of_workers(house)
    assert house.ready_workers(MODEL)[0]["id"] != worker["id"]


def test_a_worker_that_the_kernel_ends_while_it_loads_is_told_and_loaded_when_there_is_room(house):
    house.up(MODEL)
    needs(house, "smollm2")

    with MemoryGroup(24 << 20) as group:
        group.hold(house.pid_of("pool-managerd"))  # whose workers are in its group
        chat = {"model": "smollm2", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2}
        refused = house.request("POST", "/v1/chat/completions", chat, house.token)
        kills = group.kills()
    house.must("models", "load", "smollm2")

    assert refused.status == 503
    told = refused.body.decode()
    assert "INSUFFICIENT_MEMORY" in told or (kills and "while it loaded the model (killed by signal 9" in told), told
    assert house.request("POST", "/v1/chat/completions", chat, house.token).status == 200
