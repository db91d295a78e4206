"""Objects on web servers and object stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, NoReturn
from urllib.parse import urljoin

import attrs

from ...domain.bundle import MAX_BUNDLE
from ...domain.errors import (
    AccessDenied,
    GroundtruthError,
    IntegrityError,
    InvalidInput,
    LinkExpired,
    ObjectNotFound,
    Unavailable,
)
from ...domain.web import public, retry_after
from ...ports.web import Web, WebAnswer, WebRequest
from .ahead import Busy
from .bundles import Bundling
from .headers import content_range, is_validator, validator_of

MAX_REDIRECTS = 5
REDIRECTS = {301, 302, 303, 307, 308}
WORTH_READING = 64 * 1024
"""Bytes read from an answer that is not wanted, so that its connection can be used again."""

# Without 'identity' a server may send other bytes than those of the object.
HEADERS = {"Accept-Encoding": "identity"}

Authorize = Callable[[str], Mapping[str, str]]
"""Headers that prove to the server of a URL who asks."""


def no_credentials(url: str) -> Mapping[str, str]:
    """Headers for a URL that asks for none."""
    return {}


@attrs.define
class HttpStream:
    """The body of an answer; without an answer there are no bytes left to send. `content_type` as the server says."""

    _answer: WebAnswer | None = attrs.field(repr=False)
    start: int
    size: int | None
    validator: str | None
    content_type: str = ""

    def chunks(self) -> Iterator[bytes]:
        """The bytes, in pieces of bounded size.

        Raises:
            Unavailable: the connection broke or fell silent, or the body ended early.
        """
        return iter(()) if self._answer is None else self._answer.chunks()

    def close(self) -> None:
        """Give the connection back, or close it if the body was not read to its end. Idempotent."""
        if self._answer is not None:
            self._answer.close()


@attrs.define
class HttpBegun:
    """An object on its way though no thread waits for it. See `ahead.Begun`."""

    _exchange: Any
    _source: HttpSource
    _url: str

    @property
    def is_whole(self) -> bool:
        """True if `open` and the stream's chunks need not wait."""
        return self._exchange.status == 200

    @property
    def status(self) -> int | None:
        """HTTP status; None of an answer that did not come to its end."""
        return self._exchange.status

    @property
    def is_connected(self) -> bool:
        """False as long as `step` should be called now and then."""
        return self._exchange.is_connected

    def step(self) -> bool:
        """Go on without waiting; True when it is better opened."""
        return self._exchange.step()

    def waits_on(self) -> list[tuple[int, bool, bool]]:
        """Sockets that `step` waits on."""
        return self._exchange.waits_on()

    def open(self) -> HttpStream:
        """What the source's `open` returns, or raises. Once only."""
        return self._source.opened(self._url, self._exchange.answer())

    def read(self, limit: int) -> bytes:
        """The whole body, whatever the status. Once only, instead of `open`."""
        answer = self._exchange.answer()
        try:
            return answer.read(limit)
        finally:
            answer.close()

    def close(self) -> None:
        """Give it up, unless it was opened. Idempotent."""
        self._exchange.close()


