"""Tools that a model may call or not (`tool_choice` auto), and workers that die while it does."""

import json
import shutil

import openai
import pytest

from conftest import needs
from house import ROOT
from tasks import check_whole, only_stored, stored, stream, submit, view

SLOW = "sim:slow?decode=30&slots=4"
PARAMETERS = {
    "type": "object",
    "properties": {"story": {"type": "string", "minLength": 300, "maxLength": 400}},
    "required": ["story"],
    "additionalProperties": False,
}
TOOL = {"type": "function", "function": {"name": "write", "parameters": PARAMETERS}}


def asked(name):
    return {"role": "user", "content": f"Call write for {name}"}


def conversation():
    """Calls that were made before, so that even a small model makes the next one like them."""
    arguments = json.dumps({"story": "Once upon a time there was a bee."})
    call = {"id": "call_1", "type": "function", "function": {"name": "write", "arguments": arguments}}
    messages = []
    for name in ("Anna", "Berta", "Dora"):
        messages += [asked(name), {"role": "assistant", "content": "", "tool_calls": [call]}]
    return [*messages, asked("Carla")]


@pytest.fixture(params=["simulated", "smollm2"])
def caller(request, lone):
    """A house and a model that calls tools. SmolLM2's own template knows none, so it gets another one."""
    lone.up()
    if request.param == "simulated":
        return lone, SLOW
    model = needs(lone, "smollm2")
    shutil.copy(ROOT / "lib/engine-llama/tests/tools.jinja", lone.home / "models/smollm2.jinja")
    return lone, model


def kill_worker(house, model):
    worker = house.ready_workers(model)[0]
    house.kill(house.worker_record(worker["id"])["pid"])


def check_call(call):
    assert call["function"]["name"] == "write"
    story = json.loads(call["function"]["arguments"])["story"]
    assert 300 <= len(story) <= 400


class TestTools:
    def test_a_task_goes_on_inside_of_a_call_when_its_worker_was_killed(self, caller):
        house, model = caller
        token = house.token
        task = {
            "model": model,
            "messages": conversation(),
            "tools": [TOOL],
            "tool_choice": "auto",
            "max_tokens": 300,
            "temperature": 0,
            "seed": 3,
        }
        first = submit(house, token, task).json()["job_id"]
        with stream(house, token, first) as answer:
            coming = only_stored(answer)
            found = []
            while len([event for event in found if event[1] == "token"]) < 3:
                found.append(next(coming))
            kill_worker(house, model)
            found += coming

        check_whole(found)
        assert found[-1][1] == "end", found[-1]
        assert found[-1][2]["stop_reason"] == "tool_calls"
        check_call(found[-1][2]["message"]["tool_calls"][0])
        assert view(house, token, first)["attempt"] == 2
        second = submit(house, token, task).json()["job_id"]
        undisturbed = stored(house, token, second)[-1][2]
        assert undisturbed["message"]["content"] == found[-1][2]["message"]["content"]
        assert said(undisturbed) == said(found[-1][2])
        assert undisturbed["usage"] == found[-1][2]["usage"]

    def test_a_stream_goes_on_inside_of_a_call_when_its_worker_was_killed(self, caller):
        house, model = caller
        arguments, ids, reasons = "", [], []
        with openai.OpenAI(base_url=house.url + "/v1", api_key=house.token, max_retries=0, timeout=120) as client:
            chunks = client.chat.completions.create(
                model=model, messages=conversation(), tools=[TOOL], max_tokens=300, temperature=0, stream=True
            )
            for chunk in chunks:
                for call in chunk.choices[0].delta.tool_calls or []:
                    if not arguments and call.function.arguments:
                        kill_worker(house, model)
                    arguments += call.function.arguments or ""
                    ids += [call.id] if call.id else []
                reasons += [chunk.choices[0].finish_reason] if chunk.choices[0].finish_reason else []

        assert reasons == ["tool_calls"]
        assert len(ids) == 1
        check_call({"function": {"name": "write", "arguments": arguments}})


def said(end):
    """The calls without their ids, which belong to a task."""
    return [call["function"] for call in end["message"]["tool_calls"]]
