"""The web over libcurl: fast, and many connections at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from types import TracebackType

import pycurl

from ...domain.errors import GroundtruthError, InvalidInput
from ...domain.web import public
from ...ports.web import WebRequest
from .environment import ca_bundle
from .head import Head
from .leases import Leases
from .reading import whole
from .wire import HELD, Gate, Wire, WireSettings

AT_WORK = 4
"""How many threads are at work on answers at a time, at most; one processor is left to those that save them."""


class CurlAnswer:
    """The answer to one request. Used by one thread at a time."""

    def __init__(self, wire: Wire, head: Head, leases: Leases) -> None:
        self._wire: Wire | None = wire
        self._head = head
        self._leases = leases
        self._url = wire.url

    @property
    def status(self) -> int:
        """HTTP status."""
        return self._head.status

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers by name in lower case."""
        return self._head.headers

    def chunks(self) -> Iterator[bytes]:
        """The body, in pieces of some 100 KiB. What arrived before an error is given out before it is raised."""
        while (wire := self._wire) is not None:
            data = wire.take()
            if data:
                yield data
            elif wire.running:
                wire.advance()
            else:
                error = wire.error
                self.close()
                if error is not None:
                    raise error

    def read(self, limit: int) -> bytes:
        """The whole body of at most `limit` bytes."""
        return whole(self.chunks(), self.headers, limit, public(self._url))

    def close(self) -> None:
        """Give the connection back; close it if there is more to come. Idempotent."""
        wire, self._wire = self._wire, None
        if wire is not None:
            self._leases.give(wire)


class CurlExchange:
    """A request under way that no thread waits for: whoever has many of them waits on all of their sockets at once.

    Used by one thread at a time.
    """

    def __init__(self, wire: Wire, leases: Leases) -> None:
        self._wire: Wire | None = wire
        self._leases = leases
        self._error: Exception | None = None

    def step(self) -> bool:
        """Go on without waiting; True when there is nothing to wait for, or more to come than should be held."""
        if self._wire is None or self._error is not None:
            return True
        try:
            return self._wire.step()
        except GroundtruthError as error:
            self._error = error
            return True

    def waits_on(self) -> list[tuple[int, bool, bool]]:
        """Sockets that `step` waits on, each with whether it must be readable, and writable."""
        return self._wire.waits_on() if self._wire is not None else []

    @property
    def is_connected(self) -> bool:
        """False as long as `step` should be called now and then, whatever the sockets say."""
        return self._wire is None or self._wire.is_connected

    @property
    def status(self) -> int | None:
        """HTTP status, if the answer has arrived to its end."""
        wire = self._wire
        if wire is None or wire.head is None or wire.running or wire.error is not None:
            return None
        return wire.head.status

    def answer(self) -> CurlAnswer:
        """What `send` returns, or raises; waits for it if need be. Once only."""
        wire, self._wire = self._wire, None
        assert wire is not None
        return _answer(wire, self._leases, self._error)

    def close(self) -> None:
        """Give it up, unless the answer was taken. Idempotent."""
        wire, self._wire = self._wire, None
        if wire is not None:
            self._leases.give(wire)


class CurlWeb:
    """Sends requests over at most `connections` connections at a time.

    Connections are kept for later requests. HTTP/1.1 only. Proxies and the file of trusted certificates come from
    the environment (`REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`, `SSL_CERT_FILE`). Times in seconds: `read_timeout` is
    the longest that nothing may happen. Close it when done; exchanges under way in other threads end soon then.
    """

    def __init__(
        self,
        connections: int = 64,
        connect_timeout: float = 10.0,
        read_timeout: float = 60.0,
        user_agent: str = "groundtruth",
    ) -> None:
        if connections < 1:
            raise InvalidInput("web", "needs at least one connection")
        bundle = ca_bundle()
        settings = WireSettings(
            connect_timeout,
            read_timeout,
            user_agent,
            (pycurl.CAPATH if os.path.isdir(bundle) else pycurl.CAINFO, bundle),  # noqa: PTH112
            Gate(max(min((os.cpu_count() or 1) - 1, AT_WORK), 1)),
            lambda: self._leases.is_closed,
        )
        self._leases = Leases(connections, lambda: Wire(settings))

    def send(self, request: WebRequest) -> CurlAnswer:
        """Send a request; return when the headers of the answer are there."""
        return _answer(self._begin(self._leases.take(request.url), request), self._leases)

    @property
    def is_busy(self) -> bool:
        """True if `begin` would return None at the moment."""
        return self._leases.is_busy

    def begin(self, request: WebRequest, held: int = HELD) -> CurlExchange | None:
        """A request that is sent by its first `step`; None if there is no connection to spare.

        An answer of fewer than `held` bytes need not be read before it is there as a whole.
        """
        wire = self._leases.spare()
        return CurlExchange(self._begin(wire, request, held), self._leases) if wire is not None else None

    def _begin(self, wire: Wire, request: WebRequest, held: int = HELD) -> Wire:
        try:
            wire.begin(request, held)
        except BaseException:
            self._leases.give(wire)
            raise
        return wire

    def close(self) -> None:
        """Close all connections. Idempotent."""
        self._leases.close()

    def __enter__(self) -> CurlWeb:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _answer(wire: Wire, leases: Leases, error: Exception | None = None) -> CurlAnswer:
    """The answer once its head is there."""
    try:
        while error is None and wire.head is None:
            if wire.running:
                wire.advance()
            else:
                error = wire.error
        if error is not None:
            raise error
        assert wire.head is not None
        return CurlAnswer(wire, wire.head, leases)
    except BaseException:
        leases.give(wire)
        raise
