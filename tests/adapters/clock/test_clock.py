from __future__ import annotations

from groundtruth.adapters.clock import SystemClock
from groundtruth.testing.clock import ClockContract


class TestSystemClock(ClockContract):
    def make_clock(self) -> SystemClock:
        return SystemClock()
