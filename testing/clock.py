"""Contract suite of `ports.clock`: subclass `ClockContract`, say how to make a clock, run pytest."""

from __future__ import annotations

import abc
from datetime import timedelta

import pytest

from ..ports.clock import Clock


class ClockContract(abc.ABC):
    """What every clock does, whether its time is real or not."""

    @abc.abstractmethod
    def make_clock(self) -> Clock:
        """A new clock."""

    @pytest.fixture
    def clock(self) -> Clock:
        return self.make_clock()

    def test_it_tells_utc(self, clock: Clock) -> None:
        assert clock.now().utcoffset() == timedelta(0)

    def test_it_never_goes_back(self, clock: Clock) -> None:
        readings = [clock.monotonic() for _ in range(100)]
        assert readings == sorted(readings)

    def test_waiting_takes_the_time_it_says(self, clock: Clock) -> None:
        start = clock.monotonic()
        clock.sleep(0.02)
        # The ticks of a system's clocks are not all of one length, hence the tolerance.
        assert clock.monotonic() - start >= 0.019

    @pytest.mark.parametrize("seconds", [0, 0.0, -1, float("-inf")])
    def test_nothing_to_wait_for_returns_at_once(self, clock: Clock, seconds: float) -> None:
        start = clock.monotonic()
        clock.sleep(seconds)
        assert clock.monotonic() - start < 1
