"""Item: one thing to annotate. It has slots, each holding one or more source files."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

import attrs

from .digest import Digest
from .names import ROOT, RemotePath, check_item_name

JsonPath = tuple[str | int, ...]
"""Where a value sits inside a document: keys and list positions from the document's root."""

NO_EXTRA: Mapping[JsonPath, Any] = {}
"""What a value carries when its document held nothing unknown. Never changed."""


class ItemStatus(enum.StrEnum):
    """Where an item is in its life (reference: V7 Darwin, section 4.4)."""

    NEW = "new"
    ANNOTATE = "annotate"
    REVIEW = "review"
    COMPLETE = "complete"
    ARCHIVED = "archived"
    UPLOADING = "uploading"
    PROCESSING = "processing"
    ERROR = "error"


LISTED_STATUSES = (ItemStatus.NEW, ItemStatus.ANNOTATE, ItemStatus.REVIEW, ItemStatus.COMPLETE)
"""Statuses shown when none are asked for: live items that finished uploading."""


class StatusChange(enum.StrEnum):
    """What can be done to the status of items, under the names the command line uses (section 4.5)."""

    ARCHIVED = "archived"
    RESTORE_ARCHIVED = "restore-archived"
    NEW = "new"
    COMPLETE = "complete"


@attrs.frozen
class SourceFile:
    """A file of a slot: its name, where its bytes are, and what is known of them."""

    file_name: str
    url: str | None = None
    storage_key: str | None = None
    size: int | None = None
    digest: Digest | None = None
    extra: Mapping[JsonPath, Any] = attrs.field(default=NO_EXTRA, repr=False)


@attrs.frozen
class VideoSegment:
    """A piece of a long video: address and duration in seconds."""

    url: str
    duration: float | None = None


@attrs.frozen
class Slot:
    """A place of an item that shows one image, video, volume or document.

    `width` and `height` in pixels, `fps` in visible frames per second, `frame_count` in visible frames.
    A video gives its frames as `frame_urls`, or, when long, as `segments` with `frame_manifests`.
    `metadata` is the hub's own (medical geometry, colour space ...).
    """

    name: str
    type: str
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    frame_count: int | None = None
    source_files: tuple[SourceFile, ...] = ()
    frame_urls: tuple[str, ...] = ()
    segments: tuple[VideoSegment, ...] = ()
    frame_manifests: tuple[str, ...] = ()
    thumbnail_url: str | None = None
    metadata: Mapping[str, Any] | None = None
    extra: Mapping[JsonPath, Any] = attrs.field(default=NO_EXTRA, repr=False)


@attrs.frozen
class SourceInfo:
    """Where an item came from: ids and addresses on the hub that exported it."""

    item_id: str | None = None
    dataset_name: str | None = None
    dataset_slug: str | None = None
    dataset_url: str | None = None
    team_name: str | None = None
    team_slug: str | None = None
    workview_url: str | None = None


@attrs.frozen
class ItemDescription:
    """The item part of an annotation document: what was annotated and where its files are."""

    name: str
    path: str = "/"
    source_info: SourceInfo = SourceInfo()
    slots: tuple[Slot, ...] = ()
    extra: Mapping[JsonPath, Any] = attrs.field(default=NO_EXTRA, repr=False)

    @property
    def full_path(self) -> str:
        """`path` and `name` joined, as the hub shows them."""
        folder = self.path.strip("/")
        return f"/{folder}/{self.name}" if folder else f"/{self.name}"


@attrs.frozen
class Item:
    """An item as a hub lists it. Timestamps are RFC 3339, UTC, whole seconds."""

    id: str
    name: str = attrs.field(validator=lambda _, __, value: check_item_name(value) and None)
    path: RemotePath = ROOT
    status: ItemStatus = ItemStatus.NEW
    slots: tuple[Slot, ...] = ()
    layout: Mapping[str, Any] | None = None
    size: int = 0
    inserted_at: str = ""
    updated_at: str = ""
    url: str = ""
    priority: int = 0

    @property
    def full_path(self) -> str:
        """Folder and name, as in `/day1/a.jpg`."""
        return self.path.join(self.name)


SORT_FIELDS = ("inserted_at", "updated_at", "file_size", "filename", "priority")
"""What items can be sorted by."""

Position = tuple[str | int, str]
"""A place in a sorted list of items: value of the sort field, and full path."""


@attrs.frozen
class ItemUpdate:
    """What to change about items; None: leave it."""

    path: RemotePath | None = None
    priority: int | None = None
    layout: Mapping[str, Any] | None = None


@attrs.frozen
class ItemQuery:
    """Which items to list, and in which order. Empty tuples match everything of their kind.

    `names` match item names in any folder; `folders` match items right in them; `slot_types` match items with a
    slot of such a type. `sort` is `(field, descending)` with field one of `SORT_FIELDS`. With `after`, only items
    behind that place in the order are listed, whether the item that was there still exists or not; `limit` ends
    the list.
    """

    statuses: tuple[ItemStatus, ...] = LISTED_STATUSES
    names: tuple[str, ...] = ()
    ids: tuple[str, ...] | None = None
    folders: tuple[RemotePath, ...] = ()
    slot_types: tuple[str, ...] = ()
    sort: tuple[str, bool] = ("inserted_at", False)
    after: Position | None = None
    limit: int | None = None


def position_of(item: Item, field: str) -> Position:
    """Place of an item in a list sorted by `field`."""
    value = {
        "inserted_at": item.inserted_at,
        "updated_at": item.updated_at,
        "file_size": item.size,
        "filename": item.name,
        "priority": item.priority,
    }[field]
    return value, item.full_path


@attrs.frozen
class Comment:
    """A remark on an item: text, the box it points at (x, y, w, h in pixels), and the slot."""

    text: str
    box: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0)
    slot_name: str | None = None
