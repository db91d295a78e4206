"""A clock that stands still until it is told otherwise."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs

from .faults import Faults


@attrs.define
class FakeClock:
    """Clock for tests: `sleep` moves it on at once, and is recorded in `sleeps`. Thread-safe."""

    start: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    sleeps: list[float] = attrs.field(factory=list[float], init=False)
    faults: Faults = attrs.field(factory=Faults, init=False)
    _elapsed: float = attrs.field(default=0.0, init=False)
    _lock: Any = attrs.field(factory=threading.Lock, init=False, repr=False, eq=False)

    def now(self) -> datetime:
        """Present time of the clock."""
        return self.start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        """Seconds since `start`."""
        return self._elapsed

    def sleep(self, seconds: float) -> None:
        """Record the wish and move on."""
        self.faults.check("sleep", seconds)
        with self._lock:
            self.sleeps.append(seconds)
        self.advance(max(seconds, 0.0))

    def advance(self, seconds: float) -> None:
        """Move on without recording it.

        Raises:
            ValueError: back in time.
        """
        if seconds < 0:
            raise ValueError("a clock never goes back")
        with self._lock:
            self._elapsed += seconds

    def set(self, now: datetime) -> None:
        """Set the time of day; the monotonic time goes on."""
        with self._lock:
            self.start = now - timedelta(seconds=self._elapsed)
