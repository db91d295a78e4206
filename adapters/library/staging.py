"""A release being put together out of sight."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from ...domain.digest import Digest
from ...domain.errors import Conflict, NameTaken, NotReadable
from ...domain.names import safe_component
from ...domain.release import Release
from ...ports.clock import Clock
from ...ports.library import LocalFile, LocalRelease, PullProblem
from .atomic import storage_error, write_new, writing
from .confirm import confirm
from .leases import Lease
from .media import MediaPlaces, checked, clear_aside, finish_moves, scratch_folder, write_moves
from .records import (
    BOOKS,
    FILES_FILE,
    FORMAT,
    IMAGES,
    FileRecord,
    FileRecorder,
    ProblemRecord,
    ReleaseRecord,
    origin_key,
    write_release,
)
from .swap import LOCK, discard, heal, incoming_name, keep_arrived, swap_in, sweep


class FileStaging:
    """Puts a release together in `releases/.incoming-...`; made by `FileLibrary.stage`.

    Documents, lists and books are written there and move into place with it. Media are fetched to `images/`
    itself, where the next attempt finds them, whatever becomes of this one.
    """

    def __init__(self, dataset: Path, release: Release, recipe: str, clock: Clock, key: Callable[[str], str]) -> None:
        self._dataset = dataset
        self._release = release
        self._recipe = recipe
        self._clock = clock
        self._media = MediaPlaces(dataset, release.name, key)
        self._moves: list[str] = []
        self._file_count = 0
        self._done = False
        with writing(dataset):
            self._lease, self._folder, self._files = _begin(dataset / "releases", release.name)
        self._annotations = f"{self._folder}/annotations"

    def add_document(self, name: str, data: bytes) -> str:
        """As `ReleaseStaging.add_document`."""
        file_name = safe_component(f"{name}.json")
        path = f"{self._annotations}/{file_name}"
        try:
            mtime_ns = write_new(path, data)
        except FileExistsError:
            raise NameTaken(
                f"document '{file_name}'", "was added before", "Give each document a name of its own"
            ) from None
        except OSError as error:
            raise storage_error(error, path) from error
        self._record(f"annotations/{file_name}", data, mtime_ns)
        return f"annotations/{file_name}"

    def add_metadata(self, data: bytes) -> None:
        """As `ReleaseStaging.add_metadata`."""
        self._record("annotations/.v7/metadata.json", data, self._write("annotations/.v7/metadata.json", data))

    def add_invalid(self, name: str, data: bytes) -> str:
        """As `ReleaseStaging.add_invalid`; the folder is `invalid/`."""
        # Several documents may have been cut to the same safe name; none of them may get lost.
        digest = hashlib.sha256(data).hexdigest()[:8]
        path = f"invalid/{safe_component(name)}"
        if os.path.lexists(self._folder / path):
            path = f"invalid/{safe_component(f'{digest}-{name}')}"
        self._write(path, data)
        return path

    def add_class_list(self, kind: str, names: Sequence[str]) -> None:
        """As `ReleaseStaging.add_class_list`; an empty list has no file."""
        if names:
            self._write(f"lists/{safe_component(f'classes_{kind}.txt')}", "\n".join(names).encode())

    def claim(self, target: PurePosixPath, size: int | None = None, digest: Digest | None = None) -> Path:
        """As `ReleaseStaging.claim`."""
        return self._media.claim(target, size, digest)

    def known(self, target: PurePosixPath, origin: str) -> LocalFile | None:
        """As `ReleaseStaging.known`."""
        return self._media.known(target, origin)

    def add_file(
        self, target: PurePosixPath, size: int, mtime_ns: int, digest: Digest | None, origin: str | None = None
    ) -> None:
        """As `ReleaseStaging.add_file`."""
        text = checked(target)
        if self._media.replaces(text):
            self._moves.append(text)
        self._file_count += 1
        kept = None if origin is None else origin_key(origin)
        self._add(FileRecord(f"{IMAGES}/{text}", size, mtime_ns, None if digest is None else str(digest), kept))

    def scratch(self, key: str) -> Path:
        """As `ReleaseStaging.scratch`."""
        folder = scratch_folder(self._dataset, self._release.name)
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        return folder / hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def lines(self, place: Path) -> Iterator[bytes]:
        """As `ReleaseStaging.lines`."""
        try:
            with open(place, "rb") as file:
                while line := file.readline(1 << 16):
                    yield line
        except OSError as error:
            raise NotReadable(str(place), f"cannot be read: {error.strerror or error}") from error

    def drop(self, place: Path) -> None:
        """As `ReleaseStaging.drop`."""
        with writing(place):
            place.unlink(missing_ok=True)

    def publish(self, item_count: int, problems: Sequence[PullProblem]) -> LocalRelease:
        """As `ReleaseStaging.publish`.

        Raises:
            NotWritable, DiskFull: the release could not be written or moved; the earlier one is as it was.
            Conflict: it was published or abandoned before.
        """
        if self._done:
            raise Conflict(f"release {self._release.name}", "is not being staged any more", "Stage it again")
        target = self._dataset / "releases" / self._release.name
        with writing(target):
            self._files.close()
            lacking = [*problems, *confirm(self._folder / BOOKS / FILES_FILE, self._media.place)]
            record = self._finish_books(item_count, lacking)
            swap_in(self._folder, target)
            finish_moves(self._dataset, self._release.name)
            heal(target.parent)
            self._end()
            if sweep(target.parent):
                clear_aside(self._dataset, lambda name: name == self._release.name)
        return record.as_release(self._release.reference, target)

    def abandon(self) -> None:
        """As `ReleaseStaging.abandon`."""
        if not self._done:
            self._files.drop()
            keep_arrived(self._folder)
            # What cannot be deleted (the disk may be why we stop) is swept up by a later pull.
            with contextlib.suppress(OSError):
                discard(self._folder)
            self._end()

    def _end(self) -> None:
        self._done = True
        self._lease.release()

    def _finish_books(self, item_count: int, problems: Sequence[PullProblem]) -> ReleaseRecord:
        if self._moves:
            write_moves(self._folder, self._moves)
        record = ReleaseRecord(
            FORMAT,
            str(self._release.reference),
            str(self._release.digest) if self._release.digest else None,
            self._recipe,
            item_count,
            self._file_count,
            self._clock.now(),
            [ProblemRecord(problem.name, problem.reason) for problem in problems],
        )
        write_release(self._folder, record)
        return record

    def _record(self, path: str, data: bytes, mtime_ns: int) -> None:
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        self._add(FileRecord(f"releases/{self._release.name}/{path}", len(data), mtime_ns, digest))

    def _add(self, record: FileRecord) -> None:
        try:
            self._files.add(record)
        except OSError as error:
            raise storage_error(error, self._folder) from error

    def _write(self, path: str, data: bytes) -> int:
        full = self._folder / path
        with writing(full):
            full.parent.mkdir(parents=True, exist_ok=True)
            full.unlink(missing_ok=True)
            return write_new(full, data)


def _begin(releases: Path, release: str) -> tuple[Lease, Path, FileRecorder]:
    """Make a folder to stage in. The lock comes first: a folder without one is nobody's."""
    while True:
        name = incoming_name(release)
        lease = Lease.take(releases / (name + LOCK))
        if lease is None:
            continue
        folder = releases / name
        try:
            for made in (folder, folder / "annotations", folder / BOOKS):
                made.mkdir()
            return lease, folder, FileRecorder(folder / BOOKS / FILES_FILE)
        except OSError:
            lease.release()
            raise
