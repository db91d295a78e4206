"""A folder of this machine as an external storage: a key is a path below it."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import attrs

from ...domain.errors import (
    DiskFull,
    GroundtruthError,
    NotFound,
    NotWritable,
    ObjectNotFound,
    Unavailable,
)
from ...domain.storage import ExternalStorage
from .reading import CHUNK, pieces
from .refusals import StorageDenied

_OPEN = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
_BINARY = getattr(os, "O_BINARY", 0)
_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", None)}
_NOTHING = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.ENXIO}
_DENIED = "Check the permissions of the storage's folder"


@attrs.define
class FolderStream:
    """Bytes of an object as it was when it was opened. Its validator is made of what changes with its content."""

    start: int
    size: int
    validator: str
    _file: BinaryIO
    _name: str

    def chunks(self) -> Iterator[bytes]:
        """The bytes, in pieces of at most 1 MiB."""
        left = self.size - self.start
        while left:
            try:
                piece = self._file.read(min(left, CHUNK))
            except OSError as error:
                raise Unavailable(self._name, f"broke off: {error.strerror}") from error
            if not piece:
                raise Unavailable(self._name, "got shorter while it was read")
            left -= len(piece)
            yield piece

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._file.close()


def size(storage: ExternalStorage, key: str) -> int:
    """Size of an object in bytes."""
    stream = open_object(storage, key)
    stream.close()
    return stream.size


def open_object(storage: ExternalStorage, key: str, start: int = 0, validator: str | None = None) -> FolderStream:
    """Open an object at `start`, if `validator` still holds."""
    path = _path(storage, key)
    try:
        file = os.fdopen(os.open(path, _OPEN | _BINARY), "rb", buffering=0)
    except OSError as error:
        raise _refusal(error, storage, key) from error
    facts = os.fstat(file.fileno())
    if not stat.S_ISREG(facts.st_mode):
        file.close()
        raise ObjectNotFound("object", key, f"storage '{storage.name}'")
    present = f"{facts.st_dev:x}-{facts.st_ino:x}-{facts.st_size:x}-{facts.st_mtime_ns:x}"
    begin = start if validator == present and 0 < start <= facts.st_size else 0
    file.seek(begin)
    return FolderStream(begin, facts.st_size, present, file, f"object '{key}' of storage '{storage.name}'")


def put(storage: ExternalStorage, key: str, file: BinaryIO, length: int, source: Path) -> int:
    """Store `length` bytes of an open file, whole or not at all."""
    path = _path(storage, key)
    temporary = path.with_name(f".tmp-{os.getpid()}.{secrets.token_hex(6)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _path(storage, key)  # again: what was made on the way may have been put there by another
        with open(temporary, "xb", buffering=0) as target:
            for piece in pieces(file, length, CHUNK, source):
                view = memoryview(piece)
                while view:
                    view = view[target.write(view) :]
            os.fsync(target.fileno())
        temporary.replace(path)
    except OSError as error:
        raise _unwritten(error, storage, path) from error
    finally:
        with suppress(OSError):  # nothing can be left where not even a file can be removed
            temporary.unlink(missing_ok=True)
    return length


def _path(storage: ExternalStorage, key: str) -> Path:
    """Where an object is. No link leads out of the folder, not even to an object of another storage."""
    root = Path(storage.bucket)
    if not root.is_absolute() or not root.is_dir():
        raise NotFound("folder", storage.bucket, f"storage '{storage.name}'", "Make it, or declare another one")
    home = Path(os.path.realpath(root))
    found = Path(os.path.realpath(home / key))
    if not found.is_relative_to(home) or found == home:
        raise StorageDenied(f"storage '{storage.name}'", f"does not hold '{key}': a link leads out of it", "")
    return found


def _refusal(error: OSError, storage: ExternalStorage, key: str) -> GroundtruthError:
    if isinstance(error, PermissionError):
        return StorageDenied(f"storage '{storage.name}'", f"may not be read at '{key}'", _DENIED)
    if error.errno in _NOTHING:
        return ObjectNotFound("object", key, f"storage '{storage.name}'")
    return Unavailable(f"storage '{storage.name}'", f"cannot be read: {error.strerror or error}")


def _unwritten(error: OSError, storage: ExternalStorage, path: Path) -> GroundtruthError:
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return StorageDenied(f"storage '{storage.name}'", "may not be written to", _DENIED)
    if error.errno in _FULL:
        return DiskFull(str(path), "no room is left on the device", "Make room, then run the command again")
    return NotWritable(str(path), f"cannot be written: {error.strerror or error}", _DENIED)
