"""Durable tasks for tests: handed in, read as streams, checked."""

import contextlib
import http.client
import json

from conftest import SIMULATED

SLOW = "sim:slow?decode=10&slots=4"
TERMINAL = {"end", "error"}


def body(**members):
    """A task whose answer is exactly as long as it may be."""
    return {"model": SIMULATED, "prompt": "Tell me about bees", "max_tokens": 12, "ignore_eos": True} | members


def submit(house, token, task=None, key=None, status=202):
    answer = house.request("POST", "/v2/tasks", task or body(), token, {"Idempotency-Key": key} if key else None)
    assert answer.status == status, answer
    return answer


def submitted(house, token, **members):
    return submit(house, token, body(**members)).json()["job_id"]


@contextlib.contextmanager
def stream(house, token, task, after=None):
    """The open answer of a task's stream."""
    connection = house.connection()
    headers = {"Authorization": f"Bearer {token}"}
    if after is not None:
        headers["Last-Event-ID"] = str(after)
    try:
        connection.request("GET", f"/v2/tasks/{task}/events", headers=headers)
        yield connection.getresponse()
    finally:
        connection.close()


def events(answer):
    """The events of a stream as they come: (id or None, name, data). Ends with the stream, however it ends."""
    number, name = None, None
    try:
        for line in answer:
            field, _, value = line.decode().rstrip("\n").partition(": ")
            if field == "id":
                number = int(value)
            elif field == "event":
                number, name = None, value
            elif field == "data":
                yield number, name, json.loads(value)
    except (OSError, http.client.HTTPException):
        return


def only_stored(answer):
    """Those that have an id."""
    return (event for event in events(answer) if event[0] is not None)


def stored(house, token, task, after=None):
    """Every event that has an id, to the end of the stream."""
    with stream(house, token, task, after) as answer:
        assert answer.status == 200, answer.read()
        assert answer.headers["Content-Type"] == "text/event-stream"
        return list(only_stored(answer))


def text(stream_events):
    return "".join(data["t"] for _, name, data in stream_events if name == "token")


def view(house, token, task):
    answer = house.request("GET", f"/v2/tasks/{task}", token=token)
    assert answer.status == 200, answer
    return answer.json()


def check_whole(found):
    """One stream: numbered from 1 without a gap, tokens without a gap, one terminal event at its end."""
    assert [number for number, _, _ in found] == list(range(1, len(found) + 1))
    names = [name for _, name, _ in found]
    assert names[0] == "queued" and names[-1] in TERMINAL and not TERMINAL & set(names[:-1])
    due = 0
    for _, name, data in found:
        if name == "token":
            assert data["i"] == due
            due += data.get("n", 1)
    return due


def submitted_and_done(house, token, model=SIMULATED):
    task = submitted(house, token, model=model, max_tokens=3)
    stored(house, token, task)
    return task
