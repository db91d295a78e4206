"""A web server that can be told to misbehave, and a source that follows a script."""

from __future__ import annotations

import hashlib
import socket
import struct
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import attrs
import pytest


@attrs.define
class Seen:
    """A request that arrived: its path, its headers with lower-case names, and the body bytes sent in answer."""

    path: str
    headers: dict[str, str]
    sent: int = 0


Script = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def setup(self) -> None:
        super().setup()
        with self.server.site.lock:
            self.server.site.connections += 1
            self.server.site.open_connections += 1
            self.server.site.most_open = max(self.server.site.most_open, self.server.site.open_connections)

    def finish(self) -> None:
        with self.server.site.lock:
            self.server.site.open_connections -= 1
        super().finish()

    def log_message(self, *args: Any) -> None:
        """Keep the test's output clean."""

    def do_GET(self) -> None:
        site = self.server.site
        path = self.path.partition("?")[0]
        self.seen = Seen(self.path, {name.lower(): value for name, value in self.headers.items()})
        with site.lock:
            site.requests.append(self.seen)
            scripts = site.scripts[path]
            script = scripts.pop(0) if scripts else Handler.serve
        try:
            script(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def begin(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def body(self, data: bytes) -> None:
        self.seen.sent += len(data)  # first, for the client may look at it as soon as it has the bytes
        self.wfile.write(data)
        self.wfile.flush()

    def serve(self) -> None:
        """What a well-behaved server does."""
        site, path = self.server.site, self.path.partition("?")[0]
        data = site.objects.get(path)
        if data is None:
            self.begin(404, {"Content-Length": "9"})
            self.body(b"not found")
            return
        etag = site.etag(data)
        headers = {"ETag": etag, "Accept-Ranges": "bytes"} if site.ranges else {}
        wanted = self.headers.get("Range")
        if site.ranges and wanted and self.headers.get("If-Range", etag) == etag:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= len(data):
                self.begin(416, {**headers, "Content-Range": f"bytes */{len(data)}", "Content-Length": "0"})
                return
            rest = data[start:]
            extent = f"bytes {start}-{len(data) - 1}/{len(data)}"
            self.begin(206, {**headers, "Content-Range": extent, "Content-Length": str(len(rest))})
            self.body(rest)
            return
        self.begin(200, {**headers, "Content-Length": str(len(data))})
        self.body(data)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    site: Site

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is nothing special here."""


class Site:
    """A web server on 127.0.0.1. Scripts replace the answer to the next requests of a path, one each."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.objects: dict[str, bytes] = {}
        self.scripts: dict[str, list[Script]] = defaultdict(list)
        self.requests: list[Seen] = []
        self.ranges = True
        self.connections = self.open_connections = self.most_open = 0
        self.released = threading.Event()
        self._server = Server(("127.0.0.1", 0), Handler)
        self._server.site = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def etag(self, data: bytes) -> str:
        return f'"{hashlib.sha256(data).hexdigest()[:32]}"'

    def add(self, data: bytes, path: str = "") -> str:
        """Serve bytes; return their address."""
        path = path or f"/{len(self.objects)}.bin"
        self.objects[path] = data
        return self.root + path

    def path(self, url: str) -> str:
        return url.removeprefix(self.root).partition("?")[0]

    def seen(self, url: str) -> list[Seen]:
        """Requests for an address, oldest first."""
        return [one for one in self.requests if one.path.partition("?")[0] == self.path(url)]

    def script(self, url: str, *scripts: Script) -> None:
        """Answer the next requests for an address by calling these functions."""
        self.scripts[self.path(url)].extend(scripts)

    def answer(self, url: str, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        """Answer the next request like this."""

        def script(handler: Handler) -> None:
            handler.begin(status, {"Content-Length": str(len(body)), **(headers or {})})
            handler.body(body)

        self.script(url, script)

    def cut(self, url: str, size: int, reset: bool = False) -> None:
        """Hang up on the next request after that many bytes of the body."""

        def script(handler: Handler) -> None:
            data = self.objects[self.path(url)]
            handler.begin(200, {"Content-Length": str(len(data)), "ETag": self.etag(data)})
            handler.body(data[:size])
            if reset:
                handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.close_connection = True

        self.script(url, script)

    def stall(self, url: str, size: int) -> None:
        """Fall silent on the next request after that many bytes of the body, until `released` is set."""

        def script(handler: Handler) -> None:
            data = self.objects[self.path(url)]
            handler.begin(200, {"Content-Length": str(len(data)), "ETag": self.etag(data)})
            handler.body(data[:size])
            self.released.wait(30)
            handler.close_connection = True

        self.script(url, script)

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


@pytest.fixture
def other_site() -> Iterator[Site]:
    """A server of another origin."""
    site = Site()
    yield site
    site.close()


@attrs.define
class Reply:
    """What a scripted source opens: chunks, then perhaps an error."""

    chunks_: Iterable[bytes]
    start: int = 0
    size: int | None = None
    validator: str | None = None
    error: BaseException | None = None
    before: Callable[[], object] = lambda: None
    closed: bool = False

    def chunks(self) -> Iterator[bytes]:
        for chunk in self.chunks_:
            self.before()
            yield chunk
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        self.closed = True


@attrs.define
class Scripted:
    """A source that answers each `open` with the next part of its script, and notes what was asked for."""

    script: list[Reply | BaseException] = attrs.field(factory=list)
    opened: list[tuple[str, int, str | None]] = attrs.field(factory=list)
    replies: list[Reply] = attrs.field(factory=list)
    schemes: frozenset[str] = frozenset({"test"})

    def open(self, url: str, start: int = 0, validator: str | None = None) -> Reply:
        self.opened.append((url, start, validator))
        reply = self.script.pop(0)
        if isinstance(reply, BaseException):
            raise reply
        self.replies.append(reply)
        return reply


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    source = Scripted()
    yield source
    assert all(reply.closed for reply in source.replies)


@pytest.fixture
def reply() -> type[Reply]:
    return Reply
