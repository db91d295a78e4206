"""A web kept in memory: every address is answered by one function."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import attrs

from ...domain.errors import IntegrityError, InvalidInput, NotReadable
from ...ports.web import WebBody, WebRequest
from .faults import Faults

CHUNK = 64 * 1024
BODILESS = {204, 304}


@attrs.frozen
class MemoryRequest:
    """A request as it arrived: headers by name in lower case, and all bytes of the body."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = attrs.field(repr=False)


@attrs.frozen
class MemoryReply:
    """What to answer. With an `error`, reading the body raises it in the end."""

    status: int = 200
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    body: bytes = attrs.field(default=b"", repr=False)
    error: Exception | None = None


Handler = Callable[[MemoryRequest], MemoryReply]


def nothing_there(request: MemoryRequest) -> MemoryReply:
    """The answer of a server that has nothing."""
    return MemoryReply(404)


@attrs.define
class MemoryAnswer:
    """The answer to one request. `closed` is remembered so that tests can ask."""

    status: int
    headers: Mapping[str, str]
    _reply: MemoryReply
    _name: str
    _faults: Faults = attrs.field(repr=False)
    closed: bool = False

    def chunks(self) -> Iterator[bytes]:
        """The body, in pieces of 64 KiB. Faults of `chunk` get the address without its query, and the offset."""
        body = self._reply.body
        for offset in range(0, len(body), CHUNK):
            if self.closed:
                return
            self._faults.check("chunk", self._name, offset)
            yield body[offset : offset + CHUNK]
        if self._reply.error is not None:
            raise self._reply.error

    def read(self, limit: int) -> bytes:
        """The whole body of at most `limit` bytes."""
        body = b""
        for chunk in self.chunks():
            body += chunk
            if len(body) > limit:
                raise IntegrityError(self._name, f"answers with more than the {limit} bytes that it may")
        return body

    def close(self) -> None:
        """Nothing to release. Idempotent."""
        self.closed = True


@attrs.define
class MemoryWeb:
    """Web whose requests are answered by `handler`, or by what `answer` planned for their address. Thread-safe.

    `requests` lists what arrived. Faults of `send` get the request; one of `NotSent` is a host that is not there.

        web = MemoryWeb()
        web.answer("https://hub/api/teams", MemoryReply(200, {}, b"[]"))
    """

    handler: Handler = nothing_there
    requests: list[MemoryRequest] = attrs.field(factory=list[MemoryRequest], init=False)
    answers: list[MemoryAnswer] = attrs.field(factory=list[MemoryAnswer], init=False, repr=False)
    faults: Faults = attrs.field(factory=Faults, init=False)
    _planned: dict[str, list[MemoryReply]] = attrs.field(factory=dict[str, list[MemoryReply]], init=False)
    _lock: Any = attrs.field(factory=threading.Lock, init=False, repr=False, eq=False)

    def answer(self, url: str, *replies: MemoryReply) -> None:
        """Answer the next requests for an address (to the letter) with these, one each."""
        with self._lock:
            self._planned.setdefault(url, []).extend(replies)

    def send(self, request: WebRequest) -> MemoryAnswer:
        """Have a request answered."""
        name = _check(request)
        self.faults.check("send", request)
        headers = {field.lower(): value for field, value in request.headers.items()}
        asked = MemoryRequest(request.method, request.url, headers, _content(request.body))
        with self._lock:
            self.requests.append(asked)
            planned = self._planned.get(request.url)
            reply = planned.pop(0) if planned else None
        reply = reply or self.handler(asked)
        if request.method == "HEAD" or reply.status in BODILESS:
            reply = attrs.evolve(reply, body=b"", error=None)
        answer = MemoryAnswer(
            reply.status, {field.lower(): value for field, value in reply.headers.items()}, reply, name, self.faults
        )
        with self._lock:
            self.answers.append(answer)
        return answer

    def close(self) -> None:
        """Nothing to close."""


def _check(request: WebRequest) -> str:
    name = request.url.partition("?")[0]
    if not _is_address(request.url):
        raise InvalidInput(f"address {name!r}", "is not a web address")
    for field, value in request.headers.items():
        if not field or not field.isascii() or set(field) & set(" :\r\n\0") or set(value) & set("\r\n\0"):
            raise InvalidInput(f"header {field!r}", "would be read as something else")
    return name


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and " " not in parts.netloc
    except ValueError:
        return False


def _content(body: bytes | WebBody | None) -> bytes:
    if not isinstance(body, WebBody):
        return body or b""
    try:
        with body.open() as file:
            data = file.read(body.size)
    except OSError as error:
        raise NotReadable(str(error.filename or ""), error.strerror or str(error)) from error
    if len(data) < body.size:
        raise NotReadable("", f"a body of {body.size} bytes ends early")
    if body.on_bytes is not None and data:
        body.on_bytes(len(data))
    return data
