"""A source whose objects come in pieces and break off, as a test says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import attrs

from groundtruth.adapters.darwin.arrival import Arrival, Repeat
from groundtruth.domain.errors import GroundtruthError, Unavailable

T = TypeVar("T")
TRIES = 3


@attrs.define
class Stream:
    """What a source opened. `cut`: bytes after which it breaks off."""

    data: bytes
    start: int
    size: int | None
    validator: str | None
    piece: int
    cut: int | None = None
    error: GroundtruthError | None = None
    closed: bool = False

    def chunks(self) -> Iterator[bytes]:
        rest = self.data if self.cut is None else self.data[: self.cut]
        for position in range(0, len(rest), self.piece):
            assert not self.closed
            yield rest[position : position + self.piece]
        if self.cut is not None and self.cut < len(self.data):
            raise self.error or Unavailable("the source", "broke off")

    def close(self) -> None:
        self.closed = True


@attrs.define
class Source:
    """One object. `cuts`: after how many bytes each of the next answers breaks off; None: it does not.

    `refusals` are raised by the next openings, one each (None: it opens). `resumes`: it can begin in the middle, if
    the validator is still that of the object; `tells_size`: it says how large the object is.
    """

    data: bytes
    cuts: list[int | None] = attrs.field(factory=list)
    refusals: list[GroundtruthError | None] = attrs.field(factory=list)
    validator: str | None = '"1"'
    resumes: bool = True
    tells_size: bool = True
    piece: int = 1000
    opened: list[tuple[str, int, str | None]] = attrs.field(factory=list)
    streams: list[Stream] = attrs.field(factory=list)
    schemes: frozenset[str] = frozenset({"test"})

    def open(self, url: str, start: int = 0, validator: str | None = None) -> Stream:
        self.opened.append((url, start, validator))
        refusal = self.refusals.pop(0) if self.refusals else None
        if refusal is not None:
            raise refusal
        resumes = self.resumes and validator is not None and validator == self.validator and start <= len(self.data)
        first = start if resumes else 0
        cut = self.cuts.pop(0) if self.cuts else None
        size = len(self.data) if self.tells_size else None
        stream = Stream(self.data[first:], first, size, self.validator, self.piece, cut)
        self.streams.append(stream)
        return stream


def again(work: Callable[[], T]) -> T:
    """Try a few times, without waiting."""
    for _ in range(TRIES - 1):
        try:
            return work()
        except Unavailable:
            continue
    return work()


def patiently(work: Callable[[], T]) -> T:
    """Try until it works."""
    while True:
        try:
            return work()
        except Unavailable:
            continue


def arrival(
    source: Source,
    folder: Path,
    address: Callable[[bool], str] = lambda expired: "test:object",
    repeat: Repeat = again,
) -> Arrival:
    """An arrival of the source's object, in a folder."""
    return Arrival(source, address, folder / "release-1.zip", "the object", repeat)
