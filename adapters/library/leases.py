"""A lock file that tells others whether the process that works on something lives.

Only the clearing away of what dead processes left rests on it, never the result of a pull: a publisher whose
folder was taken away fails loudly, because the folder is taken away whole before it is deleted.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

import attrs

if sys.platform != "win32":
    import fcntl


def _lock(handle: int, wait: bool) -> bool:
    """Lock a file. Where files cannot be locked (some network drives) nobody gets a lock, so nobody looks dead."""
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@attrs.frozen
class Lease:
    """A held lock file."""

    path: Path
    handle: int

    @classmethod
    def take(cls, path: Path) -> Lease | None:
        """Make and hold a lock file; None if someone took it for a dead one at that very moment."""
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        _lock(handle, wait=True)
        if _is_at(handle, path):
            return cls(path, handle)
        os.close(handle)
        return None

    def release(self) -> None:
        """Give the lock file up and delete it."""
        if sys.platform == "win32":
            os.close(self.handle)
            self.path.unlink(missing_ok=True)
            return
        self.path.unlink(missing_ok=True)
        os.close(self.handle)


def reap(path: Path) -> bool:
    """Delete the lock file if its owner is dead (or it never existed); False if the owner lives."""
    if sys.platform == "win32":
        # A file that is open there cannot be deleted: deleting is the test.
        try:
            path.unlink(missing_ok=True)
        except PermissionError:
            return False
        return True
    try:
        handle = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        return True
    except PermissionError:
        return False  # another user's
    try:
        if not _lock(handle, wait=False):
            return False
        # Deleted while locked: an owner that is just starting finds its file gone and begins anew.
        path.unlink(missing_ok=True)
        return True
    finally:
        os.close(handle)


def _is_at(handle: int, path: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(handle), path.stat())
    return False
