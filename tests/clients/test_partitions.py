"""Networks that break between clients, orcd, pool manager and worker: in silence, one way, with a reset, or slowly.

Each test cuts a house under a load of tasks, heals it, and judges what the clients saw.
"""

import contextlib
import json
import socket
import struct
import time
import urllib.parse

import pytest

from conftest import not_run
from histories import Load, check_records, undisturbed_texts, wait_for_free_slots
from house import wait_until
from network import CLIENT, DAEMONS, NetHouse, missing
from tasks import TERMINAL, only_stored, stream, submitted, text

MODEL = "sim:far?slots=4&prefill=100000&decode=40&seed=1"
CONFIG = '[heartbeat]\ninterval = "500ms"\nmissed = 2\n[tasks]\nlease = "3s"\n'
CUT = 4.0  # seconds: longer than a silent node is trusted, and than a lease


@pytest.fixture(scope="module")
def house():
    if why := missing():
        not_run("netns", why)
    with NetHouse(config=CONFIG) as house:
        yield house.up(MODEL)


@pytest.fixture(scope="module")
def undisturbed(house):
    return undisturbed_texts(house, model=MODEL)


@pytest.fixture
def load(house, undisturbed):
    load = Load(house, 3, 1, model=MODEL)
    wait_until("tasks run", lambda: len(load.accepted) >= 3)
    try:
        yield load
    finally:
        load.stop.set()


def port_of(url):
    return str(urllib.parse.urlsplit(url).port)


def orcd_port(house):
    return port_of(house.url)


def worker_port(house):
    return port_of(house.ready_workers(MODEL)[0]["url"])


def lasts(seconds):
    end = time.monotonic() + seconds
    wait_until("it lasted", lambda: time.monotonic() > end, seconds + 5)


def judge(house, load, undisturbed):
    load.end()
    load.check(undisturbed, house.logs())
    check_records(house, load.accepted)
    load.check_keys()
    wait_for_free_slots(house)


def node_state(house):
    return house.request("GET", "/v2/nodes", token=house.token).json()[0]["state"]


def ask(house):
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2}
    return house.request("POST", "/v1/chat/completions", body, house.token)


@pytest.mark.parametrize("ways", ["both ways", "to orcd", "from orcd"])
def test_a_pool_manager_that_is_cut_off_disturbs_nothing_that_runs(house, load, undisturbed, ways):
    orcd = orcd_port(house)
    worker = house.ready_workers(MODEL)[0]["pid"]
    to_orcd = ["from", DAEMONS, "to", DAEMONS, "dport", orcd]
    from_orcd = ["from", DAEMONS, "to", DAEMONS, "sport", orcd]
    cut = {"both ways": [to_orcd, from_orcd], "to orcd": [to_orcd], "from orcd": [from_orcd]}[ways]

    with house.dropped(*cut):
        wait_until("the node is lost", lambda: node_state(house) == "lost")
        done = len(load.accepted)
        assert ask(house).status == 200
        wait_until("tasks are accepted and done meanwhile", lambda: len(load.accepted) > done + 3)

    wait_until("the node is back", lambda: node_state(house) == "ready")
    judge(house, load, undisturbed)
    assert [each["pid"] for each in house.ready_workers(MODEL)] == [worker]


@pytest.mark.parametrize("ways", ["both ways", "to the worker", "from the worker"])
def test_a_worker_that_is_cut_off_for_longer_than_its_leases_costs_no_token(house, load, undisturbed, ways):
    worker = worker_port(house)
    to_worker, from_worker = ["dport", worker], ["sport", worker]
    cut = {"both ways": [to_worker, from_worker], "to the worker": [to_worker], "from the worker": [from_worker]}[ways]

    with house.dropped(*cut):
        lasts(CUT)

    judge(house, load, undisturbed)


@pytest.mark.parametrize("ways", ["both ways", "to orcd", "to the client"])
def test_clients_that_are_cut_off_miss_nothing_when_they_are_back(house, load, undisturbed, ways):
    to_orcd = ["from", CLIENT, "dport", orcd_port(house)]
    to_client = ["to", CLIENT, "sport", orcd_port(house)]
    cut = {"both ways": [to_orcd, to_client], "to orcd": [to_orcd], "to the client": [to_client]}[ways]

    with house.dropped(*cut):
        lasts(CUT)

    judge(house, load, undisturbed)


def test_a_narrow_network_that_loses_packets_is_slow_and_right(house, load, undisturbed):
    with house.narrow():
        lasts(CUT)
        done = len(load.accepted)
        wait_until("tasks are accepted meanwhile", lambda: len(load.accepted) > done + 2, 60)

    judge(house, load, undisturbed)


def reset(connection):
    """Closes with RST instead of FIN."""
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.sock.close()


def test_a_client_that_resets_its_connection_leaves_its_task_running(house, undisturbed):
    token = house.token
    task = submitted(house, token, model=MODEL, max_tokens=40, prompt=next(iter(undisturbed)), seed=7)
    connection = house.connection()
    connection.request("GET", f"/v2/tasks/{task}/events", headers={"Authorization": f"Bearer {token}"})
    coming = only_stored(connection.getresponse())
    found = [next(coming) for _ in range(4)]
    reset(connection)

    with stream(house, token, task, found[-1][0]) as answer:
        found += only_stored(answer)

    assert found[-1][1] in TERMINAL
    assert text(found) == undisturbed[next(iter(undisturbed))]


@pytest.mark.parametrize("leave", ["reset", "close"])
def test_a_v1_stream_whose_client_goes_gives_its_slot_back(house, leave):
    connection = house.connection()
    body = {"model": MODEL, "messages": [{"role": "user", "content": "?"}], "max_tokens": 2000, "stream": True}
    headers = {"Authorization": f"Bearer {house.token}", "Content-Type": "application/json"}
    connection.request("POST", "/v1/chat/completions", json.dumps(body | {"ignore_eos": True}), headers)
    answer = connection.getresponse()
    assert answer.readline()

    if leave == "reset":
        reset(connection)
    with contextlib.suppress(OSError):
        answer.close()
        connection.close()

    wait_for_free_slots(house)


def test_a_half_closed_request_is_answered(house):
    """A client that sends its request and shuts its own side down still reads the answer, or sees a clean close."""
    connection = house.connection()
    connection.connect()
    connection.sock.sendall(f"GET /health HTTP/1.1\r\nHost: {DAEMONS}\r\nConnection: close\r\n\r\n".encode())
    connection.sock.shutdown(socket.SHUT_WR)

    answer = b""
    while piece := connection.sock.recv(4096):
        answer += piece

    assert answer.startswith(b"HTTP/1.1 200 ")
    connection.close()
