"""The local library: pulled datasets on this machine's disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Protocol

import attrs

from ..domain.digest import Digest
from ..domain.errors import NameTaken, exception
from ..domain.reference import DatasetReference
from ..domain.release import Release


@attrs.frozen
class LocalDataset:
    """A dataset with at least one pulled release. `size` in bytes, `synced_at` the time of the last pull."""

    reference: DatasetReference
    path: Path
    image_count: int
    size: int
    synced_at: datetime
    releases: tuple[str, ...] = ()


@attrs.frozen
class LocalFile:
    """A file of a pulled release: POSIX path relative to the dataset folder, size in bytes, and what is known."""

    path: str
    size: int
    mtime_ns: int
    digest: Digest | None = None


@attrs.frozen
class PullProblem:
    """Something of a release that is not there: which document or file, and why."""

    name: str
    reason: str


@attrs.frozen
class LocalRelease:
    """A published release. `recipe` tells with which options it was pulled; `problems` what it lacks."""

    reference: DatasetReference
    path: Path
    digest: Digest | None
    recipe: str
    item_count: int
    file_count: int
    pulled_at: datetime
    problems: tuple[PullProblem, ...] = ()

    @property
    def is_complete(self) -> bool:
        """True if nothing of the release is missing."""
        return not self.problems


@attrs.frozen
class FileFault:
    """A file of a published release that is not as it was pulled."""

    path: str
    reason: str


@exception
class PlaceTaken(NameTaken):
    """A file is where a folder is needed, or the other way round; `place` (relative to `images/`) is in the way."""

    place: str = ""
    is_file: bool = False


class ReleaseStaging(Protocol):
    """A release being put together out of sight. Nothing of it is visible in the library until `publish`.

    `add_*` may be called in any order, from one thread.
    """

    def add_document(self, name: str, data: bytes) -> str:
        """Write an annotation document as `annotations/<name>.json`; return its path in the release.

        Raises:
            NameTaken: a document of that name was added before.
        """
        ...

    def add_metadata(self, data: bytes) -> None:
        """Write `annotations/.v7/metadata.json`."""
        ...

    def add_invalid(self, name: str, data: bytes) -> str:
        """Keep the bytes of a document that cannot be read, outside `annotations/`; return its path."""
        ...

    def claim(self, target: PurePosixPath, size: int | None = None, digest: Digest | None = None) -> Path:
        """Where to fetch the media file that belongs at `images/<target>`, of that size and digest if known.

        That is its final place, unless another file is there whose content another release needs: then a
        place beside it, moved over it by `publish`. Content is compared by digest, else by size; when neither
        is known, it counts as different. Parents exist when it returns. A target stays inside `images/` even
        if folders in it are links.

        Raises:
            InvalidName: the target is absolute, or a part of it cannot be a file name (`..`, over 255 bytes ...).
            NotWritable: the folder cannot be made, or is a link that leads out of `images/`.
            PlaceTaken: there is a folder, or a file where one of its folders has to be.
        """
        ...

    def known(self, target: PurePosixPath, origin: str) -> LocalFile | None:
        """The media file that belongs at `images/<target>`, if `add_file` recorded it with that origin or digest
        in an earlier pull of this dataset, finished or not, and it has its size and time since.
        """
        ...

    def add_file(
        self, target: PurePosixPath, size: int, mtime_ns: int, digest: Digest | None, origin: str | None = None
    ) -> None:
        """Record a media file that is now at the place `claim` gave, or was `known`.

        `origin` says where the content is from, to find it again by; it may be secret, so it is not kept itself.
        """
        ...

    def scratch(self, key: str) -> Path:
        """A place for a file that is only needed until `publish`, the same in every attempt; its parent exists."""
        ...

    def lines(self, place: Path) -> Iterator[bytes]:
        """Lines of a file at a place that `claim` or `scratch` gave; a longer one in pieces of 64 KiB.

        Raises:
            NotReadable: it cannot be read.
        """
        ...

    def drop(self, place: Path) -> None:
        """Delete a file at a place that `claim` or `scratch` gave, if it is there."""
        ...

    def add_class_list(self, kind: str, names: Sequence[str]) -> None:
        """Write `lists/classes_<kind>.txt`, one name per line, no newline at the end."""
        ...

    def publish(self, item_count: int, problems: Sequence[PullProblem]) -> LocalRelease:
        """Make the release visible, replacing an earlier pull of it, in one step that cannot half happen.

        What users keep beside the annotations (`lists/` of splits, `other_formats/`) is carried over.
        """
        ...

    def abandon(self) -> None:
        """Stop, keeping what helps the next attempt. Idempotent; does nothing after `publish`."""
        ...


class LocalLibrary(Protocol):
    """Pulled releases: `<team>/<dataset>/{images,releases/<release>}` below one folder."""

    @property
    def case_sensitive(self) -> bool:
        """True if the file system keeps `A.png` and `a.png` apart."""
        ...

    def list_datasets(self, team: str | None = None) -> Iterator[LocalDataset]:
        """Pulled datasets, by team and name; annotation-only ones included."""
        ...

    def folder(self, reference: DatasetReference) -> Path:
        """Folder of a dataset, whether it exists or not."""
        ...

    def release(self, reference: DatasetReference) -> LocalRelease | None:
        """The published release the reference names (`latest` or none: the latest link), or None."""
        ...

    def is_intact(self, release: LocalRelease) -> bool:
        """True if every file still has the size and time it was pulled with. Reads no file's content."""
        ...

    def verify(self, release: LocalRelease) -> Iterator[FileFault]:
        """Read every file of the release and compare it with what was pulled; yield what differs."""
        ...

    def annotation_files(self, release: LocalRelease) -> Sequence[Path]:
        """Annotation documents of the release, sorted by their path's parts."""
        ...

    def stage(self, release: Release, recipe: str) -> ReleaseStaging:
        """Begin (or go on) putting a release together. Several processes may stage the same one.

        Raises:
            NotWritable, DiskFull: the library cannot be written to.
        """
        ...

    def set_latest(self, release: LocalRelease) -> None:
        """Point `releases/latest` at the release, where the file system has links. Atomic."""
        ...

    def remove_extra(self, reference: DatasetReference, wanted: Iterable[PurePosixPath]) -> Sequence[str]:
        """Delete media files below `images/` that are not wanted, and folders left empty; return what was deleted.

        What is no medium (notes, scripts) stays, except for what macOS leaves in folders.
        """
        ...

    def write_lists(self, release: LocalRelease, folder: str, lists: Sequence[tuple[str, Sequence[str]]]) -> Path:
        """Write `lists/<folder>/<name>` files whole, lines with a final newline, and point `lists/default` at it."""
        ...
