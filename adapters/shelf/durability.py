"""Having the disk keep files."""

from __future__ import annotations

import errno
import functools
import os
import sys
from collections.abc import Callable, Collection
from pathlib import Path

FEW = 100


def make_durable(folder: str, files: Collection[str]) -> None:
    """Have the disk keep `files` and their names, all in folders below `folder`.

    Raises:
        OSError: it did not.
    """
    # Few are quicker one by one: what others wrote to the same disk is then left alone.
    if len(files) <= FEW or not _sync_file_system(folder):
        for path in (*files, *{str(Path(file).parent) for file in files}):
            sync(path)


def sync(path: str) -> None:
    """Have the disk keep a file, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_file_system(folder: str) -> bool:
    """Flush everything at once; False where the system cannot. For many files far quicker than one by one."""
    syncfs = _find_syncfs()
    if syncfs is None:
        return False
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        code = syncfs(descriptor)
    finally:
        os.close(descriptor)
    if code and code not in {errno.ENOSYS, errno.EINVAL}:
        raise OSError(code, os.strerror(code), folder)
    return code == 0


@functools.cache
def _find_syncfs() -> Callable[[int], int] | None:
    """`syncfs(2)` as a function of a descriptor to an errno, or None."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes

    try:
        function = ctypes.CDLL(None, use_errno=True).syncfs
    except (OSError, AttributeError):
        return None
    return lambda descriptor: ctypes.get_errno() if function(descriptor) else 0
