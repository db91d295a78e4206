"""Slots as the catalogue holds them, and as others see them."""

from __future__ import annotations

import json
import math
import sqlite3
from collections import defaultdict
from collections.abc import Sequence

import attrs

from ...domain.digest import Digest
from ...domain.item import Slot, SourceFile
from ...domain.storage import StoredSection, StoredSlot
from ...domain.stored import slot_of

BLOB_SCHEME = "blob"

_SELECT = """
SELECT slots.item, slots.name, slots.type, slots.file_name, slots.fps,
    slots.width, slots.height, slots.native_fps, slots.frame_count, slots.stored, blobs.id, blobs.digest, blobs.size
FROM slots LEFT JOIN blobs ON blobs.id = slots.blob
WHERE slots.item IN (SELECT value FROM json_each(?))
ORDER BY slots.item, slots.position
"""


def blob_url(digest: bytes) -> str:
    """Address of a blob; `BlobSource` opens it."""
    return f"{BLOB_SCHEME}:sha256/{digest.hex()}"


@attrs.frozen
class StoredSlots:
    """Slots of one item, and the row ids of the blobs they show."""

    slots: tuple[Slot, ...] = ()
    blobs: tuple[int, ...] = ()


NO_SLOTS = StoredSlots()


def read_slots(connection: sqlite3.Connection, items: Sequence[int]) -> dict[int, StoredSlots]:
    """Slots of items given by their row ids."""
    slots: defaultdict[int, list[Slot]] = defaultdict(list)
    blobs: defaultdict[int, list[int]] = defaultdict(list)
    for item, *values in connection.execute(_SELECT, (json.dumps(items),)):
        slots[item].append(_slot(*values))
        if (blob := values[-3]) is not None:
            blobs[item].append(blob)
    return {item: StoredSlots(tuple(found), tuple(blobs[item])) for item, found in slots.items()}


def _slot(
    name: str,
    kind: str,
    file_name: str,
    wanted_fps: float | str,
    width: int | None,
    height: int | None,
    native_fps: float | None,
    frame_count: int | None,
    stored: str | None,
    _: int | None,
    digest: bytes | None,
    size: int | None,
) -> Slot:
    if stored is not None:
        return read_stored(stored)
    fps, frames = visible(native_fps, frame_count, wanted_fps)
    source = SourceFile(file_name)
    if digest is not None:
        source = SourceFile(file_name, blob_url(digest), None, size, Digest(digest.hex()))
    return Slot(name, kind, width, height, fps, frames, (source,))


def write_stored(team: str, storage: str, slot: StoredSlot) -> str:
    """A slot in an external storage as the catalogue keeps it."""
    given = attrs.asdict(slot, filter=lambda field, value: value != field.default)
    return json.dumps([team, storage, given])


def read_stored(text: str) -> Slot:
    """The slot that `write_stored` wrote, as others see it."""
    team, storage, given = json.loads(text)
    sections = tuple(StoredSection(**section) for section in given.pop("sections", ()))
    return slot_of(team, storage, StoredSlot(**given, sections=sections))


def visible(native: float | None, frames: int | None, wanted: float | str) -> tuple[float | None, int | None]:
    """Rate and number of the frames that are shown, when a video is pushed to be shown at `wanted` frames a second.

    0 and `native` show every frame, and so does a rate above the native one.
    """
    if native is None or not isinstance(wanted, int | float) or not 0 < wanted < native:
        return native, frames
    return float(wanted), None if frames is None else math.ceil(frames * wanted / native)
