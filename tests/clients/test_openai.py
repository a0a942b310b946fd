"""The official OpenAI client, pointed at rbees by its base_url and nothing else."""

import json
import re

import openai
import pytest

from conftest import SIMULATED

HELLO = [{"role": "user", "content": "Say hello."}]


def text_of(chunks):
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def refusal(kind, call):
    """The error that the call must raise, of exactly this class."""
    with pytest.raises(openai.APIStatusError) as caught:
        call()
    assert type(caught.value) is kind, caught.value
    return caught.value


class TestModels:
    def test_list_has_the_default_first(self, client):
        assert client.models.list().data[0].id == SIMULATED

    def test_list_has_what_is_on_disk(self, client, smollm2, minilm):
        listed = client.models.list().data

        assert {smollm2, minilm} <= {model.id for model in listed}
        assert [model.id for model in listed[1:]] == sorted(model.id for model in listed[1:])

    def test_retrieve_gives_one(self, client, smollm2):
        model = client.models.retrieve(smollm2)

        assert (model.id, model.object) == (smollm2, "model")

    def test_retrieve_of_an_unknown_one_is_not_found(self, client):
        error = refusal(openai.NotFoundError, lambda: client.models.retrieve("no-such-model"))

        assert error.code == "model_not_found"


class TestChat:
    def test_whole_answer(self, client, model):
        answer = client.chat.completions.create(model=model, messages=HELLO, max_tokens=12, temperature=0)

        assert (answer.object, answer.model) == ("chat.completion", model)
        assert answer.choices[0].message.role == "assistant"
        assert answer.choices[0].message.content
        assert answer.choices[0].finish_reason in ("stop", "length")
        assert 0 < answer.usage.completion_tokens <= 12
        assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens

    def test_stream_says_the_same_as_the_whole_answer(self, client, model):
        asked = {"model": model, "messages": HELLO, "max_tokens": 12, "temperature": 0, "seed": 7}
        whole = client.chat.completions.create(**asked)

        chunks = list(client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True}))

        assert text_of(chunks) == whole.choices[0].message.content
        assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
        assert len({chunk.id for chunk in chunks}) == 1
        ends = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason]
        assert ends == [whole.choices[0].finish_reason]
        assert chunks[-1].choices == []
        assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
        assert chunks[-1].usage.prompt_tokens == whole.usage.prompt_tokens

    def test_stream_without_the_wish_has_no_usage(self, client, model):
        chunks = list(client.chat.completions.create(model=model, messages=HELLO, max_tokens=4, stream=True))

        assert chunks and all(chunk.usage is None for chunk in chunks)

    def test_max_tokens_ends_with_length(self, client, model):
        answer = client.chat.completions.create(
            model=model, messages=HELLO, max_tokens=3, extra_body={"ignore_eos": True}
        )

        assert (answer.usage.completion_tokens, answer.choices[0].finish_reason) == (3, "length")

    def test_stop_text_ends_the_answer_and_is_not_in_it(self, client, model):
        asked = {"model": model, "messages": HELLO, "max_tokens": 24, "temperature": 0, "seed": 7}
        whole = client.chat.completions.create(**asked).choices[0].message.content
        stop = whole.split()[1]

        answer = client.chat.completions.create(**asked, stop=[stop])

        assert answer.choices[0].finish_reason == "stop"
        assert answer.choices[0].message.content == whole[: whole.index(stop)]

    def test_stop_text_across_tokens_is_not_in_a_stream(self, client, model):
        asked = {"model": model, "messages": HELLO, "max_tokens": 24, "temperature": 0, "seed": 7}
        whole = client.chat.completions.create(**asked).choices[0].message.content
        middle = len(whole) // 2
        stop = whole[middle - 3 : middle + 3]

        chunks = client.chat.completions.create(**asked, stop=stop, stream=True)

        assert text_of(chunks) == whole[: whole.index(stop)]

    def test_json_schema_is_kept_to(self, client, model):
        schema = {
            "type": "object",
            "properties": {"colour": {"enum": ["yellow", "black"]}, "stings": {"type": "boolean"}},
            "required": ["colour", "stings"],
            "additionalProperties": False,
        }

        answer = client.chat.completions.create(
            model=model,
            messages=[{"role": "user", "content": "Describe a bee."}],
            max_tokens=100,
            response_format={"type": "json_schema", "json_schema": {"name": "bee", "schema": schema}},
        )

        bee = json.loads(answer.choices[0].message.content)
        assert set(bee) == {"colour", "stings"}
        assert bee["colour"] in ("yellow", "black") and isinstance(bee["stings"], bool)

    def test_required_tool_is_called_with_its_arguments(self, client):
        parameters = {
            "type": "object",
            "properties": {"city": {"enum": ["Berlin", "Paris"]}},
            "required": ["city"],
        }
        function = {"name": "weather", "description": "The weather in a city", "parameters": parameters}

        answer = client.chat.completions.create(
            model=SIMULATED,
            messages=[{"role": "user", "content": "How is the weather in Berlin?"}],
            max_tokens=100,
            tools=[{"type": "function", "function": function}],
            tool_choice="required",
        )

        call = answer.choices[0].message.tool_calls[0]
        assert answer.choices[0].finish_reason == "tool_calls"
        assert call.function.name == "weather"
        assert json.loads(call.function.arguments)["city"] in ("Berlin", "Paris")

    def test_log_probabilities(self, client, smollm2):
        answer = client.chat.completions.create(
            model=smollm2, messages=HELLO, max_tokens=3, logprobs=True, top_logprobs=2, temperature=0
        )

        tokens = answer.choices[0].logprobs.content
        assert len(tokens) == answer.usage.completion_tokens
        assert all(token.logprob <= 0 and len(token.top_logprobs) == 2 for token in tokens)

    def test_several_choices_of_one_prompt(self, client, smollm2):
        answer = client.chat.completions.create(model=smollm2, messages=HELLO, max_tokens=4, n=2)

        assert sorted(choice.index for choice in answer.choices) == [0, 1]

    def test_system_message_and_parts_of_text_are_taken(self, client, model):
        messages = [
            {"role": "system", "content": "You are brief."},
            {"role": "user", "content": [{"type": "text", "text": "Say "}, {"type": "text", "text": "hello."}]},
        ]

        answer = client.chat.completions.create(model=model, messages=messages, max_tokens=4)

        assert answer.usage.completion_tokens > 0

    def test_text_beyond_ascii_arrives_whole(self, client, model):
        messages = [{"role": "user", "content": "蜜蜂 🐝 Müller, “ça va”? \u0001 \\ \" \n"}]

        chunks = list(client.chat.completions.create(model=model, messages=messages, max_tokens=8, stream=True))

        assert chunks[0].choices[0].delta.role == "assistant"
        assert "\ufffd" not in text_of(chunks[:-2])


