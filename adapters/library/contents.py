"""What the books of a dataset say of its media files, in about 200 bytes a file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from ...domain.digest import Digest
from .records import IMAGES, origin_key, read_records

_UNKNOWN = 0
"""Stands for the digest of a file of which no digest is known."""


class ContentIndex:
    """What is recorded of files: by which content they are known, and whether a release needs them.

    A file is named by target, size and time together: a record says nothing of a file that was replaced since.
    """

    def __init__(self, key: Callable[[str], str]) -> None:
        self._key = key
        self._contents: dict[int, int] = {}
        self._origins: set[int] = set()

    def add(self, records: Path, needed: bool) -> None:
        """Take in the media in a file of records, if there is one. `needed`: a release counts on them."""
        prefix = f"{IMAGES}/"
        try:
            for record in read_records(records):
                if record.path.startswith(prefix):
                    position = self._position(record.path[len(prefix) :], record.size, record.mtime_ns)
                    digest = int(record.digest[7:], 16) if record.digest else _UNKNOWN
                    known = self._contents.get(position, 0)
                    self._contents[position] = (digest or known >> 1) << 1 | known & 1 | needed
                    if record.origin:
                        self._origins.add(_number(f"{position}\0{record.origin}"))
        except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError, ValueError):
            # No books, or the notes of a process that was killed while it wrote a line.
            return

    def needs(self, target: str, there: os.stat_result, size: int | None, digest: Digest | None) -> bool:
        """True if the file `there` at the target is one a release needs, and other content is to come."""
        known = self._contents.get(self._position(target, there.st_size, there.st_mtime_ns), 0)
        if not known & 1:
            return False
        if digest is not None and known >> 1 != _UNKNOWN:
            return known >> 1 != int(digest.value, 16)
        return size is None or size != there.st_size

    def is_from(self, target: str, there: os.stat_result, origin: str) -> bool:
        """True if the file `there` was recorded with that origin, or has that digest."""
        position = self._position(target, there.st_size, there.st_mtime_ns)
        known = self._contents.get(position)
        if known is None:
            return False
        if known >> 1 != _UNKNOWN and origin == f"sha256:{known >> 1:064x}":
            return True
        return _number(f"{position}\0{origin_key(origin)}") in self._origins

    def digest(self, target: str, there: os.stat_result) -> Digest | None:
        """Digest of a file that is known."""
        known = self._contents.get(self._position(target, there.st_size, there.st_mtime_ns), 0) >> 1
        return Digest(f"{known:064x}") if known != _UNKNOWN else None

    def _position(self, target: str, size: int, mtime_ns: int) -> int:
        return _number(f"{self._key(target)}\0{size}\0{mtime_ns}")


def _number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())
