"""The bytes of a slot that is pushed: those of its file, or of a zip of its files."""

from __future__ import annotations

import io
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ...domain.errors import DiskFull, NotReadable
from ...domain.placement import free_name
from ...domain.upload import NewSlot
from ...ports.uploads import OnBytes
from ...ports.web import WebBody

SMALL = 256 * 1024
"""Bytes of a file up to which it is sent from memory."""
CHUNK = 1 << 20
ZIP_DATE = (1980, 1, 1, 0, 0, 0)
"""Date of every file in a packed series: the same files make the same zip."""
_ADVICE = "Push it again when nothing writes to it any more"


class SourceFile(io.FileIO):
    """A local file of which exactly the bytes are read that were in it when it was opened.

    One that changes meanwhile ends early, so that what was sent of it is not taken for the whole.

    Raises:
        NotReadable: it cannot be opened, or is no regular file.
    """

    def __init__(self, path: Path) -> None:
        try:
            super().__init__(path, opener=_open)
        except OSError as error:
            raise NotReadable(str(path), f"cannot be read ({error.strerror})", "Check that it is there") from error
        self._begun = os.fstat(self.fileno())
        if not stat.S_ISREG(self._begun.st_mode):
            self.close()
            raise NotReadable(str(path), "is not a file", "Push files only")

    @property
    def size(self) -> int:
        """Size in bytes when it was opened."""
        return self._begun.st_size

    def read(self, size: int | None = -1, /) -> bytes:
        """The next bytes; none if the file has changed."""
        left = self.size - self.tell()
        wanted = left if size is None or size < 0 else min(size, left)
        data = super().read(wanted)
        return data if len(data) < left or self.is_unchanged() else b""

    def is_unchanged(self) -> bool:
        """True if nothing wrote to the file since it was opened."""
        now = os.fstat(self.fileno())
        return (now.st_size, now.st_mtime_ns) == (self._begun.st_size, self._begun.st_mtime_ns)


class _Meter:
    """Passes on how many bytes were sent, those that are sent again only once."""

    def __init__(self, on_bytes: OnBytes) -> None:
        self._on_bytes = on_bytes
        self._sent = self._told = 0

    def begin(self) -> None:
        self._sent = 0

    def __call__(self, count: int) -> None:
        self._sent += count
        if self._sent > self._told:
            fresh, self._told = self._sent - self._told, self._sent
            self._on_bytes(fresh)


@contextmanager
def body_of(slot: NewSlot, on_bytes: OnBytes) -> Iterator[bytes | WebBody]:
    """What is to be sent for a slot; bytes that are held in memory are not reported.

    Raises:
        NotReadable: a file cannot be read, or changed while it was read.
    """
    if len(slot.sources) == 1:
        yield _plain(slot.sources[0], on_bytes)
        return
    with tempfile.TemporaryDirectory(prefix="groundtruth-") as folder:
        packed = Path(folder, "series.zip")
        _pack(slot.sources, packed)
        yield _plain(packed, on_bytes)


def small_file(path: Path, limit: int) -> bytes | None:
    """Content of a file; None if it is larger than `limit`, or cannot be read as a whole."""
    try:
        with SourceFile(path) as file:
            data = file.read() if file.size <= limit else b""
            return data if len(data) == file.size else None
    except (NotReadable, OSError):
        return None


def changed(path: Path) -> NotReadable:
    """The error for a file that could not be sent as it was."""
    return NotReadable(str(path), "changed while it was read, or cannot be read to its end", _ADVICE)


def _plain(path: Path, on_bytes: OnBytes) -> bytes | WebBody:
    with SourceFile(path) as file:
        size = file.size
        if size <= SMALL:
            data = file.read()
            if len(data) != size:
                raise changed(path)
            return data
    meter = _Meter(on_bytes)

    def begin() -> SourceFile:
        meter.begin()
        return SourceFile(path)

    return WebBody(size, begin, meter)


def _pack(sources: tuple[Path, ...], target: Path) -> None:
    """Write files, in the order given, into an uncompressed zip."""
    taken: set[str] = set()
    try:
        with zipfile.ZipFile(target, "x", zipfile.ZIP_STORED) as archive:
            for path in sources:
                info = zipfile.ZipInfo(free_name(path.name, taken), ZIP_DATE)
                info.create_system, info.external_attr = 3, 0o644 << 16
                with SourceFile(path) as file, archive.open(info, "w", force_zip64=True) as member:
                    shutil.copyfileobj(file, member, CHUNK)
                    if file.tell() != file.size or not file.is_unchanged():
                        raise changed(path)
    except OSError as error:
        raise DiskFull(str(target.parent), f"the series cannot be packed ({error.strerror})", "Make room") from error


def _open(path: str, flags: int) -> int:
    # Not blocking: opening a named pipe would wait for somebody to write to it.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
