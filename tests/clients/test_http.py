"""HTTP by hand: what a client sees that is no library of OpenAI's."""

import datetime
import json
import re
import socket
import urllib.parse
import uuid

import pytest

from conftest import SIMULATED
from house import ROOT, wait_until

CHAT = {"model": SIMULATED, "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 2}
SAMPLE = re.compile(r'^([a-zA-Z_:][\w:]*)(\{[^}]*\})? (\S+)$')


def routes():
    """Method, path and access of every route in the table of the sources."""
    text = (ROOT / "lib/contracts/src/orcd_routes.cpp").read_text()
    found = re.findall(r'Route\{"([A-Z]+)", "([^"]+)", "[^"]+", (?:Access::)?(\w+)', text)
    assert len(found) > 20
    return found


def raw(house, text):
    """The bytes of the answer to bytes by hand, until the server closes the connection."""
    address = urllib.parse.urlsplit(house.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        connection.sendall(text)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer


def problem(answer, status, code):
    """The problem document that the answer must be."""
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json"), answer
    document = answer.json()
    assert (document["status"], document["code"]) == (status, code)
    assert document["request_id"] == answer.headers["X-Correlation-Id"]
    assert document["title"] and document["detail"]
    return document


class TestErrors:
    @pytest.mark.parametrize("body", [b'{"messages": [', b"", b"[]", b'"text"', b"\xff\xfe{", b"[" * 100000])
    def test_body_that_is_no_json_object_is_400_with_the_place(self, house, token, body):
        answer = house.request("POST", "/v1/chat/completions", body, token)

        assert answer.status == 400, answer
        assert "JSON" in answer.json()["error"]["message"]

    def test_malformed_json_on_our_own_routes_is_a_problem(self, house, token):
        problem(house.request("POST", "/v2/tokens", b'{"name": ', token), 400, "INVALID_PARAMS")

    def test_wrong_members_are_pointed_at(self, house, token):
        answer = house.request("POST", "/v2/tokens", {"name": 7, "role": "king"}, token)

        document = problem(answer, 400, "INVALID_PARAMS")
        assert {fault["pointer"] for fault in document["errors"]} == {"/name", "/role"}

    def test_unknown_path_is_404_in_the_shape_of_its_api(self, house, token):
        problem(house.request("GET", "/nothing", token=token), 404, "NOT_FOUND")
        assert house.request("GET", "/v1/nothing", token=token).json()["error"]["type"] == "not_found_error"

    @pytest.mark.parametrize(("method", "path", "allow"), [("PUT", "/v2/tokens", {"POST", "GET"}),
                                                           ("DELETE", "/health", {"GET"})])
    def test_wrong_method_is_405_and_says_which_are_right(self, house, token, method, path, allow):
        answer = house.request(method, path, token=token)

        problem(answer, 405, "METHOD_NOT_ALLOWED")
        assert allow <= set(answer.headers["Allow"].split(", "))

    @pytest.mark.parametrize("path", ["/v2/workers/none", "/v2/nodes/none", "/v2/models/none", "/v2/tokens/none"])
    def test_what_is_not_there_is_404(self, house, token, path):
        method = "DELETE" if "tokens" in path else "GET"

        answer = house.request(method, path, token=token)

        assert answer.status == 404 and answer.headers["Content-Type"] == "application/problem+json"

    def test_body_over_the_limit_is_413_and_names_it(self, house, token):
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"

        answer = raw(house, (head + "Content-Length: 99999999999\r\n\r\n").encode())

        assert answer.startswith(b"HTTP/1.1 413 ") and b"Content-Type: application/json\r\n" in answer
        error = json.loads(answer.partition(b"\r\n\r\n")[2])["error"]
        assert (error["type"], error["code"], error["limit"]) == (
            "invalid_request_error", "BODY_TOO_LARGE", "body.limit")

    def test_body_over_the_limit_of_our_own_route_is_a_problem(self, house, token):
        head = f"POST /v2/tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"

        answer = raw(house, (head + "Content-Length: 17825792\r\n\r\n").encode())

        assert answer.startswith(b"HTTP/1.1 413 ") and b"application/problem+json" in answer
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["limit"] == "task_body_max"

    def test_what_is_no_http_is_refused_in_the_shape_of_its_api(self, house):
        openai = raw(house, b"POST /v1/chat/completions HTTP/1.1\r\nHost : x\r\n\r\n")
        ours = raw(house, b"POST /v2/tasks HTTP/1.1\r\nHost : x\r\n\r\n")

        assert openai.startswith(b"HTTP/1.1 400 ") and b'{"error":{' in openai
        assert ours.startswith(b"HTTP/1.1 400 ") and b"application/problem+json" in ours

    @pytest.mark.parametrize("path", ["/v1/chat/completions", "/v2/tasks"])
    def test_without_a_token_the_body_is_not_waited_for(self, house, path):
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n\r\n"

        answer = raw(house, head.encode())

        assert answer.startswith(b"HTTP/1.1 401 ") and b"Connection: close\r\n" in answer

    @pytest.mark.parametrize(
        "text",
        [
            b"nonsense\r\n\r\n",
            b"GET / HTTP/9.9\r\n\r\n",
            b"GET /health HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
            b"POST /v2/tokens HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n",
            b"GET /health HTTP/1.1\r\nX: " + b"a" * 1000000 + b"\r\n\r\n",
        ],
        ids=["nonsense", "version", "length", "smuggling", "target", "header"],
    )
    def test_what_is_no_http_is_4xx_or_closed_and_the_next_is_served(self, house, text):
        try:
            answer = raw(house, text)
        except (ConnectionError, BrokenPipeError):
            answer = b""

        assert re.match(rb"HTTP/1\.1 (4\d\d|505) |$", answer), answer[:200]
        assert house.request("GET", "/health").status == 200


class TestHeaders:
    def test_head_is_get_without_a_body(self, house, token):
        get = house.request("GET", "/health")

        head = house.request("HEAD", "/health")

        assert (head.status, head.body) == (200, b"")
        assert head.headers["Content-Length"] == get.headers["Content-Length"]

    def test_correlation_id_is_echoed(self, house):
        answer = house.request("GET", "/health", headers={"X-Correlation-Id": "my-Id-42"})

        assert answer.headers["X-Correlation-Id"] == "my-Id-42"

    @pytest.mark.parametrize("wrong", ["has space", "semi;colon", "a" * 65])
    def test_correlation_id_that_is_not_well_formed_is_replaced(self, house, wrong):
        answer = house.request("GET", "/health", headers={"X-Correlation-Id": wrong})

        assert re.fullmatch(r"[A-Za-z0-9-]{1,64}", answer.headers["X-Correlation-Id"])
        assert answer.headers["X-Correlation-Id"] != wrong

    def test_every_kind_of_answer_has_a_correlation_id(self, house, token):
        answers = [
            house.request("GET", "/nothing"),
            house.request("GET", "/v1/models"),
            house.request("PUT", "/health"),
            house.request("POST", "/v1/chat/completions", CHAT, token),
            house.request("POST", "/v1/chat/completions", CHAT | {"stream": True}, token),
        ]

        assert all(answer.headers["X-Correlation-Id"] for answer in answers)

    def test_answer_says_which_worker_gave_it(self, house, token):
        answer = house.request("POST", "/v1/chat/completions", CHAT, token)

        assert answer.headers["X-Rbees-Worker"] in {worker["id"] for worker in house.workers()}

    def test_stream_is_events_and_ends_with_done(self, house, token):
        answer = house.request("POST", "/v1/chat/completions", CHAT | {"stream": True}, token)

        assert answer.headers["Content-Type"].startswith("text/event-stream")
        events = answer.body.decode().split("\n\n")
        assert events[-2:] == ["data: [DONE]", ""]
        assert all(json.loads(event.removeprefix("data: ")) for event in events[:-2])

    def test_connection_is_used_again(self, house, token):
        request = f"GET /v1/models HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"

        answers = raw(house, f"{request}\r\n{request}\r\n{request}Connection: close\r\n\r\n".encode())

        assert answers.count(b"HTTP/1.1 200 ") == 3

    def test_expectation_is_met(self, house, token):
        body = json.dumps(CHAT).encode()
        head = (
            f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
            f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
        )

        assert b"HTTP/1.1 200 " in raw(house, head.encode() + body)


class TestDescriptions:
    def test_openapi_has_every_route_and_only_those(self, house, token):
        document = house.request("GET", "/openapi.json", token=token).json()

        described = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
        assert document["openapi"].startswith("3.1")
        assert described == {(method, path) for method, path, _ in routes()}

    def test_openapi_is_well_formed(self, house, token):
        document = house.request("GET", "/openapi.json", token=token).json()

        operations = [(path, item) for path, methods in document["paths"].items() for item in methods.values()]
        identifiers = [item["operationId"] for _, item in operations]
        assert len(identifiers) == len(set(identifiers))
        for path, item in operations:
            declared = {each["name"] for each in item.get("parameters", []) if each["in"] == "path"}
            assert declared == set(re.findall(r"\{(\w+)\}", path)), path
            assert all(re.fullmatch(r"[1-5]\d\d|default", status) for status in item["responses"]), path

    def test_every_route_but_the_open_ones_wants_a_token(self, house):
        for method, path, access in routes():
            answer = house.request(method, path.replace("{id}", "x"), {} if method == "POST" else None)

            assert (answer.status == 401) == (access != "open"), f"{method} {path}: {answer}"

    def test_every_list_answers(self, house, token):
        for method, path, _ in routes():
            if method == "GET" and "{" not in path:
                assert house.request(method, path, token=token).status == 200, path

    def test_metrics_are_well_formed_and_count(self, house, token):
        def requests():
            text = house.request("GET", "/metrics", token=token).body.decode()
            return sum(float(value) for value in re.findall(r'^rbees_requests_total\{.*chat.*\} (\S+)$', text, re.M))

        before = requests()
        house.request("POST", "/v1/chat/completions", CHAT, token)
        wait_until("the request is counted", lambda: requests() == before + 1)

        typed, last = {}, None
        for line in house.request("GET", "/metrics", token=token).body.decode().splitlines():
            if line.startswith("# TYPE "):
                _, _, name, typed[name] = line.split()
            elif not line.startswith("#"):
                name, labels, value = SAMPLE.match(line).groups()
                assert float(value) >= 0 or value == "NaN", line
                assert {name, re.sub("_(bucket|sum|count)$", "", name)} & set(typed), f"no TYPE before {line}"
                if name.endswith("_bucket"):
                    series = (name, re.sub(r',?le="[^"]*"', "", labels))
                    assert last is None or last[0] != series or last[1] <= float(value), line
                    last = (series, float(value))
        assert {"rbees_requests_total", "rbees_time_to_first_token_seconds", "rbees_node_up"} <= set(typed)


class TestTokens:
    def make(self, house, token, **wish):
        answer = house.request("POST", "/v2/tokens", {"name": f"try {uuid.uuid4()}"} | wish, token)
        assert answer.status == 201, answer
        return answer.json()

    def test_token_is_made_listed_without_its_secret_used_and_revoked(self, house, token):
        made = self.make(house, token)
        assert re.fullmatch(r"rbk_[A-Za-z0-9_-]{43}", made["token"])
        assert house.request("GET", "/v2/models", token=made["token"]).status == 200

        listed = house.request("GET", "/v2/tokens", token=token)
        assert made["id"] in {each["id"] for each in listed.json()}
        assert made["token"].encode() not in listed.body and b"hash" not in listed.body

        assert house.request("DELETE", f"/v2/tokens/{made['id']}", token=token).status == 204
        assert house.request("GET", "/v2/models", token=made["token"]).status == 401
        assert house.request("DELETE", f"/v2/tokens/{made['id']}", token=token).status == 404

    def test_token_expires(self, house, token):
        soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1.5)
        made = self.make(house, token, expires_at=soon.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
        assert house.request("GET", "/v2/models", token=made["token"]).status == 200

        wait_until("it is refused", lambda: house.request("GET", "/v2/models", token=made["token"]).status == 401)
        assert datetime.datetime.now(datetime.timezone.utc) >= soon

    def test_token_that_has_expired_already_is_not_made(self, house, token):
        answer = house.request("POST", "/v2/tokens", {"name": "old", "expires_at": "2020-01-01T00:00:00Z"}, token)

        assert problem(answer, 400, "INVALID_PARAMS")["errors"][0]["pointer"] == "/expires_at"

    def test_node_token_opens_no_route_of_people(self, house, token):
        made = self.make(house, token, role="node")

        assert house.request("GET", "/v1/models", token=made["token"]).status == 403
        problem(house.request("GET", "/v2/tokens", token=made["token"]), 403, "FORBIDDEN")

    def test_key_in_the_other_header_is_taken(self, house, token):
        assert house.request("GET", "/v1/models", headers={"x-api-key": token}).status == 200

    def test_name_that_is_taken_is_a_conflict_until_its_token_is_revoked(self, house, token):
        first = self.make(house, token, name="laptop")

        problem(house.request("POST", "/v2/tokens", {"name": "laptop"}, token), 409, "CONFLICT")
        house.request("DELETE", f"/v2/tokens/{first['id']}", token=token)
        again = self.make(house, token, name="laptop")

        assert again["token"] != first["token"]

    def test_nothing_of_a_token_is_in_the_logs(self, house, token):
        made = self.make(house, token)
        house.request("GET", "/v2/models", token=made["token"])

        for file in (house.home / "logs").glob("*"):
            text = file.read_text(errors="replace")
            assert made["token"] not in text and token not in text, file.name
