"""Time as the operating system tells it."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import attrs


@attrs.frozen
class SystemClock:
    """Clock of this machine."""

    def now(self) -> datetime:
        """Present time, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since some fixed point, usually the start of the machine."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait. Zero or less returns at once."""
        if seconds > 0:
            time.sleep(seconds)
