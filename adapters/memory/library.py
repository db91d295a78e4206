"""A local library whose records are in memory; the files whose paths it hands out are real."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

import attrs

from ...domain.digest import Digest
from ...domain.media import is_supported
from ...domain.names import check_slug
from ...domain.reference import LATEST, DatasetReference
from ...domain.release import Release
from ...ports.clock import Clock
from ...ports.library import FileFault, LocalDataset, LocalFile, LocalRelease
from .clock import FakeClock
from .faults import Faults
from .staging import MemoryStaging


@attrs.define
class PulledRelease:
    """A published release and its files, by path relative to the dataset's folder."""

    local: LocalRelease
    files: dict[str, LocalFile]


@attrs.define
class PulledDataset:
    """Published releases by name, and the one that is the latest."""

    reference: DatasetReference
    releases: dict[str, PulledRelease] = attrs.field(factory=dict[str, PulledRelease])
    latest: str | None = None


@attrs.define
class MemoryLibrary:
    """Local library below `root`, for one process and one thread. It forgets what it holds at the end."""

    root: Path
    clock: Clock = attrs.field(factory=FakeClock)
    case_sensitive: bool = True
    faults: Faults = attrs.field(factory=Faults, init=False)
    datasets: dict[str, PulledDataset] = attrs.field(factory=dict[str, PulledDataset], init=False)
    arrived: dict[tuple[str, str], dict[str, LocalFile]] = attrs.field(
        factory=dict[tuple[str, str], dict[str, LocalFile]], init=False
    )
    """By dataset and path of a media file, and by origin or digest: what was recorded of it last."""

    # --- looking up ---------------------------------------------------------------------------------

    def list_datasets(self, team: str | None = None) -> Iterator[LocalDataset]:
        """Pulled datasets, by team and name."""
        self.faults.check("list_datasets", team)
        pulled = [one for one in self.datasets.values() if team in {None, one.reference.team}]
        for one in sorted(pulled, key=lambda one: (one.reference.team, one.reference.dataset)):
            yield self._describe(one)

    def folder(self, reference: DatasetReference) -> Path:
        """Folder of a dataset, whether it exists or not."""
        return self.root / check_slug(reference.team, "team") / check_slug(reference.dataset, "dataset")

    def release(self, reference: DatasetReference) -> LocalRelease | None:
        """The published release the reference names, or None."""
        self.faults.check("release", reference)
        dataset = self.datasets.get(reference.identifier)
        if dataset is None:
            return None
        name = dataset.latest if reference.release in {None, LATEST} else reference.release
        pulled = dataset.releases.get(name or "")
        return pulled.local if pulled else None

    def annotation_files(self, release: LocalRelease) -> Sequence[Path]:
        """Annotation documents of the release, sorted."""
        folder = f"releases/{release.path.name}/annotations/"
        inside = [path for path in self.files(release) if path.startswith(folder) and "/.v7/" not in path]
        return [self.folder(release.reference) / path for path in sorted(inside)]

    def files(self, release: LocalRelease) -> dict[str, LocalFile]:
        """What is recorded of a release's files."""
        return self.datasets[release.reference.identifier].releases[release.path.name].files

    # --- checking -----------------------------------------------------------------------------------

    def is_intact(self, release: LocalRelease) -> bool:
        """True if every file still has the size and time it was pulled with."""
        self.faults.check("is_intact", release)
        folder = self.folder(release.reference)
        return all(_is_as_pulled(folder / path, known) for path, known in self.files(release).items())

    def verify(self, release: LocalRelease) -> Iterator[FileFault]:
        """Read every file of the release and compare it with what was pulled."""
        self.faults.check("verify", release)
        folder = self.folder(release.reference)
        for path, known in sorted(self.files(release).items()):
            reason = _difference(folder / path, known)
            if reason:
                yield FileFault(path, reason)

    # --- changing -----------------------------------------------------------------------------------

    def stage(self, release: Release, recipe: str) -> MemoryStaging:
        """Begin putting a release together."""
        self.faults.check("stage", release, recipe)
        return MemoryStaging(self, self.folder(release.reference), release, recipe)

    def keep(self, local: LocalRelease, files: dict[str, LocalFile]) -> None:
        """Record a published release; called by its staging."""
        identifier = local.reference.identifier
        reference = attrs.evolve(local.reference, release=None)
        dataset = self.datasets.setdefault(identifier, PulledDataset(reference))
        dataset.releases[local.path.name] = PulledRelease(local, files)

    def needed(self, reference: DatasetReference, path: str) -> LocalFile | None:
        """What the published releases of a dataset know of one of its files."""
        dataset = self.datasets.get(reference.identifier)
        known = [one.files.get(path) for one in dataset.releases.values()] if dataset else []
        return next((one for one in reversed(known) if one is not None), None)

    def set_latest(self, release: LocalRelease) -> None:
        """Point `latest` at the release."""
        self.faults.check("set_latest", release)
        self.datasets[release.reference.identifier].latest = release.path.name

    def remove_extra(self, reference: DatasetReference, wanted: Iterable[PurePosixPath]) -> Sequence[str]:
        """Delete files below `images/` that are not wanted, and folders left empty."""
        self.faults.check("remove_extra", reference)
        images = self.folder(reference) / "images"
        kept = {str(path) for path in wanted}
        extra = [path for path in sorted(images.rglob("*")) if not path.is_dir() and is_supported(path)]
        removed = [path for path in extra if path.relative_to(images).as_posix() not in kept]
        for path in removed:
            path.unlink()
        for folder in sorted((path for path in images.rglob("*") if path.is_dir()), reverse=True):
            left = [path.name for path in folder.iterdir()]
            if left in ([], [".DS_Store"]):
                shutil.rmtree(folder)
        return [path.relative_to(images).as_posix() for path in removed]

    def write_lists(self, release: LocalRelease, folder: str, lists: Sequence[tuple[str, Sequence[str]]]) -> Path:
        """Write `lists/<folder>/<name>` files, and make `lists/default` a copy of them."""
        self.faults.check("write_lists", release, folder)
        target = release.path / "lists" / check_slug(folder, "list folder")
        target.mkdir(parents=True, exist_ok=True)
        for name, lines in lists:
            (target / name).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        shutil.rmtree(target.with_name("default"), ignore_errors=True)
        shutil.copytree(target, target.with_name("default"))
        return target

    def _describe(self, dataset: PulledDataset) -> LocalDataset:
        folder = self.folder(dataset.reference)
        files: dict[str, LocalFile] = {}
        for pulled in dataset.releases.values():
            files.update(pulled.files)
        return LocalDataset(
            dataset.reference,
            folder,
            sum(path.startswith("images/") for path in files),
            sum(file.size for file in files.values()),
            max(pulled.local.pulled_at for pulled in dataset.releases.values()),
            tuple(sorted(dataset.releases)),
        )


def _is_as_pulled(path: Path, known: LocalFile) -> bool:
    if not path.is_file():
        return False
    status = path.stat()
    return (status.st_size, status.st_mtime_ns) == (known.size, known.mtime_ns)


def _difference(path: Path, known: LocalFile) -> str | None:
    if not path.is_file():
        return "is missing"
    data = path.read_bytes()
    if len(data) != known.size:
        return f"has {len(data)} bytes, expected {known.size}"
    if known.digest is not None and known.digest != Digest(hashlib.sha256(data).hexdigest()):
        return "has other content"
    return None
