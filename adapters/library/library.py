"""`FileLibrary`: pulled datasets below one folder (layout of reference V7 Darwin, section 7.1)."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from ...domain.errors import GroundtruthError, InvalidName, NotReadable
from ...domain.names import SLUG, check_slug, safe_component
from ...domain.reference import LATEST, DatasetReference
from ...domain.release import Release, check_release_name
from ...ports.clock import Clock
from ...ports.library import FileFault, LocalDataset, LocalRelease
from . import checks, scan
from .atomic import replace_file, replace_link, writing
from .media import clear_aside, finish_moves
from .records import IMAGES, read_release
from .staging import FileStaging
from .swap import PREFIXES, heal, sweep, trash_name

_LOOKS = 20
_VERIFY_WORKERS = min(8, os.cpu_count() or 1)


class FileLibrary:
    """Implements `ports.library.LocalLibrary` on a folder.

    `case_sensitive` None: found out by trying, once. Folders pulled by the Darwin SDK are datasets of this
    library as well; nothing is known about their files, so they count as not intact.
    """

    def __init__(self, root: Path, clock: Clock, case_sensitive: bool | None = None) -> None:
        self._root = root
        self._clock = clock
        self._case_sensitive = case_sensitive

    @property
    def case_sensitive(self) -> bool:
        """As `LocalLibrary.case_sensitive`."""
        if self._case_sensitive is None:
            self._case_sensitive = _probe_case(self._root)
        return self._case_sensitive

    def folder(self, reference: DatasetReference) -> Path:
        """As `LocalLibrary.folder`.

        Raises:
            InvalidName: team or dataset is not a slug.
        """
        return self._root / check_slug(reference.team, "team") / check_slug(reference.dataset, "dataset")

    # --- looking ------------------------------------------------------------------------------------

    def list_datasets(self, team: str | None = None) -> Iterator[LocalDataset]:
        """As `LocalLibrary.list_datasets`."""
        teams = [check_slug(team, "team")] if team is not None else _folders(self._root)
        for one in teams:
            for dataset in _folders(self._root / one):
                listed = self._dataset(DatasetReference(one, dataset))
                if listed is not None:
                    yield listed

    def release(self, reference: DatasetReference) -> LocalRelease | None:
        """As `LocalLibrary.release`."""
        dataset = self.folder(reference)
        name = reference.release or LATEST
        if name == LATEST:
            name = _latest(dataset / "releases")
        if not name or check_slug(name, "release").startswith(PREFIXES):
            return None
        return self._release(DatasetReference(reference.team, reference.dataset, name), dataset)

    def is_intact(self, release: LocalRelease) -> bool:
        """As `LocalLibrary.is_intact`."""
        return checks.is_intact(release.path.parent.parent, release.path)

    def verify(self, release: LocalRelease) -> Iterator[FileFault]:
        """As `LocalLibrary.verify`; a release without books has one fault, that they are missing."""
        return checks.faults(release.path.parent.parent, release.path, _VERIFY_WORKERS)

    def annotation_files(self, release: LocalRelease) -> Sequence[Path]:
        """As `LocalLibrary.annotation_files`."""
        return scan.annotation_files(release.path / "annotations")

    # --- changing -----------------------------------------------------------------------------------

    def stage(self, release: Release, recipe: str) -> FileStaging:
        """As `LocalLibrary.stage`.

        Raises:
            InvalidName: the name cannot be that of a folder here.
            NotWritable, DiskFull: the library cannot be written to.
        """
        name = check_release_name(release.name)
        if name.startswith(PREFIXES):
            raise InvalidName(f"release name {name!r}", "is kept for folders in progress", "Export it under another")
        dataset = self.folder(release.reference)
        releases = dataset / "releases"
        with writing(releases):
            releases.mkdir(parents=True, exist_ok=True)
            heal(releases)
            for other in _release_names(releases):
                finish_moves(dataset, other)
            if sweep(releases):
                clear_aside(dataset, lambda other: other != name)
        return FileStaging(dataset, release, recipe, self._clock, self._key)

    def set_latest(self, release: LocalRelease) -> None:
        """As `LocalLibrary.set_latest`; the link is relative, so the library can be moved."""
        self._link(release.path.parent / LATEST, release.path.name, release.path.parent)

    def remove_extra(self, reference: DatasetReference, wanted: Iterable[PurePosixPath]) -> Sequence[str]:
        """As `LocalLibrary.remove_extra`; paths are relative to `images/`.

        Raises:
            NotWritable: a file may not be deleted.
        """
        images = self.folder(reference) / IMAGES
        keys = {self._key(str(path)) for path in wanted}
        with writing(images):
            return scan.remove_unwanted(images, lambda path: self._key(path) in keys)

    def write_lists(self, release: LocalRelease, folder: str, lists: Sequence[tuple[str, Sequence[str]]]) -> Path:
        """As `LocalLibrary.write_lists`.

        Raises:
            NotWritable, DiskFull: a list cannot be written.
        """
        name = safe_component(folder)
        place = release.path / "lists" / name
        with writing(place):
            place.mkdir(parents=True, exist_ok=True)
            for file_name, lines in lists:
                text = "".join(f"{line}\n" for line in lines)
                replace_file(place / safe_component(file_name), text.encode("utf-8", "surrogateescape"))
        self._link(place.parent / "default", f"./{name}", release.path.parent)
        return place

    # --- parts --------------------------------------------------------------------------------------

    def _key(self, path: str) -> str:
        """Text that is equal for paths the file system cannot tell apart."""
        return path if self.case_sensitive else unicodedata.normalize("NFC", path).casefold()

    def _dataset(self, reference: DatasetReference) -> LocalDataset | None:
        path = self._root / reference.team / reference.dataset
        self._heal(path)
        names = _release_names(path / "releases")
        if not names:
            return None
        records = [read_release(path / "releases" / name) for name in names]
        images, releases = scan.usage(path / IMAGES), scan.usage(path / "releases")
        pulled = [record.pulled_at for record in records if record is not None]
        synced_at = max(pulled) if pulled else _modified_at(path / "releases")
        return LocalDataset(reference, path, images.media, images.size + releases.size, synced_at, tuple(names))

    def _release(self, reference: DatasetReference, dataset: Path) -> LocalRelease | None:
        """Read a release. Others may swap it for a newer one meanwhile: only what stayed in place counts."""
        path = dataset / "releases" / (reference.release or "")
        for _ in range(_LOOKS):
            self._heal(dataset, path.name)
            before = _identity(path)
            record = read_release(path)
            is_foreign = record is None and (path / "annotations").is_dir()
            if before != _identity(path):
                continue
            if record is not None:
                return record.as_release(reference, path)
            if is_foreign:
                return _foreign(reference, dataset, path)
            # Nothing there: there is none, or it is being swapped at this very moment. Look again.
        return None

    def _heal(self, dataset: Path, release: str | None = None) -> None:
        """Heal before reading. Where that is not possible (a read-only disk), read what is there."""
        releases = dataset / "releases"
        try:
            heal(releases)
            for name in [release] if release else _release_names(releases):
                finish_moves(dataset, name)
        except (OSError, GroundtruthError) as error:
            logging.getLogger(__name__).info("an interrupted pull of %s could not be finished: %s", dataset, error)

    def _link(self, link: Path, target: str, releases: Path) -> None:
        with writing(link):
            for _ in range(_LOOKS):
                # The name tells others to delete it if we die; one who sweeps at this moment makes us try again.
                with contextlib.suppress(FileNotFoundError):
                    replace_link(link, target, releases / trash_name())
                    return
            raise FileNotFoundError(f"{link} cannot be made")


def _folders(folder: Path) -> list[str]:
    """Names of the folders (and links to folders) in a folder that can be slugs, sorted."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if SLUG.fullmatch(entry.name) and scan.is_folder(entry))
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise NotReadable(str(folder), f"cannot be read: {error.strerror or error}") from error


def _release_names(releases: Path) -> list[str]:
    names = (name for name in _folders(releases) if not name.startswith(PREFIXES) and name != LATEST)
    return [name for name in names if (releases / name / "annotations").is_dir()]


def _latest(releases: Path) -> str:
    """Name of the release `latest` points at (the Darwin SDK writes absolute links); empty if there is none."""
    try:
        name = os.path.basename(os.readlink(releases / LATEST))
    except OSError:
        return ""
    return name if SLUG.fullmatch(name) and name not in {".", ".."} else ""


def _foreign(reference: DatasetReference, dataset: Path, path: Path) -> LocalRelease:
    """A release that another program (the Darwin SDK) pulled: what can be seen of it."""
    items = len(scan.annotation_files(path / "annotations"))
    media = scan.usage(dataset / IMAGES).media
    return LocalRelease(reference, path, None, "", items, media, _modified_at(path))


def _modified_at(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _probe_case(root: Path) -> bool:
    try:
        root.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".case-", dir=root)
    except OSError:
        return sys.platform not in {"win32", "darwin"}
    os.close(handle)
    probe = Path(name)
    try:
        return not probe.with_name(probe.name.upper()).exists()
    finally:
        probe.unlink(missing_ok=True)
