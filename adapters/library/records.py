"""The bookkeeping of a pulled release: `.groundtruth/release.json` and `.groundtruth/files.jsonl`."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import msgspec

from ...domain.digest import Digest
from ...domain.errors import NotReadable
from ...domain.reference import DatasetReference
from ...ports.library import LocalRelease, PullProblem

FORMAT = "groundtruth-release-1"
IMAGES = "images"
BOOKS = ".groundtruth"
ARRIVED = f"{BOOKS}/arrived"
"""In a dataset, by release: file records of pulls that were not finished."""

RELEASE_FILE = "release.json"
FILES_FILE = "files.jsonl"


class FileRecord(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A file of a release: path relative to the dataset folder, bytes, ns, `sha256:<hex>` and origin if known."""

    path: str
    size: int
    mtime_ns: int
    digest: str | None = None
    origin: str | None = None


class ProblemRecord(msgspec.Struct, frozen=True):
    """What the release lacks."""

    name: str
    reason: str


class ReleaseRecord(msgspec.Struct, frozen=True):
    """The release itself."""

    format: str
    reference: str
    digest: str | None
    recipe: str
    item_count: int
    file_count: int
    pulled_at: datetime
    problems: list[ProblemRecord] = []

    def as_release(self, reference: DatasetReference, path: Path) -> LocalRelease:
        """The release as the port shows it, under the name it has on disk."""
        return LocalRelease(
            reference,
            path,
            Digest.parse(self.digest) if self.digest else None,
            self.recipe,
            self.item_count,
            self.file_count,
            self.pulled_at,
            tuple(PullProblem(problem.name, problem.reason) for problem in self.problems),
        )


_encode = msgspec.json.Encoder().encode
_decode_release = msgspec.json.Decoder(ReleaseRecord).decode
_decode_file = msgspec.json.Decoder(FileRecord).decode


def origin_key(origin: str) -> str:
    """What is kept of an origin: enough to find it again, nothing that could be secret."""
    return hashlib.blake2b(origin.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


class FileRecorder:
    """Writes file records one by one; memory stays flat. When the process is killed, the last 100 or so are lost."""

    def __init__(self, path: Path) -> None:
        self._file = open(path, "wb", buffering=1 << 14)  # noqa: SIM115 - closed by close()

    def add(self, record: FileRecord) -> None:
        """Append a record."""
        self._file.write(_encode(record) + b"\n")

    def close(self) -> None:
        """Make the records durable. Idempotent."""
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()

    def drop(self) -> None:
        """Close without caring for the records. Idempotent."""
        with contextlib.suppress(OSError):
            self._file.close()


def read_records(file: str | Path) -> Iterator[FileRecord]:
    """The file records in `file`, lazily.

    Raises:
        FileNotFoundError: there is no such file.
        msgspec.DecodeError: a record is damaged.
    """
    with open(file, "rb") as lines:
        for line in lines:
            yield _decode_file(line)


def read_files(release: Path) -> Iterator[FileRecord]:
    """The file records of a release; raises as `read_records`."""
    return read_records(release / BOOKS / FILES_FILE)


def write_release(release: Path, record: ReleaseRecord) -> None:
    """Write the record of a release that is still out of sight, durably."""
    with open(release / BOOKS / RELEASE_FILE, "wb") as file:
        file.write(msgspec.json.format(_encode(record), indent=2) + b"\n")
        file.flush()
        os.fsync(file.fileno())


def read_release(release: Path) -> ReleaseRecord | None:
    """The record of a release; None if it has none that this version understands.

    Raises:
        NotReadable: it may not be read.
    """
    try:
        record = _decode_release((release / BOOKS / RELEASE_FILE).read_bytes())
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
        # A damaged record is as good as none: the release then counts as pulled by another program, and the
        # next pull makes it anew.
        return None
    except OSError as error:
        raise NotReadable(str(release), f"cannot be read: {error.strerror or error}") from error
    return record if record.format == FORMAT else None
