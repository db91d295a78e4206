"""Announcing items: which are taken, which are blocked, and what is to be uploaded for them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

import attrs

from ...domain.dataset import Dataset
from ...domain.item import ItemStatus
from ...domain.media import slot_type_of
from ...domain.upload import (
    BlockedItem,
    BlockReason,
    NewItem,
    NewSlot,
    PendingUpload,
    Registration,
    UploadOptions,
)
from ...ports.clock import Clock
from .catalogue import Catalogue, batches
from .datasets import check_live
from .stamps import derived_id, random_id, timestamp

BATCH = 500

_KNOWN = """
SELECT full_path, seq, status, id FROM items
WHERE dataset = ? AND full_path IN (SELECT value FROM json_each(?))
"""

_KNOWN_SLOTS = """
SELECT item, position, upload_id, name, file_name, type, fps, options FROM slots
WHERE item IN (SELECT value FROM json_each(?)) ORDER BY item, position
"""

_INSERT_ITEM = """
INSERT INTO items (seq, id, dataset, full_path, name, folder, status, layout, inserted_at, updated_at)
VALUES (?, ?, ?, ?, ?, ?, 'uploading', ?, ?, ?)
ON CONFLICT (seq) DO UPDATE SET name = excluded.name, folder = excluded.folder, layout = excluded.layout
"""

_INSERT_SLOT = """
INSERT INTO slots (item, position, upload_id, name, file_name, type, fps, options) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""

_TAKEN = "SELECT id FROM items WHERE id IN (SELECT value FROM json_each(?))"

SlotRow = tuple[Any, ...]


@attrs.define
class _Batch:
    """What a batch writes. `slots` by the row id of their item."""

    items: list[tuple[Any, ...]] = attrs.field(factory=list)
    slots: dict[int, list[SlotRow]] = attrs.field(factory=dict)
    known: list[int] = attrs.field(factory=list)


class Registrar:
    """Registers items, each batch in one transaction."""

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock

    def register(self, dataset: Dataset, items: Sequence[NewItem], options: UploadOptions) -> Registration:
        """Announce items: see `ports.uploads.UploadDesk`."""
        uploads: list[PendingUpload] = []
        blocked: list[BlockedItem] = []
        seen: set[str] = set()
        for batch in batches(items, BATCH):
            with self._catalogue.writing() as connection:
                check_live(connection, dataset)
                self._register(connection, dataset, batch, options, seen, uploads, blocked)
        return Registration(tuple(uploads), tuple(blocked))

    def _register(
        self,
        connection: sqlite3.Connection,
        dataset: Dataset,
        items: Sequence[NewItem],
        options: UploadOptions,
        seen: set[str],
        uploads: list[PendingUpload],
        blocked: list[BlockedItem],
    ) -> None:
        paths = json.dumps([item.full_path for item in items])
        known = {path: present for path, *present in connection.execute(_KNOWN, (dataset.id, paths))}
        new = [item.full_path for item in items if item.full_path not in known]
        ids = free_ids(connection, dataset, new)
        ((last,),) = connection.execute("SELECT coalesce(max(seq), 0) FROM items")
        now = timestamp(self._clock)
        batch = _Batch()
        for item in items:
            path = item.full_path
            seq, status, item_id = known.get(path) or (last + 1, None, ids[path])
            refusal = _refusal(item, status, path in seen)
            if refusal is not None:
                blocked.append(refusal)
                continue
            seen.add(path)
            last = max(last, seq)
            if status is not None:
                batch.known.append(seq)
            layout = None if item.layout is None else json.dumps(item.layout)
            batch.items.append((seq, item_id, dataset.id, path, item.name, item.path.value, layout, now, now))
            pending = [
                PendingUpload(derived_id("upload", item_id, slot.name), item_id, path, slot) for slot in item.slots
            ]
            batch.slots[seq] = [_slot_row(seq, *pair, options) for pair in enumerate(pending)]
            uploads += pending
        _write(connection, batch)


def free_ids(connection: sqlite3.Connection, dataset: Dataset, paths: Sequence[str]) -> dict[str, str]:
    """Ids for items that are new at these paths.

    They are those of the paths, unless an item that was there before and has moved took its id along.
    """
    ids = {path: derived_id("item", dataset.id, path) for path in paths}
    taken = {item for (item,) in connection.execute(_TAKEN, (json.dumps(list(ids.values())),))}
    return {path: random_id() if item in taken else item for path, item in ids.items()}


def _refusal(item: NewItem, status: str | None, is_second: bool) -> BlockedItem | None:
    if is_second or status not in {None, ItemStatus.UPLOADING}:
        return BlockedItem(item, BlockReason.ALREADY_EXISTS)
    names = [slot.name for slot in item.slots]
    if not names:
        return BlockedItem(item, BlockReason.UNEXPECTED_ERROR, "the item has no slots")
    if len(set(names)) < len(names):
        return BlockedItem(item, BlockReason.UNEXPECTED_ERROR, "two slots have the same name")
    return None


def _slot_row(seq: int, position: int, upload: PendingUpload, options: UploadOptions) -> SlotRow:
    slot = upload.slot
    kind = slot_type_of(slot.file_name).value
    return (seq, position, upload.upload_id, slot.name, slot.file_name, kind, slot.fps, _options(slot, options))


def _options(slot: NewSlot, options: UploadOptions) -> str | None:
    values = {
        "as_frames": slot.as_frames,
        "extract_views": slot.extract_views,
        "tags": slot.tags,
        "handle_as_slices": options.handle_as_slices,
    }
    chosen = {name: value for name, value in values.items() if value}
    return json.dumps(chosen) if chosen else None


def _write(connection: sqlite3.Connection, batch: _Batch) -> None:
    present: dict[int, list[SlotRow]] = {}
    for row in connection.execute(_KNOWN_SLOTS, (json.dumps(batch.known),)):
        present.setdefault(row[0], []).append(row)
    # Slots that stay as they were keep what was confirmed for them.
    changed = {seq: rows for seq, rows in batch.slots.items() if present.get(seq) != rows}
    connection.executemany(_INSERT_ITEM, batch.items)
    connection.executemany("DELETE FROM slots WHERE item = ?", [(seq,) for seq in changed if seq in present])
    connection.executemany(_INSERT_SLOT, [row for rows in changed.values() for row in rows])
