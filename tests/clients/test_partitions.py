"""Networks that break between clients, orcd, pool manager and worker: in silence, one way, with a reset, or slowly.

Each test cuts a house under a load of tasks, heals it, and judges what the clients saw.
"""

import concurrent.futures
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
from network import CLIENT, DAEMONS, Connection, NetHouse, missing
from tasks import TERMINAL, check_whole, only_stored, stored, stream, submitted, text, view

MODEL = "sim:far?slots=4&prefill=100000&decode=40&seed=1"
CONFIG = '[heartbeat]\ninterval = "500ms"\nmissed = 2\n[tasks]\nlease = "3s"\n'
CUT = 4.0  # seconds: longer than a silent node is trusted, and than a lease
VANISHED = 75.0  # seconds: a connection is given up 60 s after the last word from the other side's kernel


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


class Chat:
    """A request to `/v1` under way, whose client waits for as long as it takes."""

    def __init__(self, house, model, **settings):
        port = int(port_of(house.url))
        self.connection = Connection(house.holder.pid, DAEMONS, port, timeout=2 * VANISHED)
        body = {"model": model, "messages": [{"role": "user", "content": "?"}], "ignore_eos": True} | settings
        headers = {"Authorization": f"Bearer {house.token}", "Content-Type": "application/json"}
        self.connection.request("POST", "/v1/chat/completions", json.dumps(body), headers)

    @property
    def packets(self):
        port = str(self.connection.sock.getsockname()[1])
        return [["sport", port], ["dport", port]]

    def status_and_body(self):
        with contextlib.closing(self.connection), self.connection.getresponse() as answer:
            return answer.status, answer.read().decode()


def busy(house, model):
    return sum(each["slots_busy"] for each in house.ready_workers(model))


def followed(house, task):
    """All stored events of a task, whose stream is taken up again when it is silent for too long."""
    found = []

    def ended():
        found.extend(stored(house, house.token, task, found[-1][0] if found else None))
        return found[-1][1] in TERMINAL

    wait_until(f"task {task} has ended", ended, VANISHED)
    return found


def test_a_worker_and_a_client_that_vanish_for_good_are_given_up(house):
    """Nothing tells orcd, which has nothing to send to them: it waits for tokens of the one, and works for the other.

    What ran at that worker goes on at another one, its requests to `/v1` too.
    """
    left_at, model = "sim:left?slots=1&prefill=100000&decode=5", "sim:gone?slots=4&prefill=100000&decode=5"
    for each in (left_at, model):
        house.must("models", "load", each)
    gone = port_of(house.ready_workers(model)[0]["url"])
    left = Chat(house, left_at, max_tokens=1000)
    streamed = Chat(house, model, max_tokens=50, stream=True)
    whole = Chat(house, model, max_tokens=50)
    task = submitted(house, house.token, model=model, max_tokens=50)
    wait_until("all of them run", lambda: (busy(house, left_at), busy(house, model)) == (1, 3))

    cut = [["dport", gone], ["sport", gone], *left.packets]
    with house.dropped(*cut), concurrent.futures.ThreadPoolExecutor(2) as clients:
        told, answered = clients.submit(streamed.status_and_body), clients.submit(whole.status_and_body)
        assert house.request("POST", "/v2/workers", {"model": model}, house.token).status == 202
        assert check_whole(followed(house, task)) == 50, "the task goes on at the other worker"
        wait_until("the client that vanished has no slot", lambda: busy(house, left_at) == 0, VANISHED)
        stream_told, whole_told = told.result(VANISHED), answered.result(VANISHED)
    left.connection.close()

    assert view(house, house.token, task)["attempt"] > 1
    assert stream_told[0] == 200 and '"length"' in stream_told[1] and "data: [DONE]" in stream_told[1], stream_told
    assert whole_told[0] == 200 and json.loads(whole_told[1])["usage"]["completion_tokens"] == 50, whole_told


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
