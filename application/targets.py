"""Which places below `images/` are taken while a release is pulled."""

from __future__ import annotations

from pathlib import PurePosixPath

import attrs

from ..domain.placement import free_name

REMEMBERED = 4096
"""Folders whose place is remembered; finding one again takes a few microseconds."""


@attrs.define
class Targets:
    """Hands out places so that no two files share one, and none is where another needs a folder.

    With `fold`, names that differ only in case count as equal.
    """

    fold: bool = False
    files: set[str] = attrs.field(factory=set[str], init=False)
    taken: set[str] = attrs.field(factory=set[str], init=False)
    _folders: dict[str, str] = attrs.field(factory=dict[str, str], init=False)

    def free(self, wanted: PurePosixPath) -> PurePosixPath:
        """`wanted`, or the next free place beside it; taken from then on."""
        text = str(wanted)
        folder, _, name = text.rpartition("/")
        inside = self._folder(folder) if folder else ""
        place = free_name(f"{inside}/{name}" if inside else name, self.taken, fold=self.fold)
        self.files.add(self._key(place))
        return wanted if place == text else PurePosixPath(place)

    def block(self, place: str, is_file: bool) -> None:
        """Take a place for what is there on the disk: a file, or a folder."""
        self.taken.add(self._key(place))
        if is_file:
            self.files.add(self._key(place))
            self._folders.clear()

    def give_back(self, place: PurePosixPath) -> None:
        """Make a place free again that no file came to."""
        self.files.discard(self._key(str(place)))
        self.taken.discard(self._key(str(place)))

    def _folder(self, wanted: str) -> str:
        # The same answer for all files of a folder: once one is in it, no file gets its name.
        found = self._folders.get(wanted)
        if found is None:
            found = ""
            for part in wanted.split("/"):
                found = self._as_folder(f"{found}/{part}" if found else part)
            if len(self._folders) >= REMEMBERED:
                self._folders.clear()
            self._folders[wanted] = found
        return found

    def _as_folder(self, wanted: str) -> str:
        folder, number = wanted, 1
        above, slash, name = wanted.rpartition("/")
        while self._key(folder) in self.files:
            number += 1
            folder = above + slash + free_name(f"{name}_{number}", set())
        self.taken.add(self._key(folder))
        return folder

    def _key(self, place: str) -> str:
        return place.casefold() if self.fold else place
