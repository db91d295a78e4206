"""Contract suites of `ports.web`: subclass, say how to make the adapter, run pytest."""

from __future__ import annotations

import abc
import gzip
import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from ..domain.errors import IntegrityError, InvalidInput, NotReadable, NotSent, Unavailable
from ..ports.web import Web, WebAnswer, WebBody, WebRequest
from .transfer import LARGE, LARGEST_CHUNK, content
from .website import Asked, Reply

Respond = Callable[[Asked], Reply]


def ok(asked: Asked) -> Reply:
    """The answer to what needs none."""
    return Reply()


class WebContract(abc.ABC):
    """What every web does, also one that is no network."""

    @abc.abstractmethod
    def make_web(self) -> Web:
        """A new web."""

    @abc.abstractmethod
    def serve(self, web: Web, respond: Respond) -> str:
        """Have requests answered by a function; return the address, without a path, where that happens."""

    @abc.abstractmethod
    def unreachable(self, web: Web) -> str:
        """Address, without a path, of a server that is not there."""

    @pytest.fixture
    def web(self) -> Iterator[Web]:
        web = self.make_web()
        yield web
        web.close()  # type: ignore[attr-defined]  # every adapter has it; who is given one may not close it

    def ask(self, web: Web, url: str, method: str = "GET", **options: Any) -> tuple[WebAnswer, bytes]:
        """An answer and its whole body."""
        answer = web.send(WebRequest(method, url, **options))
        try:
            chunks = list(answer.chunks())
            assert max(map(len, chunks), default=0) <= LARGEST_CHUNK
            return answer, b"".join(chunks)
        finally:
            answer.close()

    # --- answers ------------------------------------------------------------------------------------

    @pytest.mark.parametrize("size", [0, 1, 40_000, LARGE])
    def test_an_answer_is_read(self, web: Web, size: int) -> None:
        root = self.serve(web, lambda asked: Reply(200, [("X-Kind", "good")], content(size)))
        answer, body = self.ask(web, f"{root}/a?b=c")
        assert (answer.status, body) == (200, content(size))
        assert answer.headers["x-kind"] == "good"
        assert all(name == name.lower() for name in answer.headers)

    @pytest.mark.parametrize("status", [200, 204, 301, 302, 304, 307, 401, 404, 416, 429, 500, 503])
    def test_every_status_is_an_answer(self, web: Web, status: int) -> None:
        seen: list[Asked] = []

        def respond(asked: Asked) -> Reply:
            seen.append(asked)
            return Reply(status, [("Location", "/elsewhere"), ("WWW-Authenticate", "Basic")], b"whatever")

        answer, body = self.ask(web, self.serve(web, respond) + "/a")
        assert (answer.status, len(seen)) == (status, 1)
        assert body == (b"" if status in {204, 304} else b"whatever")

    def test_the_answer_to_head_has_no_body(self, web: Web) -> None:
        root = self.serve(web, lambda asked: Reply(200, [("X-A", "b")], b"twelve bytes"))
        answer, body = self.ask(web, f"{root}/", "HEAD")
        assert (answer.status, answer.headers["x-a"], body) == (200, "b", b"")

    def test_content_encodings_are_left_alone(self, web: Web) -> None:
        packed = gzip.compress(b"data")
        root = self.serve(web, lambda asked: Reply(200, [("Content-Encoding", "gzip")], packed))
        answer, body = self.ask(web, f"{root}/", headers={"Accept-Encoding": "gzip"})
        assert (answer.headers["content-encoding"], body) == ("gzip", packed)

    def test_a_body_is_read_up_to_a_limit(self, web: Web) -> None:
        root = self.serve(web, lambda asked: Reply(body=b"x" * 1000))
        for limit in (1000, 1001):
            answer = web.send(WebRequest("GET", f"{root}/"))
            assert answer.read(limit) == b"x" * 1000
            answer.close()
        for limit in (0, 999):
            answer = web.send(WebRequest("GET", f"{root}/?secret"))
            with pytest.raises(IntegrityError) as caught:
                answer.read(limit)
            answer.close()
            assert "secret" not in str(caught.value)

    @pytest.mark.parametrize("cut", [0, 1, 700_000])
    def test_what_comes_before_a_body_breaks_off_is_good(self, web: Web, cut: int) -> None:
        data = content(800_000)
        root = self.serve(web, lambda asked: Reply(body=data, cut=cut))
        answer = web.send(WebRequest("GET", f"{root}/a?secret"))
        received = b""
        with pytest.raises(Unavailable) as caught:
            for chunk in answer.chunks():
                received += chunk
        answer.close()
        assert data.startswith(received)
        assert not isinstance(caught.value, NotSent)
        assert "secret" not in str(caught.value)

    def test_an_answer_may_be_closed_at_any_time(self, web: Web) -> None:
        root = self.serve(web, lambda asked: Reply(body=content(LARGE)))
        web.send(WebRequest("GET", f"{root}/")).close()
        answer = web.send(WebRequest("GET", f"{root}/"))
        assert next(iter(answer.chunks()))
        answer.close()
        answer.close()
        assert self.ask(web, f"{root}/")[1] == content(LARGE)

    # --- requests -----------------------------------------------------------------------------------

    @pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
    @pytest.mark.parametrize("body", [None, b"", b"some bytes"])
    def test_methods_and_bodies_arrive(self, web: Web, method: str, body: bytes | None) -> None:
        seen: list[Asked] = []

        def respond(asked: Asked) -> Reply:
            seen.append(asked)
            return Reply()

        if method == "HEAD" and body:
            return
        self.ask(web, self.serve(web, respond) + "/a%20b?c=d&e", method, body=body)
        assert (seen[0].method, seen[0].body) == (method, body or b"")
        assert seen[0].target.endswith("/a%20b?c=d&e")
        assert "expect" not in seen[0].headers

    @pytest.mark.parametrize("size", [0, 1, 70_000, 2_000_000])
    def test_a_body_is_sent_to_its_size(self, web: Web, size: int) -> None:
        seen: list[bytes] = []

        def respond(asked: Asked) -> Reply:
            seen.append(asked.body)
            return Reply()

        files: list[BinaryIO] = []
        sent: list[int] = []

        def open_() -> BinaryIO:
            files.append(io.BytesIO(content(size) + b"and more"))
            return files[-1]

        request = WebRequest("PUT", self.serve(web, respond) + "/a", {}, WebBody(size, open_, sent.append))
        for _ in range(2):
            web.send(request).close()
        assert seen == [content(size)] * 2
        assert sum(sent) == 2 * size
        assert len(files) == 2
        assert all(file.closed for file in files)

    def test_a_body_that_cannot_be_read_is_not_sent(self, web: Web, tmp_path: Path) -> None:
        root = self.serve(web, ok)
        short = WebBody(500_000, lambda: io.BytesIO(b"x" * 400_000))
        gone = WebBody(5, lambda: (tmp_path / "gone").open("rb"))
        for body in (short, gone):
            with pytest.raises(NotReadable):
                web.send(WebRequest("PUT", f"{root}/a", {}, body))
        assert self.ask(web, f"{root}/")[0].status == 200

    def test_only_what_was_asked_for_is_told(self, web: Web, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        netrc = tmp_path / "netrc"
        netrc.write_text("default login user password secret\n")
        netrc.chmod(0o600)
        monkeypatch.setenv("NETRC", str(netrc))
        seen: list[Asked] = []

        def respond(asked: Asked) -> Reply:
            seen.append(asked)
            return Reply(200, [("Set-Cookie", "session=1; Path=/")])

        root = self.serve(web, respond)
        for _ in range(2):
            self.ask(web, f"{root}/", headers={"X-Mine": "1", "Accept-Encoding": "identity", "X-Empty": ""})
        usual = {"host", "user-agent", "accept", "connection"}
        for asked in seen:
            assert asked.headers["x-mine"] == "1"
            assert asked.headers["x-empty"] == ""
            assert asked.headers["accept-encoding"] == "identity"
            assert set(asked.headers) <= {"x-mine", "x-empty", "accept-encoding", *usual}

    def test_headers_are_only_of_their_request(self, web: Web) -> None:
        seen: list[Asked] = []

        def respond(asked: Asked) -> Reply:
            seen.append(asked)
            return Reply()

        root = self.serve(web, respond)
        for headers in ({"Authorization": "key"}, {}, {"X-Other": "1"}):
            self.ask(web, f"{root}/", headers=headers)
        self.ask(web, f"{root}/", "PUT", body=b"data")
        self.ask(web, f"{root}/")
        assert ["authorization" in asked.headers for asked in seen] == [True, False, False, False, False]
        assert [asked.body for asked in seen] == [b"", b"", b"", b"data", b""]

    @pytest.mark.parametrize("name", ["a\r\nX-Evil", "a: b", "", "a b", "ä"])
    @pytest.mark.parametrize("value", ["b"])
    def test_a_header_name_is_one(self, web: Web, name: str, value: str) -> None:
        with pytest.raises(InvalidInput):
            web.send(WebRequest("GET", self.serve(web, ok) + "/", {name: value}))

    @pytest.mark.parametrize("value", ["b\r\nX-Evil: 1", "b\n", "b\0c"])
    def test_a_header_value_is_one(self, web: Web, value: str) -> None:
        with pytest.raises(InvalidInput) as caught:
            web.send(WebRequest("GET", self.serve(web, ok) + "/", {"X-Secret": value}))
        assert repr(value)[1:-1] not in str(caught.value)

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "nonsense",
            "ftp://host/a",
            "file:///etc/hostname",
            "http://",
            "http://[::1",
            "https://a b/",
            "http:///x",
        ],
    )
    def test_what_is_no_address_of_the_web_is_refused(self, web: Web, url: str) -> None:
        with pytest.raises(InvalidInput):
            web.send(WebRequest("GET", url))

    def test_a_server_that_is_not_there_was_sent_nothing(self, web: Web) -> None:
        sent: list[int] = []
        body = WebBody(4, lambda: io.BytesIO(b"data"), sent.append)
        with pytest.raises(NotSent) as caught:
            web.send(WebRequest("PUT", f"{self.unreachable(web)}/a?secret", {"X-Key": "hidden"}, body))
        assert sent == []
        assert "secret" not in str(caught.value)
        assert "hidden" not in str(caught.value)

    def test_many_threads_ask_at_once(self, web: Web) -> None:
        root = self.serve(web, lambda asked: Reply(body=content(1000, len(asked.target))))

        def ask(number: int) -> bool:
            target = f"/{'x' * number}"
            return self.ask(web, root + target)[1] == content(1000, len(target))

        with ThreadPoolExecutor(64) as pool:
            assert all(pool.map(ask, [n % 50 for n in range(640)]))
