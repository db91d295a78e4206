"""Stored bytes: one file per content below `blobs/sha256`, and what waits in `incoming` to become one.

A file is received as `incoming/<upload id>.<size>.<token>`, never twice under one name, and is complete when it
has that size. It is moved to `blobs/sha256/<two digits>/<hex digest>` when its upload is confirmed. Moving into
`blobs` and deleting from it happen only inside a write transaction of the catalogue, so that they never cross.

Paths are text here: there are as many as there are items.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import secrets
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

import attrs

from ...ports.uploads import OnBytes
from .durability import make_durable
from .faults import writing_fault, writing_to
from .intake import SourceFile, copy, pack, write

PARTIAL = ".part"


@attrs.frozen
class Received:
    """Bytes that wait in `incoming`: their digest in hex, size, and where they are."""

    digest: str
    size: int
    path: str

    def is_there(self) -> bool:
        """False if the bytes were freed: nobody confirmed them for long."""
        return os.path.exists(self.path)


class BlobStore:
    """The files of one hub. Thread-safe."""

    def __init__(self, root: Path) -> None:
        self.folder = str(root / "blobs" / "sha256")
        self._incoming = str(root / "incoming")
        self._token = secrets.token_hex(8)
        self._numbers = itertools.count()

    def path(self, digest: str) -> str:
        """Where the blob of that hex digest is, if it is stored."""
        return f"{self.folder}/{digest[:2]}/{digest}"

    # --- arriving -----------------------------------------------------------------------------------

    def receive(self, upload_id: str, sources: Sequence[Path], on_bytes: OnBytes) -> Received:
        """Copy the sources (several as one zip) into `incoming`.

        Raises:
            NotReadable: a source cannot be read, or changed meanwhile.
            DiskFull, NotWritable: the hub's folder takes no more.
        """
        token = self._new_token()
        try:
            if len(sources) == 1:
                return self._copy(upload_id, str(sources[0]), token, on_bytes)
            return self._pack(upload_id, list(map(str, sources)), token, on_bytes)
        except OSError as error:
            raise writing_fault(error, self._incoming) from error

    def pour(self, upload_id: str, chunks: Iterable[bytes | memoryview], size: int) -> Received:
        """Write chunks, `size` bytes together, into `incoming`.

        Raises:
            Truncated: fewer or more came.
            DiskFull, NotWritable: the hub's folder takes no more.
        """
        arrived = f"{self._incoming}/{upload_id}.{size}.{self._new_token()}"
        with writing_to(self._incoming):
            descriptor = self._create(arrived)
        try:
            return Received(write(chunks, size, descriptor, f"upload '{upload_id}'", self._incoming), size, arrived)
        except BaseException:
            self.discard(arrived)
            raise
        finally:
            os.close(descriptor)

    def _new_token(self) -> str:
        # The process is part of the name: a fork has the same token.
        return f"{self._token}-{os.getpid()}-{next(self._numbers)}"

    def _copy(self, upload_id: str, path: str, token: str, on_bytes: OnBytes) -> Received:
        source = SourceFile(path)
        try:
            arrived = f"{self._incoming}/{upload_id}.{source.size}.{token}"
            descriptor = self._create(arrived)
            try:
                return Received(copy(source, descriptor, on_bytes), source.size, arrived)
            except BaseException:
                self.discard(arrived)
                raise
            finally:
                os.close(descriptor)
        finally:
            source.close()

    def _create(self, path: str) -> int:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with contextlib.suppress(FileNotFoundError):
            return os.open(path, flags, 0o644)
        os.makedirs(self._incoming, exist_ok=True)
        return os.open(path, flags, 0o644)

    def _pack(self, upload_id: str, paths: Sequence[str], token: str, on_bytes: OnBytes) -> Received:
        os.makedirs(self._incoming, exist_ok=True)
        partial = f"{self._incoming}/{upload_id}.{token}{PARTIAL}"
        try:
            digest, size = pack(paths, partial, on_bytes)
            arrived = f"{self._incoming}/{upload_id}.{size}.{token}"
            os.replace(partial, arrived)
        except BaseException:
            self.discard(partial)
            raise
        return Received(digest, size, arrived)

    def arrivals(self) -> Iterator[os.DirEntry[str]]:
        """Entries of the folder of arriving files, whole or not."""
        with contextlib.suppress(FileNotFoundError), os.scandir(self._incoming) as entries:
            yield from entries

    def waiting(self, upload_ids: Collection[str]) -> dict[str, Received]:
        """What waits for those uploads, the latest for each.

        For what another process put: looks through the whole folder, and reads the files it finds.
        """
        found: dict[str, tuple[int, int, str]] = {}
        for entry in self.arrivals():
            upload_id, _, rest = entry.name.partition(".")
            if upload_id not in upload_ids or entry.name.endswith(PARTIAL):
                continue
            with contextlib.suppress(FileNotFoundError):
                status = entry.stat()
                if str(status.st_size) == rest.partition(".")[0]:
                    candidate = (status.st_mtime_ns, status.st_size, entry.path)
                    found[upload_id] = max(candidate, found.get(upload_id, candidate))
        received: dict[str, Received] = {}
        for upload_id, (_, size, path) in found.items():
            with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
                received[upload_id] = Received(hashlib.file_digest(file, "sha256").hexdigest(), size, path)
        return received

    # --- staying ------------------------------------------------------------------------------------

    def adopt(self, received: Received) -> bool:
        """Make received bytes a blob; False if they are gone. Call it inside a write transaction.

        A blob that is there already is replaced by the same bytes: one that was damaged is whole again.
        """
        target = self.path(received.digest)
        with writing_to(target):
            with contextlib.suppress(FileNotFoundError):
                os.replace(received.path, target)
                return True
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with contextlib.suppress(FileNotFoundError):
                os.replace(received.path, target)
                return True
            # Another confirmation of the same bytes was first, or an earlier one was interrupted.
            with contextlib.suppress(FileNotFoundError):
                return os.stat(target).st_size == received.size
        return False

    def make_durable(self, digests: Collection[str]) -> None:
        """Have the disk keep these blobs."""
        with writing_to(self.folder):
            make_durable(self.folder, [self.path(digest) for digest in digests])

    def discard(self, path: str) -> None:
        """Delete a file if it is there."""
        with writing_to(path), contextlib.suppress(FileNotFoundError):
            os.unlink(path)
