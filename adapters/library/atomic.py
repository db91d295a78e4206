"""Writing so that a file or link appears whole or not at all, and errors of the disk as typed errors."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...domain.errors import DiskFull, NotWritable, StorageError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP}


def unique() -> str:
    """A name part no other process has: process id and random digits, without `-`."""
    return f"{os.getpid()}.{secrets.token_hex(6)}"


def storage_error(error: OSError, path: str | Path) -> StorageError:
    """The typed error for a failed write at `path`."""
    if error.errno in _FULL:
        return DiskFull(str(path), "no room is left on the device", "Make room, then run the command again")
    reason = f"cannot be written: {error.strerror or error}"
    return NotWritable(str(path), reason, "Check that the folder exists and that you may write to it")


@contextmanager
def writing(path: str | Path) -> Iterator[None]:
    """Raise what the disk refuses inside the block as `DiskFull` or `NotWritable`."""
    try:
        yield
    except OSError as error:
        raise storage_error(error, path) from error


def write_new(path: str | Path, data: bytes) -> int:
    """Write a file that must not exist yet; return its modification time in ns.

    Raises:
        FileExistsError: it exists.
    """
    handle = os.open(path, _NEW, 0o666)
    try:
        written = os.write(handle, data)
        while written < len(data):
            written += os.write(handle, memoryview(data)[written:])
        return os.fstat(handle).st_mtime_ns
    finally:
        os.close(handle)


def replace_file(path: Path, data: bytes) -> None:
    """Make `path` hold `data`, whole, whatever was there."""
    temporary = path.with_name(f".tmp-{unique()}")
    try:
        write_new(temporary, data)
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def replace_link(link: Path, target: str, temporary: Path) -> bool:
    """Point the symbolic link at `target` in one step; False where the file system has no links.

    `temporary` is a free name in the same file system.
    """
    if link.is_symlink() and os.readlink(link) == target:
        return True
    try:
        os.symlink(target, temporary)
    except OSError as error:
        # Windows refuses links to users without that right (ERROR_PRIVILEGE_NOT_HELD); a link is a convenience.
        if error.errno in _NO_LINKS or getattr(error, "winerror", None) == 1314:
            return False
        raise
    try:
        os.replace(temporary, link)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return True
