"""Objects that are on their way though no thread waits for them.

Many threads that each move a small object spend more time handing the interpreter lock to each other than at work.
So small objects are asked for and waited for by one thread, many at once, and put in their place by the same thread
when they are there. What turns out to be large, or to go wrong, is left to the threads of the pool.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterable
from typing import Any, Generic, Protocol, TypeVar

import attrs

from ...ports.transfer import ObjectStream

R = TypeVar("R")

TICK = 0.25
"""Seconds after which all are looked after, since time may have run out for one."""

CONNECTING = 0.02
"""The same while one of them has no connection yet."""


class Busy(Exception):
    """Nothing more can be asked ahead before something has come."""


class Begun(Protocol):
    """An object that was asked for.

    A source can be asked ahead if its `begin(url)` returns one. It returns None if it never can, and raises `Busy` if
    it cannot now; its `is_busy` tells so beforehand.
    """

    @property
    def is_whole(self) -> bool:
        """True if `open` and the stream's chunks need not wait: all of it is here, and it is what was asked for."""
        ...

    @property
    def is_connected(self) -> bool:
        """False as long as `step` should be called now and then, whatever the sockets say."""
        ...

    def step(self) -> bool:
        """Go on without waiting; True when it should be opened: it is here, too large to hold, or went wrong."""
        ...

    def waits_on(self) -> list[tuple[int, bool, bool]]:
        """Sockets that `step` waits on, each with whether it must be readable, and writable."""
        ...

    def open(self) -> ObjectStream:
        """What the source's `open` returns, or raises. Once only."""
        ...

    def close(self) -> None:
        """Give it up, unless it was opened. Idempotent."""
        ...


class Flying(Protocol):
    """Work that waits for something begun."""

    @property
    def begun(self) -> Begun:
        """What it waits for."""
        ...


F = TypeVar("F", bound=Flying)


@attrs.frozen(eq=False)
class Flight(Generic[R]):
    """Work that waits for something begun; `finish` does the rest."""

    begun: Begun
    finish: Callable[[], R]


class Flights(Generic[F]):
    """Work whose objects are on their way. For one thread."""

    def __init__(self) -> None:
        self._sockets: dict[F, list[tuple[int, bool, bool]]] = {}
        self._by_socket: dict[int, F] = {}
        self._connecting: set[F] = set()
        self._poll: Any = select.poll() if hasattr(select, "poll") else None
        self._looked = self._looked_at_new = time.monotonic()

    @property
    def can_wait(self) -> bool:
        """False where the operating system cannot wait on many sockets."""
        return self._poll is not None

    def __len__(self) -> int:
        return len(self._sockets)

    def add(self, flight: F) -> bool:
        """Look after one more; False if there is nothing to wait for."""
        if flight.begun.step():
            return False
        self._sockets[flight] = []
        self._listen(flight)
        return True

    def wait(self, seconds: float) -> list[F]:
        """Those that have arrived, or should be waited for in another way. They are looked after no more.

        Returns none after `seconds`, or a bit earlier.
        """
        if not self._sockets:
            return []
        events = self._poll.poll(1000 * min(seconds, CONNECTING if self._connecting else TICK))
        found = {self._by_socket[number] for number, _ in events}
        found.update(self._overdue())
        landed = [flight for flight in found if flight.begun.step()]
        for flight in found.difference(landed):
            self._listen(flight)
        for flight in landed:
            self._forget(flight)
        return landed

    def close(self) -> None:
        """Give all of them up."""
        for flight in list(self._sockets):
            self._forget(flight)
            flight.begun.close()

    def _overdue(self) -> Iterable[F]:
        now = time.monotonic()
        if now - self._looked >= TICK:
            self._looked = now
            return self._sockets
        if self._connecting and now - self._looked_at_new >= CONNECTING:
            self._looked_at_new = now
            return self._connecting
        return ()

    def _listen(self, flight: F) -> None:
        if flight.begun.is_connected:
            self._connecting.discard(flight)
        else:
            self._connecting.add(flight)
        sockets = flight.begun.waits_on()
        if sockets != self._sockets[flight]:
            self._silence(flight)
            self._sockets[flight] = sockets
            for number, readable, writable in sockets:
                self._by_socket[number] = flight
                self._poll.register(number, (select.POLLIN if readable else 0) | (select.POLLOUT if writable else 0))

    def _silence(self, flight: F) -> None:
        for number, _, _ in self._sockets[flight]:
            if self._by_socket.get(number) is flight:
                del self._by_socket[number]
                self._poll.unregister(number)

    def _forget(self, flight: F) -> None:
        self._silence(flight)
        del self._sockets[flight]
        self._connecting.discard(flight)
