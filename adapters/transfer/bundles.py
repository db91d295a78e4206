"""Small objects that are asked for together, where their server gives them out so.

Every request costs both sides about as much as sending 100 KB; asked for in one, small objects cost a fraction.
What a server does not put into a bundle (too large, gone, no room) is asked for by itself, as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, Generic, Protocol, TypeVar

import attrs

from ...domain.bundle import GIVEN, MAX_BUNDLE, Frame, unpack_frames
from ...domain.errors import GroundtruthError
from ...ports.web import WebRequest

PASSING = {200, 408, 429}
"""Statuses of a bundle that may come after all; 200 for one that is damaged."""

R = TypeVar("R")
T = TypeVar("T")

SIZE = 32
"""Objects asked for at a time, at most."""

LANES = 4
"""Bundles on their way at a time."""

TRIES = 3
"""How often a bundle is asked for that does not come for a reason that may pass."""

PAUSE = (32, 4096)
"""Objects asked for by themselves after a bundle of which less than half was given: at first, and at most."""


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
    """Objects on their way in one answer. `begun` is the exchange, `tries` how many there were before.

    `land` makes a result of one that came; None, if it is not what was asked for.
    """

    begun: Any
    inputs: Sequence[T]
    land: Callable[[T, Unpacked], R | None]
    tries: int = 0

    def finish(self) -> Sequence[Unpacked | None] | None:
        """For each input its object, or None if it is to be asked for by itself; None if all may be asked for again.

        Of an answer that has more or fewer than were asked for nothing is used: which belongs to which?
        """
        wanted = len(self.inputs)
        status, frames = self.begun.status, list[Frame]()
        if self.begun.is_whole:
            # Asked for by itself, each will say what is wrong with it.
            with suppress(GroundtruthError):
                frames = list(islice(unpack_frames(self.begun.read(MAX_BUNDLE)), wanted + 1))
        self.begun.close()
        if len(frames) == wanted:
            return [Unpacked(frame) if frame.status == GIVEN else None for frame in frames]
        may_pass = status is None or status in PASSING or status >= 500
        return None if may_pass and self.tries + 1 < TRIES else [None] * wanted


class Waiting(Generic[T]):
    """Inputs that wait for others to be asked for together with, by address. There are few addresses."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[T]] = {}
        self._pause = 0
        self._patience = PAUSE[0]

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def is_paused(self) -> bool:
        """True if the next input should be asked for by itself."""
        if not self._pause:
            return False
        self._pause -= 1
        return True

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
        if 2 * left <= asked:
            self._patience = PAUSE[0]
            return
        self._pause, self._patience = self._patience, min(2 * self._patience, PAUSE[1])
