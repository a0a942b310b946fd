"""Processes that die, starts that must not work, and a `down` that leaves nothing."""

import concurrent.futures
import contextlib
import http.client
import json
import pathlib
import resource
import signal
import socket

import openai
import pytest

from conftest import SIMULATED
from house import House, wait_until
from tasks import SLOW, body, submitted

DAEMONS = ("rbees-supervisor", "rbees-orcd", "pool-managerd")
SOON = 20.0  # "within seconds", on a machine that does much else


@pytest.fixture(scope="module")
def house():
    with House() as house:
        house.up()
        house.must("run", "Hello")
        yield house


def client_of(house):
    return openai.OpenAI(base_url=house.url + "/v1", api_key=house.token, max_retries=0, timeout=60)


def tell(client, tokens, model=SIMULATED):
    """A stream of so many tokens, the same each time."""
    return client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": "Tell me all about bees."}],
        max_tokens=tokens,
        seed=7,
        stream=True,
        extra_body={"ignore_eos": True},
    )


def answers_again(house):
    wait_until("`rbees run` works", lambda: house.rbees("run", "Hello").returncode == 0, SOON)


def restarted(house, name, old):
    return wait_until(f"another {name} runs", lambda: (pid := house.pid_of(name)) and pid != old and pid, SOON)


@contextlib.contextmanager
def short_of_memory(pid, more):
    """The process gets so many bytes more than it has, and no limit at the end if it is still there."""
    used = int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[0]) * resource.getpagesize()
    before = resource.prlimit(pid, resource.RLIMIT_AS)
    resource.prlimit(pid, resource.RLIMIT_AS, (used + more, before[1]))
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_AS, before)


