"""Pointers: texts in a table that say where in the archive a value is (reference: Polaris, section 5.3).

Grammar: `path`, `path#i` or `path#start:stop`; the path is relative to the root of the archive and may contain `/`.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from .errors import InvalidDataset

__all__ = ["Pointer", "plan_reads"]


@attrs.frozen
class Pointer:
    """Place of a value: a whole node, one row of an array (`start` alone), or a half-open range of rows."""

    path: str
    start: int | None = None
    stop: int | None = None

    @classmethod
    def parse(cls, text: str) -> Pointer:
        """Read a pointer.

        Raises:
            InvalidDataset: it does not follow the grammar.
        """
        path, hash_sign, rest = text.partition("#")
        steps = [step for step in path.split("/") if step]
        if ".." in steps or "." in steps:
            raise InvalidDataset(f"pointer {text!r}", "leaves the archive", "Write the path from the archive's root")
        path = "/".join(steps)
        if not hash_sign:
            return cls(path)
        first, colon, last = rest.partition(":")
        try:
            return cls(path, int(first), int(last) if colon else None)
        except ValueError:
            raise InvalidDataset(
                f"pointer {text!r}", "is no pointer", "Write path, path#row or path#start:stop"
            ) from None

    def __str__(self) -> str:
        if self.start is None:
            return self.path
        return f"{self.path}#{self.start}" + ("" if self.stop is None else f":{self.stop}")

    def rows(self, length: int) -> range:
        """Rows of an array of this length that are pointed to; a range is cut to it, as Python cuts slices."""
        if self.start is None:
            return range(length)
        if self.stop is None:
            return range(self.start, self.start + 1)
        return range(length)[self.start : self.stop]


def plan_reads(pointers: Iterable[Pointer | None]) -> dict[str, list[int]]:
    """Group pointers by what they point into: path -> places in the given order. Missing ones are left out."""
    plan: dict[str, list[int]] = {}
    for place, pointer in enumerate(pointers):
        if pointer is not None:
            plan.setdefault(pointer.path, []).append(place)
    return plan
