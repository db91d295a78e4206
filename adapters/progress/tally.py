"""What is known of a task under way."""

from __future__ import annotations

import attrs


@attrs.define
class Tally:
    """Units and bytes of one task so far. `began` and the times passed in are seconds of one monotonic clock."""

    task: str
    total: int | None
    unit: str
    began: float
    count: int = 0
    transferred: int = 0
    advanced: int = 0

    @property
    def moved(self) -> int:
        """Bytes moved. The same bytes are told twice, while a file is moved and when it is done."""
        return max(self.transferred, self.advanced)

    def elapsed(self, now: float) -> float:
        """Seconds since the task began; never zero, so that it can be divided by."""
        return max(now - self.began, 1e-9)

    def seconds_left(self, now: float) -> float | None:
        """Seconds until the end at the speed so far; None when that cannot be told."""
        if not self.total or not 0 < self.count < self.total:
            return None
        return (self.total - self.count) * self.elapsed(now) / self.count