@attrs.frozen
class HttpSource:
    """Serves `http` and `https` addresses.

    `authorize` is asked for headers once for every address that is contacted, each one redirected to included, so a
    key goes to the hosts it names and to no other. `bundling` is the hub that gives out several objects at once, if
    there is one. The web is its maker's to close.
    """

    web: Web
    authorize: Authorize = no_credentials
    bundling: Bundling | None = None

    @property
    def schemes(self) -> frozenset[str]:
        """`http` and `https`."""
        return frozenset({"http", "https"})

    def open(self, url: str, start: int = 0, validator: str | None = None) -> HttpStream:
        """Open an object.

        Raises:
            ObjectNotFound: 404 or 410.
            AccessDenied: 401, or another refusal that is not of a signed address.
            LinkExpired: 403, which is how stores answer for a signed address that is too old.
            Unavailable: 408, 429, 5xx, a broken or silent connection, or an answer that makes no sense.
            IntegrityError: the server insists on an encoding.
            InvalidInput: the address is not one, or the server does not understand the request.
        """
        if start > 0 and validator is not None and is_validator(validator):
            stream = self._resume(url, start, validator)
            if stream is not None:
                return stream
        return self.opened(url)

    @property
    def is_busy(self) -> bool:
        """True if `begin` would raise `Busy` at the moment."""
        return getattr(self.web, "is_busy", False)

    def begin(self, url: str) -> HttpBegun | None:
        """An object that is asked for step by step; None if the web cannot.

        Raises:
            Busy: it has no connection to spare.
        """
        begin = getattr(self.web, "begin", None)
        if begin is None:
            return None
        exchange = begin(self._request(url, {}))
        if exchange is None:
            raise Busy
        return HttpBegun(exchange, self, url)

    def bundle_address(self, url: str) -> str | None:
        """Where the object can be asked for together with others; None: by itself only."""
        asked_ahead = hasattr(self.web, "begin")
        return self.bundling.bundle_address(url) if self.bundling is not None and asked_ahead else None

    def begin_bundle(self, address: str, urls: Sequence[str]) -> HttpBegun:
        """Objects that are asked for together, step by step: what is read of the answer is a bundle of them.

        Raises:
            Busy: the web has no connection to spare.
        """
        assert self.bundling is not None
        begin: Any = getattr(self.web, "begin", None)
        exchange = begin(self.bundling.bundle_request(address, urls), MAX_BUNDLE)
        if exchange is None:
            raise Busy
        return HttpBegun(exchange, self, address)

    def opened(self, url: str, first: WebAnswer | None = None) -> HttpStream:
        """As `open` from the beginning; `first` is the answer of `url` if it was asked already."""
        answer, last = self._get(url, {}, first)
        if answer.status != 200:
            _refuse(answer, last)
        return _stream(answer, last, 0)

    def _resume(self, url: str, start: int, validator: str) -> HttpStream | None:
        """The rest of the object, or all of it if that is what the server sends; None if it sends neither."""
        answer, last = self._get(url, {"Range": f"bytes={start}-", "If-Range": validator})
        if answer.status == 200:
            return _stream(answer, last, 0)
        if answer.status not in {206, 416}:
            _refuse(answer, last)
        first, final, size = content_range(answer.headers.get("content-range"))
        now = validator_of(answer.headers)
        if answer.status == 206 and first == start and now in {validator, None}:
            whole = size if size is not None else final + 1 if final is not None else None
            if final is not None and whole == final + 1:
                return _stream(answer, last, start, whole, validator)
        if answer.status == 416 and size == start and now == validator:
            _finish(answer)
            return HttpStream(None, start, start, validator)
        _finish(answer)
        return None

    def _request(self, url: str, headers: Mapping[str, str]) -> WebRequest:
        return WebRequest("GET", url, {**HEADERS, **headers, **self.authorize(url)})

    def _get(self, url: str, headers: Mapping[str, str], first: WebAnswer | None = None) -> tuple[WebAnswer, str]:
        """Answer to a request, and the address it came from after redirects."""
        for _ in range(MAX_REDIRECTS + 1):
            answer, first = first or self.web.send(self._request(url, headers)), None
            location = answer.headers.get("location", "")
            if answer.status not in REDIRECTS or not location:
                return answer, url
            _finish(answer)
            url = self._target(url, location)
        raise Unavailable(public(url), f"was redirected to more than {MAX_REDIRECTS} times")

    def _target(self, url: str, location: str) -> str:
        with suppress(UnicodeError):  # headers are bytes; most who send more than ASCII mean UTF-8
            location = location.encode("latin-1").decode()
        try:
            target = urljoin(url, location)
        except ValueError as error:
            raise Unavailable(public(url), "redirects to something that is not an address") from error
        if target.partition(":")[0].lower() not in self.schemes:
            raise Unavailable(public(url), "redirects to an address that is not of the web")
        return target


def _stream(
    answer: WebAnswer, url: str, start: int, size: int | None = None, validator: str | None = None
) -> HttpStream:
    headers = answer.headers
    encoding = headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"", "identity"}:
        answer.close()
        raise IntegrityError(public(url), f"is sent encoded as '{encoding}' though its plain bytes were asked for")
    if size is None:
        length = headers.get("content-length", "")
        size = int(length) if length.isascii() and length.isdigit() else None
    kind = headers.get("content-type", "")
    return HttpStream(answer, start, size, validator or validator_of(headers), kind)


def _refuse(answer: WebAnswer, url: str) -> NoReturn:
    """Raise what the answer's status means."""
    error = _error(answer, public(url))
    _finish(answer)
    raise error


def _error(answer: WebAnswer, name: str) -> GroundtruthError:
    status = answer.status
    if status in {404, 410}:
        return ObjectNotFound("object", name)
    if status == 403:
        return LinkExpired(name, "is not (or no longer) a valid address", status)
    if status in {401, 407, 451}:
        return AccessDenied(name.split("/")[2], f"refuses to give out {name} (HTTP {status})")
    if 400 <= status < 500 and status not in {408, 421, 425, 429}:
        return InvalidInput(name, f"cannot be asked for like this (HTTP {status})")
    wait = retry_after(answer.headers.get("retry-after"), datetime.now(UTC))
    return Unavailable(name, "is not to be had now", status, wait)


def _finish(answer: WebAnswer) -> None:
    """Be done with an answer; a short one is read to its end, so that its connection can be used again."""
    with suppress(Unavailable, IntegrityError):
        answer.read(WORTH_READING)
    answer.close()
