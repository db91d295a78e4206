"""What the fake hub remembers, and what its parts share."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs

from ...domain.access import AccessKey
from ...domain.annotation import AnyAnnotation
from ...domain.classes import AnnotationClass, PropertyDefinition
from ...domain.dataset import Dataset
from ...domain.document import ItemPropertyValue
from ...domain.errors import DatasetNotFound, ItemNotFound
from ...domain.item import Comment, Item, ItemDescription, ItemStatus, Slot, SourceFile, SourceInfo
from ...domain.media import SlotType, slot_type_of
from ...domain.names import RemotePath
from ...domain.release import Release
from ...domain.storage import ExternalStorage
from ...domain.upload import NewSlot
from ...ports.clock import Clock
from ...ports.documents import DocumentCodec
from ...ports.media import MediaInfo
from ...ports.releases import ReleaseDocument
from .faults import Faults
from .source import MemorySource

PropertyKey = tuple[str | None, str | None, str]
Properties = dict[PropertyKey, PropertyDefinition]


@attrs.define
class UploadRecord:
    """A slot, and its content once it was put."""

    id: str
    slot: NewSlot
    source: SourceFile | None = None
    info: MediaInfo = attrs.field(factory=MediaInfo)
    confirmed: bool = False

    def as_slot(self) -> Slot:
        """The slot as documents and listings show it."""
        assert self.source is not None
        info, kind = self.info, slot_type_of(self.slot.file_name)
        is_moving = kind is not SlotType.IMAGE
        wanted = self.slot.fps if isinstance(self.slot.fps, int | float) else None
        return Slot(
            self.slot.name,
            kind,
            info.width,
            info.height,
            wanted if is_moving and wanted else info.fps,
            info.frame_count,
            (self.source,),
        )


@attrs.define
class ItemRecord:
    """An item. `archived` hides its status and keeps it; `stored` are slots in an external storage."""

    id: str
    name: str
    path: RemotePath
    inserted_at: str
    updated_at: str
    layout: Mapping[str, Any] | None = None
    status: ItemStatus = ItemStatus.UPLOADING
    priority: int = 0
    stored: tuple[Slot, ...] = ()
    archived: bool = False
    uploads: list[UploadRecord] = attrs.field(factory=list[UploadRecord])
    annotations: tuple[AnyAnnotation, ...] = ()
    properties: tuple[ItemPropertyValue, ...] = ()
    comments: list[Comment] = attrs.field(factory=list[Comment])

    @property
    def full_path(self) -> str:
        """Folder and name."""
        return self.path.join(self.name)

    @property
    def shown_status(self) -> ItemStatus:
        """The status as listings show it."""
        return ItemStatus.ARCHIVED if self.archived else self.status

    @property
    def slots(self) -> tuple[Slot, ...]:
        """Slots; none before the last upload was confirmed."""
        if self.status is ItemStatus.UPLOADING:
            return ()
        return self.stored or tuple(upload.as_slot() for upload in self.uploads)

    def as_item(self) -> Item:
        """The item as listings show it."""
        slots = self.slots
        size = sum(source.size or 0 for slot in slots for source in slot.source_files)
        return Item(
            self.id,
            self.name,
            self.path,
            self.shown_status,
            slots,
            self.layout,
            size,
            self.inserted_at,
            self.updated_at,
            priority=self.priority,
        )


@attrs.define
class ReleaseRecord:
    """A release and its frozen content. `urls` are the objects its documents name."""

    release: Release
    documents: tuple[ReleaseDocument, ...]
    metadata: bytes | None
    urls: frozenset[str]


@attrs.define
class DatasetRecord:
    """A dataset and all that belongs to it. Items by id, in the order of their registration."""

    id: int
    name: str
    slug: str
    team: str
    items: dict[str, ItemRecord] = attrs.field(factory=dict[str, ItemRecord])
    paths: dict[str, str] = attrs.field(factory=dict[str, str])
    classes: set[tuple[str, str]] = attrs.field(factory=set[tuple[str, str]])
    item_properties: dict[PropertyKey, PropertyDefinition] = attrs.field(
        factory=dict[PropertyKey, PropertyDefinition]
    )
    releases: dict[str, ReleaseRecord] = attrs.field(factory=dict[str, ReleaseRecord])

    def describe(self, item: ItemRecord) -> ItemDescription:
        """The item as annotation documents show it."""
        source = SourceInfo(item.id, self.name, self.slug, None, self.team, self.team, None)
        return ItemDescription(item.name, str(item.path), source, item.slots)

    def as_dataset(self) -> Dataset:
        """The dataset as listings show it."""
        live = [item for item in self.items.values() if not item.archived]
        complete = sum(item.status is ItemStatus.COMPLETE for item in live)
        return Dataset(self.id, self.name, self.slug, self.team, len(live), complete / len(live) if live else 0.0)


@attrs.define
class TeamRecord:
    """Classes, their properties and attributes, and external storages of a team."""

    classes: dict[tuple[str, str], AnnotationClass] = attrs.field(factory=dict[tuple[str, str], AnnotationClass])
    properties: Properties = attrs.field(factory=Properties)
    attributes: set[tuple[str, str, str]] = attrs.field(factory=set[tuple[str, str, str]])
    storages: dict[str, ExternalStorage] = attrs.field(factory=dict[str, ExternalStorage])


@attrs.define
class KeyRecord:
    """A key, and the SHA-256 of its secret."""

    key: AccessKey
    digest: bytes = attrs.field(repr=False)


@attrs.define
class HubState:
    """Everything the hub holds. Its parts take `lock` for every look and every change."""

    codec: DocumentCodec
    clock: Clock
    source: MemorySource
    read: Callable[[Path], bytes] | None
    faults: Faults = attrs.field(factory=Faults)
    datasets: dict[int, DatasetRecord] = attrs.field(factory=dict[int, DatasetRecord])
    teams: dict[str, TeamRecord] = attrs.field(factory=dict[str, TeamRecord])
    uploads: dict[str, tuple[ItemRecord, UploadRecord]] = attrs.field(
        factory=dict[str, tuple[ItemRecord, UploadRecord]]
    )
    keys: dict[str, KeyRecord] = attrs.field(factory=dict[str, KeyRecord])
    secret: bytes = attrs.field(factory=lambda: secrets.token_bytes(32), repr=False)
    hold_releases: bool = False
    takes_bundles: bool = False
    lock: Any = attrs.field(factory=threading.RLock, repr=False)
    last_number: int = 0

    def number(self) -> int:
        """A number not given before: the same calls get the same numbers in every run."""
        with self.lock:
            self.last_number += 1
            return self.last_number

    def new_id(self) -> str:
        """A UUID made from the next number."""
        return f"00000000-0000-7000-8000-{self.number():012x}"

    def timestamp(self) -> str:
        """Present time, RFC 3339, whole seconds."""
        return self.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    def now(self) -> datetime:
        """Present time, whole seconds."""
        return self.clock.now().replace(microsecond=0)

    def team(self, name: str) -> TeamRecord:
        """What a team has; made when first asked for."""
        return self.teams.setdefault(name, TeamRecord())

    def find(self, team: str, slug: str) -> DatasetRecord | None:
        """The dataset of that team and slug."""
        return next((one for one in self.datasets.values() if (one.team, one.slug) == (team, slug)), None)

    def dataset(self, dataset: Dataset) -> DatasetRecord:
        """The record of a dataset.

        Raises:
            DatasetNotFound: it does not exist (any more).
        """
        record = self.datasets.get(dataset.id)
        if record is None:
            raise DatasetNotFound("dataset", dataset.slug, f"team {dataset.team}")
        return record

    def item(self, dataset: Dataset, item_id: str) -> ItemRecord:
        """The record of an item.

        Raises:
            DatasetNotFound, ItemNotFound: it does not exist (any more).
        """
        record = self.dataset(dataset)
        if item_id not in record.items:
            raise ItemNotFound("item", item_id, str(dataset.reference))
        return record.items[item_id]

    def chosen(self, dataset: Dataset, item_ids: Sequence[str]) -> Iterator[ItemRecord]:
        """The items of a dataset among `item_ids`, each once."""
        items = self.dataset(dataset).items
        return (items[item_id] for item_id in dict.fromkeys(item_ids) if item_id in items)


@attrs.define
class HubPart:
    """One narrow port of the hub, over the state all parts share."""

    state: HubState = attrs.field(repr=False)
