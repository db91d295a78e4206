"""Progress: events that use cases report while they work."""

from __future__ import annotations

from typing import Protocol

import attrs


@attrs.frozen
class Started:
    """A task begins. `total` is the number of `unit`s when known."""

    task: str
    total: int | None = None
    unit: str = "items"


@attrs.frozen
class Advanced:
    """Some units of a task are done; `size` bytes moved with them."""

    task: str
    count: int = 1
    size: int = 0


@attrs.frozen
class Transferred:
    """Bytes of one file moved; `total` is the file's size when known."""

    task: str
    key: str
    size: int
    total: int | None = None


@attrs.frozen
class Retrying:
    """A try failed and will be repeated after `wait` seconds."""

    key: str
    reason: str
    wait: float
    attempt: int


@attrs.frozen
class Warned:
    """Something the user should know, that stops nothing."""

    message: str


@attrs.frozen
class Finished:
    """A task ended."""

    task: str


Event = Started | Advanced | Transferred | Retrying | Warned | Finished


class Progress(Protocol):
    """Receives events. Thread-safe, quick, and never raises."""

    def report(self, event: Event) -> None:
        """Take note of an event."""
        ...
