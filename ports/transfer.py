"""Fetching many objects to local files."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

import attrs

from ..domain.digest import Digest
from ..domain.errors import GroundtruthError


@attrs.frozen
class FetchRequest:
    """An object to fetch. `key` names it in events; `size` (bytes) and `digest` are checked when known."""

    url: str
    destination: Path
    key: str
    size: int | None = None
    digest: Digest | None = None


class FetchStatus(enum.StrEnum):
    """How a fetch ended."""

    FETCHED = "fetched"
    PRESENT = "present"
    FAILED = "failed"


@attrs.frozen
class FetchOutcome:
    """End of one fetch. `size`, `digest` and `mtime_ns` describe the file at the destination unless it failed.

    `content_type` is what the source called the bytes it sent; empty when it sent none, or does not say.
    """

    request: FetchRequest
    status: FetchStatus
    size: int = 0
    digest: Digest | None = None
    mtime_ns: int = 0
    error: GroundtruthError | None = None
    content_type: str = ""


class ObjectTransfer(Protocol):
    """Fetch objects, several at a time, bounded in memory however many there are.

    * Requests are drawn lazily and outcomes come as they finish, in any order, one per request.
    * A destination appears whole or not at all; an existing file is kept (PRESENT, nothing fetched) when it
      has the request's digest, and replaced otherwise. When the digest is not known, it is kept if it has the
      size; when neither is known, it is replaced.
    * What one request does wrong is its outcome's `error`; only what stops all of them is raised
      (`DiskFull`, `NotWritable`).
    * Closing the iterator early, or an interrupt, stops soon and leaves only whole files and partial ones
      that a later fetch of the same destination takes up again.
    """

    def fetch(self, requests: Iterable[FetchRequest]) -> Iterator[FetchOutcome]:
        """Fetch each request's object to its destination."""
        ...


class ObjectStream(Protocol):
    """Bytes of an object from `start` on. Close it when done.

    A stream of a source that tells kinds of objects apart also has `content_type`, a media type.
    """

    @property
    def start(self) -> int:
        """Offset of the first byte; 0 if the source could not resume, whatever was asked for."""
        ...

    @property
    def size(self) -> int | None:
        """Size of the whole object in bytes; None when not known."""
        ...

    @property
    def validator(self) -> str | None:
        """Strong ETag or digest under which the object can be resumed; None: it cannot."""
        ...

    def chunks(self) -> Iterator[bytes]:
        """The bytes, in pieces of bounded size.

        Raises:
            Unavailable: the connection broke; what was yielded before is good.
        """
        ...

    def close(self) -> None:
        """Release the connection or file. Idempotent."""
        ...


class ObjectSource(Protocol):
    """Where objects of some URL schemes are read. Thread-safe."""

    @property
    def schemes(self) -> frozenset[str]:
        """URL schemes it serves, lower case."""
        ...

    def open(self, url: str, start: int = 0, validator: str | None = None) -> ObjectStream:
        """Open an object at `start`, if `validator` still holds; else from the beginning.

        Raises:
            ObjectNotFound, AccessDenied: for good.
            LinkExpired: the address must be renewed.
            Unavailable: for now; `retry_after` when the other side said so.
            IntegrityError: the source knows its copy is damaged.
        """
        ...


class LinkRenewer(Protocol):
    """Gives a fresh address for one that expired."""

    def renew(self, url: str) -> str:
        """A new address of the same object.

        Raises:
            ObjectNotFound: the object is not known.
            Unavailable: for now.
        """
        ...
