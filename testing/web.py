"""Contract suites of `ports.web`: subclass, say how to make the adapter, run pytest."""

from __future__ import annotations

import abc
import gzip
import io
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from ..domain.errors import GroundtruthError, IntegrityError, InvalidInput, NotReadable, NotSent, Unavailable
from ..ports.web import Web, WebAnswer, WebBody, WebRequest
from .transfer import LARGE, LARGEST_CHUNK, content
from .website import Asked, Connection, Hangup, Reply, Website

Respond = Callable[[Asked], Reply]


def ok(asked: Asked) -> Reply:
    """The answer to what needs none."""
    return Reply()


class Pattern(io.RawIOBase):
    """A file of any size that needs no memory."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._left = size

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = min(len(buffer), self._left)
        buffer[:count] = bytes(count)
        self._left -= count
        return count


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


class SocketWebContract(WebContract):
    """What every web does that is a network."""

    @abc.abstractmethod
    def make_web(self, connections: int = 4, read_timeout: float = 5.0) -> Web:
        """A new web with these limits."""

    @pytest.fixture(autouse=True)
    def _sites(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(name.upper(), raising=False)
        self._open: list[Any] = []
        yield
        for one in reversed(self._open):
            one.close()

    def site(self, handler: Callable[[Asked, Connection], Reply | None]) -> Website:
        """A server for this test."""
        self._open.append(Website(handler))
        return self._open[-1]

    def web_with(self, connections: int = 4, read_timeout: float = 5.0) -> Web:
        """A web for this test."""
        self._open.append(self.make_web(connections, read_timeout))
        return self._open[-1]

    def serve(self, web: Web, respond: Respond) -> str:
        return self.site(lambda asked, _: respond(asked)).root

    def unreachable(self, web: Web) -> str:
        with Website(lambda asked, _: None) as site:
            return site.root

    def error(self, web: Web, url: str, method: str = "GET", **options: Any) -> GroundtruthError:
        """What goes wrong with a request."""
        with pytest.raises(GroundtruthError) as caught:
            self.ask(web, url, method, **options)
        return caught.value

    # --- connections --------------------------------------------------------------------------------

    def test_a_connection_is_used_again(self, web: Web) -> None:
        site = self.site(lambda asked, _: Reply(body=asked.body or b"x" * 5000))
        for method, body in (
            ("GET", None),
            ("POST", b"data"),
            ("HEAD", None),
            ("PUT", b"x" * 100_000),
            ("GET", None),
        ):
            self.ask(web, f"{site.root}/", method, body=body)
        assert site.connections == 1

    def test_never_more_connections_than_asked_for(self) -> None:
        web = self.web_with(connections=4)
        site = self.site(lambda asked, _: Reply(body=content(30_000)))
        with ThreadPoolExecutor(32) as pool:
            bodies = list(pool.map(lambda n: self.ask(web, f"{site.root}/{n}")[1], range(200)))
        assert bodies == [content(30_000)] * 200
        assert site.connections <= 4

    def test_all_connections_are_used(self) -> None:
        together = threading.Barrier(8)

        def handler(asked: Asked, connection: Connection) -> Reply:
            together.wait(10)
            return Reply()

        web, site = self.web_with(connections=8), self.site(handler)
        with ThreadPoolExecutor(16) as pool:
            assert len(list(pool.map(lambda n: self.ask(web, f"{site.root}/{n}"), range(64)))) == 64
        assert site.most_open == 8

    def test_an_unread_answer_waits_and_others_go_on(self) -> None:
        web, site = self.web_with(connections=2), self.site(lambda asked, _: Reply(body=content(LARGE)))
        answer = web.send(WebRequest("GET", f"{site.root}/"))
        for _ in range(3):
            assert self.ask(web, f"{site.root}/")[1] == content(LARGE)
        assert b"".join(answer.chunks()) == content(LARGE)
        answer.close()
        assert site.connections == 2

    def test_a_connection_whose_answer_was_not_read_is_closed(self, web: Web) -> None:
        site = self.site(lambda asked, _: Reply(body=bytes(50_000_000)))
        for _ in range(3):
            web.send(WebRequest("GET", f"{site.root}/")).close()
        deadline = time.monotonic() + 10
        while site.open_now:
            assert time.monotonic() < deadline
            time.sleep(0.005)

    def test_a_connection_that_the_server_closed_is_replaced(self, web: Web) -> None:
        def handler(asked: Asked, connection: Connection) -> Reply:
            connection.reply(asked, Reply(200, [("Connection", "close")], b"bye"))
            raise Hangup

        site = self.site(handler)
        for _ in range(5):
            assert self.ask(web, f"{site.root}/")[1] == b"bye"
        assert site.connections == 5

    # --- one exchange, and no more ------------------------------------------------------------------

    @pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
    @pytest.mark.parametrize("reset", [True, False])
    def test_nothing_is_sent_twice(self, web: Web, method: str, reset: bool) -> None:
        requests = itertools.count()

        def handler(asked: Asked, connection: Connection) -> Reply:
            if next(requests):
                raise Hangup(reset)
            return Reply()

        site = self.site(handler)
        body = b"data" if method in {"POST", "PUT"} else None
        self.ask(web, f"{site.root}/", method, body=body)
        error = self.error(web, f"{site.root}/", method, body=body)
        assert isinstance(error, Unavailable)
        assert not isinstance(error, NotSent)
        assert len(site.asked) == 2

    def test_a_reset_is_named(self, web: Web) -> None:
        def handler(asked: Asked, connection: Connection) -> None:
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome")
            time.sleep(0.02)  # else the reset overtakes the head
            raise Hangup(reset=True)

        error = self.error(web, self.site(handler).root + "/a?secret")
        assert isinstance(error, Unavailable)
        assert "connection reset" in error.message
        assert "secret" not in error.message

    @pytest.mark.parametrize(
        "sent",
        [b"", b"HTTP/1.1 200 OK\r\nX-A: b\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome"],
        ids=["nothing", "half a head", "half a body"],
    )
    def test_a_silent_server_is_given_up(self, sent: bytes) -> None:
        def handler(asked: Asked, connection: Connection) -> None:
            connection.send(sent)
            site.released.wait(30)

        web, site = self.web_with(read_timeout=0.1), self.site(handler)
        error = self.error(web, f"{site.root}/a")
        assert isinstance(error, Unavailable)
        assert not isinstance(error, NotSent)
        assert "silent" in error.message

    def test_a_server_that_does_not_take_a_body_is_given_up(self) -> None:
        def handler(asked: Asked, connection: Connection) -> None:
            site.released.wait(30)

        web = self.web_with(read_timeout=0.1)
        site = self.site(handler)
        site.most_body = 1000
        size = 200_000_000
        error = self.error(web, f"{site.root}/a", "PUT", body=WebBody(size, lambda: io.BufferedReader(Pattern(size))))
        assert isinstance(error, Unavailable)
        assert not isinstance(error, NotSent)

    def test_a_pause_between_two_chunks_is_no_silence(self) -> None:
        web, site = self.web_with(read_timeout=0.2), self.site(lambda asked, _: Reply(body=content(LARGE)))
        answer = web.send(WebRequest("GET", f"{site.root}/"))
        chunks = answer.chunks()
        received = next(chunks)
        time.sleep(0.25)
        received += b"".join(chunks)
        answer.close()
        assert received == content(LARGE)

    # --- unusual answers ----------------------------------------------------------------------------

    def raw(self, web: Web, *pieces: bytes) -> tuple[WebAnswer, bytes]:
        """The answer that these bytes are taken for, before the server hangs up."""

        def handler(asked: Asked, connection: Connection) -> None:
            for piece in pieces:
                connection.send(piece)
                time.sleep(0.002)
            raise Hangup

        return self.ask(web, self.site(handler).root + "/a")

    def test_answers_before_the_answer_are_passed_over(self, web: Web) -> None:
        answer, body = self.raw(
            web,
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
            b"HTTP/1.1 102 Processing\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        )
        assert (answer.status, body) == (200, b"ok")
        assert "link" not in answer.headers

    def test_chunks_and_trailers(self, web: Web) -> None:
        head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: 1\r\n\r\n"
        answer, body = self.raw(web, head, b"5;x=y\r\nhello\r\n", b"6\r\n", b" world\r\n0\r\nX-A: 2\r\n\r\n")
        assert (body, answer.headers["x-a"]) == (b"hello world", "1")
        with pytest.raises(Unavailable):
            self.raw(web, head, b"5\r\nhello\r\n")

    def test_repeated_headers_are_joined(self, web: Web) -> None:
        answer, _ = self.raw(web, b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a:2\r\nX-B:   c d  \r\nContent-Length: 0\r\n\r\n")
        assert (answer.headers["x-a"], answer.headers["x-b"]) == ("1, 2", "c d")

    def test_a_body_without_a_length_ends_with_the_connection(self, web: Web) -> None:
        assert self.raw(web, b"HTTP/1.1 200 OK\r\n\r\nall of", b" it")[1] == b"all of it"
        assert self.raw(web, b"HTTP/1.0 200 OK\n\nall of", b" it")[1] == b"all of it"

    def test_headers_may_hold_any_bytes(self, web: Web) -> None:
        answer, body = self.raw(web, b"HTTP/1.1 200 \xff\xfe\r\nX-A: \xc3\xa4\xff\r\nContent-Length: 2\r\n\r\nok")
        assert (answer.status, body) == (200, b"ok")
        assert answer.headers["x-a"].encode("latin-1") == b"\xc3\xa4\xff"

    @pytest.mark.parametrize(
        "said",
        [
            b"gibberish\r\n\r\n",
            b"\r\n\r\n",
            b"\0\0\0\0",
            b"HTTP/1.1\r\n\r\n",
            b"HTTP/1.1 OK 200\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nX: " + b"y" * 2_000_000,
            b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ],
        ids=lambda said: said[:20].decode("latin-1").strip(),
    )
    def test_gibberish_is_no_answer(self, web: Web, said: bytes) -> None:
        with pytest.raises(Unavailable):
            self.raw(web, said)

    def test_odd_lines_do_no_harm(self, web: Web) -> None:
        for line in (b"no colon", b": no name", b"X\0: y", b" folded", b"\xff\xff: \xff"):
            try:
                answer, body = self.raw(web, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + line + b"\r\n\r\nok")
            except Unavailable:
                continue
            assert (answer.status, body[-2:]) == (200, b"ok")

    # --- large bodies -------------------------------------------------------------------------------

    def test_large_bodies_are_not_held(self, web: Web) -> None:
        resource = pytest.importorskip("resource")
        size = 100_000_000

        def handler(asked: Asked, connection: Connection) -> None:
            connection.send(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode())
            for _ in range(size // 100_000):
                connection.send(bytes(100_000))

        url = self.site(handler).root
        self.ask(web, self.site(lambda asked, _: Reply()).root)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        answer = web.send(WebRequest("GET", url))
        received = 0
        for chunk in answer.chunks():
            received += len(chunk)
            if received < 10_000_000:
                time.sleep(0.002)  # the server is faster than we are
        answer.close()
        assert received == size
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < size // 4 // 1024

    # --- proxies and closing ------------------------------------------------------------------------

    def test_the_proxy_of_the_environment_is_used(self, web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
        proxy = self.site(lambda asked, _: Reply(body=b"by proxy"))
        site = self.site(lambda asked, _: Reply(body=b"direct"))
        monkeypatch.setenv("http_proxy", proxy.root)
        assert self.ask(web, "http://elsewhere.invalid/a")[1] == b"by proxy"
        assert proxy.asked[0].target == "http://elsewhere.invalid/a"
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        assert self.ask(self.web_with(), f"{site.root}/a")[1] == b"direct"
        monkeypatch.setenv("http_proxy", self.unreachable(web))
        assert isinstance(self.error(self.web_with(), "http://elsewhere.invalid/a"), NotSent)

    def test_closing_ends_what_waits(self) -> None:
        entered = threading.Semaphore(0)

        def handler(asked: Asked, connection: Connection) -> None:
            entered.release()
            site.released.wait(30)
            raise Hangup

        web, site = self.web_with(connections=2, read_timeout=60.0), self.site(handler)
        with ThreadPoolExecutor(4) as pool:
            waiting = [pool.submit(self.error, web, f"{site.root}/") for _ in range(4)]
            assert entered.acquire(timeout=10)
            assert entered.acquire(timeout=10)
            web.close()  # type: ignore[attr-defined]
            web.close()  # type: ignore[attr-defined]
            assert self.ends(waiting, site)
        assert isinstance(self.error(web, f"{site.root}/"), Unavailable)

    def ends(self, waiting: list[Any], site: Website) -> bool:
        """True if all exchanges end though the server is silent. Override what a web cannot do."""
        return all(isinstance(one.result(timeout=10), Unavailable) for one in waiting)
