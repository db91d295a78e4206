"""Files of this machine that are pushed, imported or written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

import attrs


@attrs.frozen
class FoundFile:
    """A file found: its path, the folder it was searched under, and its size in bytes."""

    path: Path
    root: Path
    size: int

    @property
    def relative(self) -> Path:
        """Path relative to the folder it was searched under."""
        return self.path.relative_to(self.root)


class LocalFiles(Protocol):
    """Find and read files. Symbolic links are followed to files, never to folders."""

    def find(self, paths: Sequence[Path]) -> Iterator[FoundFile | OSError]:
        """Files named, and all files below folders named, sorted within each folder; lazy.

        What cannot be looked at is yielded as its OSError and the search goes on. A named path that does not
        exist is yielded as FileNotFoundError.
        """
        ...

    def children(self, folder: Path) -> Iterator[FoundFile | OSError]:
        """Files directly in a folder, sorted, as `find` yields them; NotADirectoryError if it is none."""
        ...

    def read(self, path: Path) -> bytes:
        """Content of a file.

        Raises:
            NotReadable: it does not exist or may not be read.
        """
        ...


class WritableFiles(LocalFiles, Protocol):
    """Files that are written as well."""

    def exists(self, path: Path) -> bool:
        """True if there is a file of that path; False for a folder."""
        ...

    def write(self, path: Path, data: bytes) -> None:
        """Make a file hold `data`, whole or not at all, whatever was there; folders it lacks are made.

        Raises:
            NotWritable, DiskFull: the disk refuses.
        """
        ...
