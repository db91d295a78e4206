"""Reading the local files that are to be stored."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ...domain.errors import NotReadable

CHUNK = 1024 * 1024
_OPEN = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)


def open_source(path: Path) -> tuple[BinaryIO, int]:
    """Open a regular file; return it and its size.

    Raises:
        NotReadable: it cannot be opened, or is no regular file.
    """
    try:
        file = os.fdopen(os.open(path, _OPEN), "rb", buffering=0)
    except OSError as error:
        raise NotReadable(str(path), error.strerror or str(error), "Check the path and its permissions") from error
    facts = os.fstat(file.fileno())
    if not stat.S_ISREG(facts.st_mode):
        file.close()
        raise NotReadable(str(path), "is not a regular file")
    return file, facts.st_size


def pieces(file: BinaryIO, size: int, length: int, path: Path) -> Iterator[bytes]:
    """The first `size` bytes of a file, in pieces of `length`.

    Raises:
        NotReadable: the device failed, or the file got shorter: half of it must not be stored as the whole.
    """
    left = size
    while left:
        piece = bytearray()
        while len(piece) < min(length, left):
            try:
                more = file.read(min(length, left) - len(piece))
            except OSError as error:
                raise NotReadable(str(path), error.strerror or str(error)) from error
            if not more:
                raise NotReadable(str(path), "got shorter while it was read", "Run the command again")
            piece += more
        left -= len(piece)
        yield bytes(piece)