class TestDeath:
    def test_worker(self, house):
        worker = house.ready_workers(SIMULATED)[0]

        house.kill(worker["pid"])

        answers_again(house)
        assert house.ready_workers(SIMULATED)[0]["id"] != worker["id"]

    def test_pool_manager_and_its_worker_is_adopted(self, house):
        worker = house.ready_workers(SIMULATED)[0]
        old = house.pid_of("pool-managerd")

        house.kill(old)

        answers_again(house)
        restarted(house, "pool-managerd", old)
        wait_until(
            "the same worker is ready",
            lambda: [each["pid"] for each in house.ready_workers(SIMULATED)] == [worker["pid"]],
            SOON,
        )

    def test_orcd_and_address_token_and_worker_stay(self, house):
        worker = house.ready_workers(SIMULATED)[0]
        url, token, old = house.url, house.token, house.pid_of("rbees-orcd")

        house.kill(old)

        answers_again(house)
        restarted(house, "rbees-orcd", old)
        status = house.status()
        assert (status["url"], status["token_file"], house.token) == (url, str(house.token_file), token)
        wait_until(
            "the same worker is ready",
            lambda: [each["pid"] for each in house.ready_workers(SIMULATED)] == [worker["pid"]],
            SOON,
        )

    def test_supervisor_and_up_brings_it_back(self, house):
        old = house.pid_of("rbees-supervisor")
        orcd = house.pid_of("rbees-orcd")

        house.kill(old)
        wait_until("it is gone", lambda: house.gone(old))
        house.must("run", "Hello")
        house.must("up", SIMULATED)

        assert house.pid_of("rbees-supervisor") not in (None, old)
        answers_again(house)
        if house.pid_of("rbees-orcd") != orcd:
            wait_until("one orcd is left", lambda: list(house.processes().values()).count("rbees-orcd") <= 2)

    def test_worker_and_pool_manager_at_once(self, house):
        worker, pool = house.ready_workers(SIMULATED)[0]["pid"], house.pid_of("pool-managerd")

        house.kill(pool)
        house.kill(worker)

        answers_again(house)

    def test_everything_but_the_supervisor_at_once(self, house):
        worker = house.ready_workers(SIMULATED)[0]["pid"]
        for pid in (house.pid_of("rbees-orcd"), house.pid_of("pool-managerd"), worker):
            house.kill(pid)

        answers_again(house)

    def test_frozen_worker_is_no_longer_waited_for_once_it_is_killed(self, house):
        frozen = house.ready_workers(SIMULATED)[0]["pid"]
        house.kill(frozen, signal.SIGSTOP)

        house.kill(frozen)

        answers_again(house)

    def test_stream_goes_on_at_another_worker_when_its_own_dies(self, house):
        def rest_of(stream):
            choices = [chunk.choices[0] for chunk in stream if chunk.choices]
            return "".join(choice.delta.content or "" for choice in choices), choices[-1].finish_reason

        with client_of(house) as client:
            undisturbed, _ = rest_of(tell(client, 150))
            stream = tell(client, 150)
            begin = next(stream).choices[0].delta.content
            house.kill(house.ready_workers(SIMULATED)[0]["pid"])
            rest, reason = rest_of(stream)

        assert begin + rest == undisturbed
        assert reason == "length"
        answers_again(house)

    def test_stream_goes_on_while_the_pool_manager_dies(self, house):
        with client_of(house) as client:
            stream = tell(client, 100)
            next(stream)
            house.kill(house.pid_of("pool-managerd"))

            assert [chunk for chunk in stream][-1].choices[0].finish_reason == "length"
        answers_again(house)

    def test_worker_that_dies_while_it_loads_is_an_error_at_once(self, lone):
        lone.up()
        with concurrent.futures.ThreadPoolExecutor(1) as threads:
            asked = threads.submit(lone.rbees, "run", "--model", "sim:slow?load_ms=600000", "Hello")
            pid = wait_until("the worker loads", lambda: lone.pid_of_program("rbees-workerd"))

            lone.kill(pid)

            done = asked.result(60)
        assert done.returncode == 5
        assert "sim:slow" in done.stderr and "while it loaded" in done.stderr

    def test_pool_manager_that_stays_away_is_said_and_up_brings_it_back(self, lone):
        lone.up()
        for name in ("rbees-supervisor", "pool-managerd"):
            lone.kill(lone.pid_of(name))

        done = lone.rbees("run", "--model", "sim:other", "Hello")

        assert done.returncode == 1
        assert "pool manager" in done.stderr and "rbees status" in done.stderr
        lone.must("up", SIMULATED)
        answers_again(lone)

    def test_orcd_without_memory_refuses_or_starts_again_and_keeps_what_it_accepted(self, lone):
        lone.up()
        token, orcd = lone.token, lone.pid_of("rbees-orcd")
        small = submitted(lone, token, model=SLOW, max_tokens=30)
        large = json.dumps(body(prompt="bee " * 2_000_000)).encode()  # just below what a task may have

        def send(_):
            with contextlib.suppress(OSError, http.client.HTTPException):
                return lone.request("POST", "/v2/tasks", large, token)

        def ended(task):
            answer = lone.request("GET", f"/v2/tasks/{task}", token=token)
            if answer.status == 503:
                return None
            assert answer.status == 200, answer
            return answer.json() if answer.json()["status"] in ("completed", "failed") else None

        with short_of_memory(orcd, 8 << 20), concurrent.futures.ThreadPoolExecutor(8) as threads:
            answers = [answer for answer in threads.map(send, range(16)) if answer]

        assert {answer.status for answer in answers} <= {202, 500, 503}, answers
        assert "std::bad_alloc" in (lone.home / "logs/orcd.log").read_text()
        assert lone.gone(orcd) or 500 in [answer.status for answer in answers], answers
        assert wait_until("the task is done", lambda: ended(small), 60)["tokens"] == 30
        for task in [answer.json()["job_id"] for answer in answers if answer.status == 202]:
            task = wait_until("what was accepted has ended", lambda: ended(task), 60)
            assert task["error"]["code"] == "CONTEXT_TOO_LONG", task
        answers_again(lone)
        lone.must("audit", "verify")


