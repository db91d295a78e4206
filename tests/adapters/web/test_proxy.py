"""The faulty proxy does what it says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from groundtruth.adapters.web import CurlWeb
from groundtruth.domain.errors import Unavailable
from groundtruth.ports.web import WebRequest
from groundtruth.testing.transfer import content
from groundtruth.testing.website import Asked, Connection, Reply, Website
from support.proxy import FaultyProxy

DATA = content(200_000)


def serve(asked: Asked, connection: Connection) -> Reply | None:
    if asked.target == "/chunked":
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for start in range(0, len(DATA), 7000):
            piece = DATA[start : start + 7000]
            connection.send(b"%x;ext=1\r\n%b\r\n" % (len(piece), piece))
        connection.send(b"0\r\nX-Trailer: 1\r\n\r\n")
        return None
    if asked.target == "/none":
        return Reply(204)
    if "range" in asked.headers:
        return Reply(206, [("Content-Range", f"bytes 5-{len(DATA) - 1}/{len(DATA)}")], DATA[5:])
    return Reply(200, [("X-Size", str(len(asked.body)))], DATA)


@pytest.fixture
def site() -> Iterator[Website]:
    with Website(serve) as site:
        yield site


@pytest.fixture
def web() -> Iterator[CurlWeb]:
    with CurlWeb(4, read_timeout=0.2) as web:
        yield web


def ask(web: CurlWeb, url: str, method: str = "GET", **options: Any) -> tuple[int, bytes]:
    answer = web.send(WebRequest(method, url, **options))
    try:
        return answer.status, b"".join(answer.chunks())
    finally:
        answer.close()


def test_without_faults_it_is_not_noticed(site: Website, web: CurlWeb) -> None:
    with FaultyProxy("127.0.0.1", site.port) as proxy:
        for _ in range(2):
            assert ask(web, f"{proxy.root}/a?b=c", headers={"X-A": "1"}) == (200, DATA)
            assert ask(web, f"{proxy.root}/chunked") == (200, DATA)
            assert ask(web, f"{proxy.root}/none") == (204, b"")
            assert ask(web, f"{proxy.root}/a", "HEAD") == (200, b"")
            assert ask(web, f"{proxy.root}/a", "PUT", body=DATA) == (200, DATA)
            assert ask(web, f"{proxy.root}/a", "POST", body=b"") == (200, DATA)
        assert (proxy.connections, proxy.peak_connections, proxy.requests) == (1, 1, 12)
        assert proxy.seen[0].target == "/a?b=c"
        assert proxy.seen[0].headers["x-a"] == "1"
    assert site.connections == 1
    assert [asked.body for asked in site.asked if asked.method == "PUT"] == [DATA] * 2


@pytest.mark.parametrize("name", ["429", "500", "503", "403"])
def test_a_status_is_answered_without_the_server(site: Website, web: CurlWeb, name: str) -> None:
    with FaultyProxy("127.0.0.1", site.port, {name: 1.0}) as proxy:
        for method, body in (("GET", None), ("PUT", DATA)):
            answer = web.send(WebRequest(method, proxy.root, body=body))
            assert answer.status == int(name)
            assert answer.headers.get("retry-after") in ({"0", "1"} if name == "429" else {None})
            answer.read(1000)
            answer.close()
        assert proxy.injected == {name: 2}
        assert proxy.connections == 1
    assert site.asked == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("reset", "connection reset"),
        ("reset_body", "connection reset"),
        ("truncate", "truncated"),
        ("stall", "silent"),
    ],
)
def test_a_connection_breaks(site: Website, web: CurlWeb, name: str, reason: str) -> None:
    with FaultyProxy("127.0.0.1", site.port, {name: 1.0}) as proxy:
        for _ in range(6):
            with pytest.raises(Unavailable, match=reason):
                ask(web, proxy.root)
        assert proxy.injected == {name: 6}
    assert 0 < len(site.asked) <= 6


def test_bytes_are_changed(site: Website, web: CurlWeb) -> None:
    with FaultyProxy("127.0.0.1", site.port, {"wrong": 1.0}) as proxy:
        status, body = ask(web, proxy.root)
        assert (status, len(body)) == (200, len(DATA))
        assert sum(a != b for a, b in zip(body, DATA, strict=True)) == 1
        assert ask(web, f"{proxy.root}/none") == (204, b"")
        assert proxy.injected == {"wrong": 1}


def test_a_part_becomes_the_whole(site: Website, web: CurlWeb) -> None:
    with FaultyProxy("127.0.0.1", site.port, {"whole": 1.0}) as proxy:
        assert ask(web, proxy.root, headers={"Range": "bytes=5-"}) == (200, DATA)
        assert ask(web, proxy.root) == (200, DATA)
        assert proxy.injected == {"whole": 1}
    with FaultyProxy("127.0.0.1", site.port) as proxy:
        assert ask(web, proxy.root, headers={"Range": "bytes=5-"}) == (206, DATA[5:])


def test_faults_can_be_kept_to_some_requests(site: Website, web: CurlWeb) -> None:
    with FaultyProxy("127.0.0.1", site.port, {"500": 1.0}, where=lambda method, _: method == "PUT") as proxy:
        assert ask(web, proxy.root)[0] == 200
        assert ask(web, proxy.root, "PUT", body=b"")[0] == 500


def test_it_runs_as_a_program(site: Website, web: CurlWeb) -> None:
    command = [sys.executable, "-m", "support.proxy", "--upstream", f"127.0.0.1:{site.port}", "--delay", "0.001"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "env": environment}
    with subprocess.Popen([*command, "--faults", "500=1"], **pipes) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        assert ask(web, f"http://127.0.0.1:{port}/")[0] == 500
        output, _ = process.communicate(timeout=30)
    assert json.loads(output) == {"requests": 1, "connections": 1, "peak": 1, "injected": {"500": 1}}


def test_an_unknown_fault_is_refused() -> None:
    for faults in ({"nonsense": 0.1}, {"500": 0.9, "503": 0.2}):
        with pytest.raises(ValueError, match="faults are"):
            FaultyProxy("127.0.0.1", 1, faults)