class TestCompletions:
    def test_whole_text(self, client, model):
        answer = client.completions.create(model=model, prompt="Bees make", max_tokens=6, temperature=0)

        assert answer.object == "text_completion"
        assert answer.choices[0].text
        assert 0 < answer.usage.completion_tokens <= 6

    def test_stream_says_the_same(self, client, model):
        asked = {"model": model, "prompt": "Bees make", "max_tokens": 6, "temperature": 0, "seed": 7}

        chunks = client.completions.create(**asked, stream=True)

        text = "".join(chunk.choices[0].text for chunk in chunks if chunk.choices)
        assert text == client.completions.create(**asked).choices[0].text


class TestEmbeddings:
    def test_default_is_base64_and_equals_float(self, client, minilm):
        packed = client.embeddings.create(model=minilm, input="A bee makes honey.")
        plain = client.embeddings.create(model=minilm, input="A bee makes honey.", encoding_format="float")

        assert len(packed.data[0].embedding) == 384
        assert packed.data[0].embedding == pytest.approx(plain.data[0].embedding, abs=1e-6)
        assert sum(value * value for value in packed.data[0].embedding) == pytest.approx(1, abs=1e-3)
        assert packed.usage.prompt_tokens == plain.usage.prompt_tokens > 4

    def test_list_keeps_its_order_and_meaning_its_neighbours(self, client, minilm):
        texts = ["A bee makes honey.", "Honey is made by bees.", "The stock market fell sharply."]

        answer = client.embeddings.create(model=minilm, input=texts)

        bee, honey, market = (item.embedding for item in answer.data)
        assert [item.index for item in answer.data] == [0, 1, 2]
        assert bee == pytest.approx(client.embeddings.create(model=minilm, input=texts[0]).data[0].embedding, abs=1e-3)
        product = lambda a, b: sum(x * y for x, y in zip(a, b))  # noqa: E731
        assert product(bee, honey) > product(bee, market) + 0.3

    def test_chat_model_is_refused_with_the_reason(self, client):
        error = refusal(openai.BadRequestError, lambda: client.embeddings.create(model=SIMULATED, input="bee"))

        assert error.code == "MODEL_INCOMPATIBLE" and "embedding" in str(error)

    def test_embedding_model_does_not_chat(self, client, minilm):
        error = refusal(openai.BadRequestError, lambda: client.chat.completions.create(model=minilm, messages=HELLO))

        assert error.code == "MODEL_INCOMPATIBLE" and "chat" in str(error)

    def test_text_that_is_too_long_is_refused_with_the_numbers(self, client, minilm):
        error = refusal(openai.BadRequestError, lambda: client.embeddings.create(model=minilm, input="bee " * 3000))

        assert error.code == "context_length_exceeded"
        assert len(re.findall(r"\d+", error.body["message"])) >= 2


