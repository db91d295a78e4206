"""Reading what is pushed: a file as it is, several as one zip, or a stream. Digests are computed on the way."""

from __future__ import annotations

import hashlib
import os
import stat
import zipfile
from collections.abc import Callable, Iterable, Sequence

from ...domain.errors import NotReadable, Truncated
from ...domain.placement import free_name
from ...ports.uploads import OnBytes
from .faults import reading_fault, writing_to

CHUNK = 1 << 20
ZIP_DATE = (1980, 1, 1, 0, 0, 0)
"""Date of every file in a packed series: the same files make the same zip."""


class SourceFile:
    """A file that is pushed, open.

    Raises:
        NotReadable: it cannot be opened, or is no regular file.
    """

    __slots__ = ("_descriptor", "_path", "_status")

    def __init__(self, path: str) -> None:
        self._path = path
        try:
            # Not blocking: opening a named pipe would wait for somebody to write to it.
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise reading_fault(error, path) from error
        self._status = os.fstat(self._descriptor)
        if not stat.S_ISREG(self._status.st_mode):
            self.close()
            raise NotReadable(path, "is not a file", "Push files only")

    @property
    def size(self) -> int:
        """Size in bytes when it was opened."""
        return self._status.st_size

    def read(self, write: Callable[[bytes], object], on_bytes: OnBytes) -> None:
        """Hand its bytes to `write`.

        Raises:
            NotReadable: it cannot be read, or changed meanwhile.
        """
        position = 0
        while position <= self.size:
            # A byte more than there should be, and no further: a file may grow as fast as it is read.
            chunk = self._chunk(min(CHUNK, self.size - position + 1))
            if not chunk:
                break
            write(chunk)
            position += len(chunk)
            on_bytes(len(chunk))
        after = os.fstat(self._descriptor)
        if not position == self.size == after.st_size or after.st_mtime_ns != self._status.st_mtime_ns:
            advice = "Push it again when nothing writes to it any more"
            raise NotReadable(self._path, "changed while it was read", advice)

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _chunk(self, size: int) -> bytes:
        try:
            return os.read(self._descriptor, size)
        except OSError as error:
            raise reading_fault(error, self._path) from error


def copy(source: SourceFile, descriptor: int, on_bytes: OnBytes) -> str:
    """Write the file's bytes to a descriptor; return their digest in hex."""
    hasher = hashlib.sha256()

    def take(chunk: bytes) -> None:
        hasher.update(chunk)
        _write_all(descriptor, chunk)

    source.read(take, on_bytes)
    return hasher.hexdigest()


def write(chunks: Iterable[bytes | memoryview], size: int, descriptor: int, what: str, folder: str) -> str:
    """Write chunks to a descriptor in `folder`; return their digest in hex. `what` names them in errors.

    Raises:
        Truncated: they are not `size` bytes together.
        DiskFull, NotWritable: the folder takes no more.
    """
    hasher = hashlib.sha256()
    position = 0
    for chunk in chunks:
        position += len(chunk)
        if position > size:
            break
        hasher.update(chunk)
        # What the chunks' own source raises is not a fault of this disk.
        with writing_to(folder):
            _write_all(descriptor, chunk)
    if position != size:
        raise Truncated(what, "is not what was announced", "Send it again", size, position)
    return hasher.hexdigest()


def _write_all(descriptor: int, chunk: bytes | memoryview) -> None:
    written = os.write(descriptor, chunk)
    while written < len(chunk):
        written += os.write(descriptor, memoryview(chunk)[written:])


def pack(sources: Sequence[str], target: str, on_bytes: OnBytes) -> tuple[str, int]:
    """Write files, in the order given, into an uncompressed zip; return its digest in hex and its size."""
    taken: set[str] = set()
    with zipfile.ZipFile(target, "x", zipfile.ZIP_STORED) as archive:
        for path in sources:
            info = zipfile.ZipInfo(free_name(os.path.basename(path), taken), ZIP_DATE)
            info.create_system, info.external_attr = 3, 0o644 << 16
            with archive.open(info, "w", force_zip64=True) as member:
                _pour(path, member.write, on_bytes)
    with open(target, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()


def _pour(path: str, write: Callable[[bytes], object], on_bytes: OnBytes) -> None:
    source = SourceFile(path)
    try:
        source.read(write, on_bytes)
    finally:
        source.close()
