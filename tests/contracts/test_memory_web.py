"""The web in memory."""

from __future__ import annotations

import pytest

from groundtruth.adapters.memory import MemoryReply, MemoryRequest, MemoryWeb
from groundtruth.domain.errors import NotSent, Unavailable
from groundtruth.ports.web import Web, WebRequest
from groundtruth.testing.web import Respond, WebContract
from groundtruth.testing.website import Asked


class TestMemoryWeb(WebContract):
    def make_web(self) -> MemoryWeb:
        return MemoryWeb()

    def serve(self, web: Web, respond: Respond) -> str:
        def handler(request: MemoryRequest) -> MemoryReply:
            target = request.url.removeprefix("http://site")
            reply = respond(Asked(request.method, target, dict(request.headers), request.body))
            error = Unavailable("the server", "broke off: truncated") if reply.cut is not None else None
            return MemoryReply(reply.status, dict(reply.headers), reply.body[: reply.cut], error)

        assert isinstance(web, MemoryWeb)
        web.handler = handler
        return "http://site"

    def unreachable(self, web: Web) -> str:
        assert isinstance(web, MemoryWeb)
        web.faults.fail_when("send", lambda request: request.url.startswith("http://gone"), NotSent("gone"))
        return "http://gone"


def test_answers_can_be_planned() -> None:
    web = MemoryWeb(lambda request: MemoryReply(404, {}, request.url.encode()))
    web.answer("http://hub/a", MemoryReply(503), MemoryReply(200, {"ETag": "1"}, b"data"))
    request = WebRequest("GET", "http://hub/a", {"X-Key": "k"})
    assert web.send(request).status == 503
    answer = web.send(request)
    assert (answer.status, answer.headers, answer.read(9)) == (200, {"etag": "1"}, b"data")
    assert web.send(request).read(99) == b"http://hub/a"
    assert [(one.url, one.headers) for one in web.requests] == [("http://hub/a", {"x-key": "k"})] * 3
    assert len(web.answers) == 3


def test_bodies_can_fail() -> None:
    web = MemoryWeb(lambda request: MemoryReply(200, {}, bytes(200_000)))
    web.faults.fail_when("chunk", lambda name, offset: offset > 100_000, Unavailable(name := "http://hub/a"))
    with pytest.raises(Unavailable) as caught:
        web.send(WebRequest("GET", f"{name}?secret")).read(10**6)
    assert caught.value.what == name
