"""Durable tasks whose processes die, whose readers leave, and which are done all the same."""

import concurrent.futures
import contextlib
import http.client
import json
import signal
import subprocess

import pytest

from house import wait_until
from tasks import SLOW, TERMINAL, check_whole, only_stored, stored, stream, submit, submitted, text, view


def kill_when(house, readers, done, name, find):
    """Kills the process that `find` gives once so many readers have their task's end."""
    wait_until(f"{done} tasks are done", lambda: sum(reader.done() for reader in readers) >= done, 60)
    house.kill(wait_until(f"{name} runs", lambda: find(name)))


class TestDeaths:
    @pytest.fixture
    def up(self, lone):
        return lone.up()

    def test_a_stream_goes_on_when_orcd_was_killed(self, up):
        token = up.token
        task = submitted(up, token, model=SLOW, max_tokens=60)
        with stream(up, token, task) as answer:
            coming = only_stored(answer)
            found = [next(coming) for _ in range(5)]
            up.kill(up.pid_of("rbees-orcd"))
            found += coming

        def rest():
            with stream(up, token, task, found[-1][0]) as answer:
                if answer.status == 503:
                    return None
                assert answer.status == 200, (answer.status, answer.read())
                return list(only_stored(answer))

        while found[-1][1] not in TERMINAL:
            found += wait_until("the rest of the stream", rest)

        assert check_whole(found) == 60
        assert view(up, token, task)["output"] == text(found)

    def test_the_command_follows_through_the_death_of_orcd(self, up):
        token = up.token
        task = submitted(up, token, model=SLOW, max_tokens=60)
        command = [str(up.programs / "rbees"), "--home", str(up.home), "jobs", "events", task, "--json"]
        with subprocess.Popen(command, env=up.environment, stdout=subprocess.PIPE, text=True) as follower:
            lines = [json.loads(follower.stdout.readline()) for _ in range(4)]
            up.kill(up.pid_of("rbees-orcd"))
            lines += [json.loads(line) for line in follower.stdout]

        assert follower.returncode == 0
        found = [(line["id"], line["event"], line["data"]) for line in lines]
        assert check_whole(found) == 60

    def test_a_task_goes_on_when_its_worker_was_killed(self, up):
        token = up.token
        task = submitted(up, token, model=SLOW, max_tokens=40, seed=3)
        with stream(up, token, task) as answer:
            coming = only_stored(answer)
            found = [next(coming) for _ in range(5)]
            up.kill(up.pid_of_program("rbees-workerd"))
            found += coming

        assert check_whole(found) == 40
        undisturbed = submitted(up, token, model=SLOW, max_tokens=40, seed=3)
        assert text(stored(up, token, undisturbed)) == text(found)
        assert view(up, token, task)["attempt"] == 2

    def killed_in_the_middle(self, up, task):
        """What a reader of the task's stream gets if its worker is killed behind the first tokens."""
        with stream(up, up.token, task) as answer:
            coming = only_stored(answer)
            found = [next(coming) for _ in range(5)]
            up.kill(up.pid_of_program("rbees-workerd"))
            return found + list(coming)

    def test_an_answer_that_keeps_to_a_schema_goes_on_when_its_worker_was_killed(self, up):
        names = ["name", "colour", "home", "food"]
        schema = {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": names}
        wish = {
            "model": SLOW,
            "messages": [{"role": "user", "content": "Describe a bee"}],
            "max_tokens": 400,
            "response_format": {"type": "json_schema", "json_schema": {"name": "bee", "schema": schema}},
        }
        task = submit(up, up.token, wish).json()["job_id"]
        found = self.killed_in_the_middle(up, task)

        assert found[-1][1] == "end", found[-1]
        assert view(up, up.token, task)["attempt"] == 2
        assert sorted(json.loads(text(found))) == sorted(names)

    def test_an_answer_of_an_own_grammar_ends_with_its_worker(self, up):
        task = submitted(up, up.token, model=SLOW, max_tokens=200, grammar='root ::= [a-z]*')
        found = self.killed_in_the_middle(up, task)

        assert next(data for _, name, data in found if name == "started")["continuable"] is False
        _, name, error = found[-1]
        assert (name, error["code"], error["retriable"]) == ("error", "WORKER_UNAVAILABLE", True)

    def test_twenty_tasks_outlive_whatever_dies(self, up):
        token = up.token
        tasks = [submitted(up, token, model=SLOW, max_tokens=30, prompt=f"task {n}") for n in range(20)]
        found = {task: [] for task in tasks}

        def read(task):
            while not found[task] or found[task][-1][1] not in TERMINAL:
                last = found[task][-1][0] if found[task] else 0
                with contextlib.suppress(OSError, http.client.HTTPException):
                    with stream(up, token, task, last) as answer:
                        assert answer.status in (200, 503), (answer.status, answer.read())
                        found[task] += only_stored(answer)
                wait_until("orcd answers", lambda: up.request("GET", "/health").status == 200, 30)

        with concurrent.futures.ThreadPoolExecutor(len(tasks)) as pool:
            readers = [pool.submit(read, task) for task in tasks]
            kill_when(up, readers, 2, "rbees-workerd", up.pid_of_program)
            kill_when(up, readers, 5, "rbees-orcd", up.pid_of)
            kill_when(up, readers, 8, "pool-managerd", up.pid_of)
            kill_when(up, readers, 11, "rbees-workerd", up.pid_of_program)
            for reader in readers:
                reader.result(timeout=60)

        for task in tasks:
            assert check_whole(found[task]) == 30
            assert view(up, token, task)["output"] == text(found[task])

    def test_an_interrupted_wait_leaves_the_task_running(self, up):
        token = up.token
        task = submitted(up, token, model=SLOW, max_tokens=30)
        command = [str(up.programs / "rbees"), "--home", str(up.home), "jobs", "wait", task]
        with subprocess.Popen(
            command, env=up.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as waiting:
            assert waiting.stderr.readline()  # how the task gets on: it is followed
            waiting.send_signal(signal.SIGINT)
            out, err = waiting.communicate(timeout=20)

        assert (waiting.returncode, out) == (130, "")
        assert f"rbees jobs wait {task}" in err
        assert up.must("jobs", "wait", task).strip() == view(up, token, task)["output"].strip()
