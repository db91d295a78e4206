"""Errors of the operating system and of SQLite, told in the library's words."""

from __future__ import annotations

import contextlib
import errno
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from ...domain.errors import (
    DiskFull,
    GroundtruthError,
    IntegrityError,
    NotReadable,
    NotWritable,
    StorageError,
    Unavailable,
)

_FULL = {errno.ENOSPC, errno.EDQUOT}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}

MAKE_ROOM = "Free some space and run the command again; what was finished is kept"
REPAIR = "Put back a copy of the catalogue from a backup, or move the hub's folder away and put the artifacts again"


@contextlib.contextmanager
def writing_to(path: str | Path) -> Iterator[None]:
    """Turn an OSError of the block into the StorageError it stands for."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFull(str(path), "no room is left on the device", MAKE_ROOM) from error
        if error.errno in _REFUSED:
            raise NotWritable(
                str(path), f"cannot be written to: {error.strerror}", "Change its permissions"
            ) from error
        raise StorageError(str(path), f"cannot be written: {error.strerror or error}") from error


def catalogue_fault(error: sqlite3.Error, path: Path) -> GroundtruthError:
    """What an error of SQLite means for whoever uses the catalogue."""
    # Extended codes carry the family in their lowest byte; errors of Python's own have no code.
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return DiskFull(str(path), "no room is left on the device", MAKE_ROOM)
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return IntegrityError(f"catalogue {path}", f"is damaged ({error})", REPAIR)
    if code in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}:
        return NotWritable(str(path), f"cannot be written to: {error}", "Change its permissions")
    if code == sqlite3.SQLITE_CANTOPEN:
        return NotReadable(str(path), f"cannot be opened: {error}", "Check that it is there and readable")
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return Unavailable(f"catalogue {path}", "is kept busy by another process")
    return StorageError(str(path), f"cannot be used: {error}")
