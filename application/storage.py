"""External storage: list it, and make items of what lies in it (reference: V7 Darwin, section 13)."""

from __future__ import annotations

import itertools
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import attrs

from ..domain.dataset import Dataset
from ..domain.errors import GroundtruthError, InvalidInput, NotFound
from ..domain.media import IMAGE_SUFFIXES, VIDEO_SUFFIXES, SlotType
from ..domain.names import ROOT, RemotePath, check_item_name
from ..domain.reference import DatasetReference
from ..domain.storage import (
    ExternalStorage,
    RefusedItem,
    RegisteredItem,
    StoredItem,
    StoredSlot,
    choose_storage,
)
from ..domain.upload import BlockReason, check_fps
from ..ports.datasets import DatasetCatalogue
from ..ports.files import LocalFiles
from ..ports.progress import Advanced, Finished, Progress, Started
from ..ports.storage import StorageDesk
from .payload import parse_payload

TASK = "register"
BATCH = 500

Planned = StoredItem | RefusedItem
"""An item to register, or why it cannot even be asked for."""


@attrs.frozen
class ListStorages:
    """List a team's external storages."""

    storages: StorageDesk

    def __call__(self, team: str) -> Sequence[ExternalStorage]:
        """The team's storages, by name."""
        return self.storages.list_storages(team)


def find_storage(desk: StorageDesk, team: str, name: str | None) -> ExternalStorage:
    """The storage of that name; without a name the team's default one.

    Raises:
        NotFound: the team has none.
    """
    storages = list(desk.list_storages(team))
    found = choose_storage(storages, name)
    if found is None:
        names = ", ".join(f"'{one.name}'" for one in storages)
        advice = (
            f"It has {names}; choose with --storage" if names else "Declare one with 'groundtruth hub storage add'"
        )
        raise NotFound("storage", name or "default", f"team {team}", advice)
    return found


# --- registering ------------------------------------------------------------------------------------


@attrs.frozen
class StoredOptions:
    """How stored objects become items. `fps` is for videos, `extract_views` for DICOM; other kinds have neither."""

    path: RemotePath = ROOT
    preserve_folders: bool = False
    fps: float | str | None = None
    extract_views: bool = False

    def __attrs_post_init__(self) -> None:
        if self.preserve_folders and self.path != ROOT:
            raise InvalidInput("--preserve-folders", "cannot be combined with --path", "Drop one of the two")
        check_fps(self.fps)


@attrs.define
class StoredReport:
    """What registering did. `present` were in the dataset already."""

    dataset: Dataset
    storage: ExternalStorage
    registered: list[RegisteredItem] = attrs.field(factory=list[RegisteredItem])
    present: list[str] = attrs.field(factory=list[str])
    refused: list[RefusedItem] = attrs.field(factory=list[RefusedItem])

    @property
    def is_complete(self) -> bool:
        """True if nothing was refused."""
        return not self.refused


@attrs.frozen
class RegisterStored:
    """Make items of objects that are in an external storage, without moving a byte."""

    datasets: DatasetCatalogue
    storages: StorageDesk
    progress: Progress

    def __call__(
        self,
        reference: DatasetReference,
        keys: Sequence[str] | Mapping[str, Sequence[str]],
        storage: str | None = None,
        options: StoredOptions | None = None,
    ) -> StoredReport:
        """Register complete object keys: one item each, or, given as item name -> keys, items with a slot per key.

        Raises:
            DatasetNotFound: there is no such dataset.
            NotFound: the team has no such storage, or no default one.
        """
        report = _begin(self.datasets, self.storages, reference, storage)
        planned = stored_items(keys, options or StoredOptions())
        return _register(self.storages, self.progress, report, planned, len(keys))


@attrs.frozen
class RegisterPayload:
    """Make items of videos whose artifacts are in an external storage, by the `metadata.json` written with them."""

    datasets: DatasetCatalogue
    storages: StorageDesk
    files: LocalFiles
    progress: Progress

    def __call__(
        self,
        reference: DatasetReference,
        metadata: Sequence[Path],
        storage: str | None = None,
        folder: RemotePath | None = None,
    ) -> StoredReport:
        """Register the videos, in `folder` or where their metadata says. Files that cannot be used are refused.

        Raises:
            DatasetNotFound: there is no such dataset.
            NotFound: the team has no such storage, or no default one.
        """
        report = _begin(self.datasets, self.storages, reference, storage)
        planned = (self._item(path, folder) for path in metadata)
        return _register(self.storages, self.progress, report, planned, len(metadata))

    def _item(self, path: Path, folder: RemotePath | None) -> Planned:
        try:
            return parse_payload(self.files.read(path), str(path), folder)
        except GroundtruthError as error:
            return RefusedItem(str(path), error.message)


