"""Progress for nobody, and progress without progress."""

from __future__ import annotations

import attrs

from ...ports.progress import Event, Progress, Retrying, Warned


@attrs.frozen
class NullProgress:
    """Ignores every event."""

    def report(self, event: Event) -> None:
        """Take no note."""

    def close(self) -> None:
        """Nothing to end."""


@attrs.frozen
class OnlyTrouble:
    """Passes on what went wrong: of work that is part of another's, that is all a reader wants to know."""

    progress: Progress

    def report(self, event: Event) -> None:
        """Take note of retries and warnings."""
        if isinstance(event, Retrying | Warned):
            self.progress.report(event)
