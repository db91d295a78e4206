"""A web server on 127.0.0.1 that answers as a test says, to the byte."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterable
from types import TracebackType

import attrs


@attrs.frozen
class Asked:
    """A request as it arrived: headers by name in lower case, and which connection it came over, from 1."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes = attrs.field(repr=False)
    connection: int = 0


@attrs.frozen
class Reply:
    """What to answer. With `cut`, the body ends after so many bytes, though all of them were announced."""

    status: int = 200
    headers: Iterable[tuple[str, str]] = ()
    body: bytes = attrs.field(default=b"", repr=False)
    cut: int | None = None


class Hangup(Exception):
    """Raised by a handler to close the connection; with `reset`, at once and without a farewell."""

    def __init__(self, reset: bool = False) -> None:
        super().__init__()
        self.reset = reset


Handler = Callable[[Asked, "Connection"], Reply | None]
"""Gives the answer to a request; None if it has sent it all itself."""


class Connection:
    """One connection of a client: what it sends is read request by request."""

    def __init__(self, plug: socket.socket, number: int, most_body: int | None = None) -> None:
        self.plug = plug
        self.number = number
        self._most_body = most_body
        self._file = plug.makefile("rb")

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.plug.sendall(data)

    def read_request(self) -> Asked | None:
        """The next request; None if the client has hung up."""
        first = self._file.readline(65536).decode("latin-1").split()
        if len(first) != 3:
            return None
        headers: dict[str, str] = {}
        while (line := self._file.readline(65536).strip()) != b"":
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", "0"))
        body = self._file.read(length if self._most_body is None else min(length, self._most_body))
        return Asked(first[0], first[1], headers, body, self.number)

    def reply(self, asked: Asked, reply: Reply) -> None:
        """Send an answer with its length."""
        fields = list(reply.headers)
        names = {name.lower() for name, _ in fields}
        if reply.status not in {204, 304} and not names & {"content-length", "transfer-encoding"}:
            fields.append(("Content-Length", str(len(reply.body))))
        lines = [f"HTTP/1.1 {reply.status} Because", *(f"{name}: {value}" for name, value in fields), "", ""]
        bodiless = asked.method == "HEAD" or reply.status in {204, 304}
        self.send("\r\n".join(lines).encode("latin-1") + (b"" if bodiless else reply.body[: reply.cut]))
        if reply.cut is not None:
            raise Hangup

    def close(self, reset: bool = False) -> None:
        """Hang up."""
        if reset:
            self.plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._file.close()
        with contextlib.suppress(OSError):
            if not reset:
                self.plug.shutdown(socket.SHUT_RDWR)
        self.plug.close()


class Website:
    """A server that calls `handler` for each request, in a thread for each connection.

    `asked` lists the requests, `connections` counts the connections made, `most_open` those open at once.
    `released` is set when it closes: handlers that fall silent wait for it. With `most_body`, no more bytes than that
    are read of a body.
    """

    def __init__(self, handler: Handler, wrap: Callable[[socket.socket], socket.socket] | None = None) -> None:
        self.asked: list[Asked] = []
        self.connections = self.open_now = self.most_open = 0
        self.most_body: int | None = None
        self.released = threading.Event()
        self._handler = handler
        self._wrap = wrap
        self._lock = threading.Lock()
        self._open: set[Connection] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._port = self._listener.getsockname()[1]
        self._start(self._listen)

    @property
    def port(self) -> int:
        """Port it listens on."""
        return self._port

    @property
    def root(self) -> str:
        """Address without a path."""
        return f"{'https' if self._wrap else 'http'}://127.0.0.1:{self.port}"

    def hang_up(self) -> None:
        """Close all connections that are open."""
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.plug.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Stop listening, hang up and wait for all threads."""
        self.released.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join(10)
        self.hang_up()
        for thread in self._threads:
            thread.join(10)

    def __enter__(self) -> Website:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _listen(self) -> None:
        while True:
            try:
                plug, _ = self._listener.accept()
            except OSError:  # closed
                return
            plug.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self.connections += 1
                self.open_now += 1
                self.most_open = max(self.most_open, self.open_now)
                number = self.connections
            self._start(self._talk, plug, number)

    def _talk(self, plug: socket.socket, number: int) -> None:
        reset = False
        try:
            plug = self._wrap(plug) if self._wrap else plug
            connection = Connection(plug, number, self.most_body)
        except OSError:  # the client does not trust us
            plug.close()
            return
        with self._lock:
            self._open.add(connection)
        try:
            while (asked := connection.read_request()) is not None:
                self.asked.append(asked)
                reply = self._handler(asked, connection)
                if reply is not None:
                    connection.reply(asked, reply)
        except Hangup as hangup:
            reset = hangup.reset
        except OSError:  # the client has hung up
            reset = True
        finally:
            with self._lock:
                self._open.discard(connection)
                self.open_now -= 1
            connection.close(reset)