class TestStarts:
    def test_second_orcd_on_the_same_home_is_refused(self, house):
        done = house.run("rbees-orcd", "--home", str(house.home), "--listen", "127.0.0.1:0", seconds=20)

        assert done.returncode == 1
        assert "another rbees-orcd" in done.stderr and str(house.home) in done.stderr

    def test_token_is_good_from_the_first_answer_on(self, lone):
        for _ in range(5):
            with socket.create_server(("127.0.0.1", 0)) as free:
                lone.url = f"http://127.0.0.1:{free.getsockname()[1]}"
            listen = lone.url.removeprefix("http://")
            orcd = lone.start("rbees-orcd", "--home", str(lone.home), "--listen", listen)
            try:
                first = wait_until("it answers", lambda: lone.request("GET", "/v2/models", token=lone.token))
                assert first.status == 200, first
            finally:
                orcd.terminate()
                orcd.wait(20)

    def test_second_up_is_no_second_house(self, house):
        before = {name: house.pid_of(name) for name in DAEMONS}

        house.must("up", SIMULATED)

        assert {name: house.pid_of(name) for name in DAEMONS} == before

    def test_port_that_is_taken_is_named_and_nothing_stays(self, lone):
        with socket.create_server(("127.0.0.1", 0)) as holder:
            port = holder.getsockname()[1]
            done = lone.rbees("up", SIMULATED, "--listen", f"127.0.0.1:{port}")

        assert done.returncode == 1
        assert str(port) in done.stderr
        assert lone.processes() == {}

    def test_beyond_loopback_is_refused(self, lone):
        done = lone.rbees("up", SIMULATED, "--listen", "0.0.0.0:0")

        assert done.returncode == 2 and "TLS" in done.stderr
        assert lone.processes() == {}

    def test_home_that_cannot_be_written_to_is_named(self, lone):
        plain = lone.folder / "plain"
        plain.write_text("a file where a folder should be")

        done = lone.run("rbees", "--home", str(plain), "up", SIMULATED, "--listen", "127.0.0.1:0")

        assert done.returncode == 1 and str(plain) in done.stderr
        assert lone.processes() == {}

    def test_down_house_says_what_to_do(self, lone):
        done = lone.rbees("run", "Hello")

        assert done.returncode == 1 and "rbees up" in done.stderr
        assert lone.rbees("status").returncode == 1

    def test_journal_that_is_garbage_is_a_sentence_not_a_crash(self, lone):
        lone.up().down()
        journal = next((lone.home / "state").glob("*.db"), None) or next((lone.home / "state").glob("journal*"))
        journal.write_bytes(b"this is no database" * 1000)
        for other in journal.parent.glob(journal.name + "-*"):
            other.unlink()

        done = lone.rbees("up", SIMULATED, seconds=60)

        assert done.returncode == 1 and journal.name in done.stderr
        assert lone.processes() == {}


class TestDown:
    def test_down_leaves_nothing_and_up_keeps_address_and_tokens(self, lone):
        lone.up()
        lone.must("run", "Hello")
        made = json.loads(lone.must("tokens", "create", "laptop", "--json"))
        url, ran = lone.url, lone.processes()
        assert sorted(set(ran.values())) == ["pool-managerd", "rbees-orcd", "rbees-workerd"]

        lone.down()
        assert lone.processes() == {}
        lone.up(listen=None)

        assert lone.url == url
        assert lone.request("GET", "/v1/models", token=made["token"]).status == 200

    def test_down_finds_what_runs_after_daemons_were_killed(self, lone):
        lone.up()
        lone.must("run", "Hello")
        for name in DAEMONS:
            lone.kill(lone.pid_of(name))

        lone.down()

        assert lone.processes() == {}

    def test_down_lets_an_answer_finish_that_is_nearly_done(self, lone):
        lone.up()
        with client_of(lone) as client:
            stream = tell(client, 100, "sim:slow?decode=50")
            next(stream)
            down = lone.start("rbees", "--home", str(lone.home), "down")

            last = [chunk for chunk in stream][-1]

        assert last.choices[0].finish_reason == "length"
        assert down.wait(60) == 0
        assert lone.processes() == {}

    def test_down_ends_a_worker_in_the_middle_of_an_answer(self, lone):
        lone.up()
        with client_of(lone) as client:
            stream = tell(client, 4000)
            next(stream)

            lone.must("down", "--timeout", "2s")

        assert lone.processes() == {}

    def test_orchestrator_stop_keeps_the_worker_and_start_takes_it_over(self, lone):
        lone.up()
        lone.must("run", "Hello")
        worker = lone.ready_workers(SIMULATED)[0]["pid"]

        lone.must("orchestrator", "stop")
        assert set(lone.processes()) == {worker}
        lone.must("orchestrator", "start")

        wait_until(
            "the worker is ready again",
            lambda: [each["pid"] for each in lone.ready_workers(SIMULATED)] == [worker],
            SOON,
        )
