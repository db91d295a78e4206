"""Hashing a folder of this machine, several files at a time."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import attrs

from ...domain.errors import IntegrityError, NotReadable, UnsupportedFile
from ...domain.tree_digest import FileDigest

SMALL = 256 << 10
"""Files up to this size are read in one go."""

_BUFFER = 1 << 20
_MOST_THREADS = 16

# A link that took the place of a file since it was listed is not followed, a pipe not waited for.
_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@attrs.frozen
class LocalTreeHasher:
    """Hashes with as many threads as there are processors, or `threads`; implements `ports.checksum.TreeHasher`.

    Each thread holds one file at a time, and a buffer of a megabyte for the large ones.
    """

    threads: int = attrs.field(factory=lambda: min(_MOST_THREADS, os.cpu_count() or 1))

    def files(self, folder: Path) -> list[FileDigest]:
        """Hash all files below a folder; see the port."""
        root = f"{folder}{os.sep}"
        waiting = deque(_walk(root))
        with ThreadPoolExecutor(max(1, min(self.threads, len(waiting))), "md5") as pool:
            try:
                parts = [pool.submit(_Worker(root, waiting).run) for _ in range(self.threads)]
                done = [file for part in parts for file in part.result()]
            finally:
                waiting.clear()  # after a failure, the other threads stop at their next file
        done.sort(key=_path)
        return done


def _path(file: FileDigest) -> str:
    return file.path


def _walk(root: str) -> list[str]:
    """Paths of all files, with `/`, relative to the root, which ends in a separator."""
    found: list[str] = []
    folders = [""]
    while folders:
        prefix = folders.pop()
        try:
            with os.scandir(root + prefix) as entries:
                for entry in entries:
                    path = prefix + entry.name
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(f"{path}/")
                    elif entry.is_file(follow_symlinks=False):
                        found.append(path)
                    else:
                        raise _no_file(root + path, entry.is_symlink())
        except OSError as error:
            raise _unreadable(root + prefix, error) from error
    return found


class _Worker:
    """One thread's share: it takes the next path until none is left."""

    def __init__(self, root: str, waiting: deque[str]) -> None:
        self._root = root
        self._waiting = waiting
        self._buffer = memoryview(b"")
        # Copying a fresh hash object is a good deal faster than asking for another one.
        self._fresh = hashlib.md5(usedforsecurity=False)

    def run(self) -> list[FileDigest]:
        done: list[FileDigest] = []
        while True:
            try:
                path = self._waiting.popleft()
            except IndexError:
                return done
            try:
                done.append(self._file(path))
            except OSError as error:
                raise _unreadable(self._root + path, error) from error

    def _file(self, path: str) -> FileDigest:
        file = os.open(self._root + path, _FLAGS)
        try:
            before = os.fstat(file)
            if not stat.S_ISREG(before.st_mode):
                raise _no_file(self._root + path, link=False)
            md5 = self._fresh.copy()
            if before.st_size <= SMALL:
                data = os.read(file, before.st_size + 1)
                md5.update(data)
                size = len(data)
            else:
                size = self._read_large(file, md5)
                after = os.fstat(file)
                if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
                    size = -1
            if size != before.st_size:
                raise IntegrityError(f"file {self._root}{path}", "changed while it was read", "Run the command again")
            return FileDigest(path, size, md5.hexdigest())
        finally:
            os.close(file)

    def _read_large(self, file: int, md5: hashlib._Hash) -> int:
        if not self._buffer:
            self._buffer = memoryview(bytearray(_BUFFER))
        size = 0
        with open(file, "rb", buffering=0, closefd=False) as raw:
            while count := raw.readinto(self._buffer):
                md5.update(self._buffer[:count])
                size += count
        return size


def _no_file(path: str, link: bool) -> UnsupportedFile:
    reason = "is a link" if link else "is neither a file nor a folder"
    return UnsupportedFile(f"'{path}'", reason, "Put the file itself there", path)


def _unreadable(path: str, error: OSError) -> NotReadable:
    return NotReadable(path, error.strerror or str(error), "Check the path and its permissions")
