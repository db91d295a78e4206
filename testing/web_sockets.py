"""Contract suite of `ports.web` for those that are a network: subclass, say how to make the adapter, run pytest."""

from __future__ import annotations

import abc
import io
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ..domain.errors import GroundtruthError, NotSent, Unavailable
from ..ports.web import Web, WebAnswer, WebBody, WebRequest
from .transfer import LARGE, content
from .web import Respond, WebContract
from .website import Asked, Connection, Hangup, Reply, Website


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
