"""Running many independent pieces of work."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Runner(Protocol):
    """Runs a function over inputs, several at a time.

    Inputs are drawn lazily, never more than a fixed number ahead of the results taken, so memory stays
    flat. Results come in any order. An exception of the function, or of the inputs, is raised from the
    iterator and ends it; work under way is finished or dropped, no new work is begun. So does closing it.
    """

    def map(self, function: Callable[[T], R], inputs: Iterable[T]) -> Iterator[R]:
        """Apply `function` to each input."""
        ...
