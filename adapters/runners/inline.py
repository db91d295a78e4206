"""Work done by whoever asks for the results."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import attrs

T = TypeVar("T")
R = TypeVar("R")


@attrs.frozen
class InlineRunner:
    """Does each piece of work when its result is asked for, in the order of the inputs."""

    def map(self, function: Callable[[T], R], inputs: Iterable[T]) -> Iterator[R]:
        """Apply `function` to each input."""
        for value in inputs:
            yield function(value)
