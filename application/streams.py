"""Results that come one by one, and have to be closed when nobody takes them any more."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from typing import TypeVar

T = TypeVar("T")


def closing(results: Iterator[T]) -> contextlib.closing[Generator[T, None, None]]:
    """The results, for use in `with`: leaving it ends the work behind them, also after an error or an interrupt."""
    return contextlib.closing(_relay(results))


def _relay(results: Iterator[T]) -> Generator[T, None, None]:
    yield from results  # closing the relay closes them, if they can be closed at all
