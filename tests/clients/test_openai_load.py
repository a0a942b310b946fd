"""The OpenAI client in numbers, and one that leaves: nothing gets mixed up, nothing stays busy."""

import asyncio
import concurrent.futures

import openai
import pytest

from conftest import SIMULATED
from house import wait_until

ONE_SLOT = "sim:narrow?slots=1&decode=50"


def slots_busy(house, model):
    return sum(worker["slots_busy"] for worker in house.ready_workers(model))


def engine_is_idle(house, model):
    """Whether the worker itself, not only its slot's ticket, has nothing to do any more."""
    for worker in house.ready_workers(model):
        secret = house.worker_record(worker["id"])["secret"]
        at_worker = type(house).__new__(type(house))
        at_worker.url = worker["url"]
        health = at_worker.request("GET", "/health", token=secret).json()
        if health["slots_busy"] or health["queued"]:
            return False
    return True


def wait_until_free(house, model):
    wait_until(f"every slot of {model} is free", lambda: slots_busy(house, model) == 0)
    wait_until(f"the engine of {model} is idle", lambda: engine_is_idle(house, model))


def endless(client, model, words="Tell me about bees."):
    """A stream that would go on for minutes."""
    return client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": words}],
        max_tokens=1500,
        stream=True,
        extra_body={"ignore_eos": True},
    )


class TestLeaving:
    @pytest.fixture(params=["simulated", "smollm2"])
    def slow_model(self, request):
        return ONE_SLOT if request.param == "simulated" else request.getfixturevalue("smollm2")

    def test_client_that_leaves_in_the_middle_frees_the_slot(self, house, client, slow_model):
        stream = endless(client, slow_model)
        for _ in range(3):
            next(stream)
        assert slots_busy(house, slow_model) == 1

        stream.close()

        wait_until_free(house, slow_model)
        again = client.chat.completions.create(
            model=slow_model, messages=[{"role": "user", "content": "Hello"}], max_tokens=2
        )
        assert again.usage.completion_tokens > 0

    def test_client_that_leaves_while_it_waits_for_a_slot_takes_none(self, house, client):
        first = endless(client, ONE_SLOT)
        next(first)
        impatient = client.with_options(timeout=0.5)
        with pytest.raises(openai.APITimeoutError):
            impatient.chat.completions.create(model=ONE_SLOT, messages=[{"role": "user", "content": "?"}])
        assert slots_busy(house, ONE_SLOT) == 1

        first.close()

        wait_until_free(house, ONE_SLOT)

    def test_client_that_leaves_before_the_first_token_frees_the_slot(self, house, client):
        crawling = "sim:crawling?slots=1&prefill=1&decode=50"
        impatient = client.with_options(timeout=1)
        with pytest.raises(openai.APITimeoutError):
            impatient.chat.completions.create(
                model=crawling, messages=[{"role": "user", "content": "bee " * 500}], stream=True
            )

        wait_until("the model is loaded", lambda: house.ready_workers(crawling))
        wait_until_free(house, crawling)

    def test_cancelled_task_of_the_async_client_frees_the_slot(self, house, token):
        async def ask_and_cancel():
            async with openai.AsyncOpenAI(base_url=house.url + "/v1", api_key=token, max_retries=0) as client:
                started = asyncio.Event()

                async def ask():
                    async for _ in await endless(client, ONE_SLOT):
                        started.set()

                task = asyncio.create_task(ask())
                async with asyncio.timeout(30):
                    await started.wait()
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

        asyncio.run(ask_and_cancel())

        wait_until_free(house, ONE_SLOT)


class TestMany:
    def test_parallel_streams_do_not_mix(self, client):
        def whole(number):
            answer = client.chat.completions.create(
                model=SIMULATED, messages=[{"role": "user", "content": f"Question {number}"}], max_tokens=8, seed=3
            )
            return answer.choices[0].message.content

        def streamed(number):
            chunks = client.chat.completions.create(
                model=SIMULATED,
                messages=[{"role": "user", "content": f"Question {number}"}],
                max_tokens=8,
                seed=3,
                stream=True,
            )
            return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)

        with concurrent.futures.ThreadPoolExecutor(24) as threads:
            streams = list(threads.map(streamed, range(24)))
            wholes = list(threads.map(whole, range(24)))

        assert streams == wholes
        assert len(set(streams)) > 12

    def test_hundreds_of_async_streams_are_queued_and_answered(self, house, token):
        count = 200

        async def ask(client, number):
            stream = await client.chat.completions.create(
                model="sim:wide?slots=64&decode=200&prefill=100000",
                messages=[{"role": "user", "content": f"Question {number}"}],
                max_tokens=5,
                stream=True,
                extra_body={"ignore_eos": True},
            )
            chunks = [chunk async for chunk in stream]
            return chunks[-1].choices[0].finish_reason

        async def ask_all():
            async with openai.AsyncOpenAI(
                base_url=house.url + "/v1", api_key=token, max_retries=0, timeout=60
            ) as client:
                return await asyncio.gather(*(ask(client, number) for number in range(count)))

        assert asyncio.run(ask_all()) == ["length"] * count

    def test_parallel_answers_of_the_real_model(self, client, smollm2):
        def ask(number):
            answer = client.chat.completions.create(
                model=smollm2, messages=[{"role": "user", "content": f"Count from {number}."}], max_tokens=4
            )
            return answer.usage.completion_tokens

        with concurrent.futures.ThreadPoolExecutor(8) as threads:
            assert all(0 < tokens <= 4 for tokens in threads.map(ask, range(8)))


class TestFailures:
    def test_worker_that_dies_in_the_middle_is_an_error_not_a_silence(self, client):
        stream = endless(client, "sim:mortal?die_after=5&decode=50")

        with pytest.raises(openai.APIError) as caught:
            for _ in stream:
                pass
        assert "died" in str(caught.value)

    def test_engine_that_fails_in_the_middle_is_an_error(self, client):
        stream = endless(client, "sim:sick?fail_after=5")

        with pytest.raises(openai.APIError) as caught:
            for _ in stream:
                pass
        assert "failed" in str(caught.value)

    def test_model_that_does_not_load_is_a_server_error_with_the_reason(self, client):
        with pytest.raises(openai.InternalServerError) as caught:
            client.chat.completions.create(
                model="sim:broken?fail_load=1", messages=[{"role": "user", "content": "?"}]
            )

        assert caught.value.code in ("MODEL_LOAD_FAILED", "WORKER_START_FAILED")
        assert "broken" in str(caught.value)

    def test_simulated_model_with_an_unknown_parameter_is_refused_with_the_known_ones(self, client):
        with pytest.raises(openai.APIStatusError) as caught:
            client.chat.completions.create(
                model="sim:odd?colour=red", messages=[{"role": "user", "content": "?"}]
            )

        assert "colour" in str(caught.value)

    def test_first_request_waits_for_the_model_to_load(self, client):
        answer = client.chat.completions.create(
            model="sim:late?load_ms=1500", messages=[{"role": "user", "content": "?"}], max_tokens=2
        )

        assert answer.usage.completion_tokens == 2
