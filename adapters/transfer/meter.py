"""Reports on a file while its bytes come in."""

from __future__ import annotations

import attrs

from ...ports.clock import Clock
from ...ports.progress import Progress, Transferred

INTERVAL = 0.2
"""Seconds between two reports on one file."""


@attrs.define
class Meter:
    """Adds up bytes and reports them now and then; a file that takes less than `INTERVAL` is never reported."""

    clock: Clock
    progress: Progress
    task: str
    key: str
    total: int | None
    _pending: int = 0
    _reported: bool = False
    _last: float = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self._last = self.clock.monotonic()

    def add(self, size: int) -> None:
        """Count `size` more bytes."""
        self._pending += size
        now = self.clock.monotonic()
        if now - self._last >= INTERVAL:
            self._last = now
            self._report()

    def finish(self) -> None:
        """Report what is left, if the file was reported at all."""
        if self._reported and self._pending:
            self._report()

    def _report(self) -> None:
        self.progress.report(Transferred(self.task, self.key, self._pending, self.total))
        self._pending, self._reported = 0, True
