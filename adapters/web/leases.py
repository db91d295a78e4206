"""A few wires for many threads."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ...domain.errors import NotSent
from ...domain.web import public
from .wire import Wire


class Leases:
    """Gives out wires, at most `count` at a time; who comes later waits. Thread-safe.

    The wire that was given back last is given out first, so that no more connections are made than are needed.
    """

    def __init__(self, count: int, make: Callable[[], Wire]) -> None:
        self._make = make
        self._left = count
        self._idle: list[Wire] = []
        self._changed = threading.Condition()
        self._closed = False

    @property
    def is_closed(self) -> bool:
        """True if no more wires are given out."""
        return self._closed

    @property
    def is_busy(self) -> bool:
        """True if there is no wire to spare at the moment."""
        return self._left + len(self._idle) <= 1

    def take(self, url: str) -> Wire:
        """A wire for an exchange with `url`.

        Raises:
            NotSent: they are closed.
        """
        with self._changed:
            while not self._closed:
                if self._idle:
                    return self._idle.pop()
                if self._left:
                    return self._new()
                self._changed.wait()
        raise NotSent(public(url), "was not asked: its connections are closed")

    def spare(self) -> Wire | None:
        """A wire that is free at once, but never the last one: who waits for one must get it in the end."""
        with self._changed:
            if not self._closed and not self.is_busy:
                return self._idle.pop() if self._idle else self._new()
        return None

    def give(self, wire: Wire) -> None:
        """Take a wire back."""
        wire.end()
        with self._changed:
            if not self._closed:
                self._idle.append(wire)
                self._changed.notify()
                return
        wire.close()

    def _new(self) -> Wire:
        wire = self._make()
        self._left -= 1
        return wire

    def close(self) -> None:
        """Close the idle wires, and the others when they come back. Idempotent."""
        with self._changed:
            self._closed = True
            idle, self._idle = self._idle, []
            self._changed.notify_all()
        for wire in idle:
            wire.close()