class TestRefusals:
    def test_unknown_model_is_not_found_and_says_what_to_do(self, client):
        error = refusal(
            openai.NotFoundError, lambda: client.chat.completions.create(model="no-such-model", messages=HELLO)
        )

        assert error.code == "model_not_found"
        assert "no-such-model" in error.body["message"] and "rbees models list" in error.body["hint"]

    def test_model_that_is_only_in_the_catalogue_says_how_to_get_it(self, client):
        error = refusal(openai.NotFoundError, lambda: client.chat.completions.create(model="qwen3-4b", messages=HELLO))

        assert error.body["hint"] == "rbees models pull qwen3-4b"

    def test_wrong_key(self, house):
        with openai.OpenAI(base_url=house.url + "/v1", api_key="rbk_" + "0" * 43, max_retries=0) as stranger:
            error = refusal(openai.AuthenticationError, stranger.models.list)

        assert error.code == "invalid_api_key"

    def test_no_key(self, client):
        error = refusal(
            openai.AuthenticationError, lambda: client.models.list(extra_headers={"Authorization": openai.Omit()})
        )

        assert "Bearer" in error.response.headers["WWW-Authenticate"]

    @pytest.mark.parametrize(
        ("wrong", "param"),
        [
            ({"temperature": 9}, "temperature"),
            ({"top_p": -1}, "top_p"),
            ({"max_tokens": 0}, "max_tokens"),
            ({"n": 1000}, "n"),
            ({"messages": []}, "messages"),
            ({"messages": [{"role": "bee", "content": "x"}]}, "messages"),
            ({"messages": [{"role": "user"}]}, "messages"),
            ({"stop": [1]}, "stop"),
            ({"response_format": {"type": "xml"}}, "response_format"),
            ({"tool_choice": "required"}, "tool_choice"),
        ],
        ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
    )
    def test_bad_parameter_is_named(self, client, model, wrong, param):
        asked = {"model": model, "messages": HELLO} | wrong

        error = refusal(openai.BadRequestError, lambda: client.chat.completions.create(**asked))

        assert error.param == param and error.type == "invalid_request_error"

    def test_bad_parameter_of_a_stream_is_refused_before_it_starts(self, client, model):
        asked = {"model": model, "messages": HELLO, "temperature": 9, "stream": True}

        refusal(openai.BadRequestError, lambda: client.chat.completions.create(**asked))

    @pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
    def test_prompt_longer_than_the_context_is_refused_with_the_numbers(self, client, model, stream):
        messages = [{"role": "user", "content": "bee " * 20000}]

        error = refusal(
            openai.BadRequestError,
            lambda: client.chat.completions.create(model=model, messages=messages, stream=stream),
        )

        numbers = [int(number) for number in re.findall(r"\d{3,}", error.body["message"])]
        assert error.code == "context_length_exceeded"
        assert len(numbers) >= 2 and max(numbers) >= 20000

    def test_prompt_that_was_refused_does_no_harm_to_the_next(self, client, model):
        messages = [{"role": "user", "content": "bee " * 20000}]
        refusal(openai.BadRequestError, lambda: client.chat.completions.create(model=model, messages=messages))

        assert client.chat.completions.create(model=model, messages=HELLO, max_tokens=2).choices[0].message.content
