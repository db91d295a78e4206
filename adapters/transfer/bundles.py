"""Small objects that are asked for together, where their server gives them out so.

Every request costs both sides about as much as sending 100 KB; asked for in one, small objects cost a fraction.
What a server does not put into a bundle (too large, gone, no room) is asked for by itself, as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice, zip_longest
from typing import Any, Generic, Protocol, TypeVar

import attrs

from ...domain.bundle import GIVEN, MAX_BUNDLE, Frame, unpack_frames
from ...domain.errors import GroundtruthError
from ...ports.web import WebRequest

R = TypeVar("R")
T = TypeVar("T")

SIZE = 32
"""Objects asked for at a time, at most."""

LANES = 4
"""Bundles on their way at a time."""

PAUSE = 256
"""Objects asked for by themselves after a bundle of which less than half was given."""


class Bundling(Protocol):
    """A hub that gives out several objects in answer to one request."""

    def bundle_address(self, url: str) -> str | None:
        """Where the object can be asked for together with others of the same address; None: by itself only."""
        ...

    def bundle_request(self, address: str, urls: Sequence[str]) -> WebRequest:
        """The request for these objects, answered by a frame for each, in this order (`domain.bundle`)."""
        ...


@attrs.define
class FrameStream:
    """An object that came in a bundle. See `ports.transfer.ObjectStream`."""

    _content: memoryview
    content_type: str
    start: int = 0
    validator: str | None = None

    @property
    def size(self) -> int:
        """Size of the object in bytes."""
        return len(self._content)

    def chunks(self) -> Iterator[bytes]:
        """The bytes, in one piece."""
        yield bytes(self._content)

    def close(self) -> None:
        """Do nothing: there is no connection behind it."""


@attrs.frozen
class Unpacked:
    """An object that came in a bundle, as something begun. See `ahead.Begun`."""

    frame: Frame
    is_whole = True
    is_connected = True

    def step(self) -> bool:
        """True: it is here."""
        return True

    def waits_on(self) -> list[tuple[int, bool, bool]]:
        """Nothing."""
        return []

    def open(self) -> FrameStream:
        """The object."""
        return FrameStream(memoryview(self.frame.content), self.frame.label)

    def close(self) -> None:
        """Do nothing."""


@attrs.frozen(eq=False)
class BundleFlight(Generic[T, R]):
    """Objects on their way in one answer. `land` makes a result of one that came; `begun` is the exchange."""

    begun: Any
    inputs: Sequence[T]
    land: Callable[[T, Unpacked], R]

    def finish(self) -> tuple[list[R], list[T]]:
        """Results of what came, and the inputs that are to be asked for by themselves."""
        results: list[R] = []
        left: list[T] = []
        for value, frame in zip_longest(self.inputs, self._frames()):
            if frame is not None and frame.status == GIVEN:
                results.append(self.land(value, Unpacked(frame)))
            else:
                left.append(value)
        return results, left

    def _frames(self) -> list[Frame]:
        if not self.begun.is_whole:
            self.begun.close()
            return []
        try:
            return list(islice(unpack_frames(self.begun.read(MAX_BUNDLE)), len(self.inputs)))
        except GroundtruthError:  # asked for by itself, each will say what is wrong with it
            return []


class Waiting(Generic[T]):
    """Inputs that wait for others to be asked for together with, by address."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[T]] = {}
        self._pause = 0

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def is_paused(self) -> bool:
        """True if the next input should be asked for by itself."""
        self._pause = max(self._pause - 1, 0)
        return self._pause > 0

    def add(self, address: str, value: T) -> list[T]:
        """Take one more; return those that are to be asked for now, if any."""
        batch = self._waiting.setdefault(address, [])
        batch.append(value)
        return self._waiting.pop(address) if len(batch) >= SIZE else []

    def rest(self) -> Iterator[tuple[str, list[T]]]:
        """All that still wait."""
        while self._waiting:
            yield self._waiting.popitem()

    def answered(self, asked: int, left: int) -> None:
        """Learn how many of a bundle were not given."""
        if 2 * left > asked:
            self._pause = PAUSE
