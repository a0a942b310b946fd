"""Durable tasks by hand: submitted, followed, resumed, cancelled, repeated."""

import concurrent.futures
import contextlib
import socket
import threading
import urllib.parse
import uuid

import pytest

from tasks import SLOW, TERMINAL, body, check_whole, events, only_stored, stored, stream, submit, submitted
from tasks import submitted_and_done, text, view


class TestSubmitting:
    def test_a_task_is_accepted_done_and_readable(self, house, token):
        answer = submit(house, token)

        accepted = answer.json()
        assert answer.headers["Location"] == f"/v2/tasks/{accepted['job_id']}"
        assert accepted["status"] == "queued" and accepted["events_url"].endswith("/events")
        found = stored(house, token, accepted["job_id"])
        assert check_whole(found) == 12
        task = view(house, token, accepted["job_id"])
        assert (task["status"], task["output"], task["tokens"]) == ("completed", text(found), 12)
        assert task["usage"]["completion_tokens"] == 12 and task["events"] == len(found)

    def test_the_same_seed_gives_the_same_text(self, house, token):
        first, second = (submitted(house, token, seed=7) for _ in range(2))

        assert text(stored(house, token, first)) == text(stored(house, token, second)) != ""

    @pytest.mark.parametrize(
        "bad",
        [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b"[" * 100000, b'{"prompt": "x", "prompt": "y", "max_tokens": 1}'],
    )
    def test_a_body_that_is_no_json_object_is_400(self, house, token, bad):
        answer = house.request("POST", "/v2/tasks", bad, token)

        assert (answer.status, answer.json()["code"]) == (400, "INVALID_PARAMS")

    @pytest.mark.parametrize(
        ("members", "pointer"),
        [
            ({"max_tokens": 0}, "/max_tokens"),
            ({"max_tokens": "many"}, "/max_tokens"),
            ({"priority": "soon"}, "/priority"),
            ({"temperature": -1}, "/temperature"),
            ({"top_p": 2}, "/top_p"),
            ({"session_id": "a b"}, "/session_id"),
            ({"deadline_ms": 0}, "/deadline_ms"),
            ({"prompt": ""}, "/prompt"),
            ({"prompt": None, "messages": []}, "/messages"),
        ],
    )
    def test_a_wrong_member_is_pointed_at(self, house, token, members, pointer):
        answer = submit(house, token, body(**members), status=400)

        assert pointer in {fault["pointer"] for fault in answer.json()["errors"]}

    def test_a_model_that_is_not_here_is_404(self, house, token):
        assert submit(house, token, body(model="none"), status=404).json()["code"] == "MODEL_NOT_FOUND"

    def test_a_deadline_ends_a_task(self, house, token):
        task = submitted(house, token, model=SLOW, max_tokens=1000, deadline_ms=700)

        found = stored(house, token, task)

        check_whole(found)
        assert found[-1][1:] == ("error", found[-1][2]) and found[-1][2]["code"] == "DEADLINE_UNMET"
        assert view(house, token, task)["status"] == "failed"


class TestStreams:
    def test_a_stream_resumes_behind_every_event(self, house, token):
        task = submitted(house, token)
        whole = stored(house, token, task)

        for number in range(len(whole)):
            assert stored(house, token, task, number) == whole[number:]
            queried = house.request("GET", f"/v2/tasks/{task}/events?after={number}", token=token)
            assert queried.status == 200 and queried.body.count(b"\nid: ") == len(whole) - number

    def test_what_was_read_is_204_and_what_never_was_is_400(self, house, token):
        task = submitted(house, token)
        last = stored(house, token, task)[-1][0]

        for after, status in ((last, 204), (last + 1, 400), ("x", 400), (-1, 400)):
            with stream(house, token, task, after) as answer:
                assert answer.status == status, after

    def test_many_readers_see_the_same_while_it_runs(self, house, token):
        task = submitted(house, token, model=SLOW, max_tokens=20)

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            streams = list(pool.map(lambda _: stored(house, token, task), range(16)))

        assert all(each == streams[0] for each in streams)
        assert check_whole(streams[0]) == 20

    def test_a_running_task_tells_its_pace(self, house, token):
        task = submitted(house, token, model=SLOW, max_tokens=50)

        with stream(house, token, task) as answer:
            metrics = next(data for number, name, data in events(answer) if name == "metrics" and data.get("tokens"))

        assert metrics["attempt"] == 1 and metrics["tokens_per_second"] > 0
        house.request("POST", f"/v2/tasks/{task}/cancel", token=token)

    def test_reading_in_pieces_gives_the_whole_text(self, house, token):
        task = submitted(house, token, model=SLOW, max_tokens=25)
        found, last = [], 0

        while not found or found[-1][1] not in TERMINAL:
            with stream(house, token, task, last) as answer:
                for event in only_stored(answer):
                    found.append(event)
                    last = event[0]
                    if len(found) % 3 == 0:
                        break  # the reader leaves in the middle

        assert check_whole(found) == 25
        assert view(house, token, task)["output"] == text(found)


