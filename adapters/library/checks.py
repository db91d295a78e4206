"""Is a release still what was pulled: by size and time at once, or by content."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import msgspec

from ...ports.library import FileFault
from .records import BOOKS, FILES_FILE, FileRecord, read_files

_BATCH = 32
"""Files a thread reads before it asks for more: enough to make small files cheap, few enough for large ones."""


def is_intact(dataset: Path, release: Path) -> bool:
    """True if every recorded file has its size and time. False as well when nothing is recorded."""
    prefix = f"{dataset}{os.sep}"
    stat = os.stat
    try:
        for record in read_files(release):
            status = stat(prefix + record.path)
            if status.st_size != record.size or status.st_mtime_ns != record.mtime_ns:
                return False
    except (OSError, msgspec.DecodeError):
        # A file or the books cannot be read: whatever the reason, it is not as it was pulled.
        return False
    return True


def faults(dataset: Path, release: Path, workers: int) -> Iterator[FileFault]:
    """Read every recorded file, several at a time, in the order of the records."""
    books = f"releases/{release.name}/{BOOKS}/{FILES_FILE}"
    prefix = f"{dataset}{os.sep}"
    waiting: deque[Future[list[FileFault]]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        try:
            for batch in _batches(read_files(release)):
                waiting.append(pool.submit(_faults, prefix, batch))
                if len(waiting) > 2 * workers:
                    yield from waiting.popleft().result()
        except FileNotFoundError:
            yield FileFault(books, "is missing: the release was pulled by another program; pull it again")
        except (OSError, msgspec.DecodeError) as error:
            yield FileFault(books, f"cannot be read: {error}; pull the release again")
        while waiting:
            yield from waiting.popleft().result()


def _batches(records: Iterator[FileRecord]) -> Iterator[list[FileRecord]]:
    while batch := list(islice(records, _BATCH)):
        yield batch


def _faults(prefix: str, batch: list[FileRecord]) -> list[FileFault]:
    return [fault for record in batch if (fault := _fault(prefix + record.path, record)) is not None]


def _fault(path: str, record: FileRecord) -> FileFault | None:
    try:
        with open(path, "rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size != record.size:
                return FileFault(record.path, f"has {size} bytes instead of {record.size}")
            if record.digest is None:
                return None
            digest = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    except FileNotFoundError:
        return FileFault(record.path, "is missing")
    except OSError as error:
        return FileFault(record.path, f"cannot be read: {error.strerror or error}")
    return None if digest == record.digest else FileFault(record.path, "has another content than was pulled")
