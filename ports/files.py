"""Files of this machine that are pushed or imported."""

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
