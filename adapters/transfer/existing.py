"""What is at a destination already."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable

import attrs

from ...domain.digest import Digest
from ...domain.errors import InvalidInput
from .partials import CHUNK


@attrs.frozen
class Existing:
    """A regular file: its path, size in bytes, modification time in ns, and number on its device."""

    path: str
    size: int
    mtime_ns: int
    inode: int

    def digest(self, check: Callable[[], None]) -> Digest | None:
        """Digest of its content; None if it cannot be read. `check` is called once in a while."""
        hasher = hashlib.sha256()
        try:
            with open(self.path, "rb", buffering=0) as file:
                while chunk := file.read(CHUNK):
                    hasher.update(chunk)
                    check()
        except OSError:  # whatever it is, it does not have the content that is wanted
            return None
        return Digest(hasher.hexdigest())


def existing(path: str) -> Existing | None:
    """The file at `path`, links followed; None if there is none.

    Raises:
        InvalidInput: no file can have that path.
    """
    try:
        status = os.stat(path)
    except OSError:  # also a path that is too long: making the file will tell
        return None
    except ValueError as error:
        raise InvalidInput(f"destination {path!r}", "cannot be the path of a file") from error
    if not stat.S_ISREG(status.st_mode):
        return None
    return Existing(path, status.st_size, status.st_mtime_ns, status.st_ino)
