"""What it means when the operating system refuses to write."""

from __future__ import annotations

import errno
import os

from ...domain.errors import DiskFull, NotWritable, StorageError

_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


def refusal(error: OSError, path: str | os.PathLike[str]) -> StorageError:
    """The typed error for one that was raised while writing at `path`.

    Only `DiskFull` and `NotWritable` mean that the next file would meet the same fate.
    """
    reason = error.strerror or str(error)
    if error.errno in _FULL:
        return DiskFull(os.fspath(path), reason, "Make room and run the command again; what arrived is kept")
    if error.errno in _FORBIDDEN:
        return NotWritable(os.fspath(path), reason, "Choose a folder you may write to, or change its permissions")
    return StorageError(os.fspath(path), reason)