@contextlib.contextmanager
def forgetful_proxy(house):
    """An address that passes requests on to orcd, and loses the answer to the first one."""
    address = urllib.parse.urlsplit(house.url)
    lost = []

    def pass_on(client):
        with client, socket.create_connection((address.hostname, address.port), timeout=20) as server:
            server.sendall(client.recv(65536))
            answer = server.recv(65536)
            assert answer.startswith(b"HTTP/1.1 202 ")
            if lost:
                client.sendall(answer)
            lost.append(answer)

    def serve():
        with contextlib.suppress(OSError):  # closed below
            while True:
                pass_on(listener.accept()[0])

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(timeout=20)
    assert len(lost) == 2


class TestKeys:
    def test_fifty_at_once_are_one_task(self, house, token):
        key = uuid.uuid4().hex

        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(lambda _: submit(house, token, key=key), range(50)))

        assert len({answer.body for answer in answers}) == 1
        assert len({answer.headers["Location"] for answer in answers}) == 1

    def test_the_first_answer_is_given_again_after_the_end(self, house, token):
        key = uuid.uuid4().hex
        first = submit(house, token, key=key)
        stored(house, token, first.json()["job_id"])

        again = submit(house, token, key=key)

        assert again.body == first.body

    def test_another_body_is_422_and_another_order_is_not(self, house, token):
        key = uuid.uuid4().hex
        first = submit(house, token, body(), key)

        assert submit(house, token, dict(reversed(body().items())), key).body == first.body
        assert submit(house, token, body(prompt="another"), key, 422).json()["code"] == "IDEMPOTENCY_MISMATCH"

    def test_the_command_sends_again_when_the_answer_is_lost(self, house, token):
        session = uuid.uuid4().hex
        with forgetful_proxy(house) as url:
            done = house.rbees("--url", url, "jobs", "submit", "--session", session, "--max-tokens", "2", "hello")

        assert done.returncode == 0, done.stderr
        found = house.request("GET", f"/v2/tasks?session={session}", token=token).json()["tasks"]
        assert [task["id"] for task in found] == [done.stdout.strip()]

    @pytest.mark.parametrize("key", ["", "a b", "k" * 256, "é"])
    def test_what_is_no_key_is_400(self, house, token, key):
        answer = house.request("POST", "/v2/tasks", body(), token, {"Idempotency-Key": key.encode("utf-8")})

        assert answer.status == 400


class TestEnding:
    def test_a_cancelled_task_ends_its_stream_and_frees_its_slot(self, house, token):
        model = "sim:alone?decode=10&slots=1"
        task = submitted(house, token, model=model, max_tokens=5000)
        with stream(house, token, task) as answer:
            coming = events(answer)
            next(event for event in coming if event[1] == "token")

            cancelled = house.request("POST", f"/v2/tasks/{task}/cancel", token=token)

            last = list(coming)[-1]
        assert cancelled.json() == {"job_id": task, "status": "cancelled"}
        assert last[1] == "error" and last[2]["code"] == "CANCELLED"
        assert house.request("POST", f"/v2/tasks/{task}/cancel", token=token).body == cancelled.body
        assert view(house, token, submitted_and_done(house, token, model))["status"] == "completed"

    def test_a_task_that_is_done_stays_done(self, house, token):
        task = submitted_and_done(house, token)

        answer = house.request("POST", f"/v2/tasks/{task}/cancel", token=token)

        assert answer.json() == {"job_id": task, "status": "completed"}

    @pytest.mark.parametrize(("method", "what"), [("GET", ""), ("GET", "/events"), ("GET", "/explain"),
                                                  ("POST", "/cancel")])
    def test_a_task_that_never_was_is_404(self, house, token, method, what):
        answer = house.request(method, f"/v2/tasks/none{what}", token=token)

        assert (answer.status, answer.json()["code"]) == (404, "NOT_FOUND")


class TestLists:
    def test_pages_are_disjoint_and_the_newest_come_first(self, house, token):
        session = uuid.uuid4().hex
        made = [submitted(house, token, session_id=session, max_tokens=1) for _ in range(5)]
        seen, cursor = [], ""

        while cursor is not None:
            page = house.request("GET", f"/v2/tasks?session={session}&limit=2{cursor}", token=token).json()
            seen += [task["id"] for task in page["tasks"]]
            cursor = page["next"] and "&cursor=" + urllib.parse.quote(page["next"])

        assert seen == made[::-1]

    @pytest.mark.parametrize("query", ["status=x", "limit=0", "limit=201", "since=yesterday", "cursor=x"])
    def test_a_query_that_means_nothing_is_400(self, house, token, query):
        assert house.request("GET", f"/v2/tasks?{query}", token=token).status == 400

    def test_an_explanation_has_sentences_and_members(self, house, token):
        task = submitted_and_done(house, token)

        told = house.request("GET", f"/v2/tasks/{task}/explain", token=token).json()

        assert told["summary"] and told["next"] and told["status"] == "completed"
        assert told["route"]["candidates"] >= 1 and told["attempts"] == 1
