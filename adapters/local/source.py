"""Reading blobs as objects: addresses of the form `blob:sha256/<hex digest>`."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

from ...domain.errors import IntegrityError, ObjectNotFound, Truncated
from .blobs import BlobStore
from .catalogue import Catalogue
from .faults import reading_fault
from .intake import CHUNK
from .slots import BLOB_SCHEME

_URL = re.compile(rf"{BLOB_SCHEME}:sha256/([0-9a-f]{{64}})")

CHECK = "Run 'groundtruth hub fsck' to see everything that is damaged; pushing the same file again repairs it"


class BlobSource:
    """Implements `ports.transfer.ObjectSource` for the blobs of one hub."""

    def __init__(self, catalogue: Catalogue, blobs: BlobStore) -> None:
        self._catalogue = catalogue
        self._blobs = blobs

    @property
    def schemes(self) -> frozenset[str]:
        """URL schemes it serves."""
        return frozenset({BLOB_SCHEME})

    def open(self, url: str, start: int = 0, validator: str | None = None) -> BlobStream:
        """Open a blob. Its digest is the validator; a blob never changes."""
        match = _URL.fullmatch(url)
        if match is None:
            raise ObjectNotFound("blob", url, advice="Its address is not one of the embedded hub")
        digest = match[1]
        size = self._size(digest)
        path = self._blobs.path(digest)
        try:
            file = io.FileIO(path)
        except FileNotFoundError as error:
            raise ObjectNotFound("blob", digest, self._blobs.folder, CHECK) from error
        except OSError as error:
            raise reading_fault(error, path) from error
        return BlobStream(file, path, digest, size, start if validator == digest and start <= size else 0)

    def _size(self, digest: str) -> int:
        row = self._catalogue.row("SELECT size FROM blobs WHERE digest = ?", (bytes.fromhex(digest),))
        if row is None:
            raise ObjectNotFound("blob", digest, self._blobs.folder, "It was freed, or never was in this hub")
        return row[0]


class BlobStream:
    """Implements `ports.transfer.ObjectStream`.

    Raises:
        Truncated: the file does not have the size it had when it was stored.
    """

    def __init__(self, file: io.FileIO, path: str, digest: str, size: int, start: int) -> None:
        self._file = file
        self._path = path
        self._digest = digest
        self._size = size
        self._start = start
        try:
            actual = file.seek(0, 2)
            if actual != size:
                raise self._truncated(actual)
            file.seek(start)
        except BaseException:
            file.close()
            raise

    @property
    def start(self) -> int:
        """Offset of the first byte."""
        return self._start

    @property
    def size(self) -> int | None:
        """Size of the blob in bytes."""
        return self._size

    @property
    def validator(self) -> str | None:
        """Its digest in hex."""
        return self._digest

    def chunks(self) -> Iterator[bytes]:
        """The bytes, at most 1 MiB at a time."""
        position = self._start
        while position < self._size:
            chunk = self._read()
            if not chunk:
                raise self._truncated(position)
            position += len(chunk)
            yield chunk

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _read(self) -> bytes:
        try:
            return self._file.read(CHUNK)
        except OSError as error:
            # The file could be opened and has its size: what fails now is the disk.
            raise IntegrityError(f"blob {self._path}", f"cannot be read: {error.strerror}", CHECK) from error

    def _truncated(self, actual: int) -> Truncated:
        return Truncated(f"blob {self._path}", "is damaged", CHECK, self._size, actual)
