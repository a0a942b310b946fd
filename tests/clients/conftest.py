"""The house that tests share, clients for it, and models that may not be there."""

import os

import openai
import pytest

from house import House

SIMULATED = "sim:demo"


def not_run(ground, why):
    """Skips the test because its ground is missing here; a failure if RBEES_REQUIRE names the ground."""
    if ground in os.environ.get("RBEES_REQUIRE", "").split(","):
        pytest.fail(f"RBEES_REQUIRE says that {ground} must run here: {why}")
    pytest.skip(f"{ground}: {why}")


def needs(house, model):
    """Pulls the model. Where it cannot be had, the test is not run, unless RBEES_REQUIRE says that it must."""
    done = house.rbees("models", "pull", model, seconds=900)
    if done.returncode == 0:
        return model
    last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
    not_run("model", f"model {model} cannot be had: {last}")


@pytest.fixture(scope="session")
def shared():
    with House() as house:
        yield house.up()


@pytest.fixture
def house(shared, request):
    """The shared house. Its logs are shown beside a test that fails."""
    yield shared
    report = getattr(request.node, "report", None)
    if report is not None and report.failed:
        print(shared.logs())


@pytest.fixture
def lone():
    """A house of this test's own that is not up yet."""
    with House() as house:
        yield house


@pytest.fixture(scope="session")
def smollm2(shared):
    return needs(shared, "smollm2")


@pytest.fixture(scope="session")
def minilm(shared):
    return needs(shared, "all-minilm")


@pytest.fixture(params=["simulated", "smollm2"])
def model(request):
    """A chat model: both engines must look the same to a client."""
    return SIMULATED if request.param == "simulated" else request.getfixturevalue("smollm2")


@pytest.fixture(scope="session")
def token(shared):
    return shared.token


@pytest.fixture
def client(house, token):
    with openai.OpenAI(base_url=house.url + "/v1", api_key=token, max_retries=0, timeout=120) as client:
        yield client


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.when == "call":
        item.report = report
    return report
