"""Parts of a hub that are made when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable
from threading import RLock
from typing import Any, Generic, TypeVar

P = TypeVar("P")


class part(Generic[P]):
    """Like `functools.cached_property`, but made once however many threads ask at the same time."""

    def __init__(self, make: Callable[[Any], P]) -> None:
        self._make = make
        self._name = ""
        self._lock = RLock()

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, hub: object, owner: type | None = None) -> P:
        with self._lock:
            made = vars(hub)
            if self._name not in made:
                made[self._name] = self._make(hub)
            return made[self._name]
