"""One exchange after the other over connections of its own: a libcurl handle, stepped by the thread that waits.

Threads that work in turns for a moment each spend most of their time handing the interpreter lock to each other:
at 64 threads more than half of all time. So only a few at a time may be at work here (`Gate`); the others wait for
the network or for their turn, which costs nothing. Nothing is done inside the gate that could block.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from queue import SimpleQueue

import attrs
import pycurl

from ...domain.errors import NotSent, Unavailable
from ...domain.web import public
from ...ports.web import WebBody, WebRequest
from .head import BLANK, Head
from .reasons import unavailable
from .request import BodyReader, address_of, fields_of

SLICE = 0.25
"""Seconds waited at a time, so that a wait ends soon when all connections are closed."""

ENOUGH = 128 * 1024
"""Bytes received at a time, or a few more."""

HELD = 256 * 1024
"""Bytes of an answer that `step` lets come before it is read, unless `begin` is told otherwise."""

BUFFER = 32 * 1024
PIECE = 256 * 1024
"""Bytes read at a time from a body that is sent."""

ORIGINS = 4
"""Servers to which an idle connection is kept."""


class Gate:
    """Lets a few threads in at a time."""

    def __init__(self, size: int) -> None:
        self._free: SimpleQueue[None] = SimpleQueue()
        for _ in range(size):
            self._free.put(None)

    def __enter__(self) -> None:
        self._free.get()

    def __exit__(self, *_: object) -> None:
        self._free.put(None)


@attrs.frozen
class WireSettings:
    """What all wires have in common. Times in seconds; `is_closed` tells that the exchange is to be given up."""

    connect_timeout: float
    read_timeout: float
    user_agent: str
    ca_bundle: tuple[int, str]
    gate: Gate
    is_closed: Callable[[], bool]


class Wire:
    """Not thread-safe. `begin`, then `advance` while it is `running`, then `end`."""

    def __init__(self, settings: WireSettings) -> None:
        self._settings = settings
        self._easy = pycurl.Curl()
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_MAXCONNECTS, ORIGINS)
        self._sends_bodies = True  # or anything else that `_prepare` undoes
        self._fields: Mapping[str, str] | None = None
        self._lines: list[bytes] = []
        self._received: list[bytes] = []
        self._forget()

    def _forget(self) -> None:
        self.url = ""
        self.head: Head | None = None
        self.error: Exception | None = None
        self.running = False
        self._sent = False
        self._reader: BodyReader | None = None
        self._piece: memoryview = memoryview(b"")
        self._unread = self._taken = 0
        self._paused = False
        self._held = HELD
        self._deadline: float | None = None
        self._lines.clear()
        self._received.clear()

    @property
    def name(self) -> str:
        """What is asked, for messages."""
        return public(self.url)

    # --- from beginning to end ----------------------------------------------------------------------

    def begin(self, request: WebRequest, held: int = HELD) -> None:
        """Send a request; `step` lets `held` bytes of its answer come before they are read."""
        self._forget()
        self._held = held
        self.url = request.url
        address = address_of(request.url)
        try:
            self._prepare(request)
            self._easy.setopt(pycurl.URL, address)
        except BaseException:
            self.end()
            raise
        self._multi.add_handle(self._easy)
        self.running = True

    def advance(self) -> None:
        """Wait until something has arrived, or the exchange is over: then `error` tells if it went wrong.

        Raises:
            Unavailable: nothing happened for too long.
            NotReadable: the body to send cannot be read.
        """
        self._deadline = None
        while self.running:
            self._feed()
            with self._settings.gate:
                moved = self._perform()
            if moved:
                if sum(map(len, self._received)) < ENOUGH:
                    continue  # there may be more
            elif self.running and not self._received and not self._read_head():
                self._wait()
                continue
            break
        self._settle()

    def step(self) -> bool:
        """Go on without waiting; True if the exchange is over, or there is more to come than should be held.

        Raises:
            Unavailable: nothing happened for too long.
        """
        self._feed()
        while self.running and self._perform():
            if sum(map(len, self._received)) >= self._held:
                break
            self._feed()
        self._settle()
        if not self.running:
            return True
        self._patience()
        return self.head is not None and self._is_large(self.head)

    def waits_on(self) -> list[tuple[int, bool, bool]]:
        """Sockets that `step` waits on, each with whether it must be readable, and writable."""
        if self._sent and not self._unread and not self._piece:
            number = self._easy.getinfo(pycurl.ACTIVESOCKET)
            return [(number, True, False)] if number >= 0 else []
        readable, writable, _ = self._multi.fdset()
        return [(number, number in readable, number in writable) for number in {*readable, *writable}]

    @property
    def is_connected(self) -> bool:
        """True if the request was sent, or a part of it. Before that `step` should be called now and then."""
        return self._sent

    def take(self) -> bytes:
        """What was received of the body since the last time."""
        data = self._received[0] if len(self._received) == 1 else b"".join(self._received)
        self._received.clear()
        return data

    def end(self) -> None:
        """Be done with an exchange; a connection on which it was not finished is closed. Idempotent."""
        if self._easy.multi() is not None:
            self._multi.remove_handle(self._easy)
        reader, self._reader = self._reader, None
        self.running = False
        if reader is not None:
            reader.close()

    def close(self) -> None:
        """Close the connections."""
        self.end()
        self._easy.close()
        self._multi.close()

    # --- what is asked ------------------------------------------------------------------------------

    def _prepare(self, request: WebRequest) -> None:
        body = request.body
        if body is None and request.method in {"POST", "PUT", "PATCH"}:
            body = b""  # a server may insist on a length
        if self._sends_bodies or body is not None or request.method != "GET":
            self._easy.reset()
            self._set_up()
            self._fields = None
        self._sends_bodies = body is not None or request.method != "GET"
        if self._sends_bodies:
            self._set_method(request.method, body)
        if self._fields != request.headers:
            lines = [_line(name, value) for name, value in fields_of(request.headers)]
            # Neither asks for permission to send a body: few servers answer, and waiting costs a second.
            self._easy.setopt(pycurl.HTTPHEADER, [b"Expect:", *lines])
            self._fields = dict(request.headers)

    def _set_up(self) -> None:
        """Say what all requests have in common."""
        settings, set_option = self._settings, self._easy.setopt
        set_option(pycurl.NOSIGNAL, 1)
        set_option(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        set_option(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
        set_option(pycurl.NETRC, pycurl.NETRC_IGNORED)
        set_option(pycurl.PATH_AS_IS, 1)
        set_option(pycurl.USERAGENT, settings.user_agent)
        set_option(pycurl.CONNECTTIMEOUT_MS, max(int(settings.connect_timeout * 1000), 1))
        set_option(pycurl.BUFFERSIZE, BUFFER)
        set_option(*settings.ca_bundle)
        set_option(pycurl.WRITEFUNCTION, self._received.append)
        set_option(pycurl.HEADERFUNCTION, self._lines.append)
        set_option(pycurl.PREREQFUNCTION, self._on_connected)

    def _set_method(self, method: str, body: bytes | WebBody | None) -> None:
        set_option = self._easy.setopt
        if method == "HEAD" and body is None:
            set_option(pycurl.NOBODY, 1)
            return
        set_option(pycurl.CUSTOMREQUEST, method)
        if body is None:
            return
        if isinstance(body, WebBody):
            self._reader, self._unread = BodyReader(body), body.size
        else:
            self._piece = memoryview(body)
        set_option(pycurl.UPLOAD, 1)
        set_option(pycurl.INFILESIZE_LARGE, self._unread or len(self._piece))
        set_option(pycurl.UPLOAD_BUFFERSIZE, BUFFER)
        set_option(pycurl.READFUNCTION, self._on_read)

    # --- what libcurl calls -------------------------------------------------------------------------

    def _on_connected(self, *_: object) -> int:
        """Let the request be sent, once: libcurl would send it again over another connection if one was dead."""
        if self._sent:
            return pycurl.PREREQFUNC_ABORT
        self._sent = True
        self._lines.clear()  # what a proxy said
        return pycurl.PREREQFUNC_OK

    def _on_read(self, size: int) -> bytes | int:
        data = bytes(self._piece[:size])
        self._piece = self._piece[len(data) :]
        self._taken += len(data)
        if not data and self._unread:
            self._paused = True
            return pycurl.READFUNC_PAUSE
        return data

    # --- one step -----------------------------------------------------------------------------------

    def _perform(self) -> bool:
        """Do what can be done now; True if anything was."""
        before = self._taken + len(self._lines) + len(self._received)
        _, self.running = self._multi.perform()
        if not self.running:
            self._finish()
        elif self._taken + len(self._lines) + len(self._received) == before:
            return False
        self._deadline = None
        return True

    def _feed(self) -> None:
        """Have bytes ready to send. A file is read here, not when libcurl asks: it may be slow."""
        reader = self._reader
        if reader is None:
            return
        self._account(reader)
        if self._unread and not self._piece:
            data = reader.read(PIECE)
            self._unread -= len(data)
            self._piece = memoryview(data)
        if self._paused and self._piece:
            self._paused = False
            self._easy.unpause()

    def _account(self, reader: BodyReader) -> None:
        taken, self._taken = self._taken, 0
        reader.sent(taken)

    def _settle(self) -> None:
        self._read_head()
        if self._reader is not None:
            self._account(self._reader)

    def _read_head(self) -> bool:
        """Look for the head of the answer; True if it has come. What follows later are trailers."""
        lines = self._lines
        if self.head is not None or not lines or not self._sent:
            return False
        if lines[-1] in BLANK or self._received or not self.running:
            self.head = Head.parse(lines)
            lines.clear()
        return self.head is not None

    def _is_large(self, head: Head) -> bool:
        length = head.headers.get("content-length", "")
        announced = int(length) if length.isascii() and length.isdigit() else 0
        return max(announced, sum(map(len, self._received))) >= self._held

    def _patience(self) -> float:
        """Seconds that nothing may happen from now on.

        Raises:
            Unavailable: there are none left, or the connections were closed.
        """
        if self._settings.is_closed():
            kind = Unavailable if self._sent else NotSent
            raise kind(self.name, "was given up: its connections are closed")
        if not self._sent:
            return SLICE  # libcurl has an eye on the time until it is connected
        now = time.monotonic()
        if self._deadline is None:
            self._deadline = now + self._settings.read_timeout
        if self._deadline <= now:
            raise Unavailable(self.name, "fell silent")
        return self._deadline - now

    def _wait(self) -> None:
        longest = min(SLICE, self._patience())
        timer = self._multi.timeout()
        if self._multi.select(min(longest, timer / 1000) if timer >= 0 else longest) < 0:
            time.sleep(min(longest, 0.005))  # there is nothing to wait on yet

    def _finish(self) -> None:
        _, _, failed = self._multi.info_read()
        for _, code, _ in failed:
            number = self._easy.getinfo(pycurl.OS_ERRNO)
            self.error = unavailable(code, int(number or 0), self._sent, self.name)
        self._multi.remove_handle(self._easy)
        if self.head is None and self.error is None and not self._read_head():
            self.error = Unavailable(self.name, "did not answer in the way of the web")


def _line(name: str, value: bytes) -> bytes:
    # Without a value libcurl leaves the header out, unless it is written like this.
    return b"%s: %s" % (name.encode(), value) if value else b"%s;" % name.encode()
