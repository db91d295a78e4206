"""Which places below `images/` are taken while a release is pulled."""

from __future__ import annotations

from pathlib import PurePosixPath

import attrs

from ..domain.placement import free_name


@attrs.define
class Targets:
    """Hands out places so that no two files share one, and none is where another needs a folder.

    With `fold`, names that differ only in case count as equal.
    """

    fold: bool = False
    files: set[str] = attrs.field(factory=set[str], init=False)
    taken: set[str] = attrs.field(factory=set[str], init=False)

    def free(self, wanted: PurePosixPath) -> PurePosixPath:
        """`wanted`, or the next free place beside it; taken from then on."""
        folder = PurePosixPath()
        for part in wanted.parts[:-1]:
            folder = self._as_folder(folder / part)
        place = free_name(str(folder / wanted.name), self.taken, fold=self.fold)
        self.files.add(self._key(place))
        return PurePosixPath(place)

    def _as_folder(self, wanted: PurePosixPath) -> PurePosixPath:
        # The same answer for all files of a folder: once one is in it, no file gets its name.
        folder, number = wanted, 1
        while self._key(str(folder)) in self.files:
            number += 1
            folder = wanted.with_name(free_name(f"{wanted.name}_{number}", set()))
        self.taken.add(self._key(str(folder)))
        return folder

    def _key(self, place: str) -> str:
        return place.casefold() if self.fold else place
