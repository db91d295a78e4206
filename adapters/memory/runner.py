"""A runner without threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import attrs

from .faults import Faults

T = TypeVar("T")
R = TypeVar("R")


@attrs.define
class MemoryRunner:
    """Runs one piece of work when its result is asked for, in the order of the inputs.

    `calls` counts the pieces begun.
    """

    faults: Faults = attrs.field(factory=Faults, init=False)
    calls: int = attrs.field(default=0, init=False)

    def map(self, function: Callable[[T], R], inputs: Iterable[T]) -> Iterator[R]:
        """Apply `function` to each input."""
        for value in inputs:
            self.faults.check("map", value)
            self.calls += 1
            yield function(value)