def stored_items(keys: Sequence[str] | Mapping[str, Sequence[str]], options: StoredOptions) -> Iterator[Planned]:
    """Items for keys, or for item name -> keys; lazy. What cannot become an item is told in its place."""
    if isinstance(keys, Mapping):
        for name, several in keys.items():
            yield _planned(name, several, options, several=True)
    else:
        for key in keys:
            yield _planned(posixpath.basename(key), (key,), options, several=False)


def _planned(name: str, keys: Sequence[str], options: StoredOptions, *, several: bool) -> Planned:
    folders = [posixpath.dirname(key) for key in keys]
    try:
        path = RemotePath(posixpath.commonpath(folders)) if options.preserve_folders and keys else options.path
        slots: dict[str, StoredSlot] = {}
        for key in keys:
            slot_name = _free(posixpath.basename(key), slots) if several else "0"
            slots[slot_name] = _slot(slot_name, key, options)
        if not slots:
            return RefusedItem(options.path.join(name), "has no keys")
        return StoredItem(name, slots.values(), path)
    except (InvalidInput, ValueError) as error:  # ValueError: folders without a common one
        reason = (
            error.message if isinstance(error, InvalidInput) else "has keys that begin with '/' and keys that do not"
        )
        return RefusedItem(name if several else keys[0], reason)


def _free(name: str, taken: Mapping[str, StoredSlot]) -> str:
    """`name`, or `name_1`, `name_2`, ... (section 13.3)."""
    numbered = (f"{name}_{number}" for number in itertools.count(1))
    return next(one for one in itertools.chain([name], numbered) if one not in taken)


def _slot(name: str, key: str, options: StoredOptions) -> StoredSlot:
    kind = stored_type_of(check_item_name(key))
    return StoredSlot(
        name,
        posixpath.basename(key),
        kind,
        key,
        fps=options.fps if kind is SlotType.VIDEO else None,
        extract_views=options.extract_views and kind is SlotType.DICOM,
    )


def stored_type_of(key: str) -> SlotType:
    """Kind of slot an object becomes, by the ending of its key (section 13.7): unlike for uploads, NIfTI is a video.

    Raises:
        InvalidInput: no hub shows such files.
    """
    lowered = key.lower()
    if lowered.endswith(IMAGE_SUFFIXES):
        return SlotType.IMAGE
    if lowered.endswith(".pdf"):
        return SlotType.PDF
    if lowered.endswith(".dcm"):
        return SlotType.DICOM
    if lowered.endswith(VIDEO_SUFFIXES):
        return SlotType.VIDEO
    raise InvalidInput(f"'{key}'", "is of an unsupported type")


def _begin(
    datasets: DatasetCatalogue, storages: StorageDesk, reference: DatasetReference, storage: str | None
) -> StoredReport:
    dataset = datasets.get_dataset(reference)
    return StoredReport(dataset, find_storage(storages, dataset.team, storage))


def _register(
    desk: StorageDesk, progress: Progress, report: StoredReport, planned: Iterable[Planned], total: int
) -> StoredReport:
    """Register in batches. When the hub fails, what it took until then stays."""
    progress.report(Started(TASK, total, "items"))
    rest = iter(planned)
    seen: set[str] = set()
    while batch := list(itertools.islice(rest, BATCH)):
        items: list[StoredItem] = []
        for one in batch:
            if isinstance(one, RefusedItem):
                report.refused.append(one)
            elif one.full_path in seen:
                # A hub would say that it exists already, which the reader would take for done.
                report.refused.append(
                    RefusedItem(one.full_path, "is the name of several objects; keep their folders")
                )
            else:
                seen.add(one.full_path)
                items.append(one)
        _ask(desk, report, items)
        progress.report(Advanced(TASK, len(batch)))
    progress.report(Finished(TASK))
    return report


def _ask(desk: StorageDesk, report: StoredReport, items: Sequence[StoredItem]) -> None:
    if not items:
        return
    answer = desk.register_stored(report.dataset, report.storage, items)
    report.registered.extend(answer.registered)
    for refused in answer.refused:
        if refused.reason.upper() == BlockReason.ALREADY_EXISTS:
            report.present.append(refused.full_path)
        else:
            report.refused.append(refused)
