"""Reading what items refer to: blobs (`blob:sha256/<hex digest>`) and objects in external storages."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterator

from ...domain.errors import IntegrityError, MissingExtra, NotFound, ObjectNotFound, Truncated
from ...domain.stored import STORAGE_SCHEME, parse_storage_url
from ...ports.storage import ObjectStore, OpenStore
from ...ports.transfer import ObjectSource, ObjectStream
from .blobs import BlobStore
from .catalogue import Catalogue
from .faults import reading_fault
from .intake import CHUNK
from .slots import BLOB_SCHEME
from .storages import Storages

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


class StorageSource:
    """Implements `ports.transfer.ObjectSource` for objects in the storages that teams declared."""

    def __init__(self, storages: Storages, objects: OpenStore | None) -> None:
        self._storages = storages
        self._open_store = objects
        self._store: ObjectStore | None = None
        self._lock = threading.Lock()

    @property
    def schemes(self) -> frozenset[str]:
        """URL schemes it serves."""
        return frozenset({STORAGE_SCHEME})

    def open(self, url: str, start: int = 0, validator: str | None = None) -> ObjectStream:
        """Open an object where its storage is now."""
        address = parse_storage_url(url)
        try:
            storage = self._storages.find_storage(address.team, address.storage)
        except NotFound as error:
            raise ObjectNotFound("object", url, error.message, error.remedy) from error
        return self._objects().open(storage, address.key, start, validator)

    def _objects(self) -> ObjectStore:
        if self._open_store is None:
            raise MissingExtra("reading from external storage", "s3")
        with self._lock:
            if self._store is None:
                self._store = self._open_store()
            return self._store


class HubSource:
    """Implements `ports.transfer.ObjectSource` for everything that a hub's items and releases refer to."""

    def __init__(self, *sources: ObjectSource) -> None:
        self._sources = {scheme: source for source in sources for scheme in source.schemes}

    @property
    def schemes(self) -> frozenset[str]:
        """URL schemes it serves."""
        return frozenset(self._sources)

    def open(self, url: str, start: int = 0, validator: str | None = None) -> ObjectStream:
        """Open an object."""
        source = self._sources.get(url.partition(":")[0])
        if source is None:
            raise ObjectNotFound("object", url, advice="Its address is not one of the embedded hub")
        return source.open(url, start, validator)


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
            # No more than there is: reading a small file into a large buffer takes five times as long.
            chunk = self._read(min(CHUNK, self._size - position))
            if not chunk:
                raise self._truncated(position)
            position += len(chunk)
            yield chunk

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _read(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except OSError as error:
            # The file could be opened and has its size: what fails now is the disk.
            raise IntegrityError(f"blob {self._path}", f"cannot be read: {error.strerror}", CHECK) from error

    def _truncated(self, actual: int) -> Truncated:
        return Truncated(f"blob {self._path}", "is damaged", CHECK, self._size, actual)
