"""Objects that are files of this machine."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes, urlsplit

import attrs

from ...domain.errors import InvalidInput, NotReadable, ObjectNotFound, Unavailable

CHUNK = 1024 * 1024
_OPEN = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
_DRIVE = re.compile(r"/[A-Za-z]:")


@attrs.define
class FileStream:
    """Bytes of a file as it was when it was opened."""

    _path: str
    _descriptor: int
    start: int
    size: int
    validator: str

    def chunks(self) -> Iterator[bytes]:
        """The bytes, in pieces of at most 1 MiB.

        Raises:
            NotReadable: the device failed.
            Unavailable: the file got shorter while it was read.
        """
        left = self.size - self.start
        while left > 0:
            try:
                chunk = os.read(self._descriptor, min(left, CHUNK))
            except OSError as error:
                raise NotReadable(self._path, error.strerror or str(error)) from error
            if not chunk:
                raise Unavailable(self._path, "got shorter while it was read")
            left -= len(chunk)
            yield chunk

    def close(self) -> None:
        """Close the file. Idempotent."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


@attrs.frozen
class FileSource:
    """Serves `file:///path` (percent-encoded, any bytes) of this machine. Regular files only; links are followed.

    Never let it serve addresses that come from a hub which is not this machine's own: it would read any file that
    such a hub cares to name, and put it where others look.
    """

    @property
    def schemes(self) -> frozenset[str]:
        """`file`."""
        return frozenset({"file"})

    def open(self, url: str, start: int = 0, validator: str | None = None) -> FileStream:
        """Open a file. Its validator is made of device, number, size and time of modification.

        Raises:
            ObjectNotFound: there is no such file.
            NotReadable: it may not be read.
            InvalidInput: the address names another host, or something that is not a regular file.
        """
        path = path_of(url)
        try:
            descriptor = os.open(path, _OPEN)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ObjectNotFound("file", path) from error
        except OSError as error:
            raise NotReadable(path, error.strerror or str(error), "Check the permissions of the file") from error
        try:
            return _stream(path, descriptor, start, validator)
        except BaseException:
            os.close(descriptor)
            raise


def _stream(path: str, descriptor: int, start: int, validator: str | None) -> FileStream:
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise InvalidInput(path, "is not a regular file")
    present = f"{status.st_dev:x}-{status.st_ino:x}-{status.st_size:x}-{status.st_mtime_ns:x}"
    begin = start if validator == present and 0 < start <= status.st_size else 0
    if begin:
        os.lseek(descriptor, begin, os.SEEK_SET)
    return FileStream(path, descriptor, begin, status.st_size, present)


def path_of(url: str) -> str:
    """Path of a `file` URL.

    Raises:
        InvalidInput: it names another host, or no absolute path.
    """
    if url.startswith("file:///") and "?" not in url and "#" not in url:
        quoted = url[7:]  # almost every one; parsing in full costs as much as opening a small file
    else:
        parts = urlsplit(url)
        if parts.netloc.lower() not in {"", "localhost"} or parts.query or parts.fragment:
            raise InvalidInput(f"address {url!r}", "is not a file of this machine", "Use file:///path/of/the/file")
        quoted = parts.path
    path = os.fsdecode(unquote_to_bytes(quoted)) if "%" in quoted or not quoted.isascii() else quoted
    if not path.startswith("/") or "\0" in path:
        raise InvalidInput(f"address {url!r}", "has no absolute path", "Use file:///path/of/the/file")
    return path[1:] if os.name == "nt" and _DRIVE.match(path) else path
