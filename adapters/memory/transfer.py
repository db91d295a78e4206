"""Transfer without threads: one object after the other, from a source to real files."""

from __future__ import annotations

import errno
import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import attrs

from ...domain.digest import Digest
from ...domain.errors import (
    DigestMismatch,
    DiskFull,
    GroundtruthError,
    LinkExpired,
    NotWritable,
    StorageError,
    Truncated,
)
from ...ports.transfer import FetchOutcome, FetchRequest, FetchStatus, LinkRenewer, ObjectSource
from .faults import Faults


@attrs.define
class MemoryTransfer:
    """Fetches each request when its outcome is asked for. It tries once, and renews an expired address once.

    Faults of `fetch` get the request, and become its outcome unless they would stop every transfer.
    """

    source: ObjectSource
    renewer: LinkRenewer | None = None
    faults: Faults = attrs.field(factory=Faults, init=False)

    def fetch(self, requests: Iterable[FetchRequest]) -> Iterator[FetchOutcome]:
        """Fetch each request's object to its destination."""
        for request in requests:
            yield self._outcome(request)

    def _outcome(self, request: FetchRequest) -> FetchOutcome:
        try:
            self.faults.check("fetch", request)
            return _present(request) or self._fetch(request)
        except (DiskFull, NotWritable):
            raise
        except GroundtruthError as error:
            return FetchOutcome(request, FetchStatus.FAILED, error=error)

    def _fetch(self, request: FetchRequest) -> FetchOutcome:
        try:
            return self._fetch_from(request.url, request)
        except LinkExpired:
            if self.renewer is None:
                raise
            return self._fetch_from(self.renewer.renew(request.url), request)

    def _fetch_from(self, url: str, request: FetchRequest) -> FetchOutcome:
        stream = self.source.open(url)
        try:
            written = _write(request, stream.chunks())
            return attrs.evolve(written, content_type=getattr(stream, "content_type", ""))
        finally:
            stream.close()


def _present(request: FetchRequest) -> FetchOutcome | None:
    """Outcome for a destination that has what is asked for already."""
    path = request.destination
    if not path.is_file():
        return None
    digest: Digest | None = None
    if request.digest is not None:
        digest = Digest(hashlib.sha256(path.read_bytes()).hexdigest())
        if digest != request.digest:
            return None
    elif request.size is None or path.stat().st_size != request.size:
        return None
    status = path.stat()
    return FetchOutcome(request, FetchStatus.PRESENT, status.st_size, digest, status.st_mtime_ns)


def _write(request: FetchRequest, chunks: Iterator[bytes]) -> FetchOutcome:
    folder = request.destination.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=".memory-")
    except OSError as error:
        raise _storage_error(error, request.destination) from error
    partial = Path(name)
    try:
        hasher, size = hashlib.sha256(), 0
        with open(descriptor, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
                hasher.update(chunk)
                size += len(chunk)
        digest = Digest(hasher.hexdigest())
        _check(request, size, digest)
        status = partial.stat()
        partial.replace(request.destination)
    except OSError as error:
        raise _storage_error(error, request.destination) from error
    finally:
        partial.unlink(missing_ok=True)
    return FetchOutcome(request, FetchStatus.FETCHED, size, digest, status.st_mtime_ns)


def _check(request: FetchRequest, size: int, digest: Digest) -> None:
    if request.size is not None and size != request.size:
        raise Truncated(request.key, expected_size=request.size, actual_size=size)
    if request.digest is not None and digest != request.digest:
        raise DigestMismatch(request.key, expected=str(request.digest), actual=str(digest))


def _storage_error(error: OSError, path: Path) -> StorageError:
    reason = error.strerror or str(error)
    if error.errno in {errno.ENOSPC, getattr(errno, "EDQUOT", None)}:
        return DiskFull(str(path), reason, "Make room and run the command again")
    return NotWritable(str(path), reason, "Check the permissions of the folder")
