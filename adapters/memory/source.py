"""Objects kept in memory, under URLs of the scheme `memory:`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from urllib.parse import quote

import attrs

from ...domain.errors import IntegrityError, LinkExpired, ObjectNotFound
from ...ports.transfer import ObjectSource
from .faults import Faults

_HASHED = re.compile(r"memory:sha256/([0-9a-f]{64})")


@attrs.define
class MemoryStream:
    """Bytes of an object from `start` on. `validator` is their digest."""

    start: int
    validator: str | None
    _url: str
    _data: bytes = attrs.field(repr=False)
    _source: MemorySource
    closed: bool = False

    @property
    def size(self) -> int:
        """Size of the whole object."""
        return len(self._data)

    def chunks(self) -> Iterator[bytes]:
        """The bytes, in pieces of the source's chunk size. Faults of `chunk` get the URL and the offset."""
        for offset in range(self.start, len(self._data), self._source.chunk_size):
            self._source.faults.check("chunk", self._url, offset)
            yield self._data[offset : offset + self._source.chunk_size]

    def close(self) -> None:
        """Nothing to release; remembered so that tests can ask."""
        self.closed = True


@attrs.define
class MemorySource:
    """Object source, and link renewer, over a dict of URL -> bytes.

    URLs of other schemes are read, whole, from `others`. `opened` lists the URLs that were opened. Changing `objects`
    behind its back damages them: content under a URL made from its digest is checked on opening.
    """

    chunk_size: int = 64 * 1024
    objects: dict[str, bytes] = attrs.field(factory=dict[str, bytes], init=False, repr=False)
    opened: list[str] = attrs.field(factory=list[str], init=False, repr=False)
    streams: list[MemoryStream] = attrs.field(factory=list[MemoryStream], init=False, repr=False)
    faults: Faults = attrs.field(factory=Faults, init=False)
    others: dict[str, ObjectSource] = attrs.field(factory=dict[str, ObjectSource], init=False, repr=False)
    _expired: set[str] = attrs.field(factory=set[str], init=False, repr=False)
    _renewals: int = attrs.field(default=0, init=False)

    @property
    def schemes(self) -> frozenset[str]:
        """`memory`, and those of `others`."""
        return frozenset({"memory", *self.others})

    def add(self, data: bytes, key: str | None = None) -> str:
        """Keep bytes; return their URL. Without a key, equal bytes have one URL, made from their digest."""
        url = f"memory:{quote(key)}" if key is not None else f"memory:sha256/{hashlib.sha256(data).hexdigest()}"
        self.objects[url] = data
        return url

    def expire(self, url: str) -> None:
        """Make an address expire; `renew` gives a new one."""
        self._expired.add(url)

    def open(self, url: str, start: int = 0, validator: str | None = None) -> MemoryStream:
        """Open an object at `start`, if `validator` still holds; else from the beginning."""
        self.faults.check("open", url, start, validator)
        self.opened.append(url)
        if url in self._expired:
            raise LinkExpired("the address", "has expired", 403)
        address, _, _ = url.partition("?")
        data = self._read_elsewhere(url)
        data = self.objects.get(address) if data is None else data
        if data is None:
            raise ObjectNotFound("object", address)
        digest = hashlib.sha256(data).hexdigest()
        hashed = _HASHED.fullmatch(address)
        if hashed and hashed[1] != digest:
            raise IntegrityError(address, "is damaged")
        holds = validator == digest and start <= len(data)
        stream = MemoryStream(start if holds else 0, digest, url, data, self)
        self.streams.append(stream)
        return stream

    def _read_elsewhere(self, url: str) -> bytes | None:
        other = self.others.get(url.partition(":")[0])
        if other is None:
            return None
        stream = other.open(url)
        try:
            return b"".join(stream.chunks())
        finally:
            stream.close()

    def renew(self, url: str) -> str:
        """A new address of the same object."""
        self.faults.check("renew", url)
        address, _, _ = url.partition("?")
        if address not in self.objects:
            raise ObjectNotFound("object", address)
        self._renewals += 1
        return f"{address}?renewed={self._renewals}"
