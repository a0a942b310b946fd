"""Sessions of durable tasks by hand: counted, limited, fair to each other, closed; also when rbees-orcd is killed."""

import concurrent.futures
import json
import uuid

import pytest

from house import wait_until
from tasks import SLOW, body, only_stored, stored, stream, submit, submitted, view


@pytest.fixture
def name():
    return uuid.uuid4().hex


def create(house, token, status=201, **members):
    answer = house.request("POST", "/v2/sessions", members, token)
    assert answer.status == status, answer
    return answer.json()


def session(house, token, name):
    answer = house.request("GET", f"/v2/sessions/{name}", token=token)
    assert answer.status == 200, answer
    return answer.json()


def tasks_of(house, token, name):
    """All tasks of the session, page by page."""
    tasks, cursor = [], ""
    while cursor is not None:
        page = house.request("GET", f"/v2/tasks?session={name}&limit=50{cursor}", token=token).json()
        tasks += page["tasks"]
        cursor = page["next"] and "&cursor=" + page["next"]
    return tasks


def check_sums(house, token, name):
    """The session counts what its tasks came to. Returns how many there are."""
    found, tasks = session(house, token, name), tasks_of(house, token, name)
    usages = [task["usage"] for task in tasks if "usage" in task]
    without = sum(task["tokens"] for task in tasks if task.get("ended_at") and "usage" not in task)
    assert found["turns"] == len(tasks)
    assert found["live"] == sum(task.get("ended_at") is None for task in tasks)
    assert found["prompt_tokens"] == sum(usage["prompt_tokens"] for usage in usages)
    assert found["completion_tokens"] == sum(usage["completion_tokens"] for usage in usages) + without
    assert found["total_tokens"] == found["prompt_tokens"] + found["completion_tokens"]
    return len(tasks)


class TestCounting:
    def test_tasks_at_once_are_all_counted(self, house, token, name):
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            tasks = list(pool.map(lambda _: submitted(house, token, session_id=name), range(12)))
            list(pool.map(lambda task: stored(house, token, task), tasks))

        assert check_sums(house, token, name) == 12
        found = session(house, token, name)
        assert (found["live"], found["held_tokens"], found["completion_tokens"]) == (0, 0, 144)

    def test_a_cancelled_task_counts_what_it_said(self, house, token, name):
        task = submitted(house, token, model=SLOW, max_tokens=500, session_id=name)
        with stream(house, token, task) as answer:
            next(event for event in only_stored(answer) if event[1] == "token")
            house.request("POST", f"/v2/tasks/{task}/cancel", token=token)

        assert check_sums(house, token, name) == 1
        assert session(house, token, name)["completion_tokens"] == view(house, token, task)["tokens"] > 0

    def test_the_counts_are_exact_when_orcd_was_killed(self, lone, name):
        token = lone.up().token
        create(lone, token, session_id=name, token_budget=5000)
        done = [submitted(lone, token, session_id=name) for _ in range(3)]
        for task in done:
            stored(lone, token, task)
        running = [submitted(lone, token, model=SLOW, max_tokens=30, session_id=name) for _ in range(3)]
        before = session(lone, token, name)

        lone.kill(lone.pid_of("rbees-orcd"))
        wait_until("orcd answers", lambda: lone.request("GET", "/ready", token=token).status == 200, 30)

        after = session(lone, token, name)
        assert (after["turns"], after["token_budget"]) == (before["turns"], 5000) == (6, 5000)
        assert after["held_tokens"] == 30 * after["live"]
        for task in running:
            lone.must("jobs", "wait", task)
        assert check_sums(lone, token, name) == 6
        found = session(lone, token, name)
        assert (found["live"], found["completion_tokens"]) == (0, 3 * 12 + 3 * 30)
        assert found["tokens_budget_remaining"] == 5000 - found["total_tokens"]


