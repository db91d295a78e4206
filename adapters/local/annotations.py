"""Annotations of the embedded hub's items."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from typing import Any

import attrs

from ...domain.annotation import AnyAnnotation
from ...domain.dataset import Dataset
from ...domain.document import AnnotationDocument, ItemPropertyValue
from ...domain.item import ItemDescription, ItemStatus
from ...ports.annotations import ImportMode
from ...ports.clock import Clock
from ...ports.documents import DocumentCodec
from .attributes import keep_attributes
from .catalogue import Catalogue
from .items import describe, item_row
from .packing import Packed, pack, unpack
from .slots import NO_SLOTS, read_slots
from .stamps import derived_id, timestamp

_SELECT = "SELECT digest, size, body FROM annotations WHERE item = ?"

_ITEM = "SELECT name, folder, status FROM items WHERE seq = ?"

# What the work on an item relies on: where it is, the bytes it shows, and the annotations it has.
_STATE = """
SELECT
    (SELECT full_path FROM items WHERE seq = ?1),
    (SELECT group_concat(blob) FROM slots WHERE item = ?1),
    (SELECT digest FROM annotations WHERE item = ?1)
"""

_REPLACE = "INSERT OR REPLACE INTO annotations VALUES (?, ?, ?, ?, ?, ?, ?)"

_TOUCH = (
    "UPDATE items SET status = CASE status WHEN 'new' THEN 'annotate' ELSE status END, updated_at = ? WHERE seq = ?"
)


@attrs.frozen
class _Present:
    """An item as it is: its description, its annotations, and whether it is uploaded."""

    item: ItemDescription
    state: tuple[Any, ...]
    packed: Packed | None
    is_complete: bool


class Annotations:
    """Implements `ports.annotations.AnnotationDesk`.

    Each item's annotations are one document in the catalogue, as the codec writes it. That of a complete item
    is at once what a release of everything holds, as long as the item is not moved.
    """

    def __init__(self, catalogue: Catalogue, codec: DocumentCodec, clock: Clock) -> None:
        self._catalogue = catalogue
        self._codec = codec
        self._clock = clock

    def get_annotations(self, dataset: Dataset, item_id: str) -> AnnotationDocument:
        """The item as it is now."""
        with self._catalogue.reading() as connection:
            present = _read(connection, dataset, item_id)
        return self._document(present, item_id)

    def import_annotations(
        self,
        dataset: Dataset,
        item_id: str,
        annotations: Sequence[AnyAnnotation],
        properties: Sequence[ItemPropertyValue],
        mode: ImportMode,
    ) -> None:
        """Replace or extend what the item has.

        The work is done outside the write transaction, and done again if someone else was quicker.
        """
        while True:
            with self._catalogue.reading() as connection:
                present = _read(connection, dataset, item_id)
            if mode is ImportMode.OVERWRITE:
                base = AnnotationDocument(present.item)
            else:
                base = self._document(present, item_id)
            merged = attrs.evolve(
                base,
                annotations=self._merged(base.annotations, annotations, item_id),
                properties=(*base.properties, *(one for one in properties if one not in base.properties)),
            )
            if self._store(dataset, item_id, merged, present, mode):
                return

    def _store(
        self, dataset: Dataset, item_id: str, document: AnnotationDocument, base: _Present, mode: ImportMode
    ) -> bool:
        packed = pack(self._codec.write(document))
        facts = (json.dumps(document.classes()), _is_signed(document), base.is_complete)
        with self._catalogue.writing() as connection:
            seq = item_row(connection, dataset, item_id)
            path, blobs, digest = connection.execute(_STATE, (seq,)).fetchone()
            if (path, blobs) != base.state[:2] or (mode is ImportMode.APPEND and digest != base.state[2]):
                return False
            connection.execute(_REPLACE, (seq, packed.digest, packed.size, packed.body, *facts))
            keep_attributes(connection, dataset.team, document)
            connection.execute(_TOUCH, (timestamp(self._clock), seq))
        return True

    def _document(self, present: _Present, item_id: str) -> AnnotationDocument:
        if present.packed is None:
            return AnnotationDocument(present.item)
        what = f"annotations of item '{item_id}'"
        return attrs.evolve(self._codec.read(unpack(present.packed, what), what), item=present.item)

    def _merged(
        self, present: Sequence[AnyAnnotation], added: Sequence[AnyAnnotation], item_id: str
    ) -> list[AnyAnnotation]:
        merged = list(present)
        places = {one.id: place for place, one in enumerate(merged)}
        taken = places.keys() | {one.id for one in added}
        content = ""
        for one in added:
            if one.id is None:
                # The same import into the same item gives the same ids, in any hub.
                content = content or self._digest(added)
                one = attrs.evolve(one, id=_free_id(item_id, len(merged), content, taken))
            place = places.get(one.id)
            if place is None:
                merged.append(one)
            else:
                merged[place] = one
        return merged

    def _digest(self, annotations: Sequence[AnyAnnotation]) -> str:
        written = self._codec.write(AnnotationDocument(ItemDescription("new"), annotations))
        return hashlib.sha256(written).hexdigest()


def _read(connection: sqlite3.Connection, dataset: Dataset, item_id: str) -> _Present:
    seq = item_row(connection, dataset, item_id)
    name, folder, status = connection.execute(_ITEM, (seq,)).fetchone()
    slots = read_slots(connection, [seq]).get(seq, NO_SLOTS)
    row = connection.execute(_SELECT, (seq,)).fetchone()
    item = describe(dataset, item_id, name, folder, slots)
    state = connection.execute(_STATE, (seq,)).fetchone()
    return _Present(item, state, None if row is None else Packed(*row), status != ItemStatus.UPLOADING)


def _free_id(item_id: str, position: int, content: str, taken: set[str | None]) -> str:
    number = position
    while (found := derived_id("annotation", item_id, number, content)) in taken:
        number += 1
    taken.add(found)
    return found


def _is_signed(document: AnnotationDocument) -> bool:
    everything = (*document.annotations, *document.properties)
    return any(one.annotators is not None or one.reviewers is not None for one in everything)
