"""External storages kept in memory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import attrs

from ...domain.errors import InvalidInput, NotReadable
from ...domain.storage import ExternalStorage, Provider
from .faults import Faults
from .source import MemorySource, MemoryStream


@attrs.define
class MemoryObjectStore:
    """Object store over a `MemorySource`. A bucket is whatever a storage names; `encodings` are kept by URL.

    `read` reads the files that are stored, such as `MemoryFiles.read`; None: they are on disk.
    """

    read: Callable[[Path], bytes] | None = None
    source: MemorySource = attrs.field(factory=MemorySource)
    encodings: dict[str, str | None] = attrs.field(factory=dict[str, "str | None"], init=False)
    faults: Faults = attrs.field(factory=Faults, init=False)

    def put(self, storage: ExternalStorage, key: str, path: Path, encoding: str | None = None) -> int:
        """Store a file."""
        self.faults.check("put", storage, key, path, encoding)
        name = _name(storage, key)
        data = self.read(path) if self.read is not None else _read(path)
        self.encodings[self.source.add(data, name)] = encoding
        return len(data)

    def size(self, storage: ExternalStorage, key: str) -> int:
        """Size of an object in bytes."""
        self.faults.check("size", storage, key)
        return self.source.open(self.url(storage, key)).size

    def open(self, storage: ExternalStorage, key: str, start: int = 0, validator: str | None = None) -> MemoryStream:
        """Read an object; its validator is its digest."""
        self.faults.check("open", storage, key, start, validator)
        return self.source.open(self.url(storage, key), start, validator)

    def url(self, storage: ExternalStorage, key: str) -> str:
        """Where the source keeps an object."""
        return f"memory:{quote(_name(storage, key))}"


def _name(storage: ExternalStorage, key: str) -> str:
    odd = any(ord(letter) < 32 or 0xD800 <= ord(letter) < 0xE000 for letter in key)
    if odd or not {"", ".", ".."}.isdisjoint(key.split("/")):
        raise InvalidInput(f"storage key {key!r}", "cannot be the key of an object")
    container = storage.prefix.strip("/").partition("/")[0] if storage.provider is Provider.AZURE else ""
    return f"{storage.provider.value}/{storage.bucket}/{container}/{key}"


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotReadable(str(path), error.strerror or str(error)) from error