class TestBudgets:
    def test_a_budget_holds_for_tasks_at_once(self, house, token, name):
        create(house, token, session_id=name, token_budget=100)
        task = body(session_id=name, max_tokens=40)

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: house.request("POST", "/v2/tasks", task, token), range(8)))

        codes = [answer.json().get("code", "accepted") for answer in answers]
        assert set(codes) == {"accepted", "BUDGET_EXCEEDED"} and codes.count("accepted") <= 2
        assert session(house, token, name)["completion_tokens"] <= 100

    def test_a_task_that_may_say_more_than_is_left_is_429(self, house, token, name):
        create(house, token, session_id=name, token_budget=50)
        stored(house, token, submitted(house, token, session_id=name))
        left = session(house, token, name)["tokens_budget_remaining"]

        refused = submit(house, token, body(session_id=name, max_tokens=left + 1), status=429)

        assert refused.json()["code"] == "BUDGET_EXCEEDED" and f"at most {left}" in refused.json()["hint"]
        assert "Retry-After" not in refused.headers
        submit(house, token, body(session_id=name, max_tokens=left))

    def test_what_a_running_task_holds_comes_back(self, house, token, name):
        create(house, token, session_id=name, token_budget=1000)
        running = submitted(house, token, model=SLOW, max_tokens=900, session_id=name)

        refused = submit(house, token, body(session_id=name, max_tokens=200), status=429)
        house.request("POST", f"/v2/tasks/{running}/cancel", token=token)

        assert refused.headers["Retry-After"] == "1"
        submit(house, token, body(session_id=name, max_tokens=200))


class TestTurns:
    def test_sessions_take_turns(self, house, token):
        model, busy, late = f"sim:turns-{uuid.uuid4().hex[:8]}?decode=100&slots=1", uuid.uuid4().hex, uuid.uuid4().hex
        tasks = [submitted(house, token, model=model, session_id=busy) for _ in range(8)]
        tasks += [submitted(house, token, model=model, session_id=late) for _ in range(2)]
        for task in tasks:
            house.must("jobs", "wait", task)

        started = sorted((view(house, token, task) for task in tasks), key=lambda task: task["started_at"])
        order = [task["session_id"] for task in started]

        assert order.count(late) == 2 and late not in order[6:], "the late ones do not wait for all of the others"


class TestClosing:
    def test_a_closed_session_takes_no_more_and_its_tasks_go_on(self, house, token, name):
        running = submitted(house, token, model=SLOW, max_tokens=20, session_id=name)

        for _ in range(2):
            assert house.request("DELETE", f"/v2/sessions/{name}", token=token).status == 204

        refused = submit(house, token, body(session_id=name), status=409)
        assert refused.json()["code"] == "CONFLICT" and name in refused.json()["detail"]
        assert create(house, token, status=409, session_id=name)["code"] == "CONFLICT"
        house.must("jobs", "wait", running)
        assert check_sums(house, token, name) == 1
        found = session(house, token, name)
        assert found["status"] == "closed" and found["closed_by"] == found["owner"]

    def test_its_tasks_can_be_cancelled_with_it(self, house, token, name):
        tasks = [submitted(house, token, model=SLOW, max_tokens=5000, session_id=name) for _ in range(6)]
        other = submitted(house, token, model=SLOW, max_tokens=3)

        assert house.request("DELETE", f"/v2/sessions/{name}?cancel=true", token=token).status == 204

        assert {view(house, token, task)["status"] for task in tasks} == {"cancelled"}
        house.must("jobs", "wait", other)
        assert check_sums(house, token, name) == 6
        assert session(house, token, name)["live"] == 0

    @pytest.mark.parametrize("method", ["GET", "DELETE"])
    def test_a_session_that_never_was_is_404(self, house, token, name, method):
        answer = house.request(method, f"/v2/sessions/{name}", token=token)

        assert (answer.status, answer.json()["code"]) == (404, "NOT_FOUND")


class TestCommands:
    def test_the_commands_open_show_and_close_it(self, house, name):
        assert house.must("sessions", "create", name, "--budget", "500").strip() == name
        task = house.must("jobs", "submit", "--session", name, "--max-tokens", "3", "hello").strip()
        house.must("jobs", "wait", task)

        found = json.loads(house.must("sessions", "get", name, "--json"))
        listed = json.loads(house.must("sessions", "list", "--open", "--all", "--json"))
        closed = json.loads(house.must("sessions", "delete", name, "--json"))

        assert (found["turns"], found["token_budget"]) == (1, 500)
        assert name in {each["id"] for each in listed}
        assert closed["status"] == "closed"
        assert [each["id"] for each in json.loads(house.must("jobs", "list", "--session", name, "--json"))] == [task]
        assert house.rbees("jobs", "submit", "--session", name, "hello").returncode == 1
