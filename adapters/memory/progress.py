"""Progress kept in memory."""

from __future__ import annotations

from typing import TypeVar

import attrs

from ...ports.progress import Advanced, Event, Transferred

E = TypeVar("E")


@attrs.define
class MemoryProgress:
    """Records every event in `events`. Thread-safe: appending to a list is atomic."""

    events: list[Event] = attrs.field(factory=list[Event], init=False)

    def report(self, event: Event) -> None:
        """Take note of an event."""
        self.events.append(event)

    def of(self, kind: type[E]) -> list[E]:
        """Events of one kind, oldest first."""
        return [event for event in list(self.events) if isinstance(event, kind)]

    def count(self, task: str) -> int:
        """Units of a task that were reported done."""
        return sum(event.count for event in self.of(Advanced) if event.task == task)

    def size(self, task: str) -> int:
        """Bytes of a task that were reported moved, file by file."""
        return sum(event.size for event in self.of(Transferred) if event.task == task)
