"""Progress for nobody."""

from __future__ import annotations

import attrs

from ...ports.progress import Event


@attrs.frozen
class NullProgress:
    """Ignores every event."""

    def report(self, event: Event) -> None:
        """Take no note."""

    def close(self) -> None:
        """Nothing to end."""
