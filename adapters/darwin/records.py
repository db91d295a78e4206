"""Items as a Darwin hub sends them (reference: section 4.2)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from ...domain.errors import IntegrityError, InvalidName
from ...domain.item import Item, ItemStatus, Slot, SourceFile
from ...domain.names import RemotePath

_STATUSES = {status.value: status for status in ItemStatus}

# What an item is that has a status nobody told us of: first by what is said of its files, else it is being worked on.
_PROCESSING = {
    "uploading": ItemStatus.UPLOADING,
    "uploading_confirmed": ItemStatus.UPLOADING,
    "processing": ItemStatus.PROCESSING,
    "error": ItemStatus.ERROR,
    "cancelled": ItemStatus.ERROR,
}


class SlotRecord(msgspec.Struct):
    """A slot, or an upload that becomes one."""

    slot_name: str
    type: str | None = None
    file_name: str | None = None
    size_bytes: int | None = None
    fps: float | str | None = None
    total_sections: int | None = None
    metadata: dict[str, Any] | None = None

    def slot(self) -> Slot:
        """The slot it tells of."""
        metadata = self.metadata or {}
        width, height = metadata.get("width"), metadata.get("height")
        return Slot(
            name=self.slot_name,
            type=self.type or "image",
            width=width if isinstance(width, int) else None,
            height=height if isinstance(height, int) else None,
            fps=float(self.fps) if isinstance(self.fps, int | float) and self.fps > 0 else None,
            frame_count=self.total_sections,
            source_files=(SourceFile(self.file_name or self.slot_name, size=self.size_bytes),),
            metadata=self.metadata or None,
        )


class ItemRecord(msgspec.Struct):
    """An item."""

    id: str
    name: str
    path: str
    dataset_id: int
    status: str = ""
    archived: bool | None = None
    processing_status: str | None = None
    priority: int | None = None
    slots: list[SlotRecord] | None = None
    uploads: list[SlotRecord] | None = None
    layout: dict[str, Any] | None = None
    inserted_at: str | None = None
    updated_at: str | None = None

    def item(self, base_url: str) -> Item:
        """The item it tells of.

        Raises:
            IntegrityError: its name, its folder or a time is not one.
        """
        slots = tuple(record.slot() for record in self.slots or self.uploads or ())
        try:
            path = RemotePath(self.path)
            return Item(
                id=self.id,
                name=self.name,
                path=path,
                status=self._status(),
                slots=slots,
                layout=self.layout,
                size=sum(record.size_bytes or 0 for record in self.slots or ()),
                inserted_at=whole_seconds(self.inserted_at),
                updated_at=whole_seconds(self.updated_at),
                url=f"{base_url}/workview?dataset={self.dataset_id}&item={self.id}",
                priority=self.priority or 0,
            )
        except (InvalidName, ValueError) as error:
            reason = error.message if isinstance(error, InvalidName) else "it has a time that is none"
            raise IntegrityError(f"item {self.id[:60]!r} of the hub", f"cannot be used: {reason}") from error

    def _status(self) -> ItemStatus:
        if self.archived:
            return ItemStatus.ARCHIVED
        known = _STATUSES.get(self.status)
        return known or _PROCESSING.get(self.processing_status or "", ItemStatus.ANNOTATE)


class Page(msgspec.Struct):
    """Where a page of items is in the list."""

    next: str | int | None = None


class ItemPage(msgspec.Struct):
    """A page of items."""

    items: list[ItemRecord]
    page: Page


def whole_seconds(text: str | None) -> str:
    """A time as RFC 3339 in UTC without fractions; empty for none.

    Raises:
        ValueError: not a time.
    """
    if not text or (len(text) == 20 and text.endswith("Z")):
        return text or ""
    moment = datetime.fromisoformat(text)
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
