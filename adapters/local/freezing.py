"""Making releases: everything a dataset holds at one moment, written down for good.

The state of that moment is one read transaction, which sees no later change however long it takes. What is
composed from it goes, batch by batch, into a release that nobody sees yet; a last small transaction makes it
visible. So writers never wait for an export, and whatever ends it early leaves no release, only rows that
`collect` frees.
"""

# ruff: noqa: S608 - statements are put together from constants only

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from ...domain.dataset import Dataset
from ...domain.document import AnnotationDocument
from ...domain.errors import GroundtruthError, NameTaken, NothingToExport, Unavailable
from ...domain.item import LISTED_STATUSES
from ...domain.metadata import DatasetMetadata
from ...domain.release import ExportOptions
from ...domain.shapes import RASTER_LAYER_CLASS
from ...ports.clock import Clock
from ...ports.documents import DocumentCodec
from .catalogue import Catalogue, batches
from .choosing import ClassKey, of_classes, unsigned
from .classes import read_classes, read_properties
from .datasets import check_live
from .items import describe
from .packing import Packed, pack, unpack
from .slots import NO_SLOTS, StoredSlots, read_slots
from .stamps import timestamp

BATCH = 2000
"""Documents in a transaction. Their digests lie in random pages of an index: few of them would write as many."""

_ITEMS = """
SELECT items.seq, items.id, items.name, items.folder,
    annotations.digest, annotations.size, annotations.body,
    annotations.classes, annotations.signed, annotations.described
FROM items LEFT JOIN annotations ON annotations.item = items.seq
WHERE items.dataset = ?1 AND items.status <> 'uploading'
    AND CASE WHEN items.archived THEN 'archived' ELSE items.status END IN (SELECT value FROM json_each(?2))
ORDER BY items.full_path
"""

# A body that was damaged is replaced by the good one.
_ADD_DOCUMENT = """
INSERT INTO documents (digest, size, body) VALUES (?, ?, ?)
ON CONFLICT (digest) DO UPDATE SET size = excluded.size, body = excluded.body
WHERE size <> excluded.size OR body <> excluded.body
"""
_ADD_TO_RELEASE = "INSERT INTO release_documents SELECT ?, ?, ?, id FROM documents WHERE digest = ?"
_ADD_BLOB = "INSERT OR IGNORE INTO document_blobs SELECT id, ? FROM documents WHERE digest = ?"
_TOUCH = "UPDATE releases SET touched_at = ? WHERE id = ?"

_PUBLISH = """
UPDATE releases SET complete = 1, item_count = ?, class_count = ?, class_names = ?, digest = ?, metadata = ?
WHERE id = ?
"""


@attrs.frozen
class _Entry:
    """A document of the release: its name, its bytes, and the blobs it refers to."""

    name: str
    packed: Packed
    blobs: tuple[int, ...]


@attrs.define
class _Tally:
    """What a release amounts to so far."""

    count: int = 0
    classes: set[ClassKey] = attrs.field(factory=set)
    hasher: Any = attrs.field(factory=hashlib.sha256)


@attrs.frozen
class _Recipe:
    """What goes in; `classes` None: annotations of every class."""

    dataset: Dataset
    statuses: str
    classes: frozenset[ClassKey] | None
    with_authors: bool


class Freezer:
    """Makes releases of datasets."""

    def __init__(self, catalogue: Catalogue, codec: DocumentCodec, clock: Clock) -> None:
        self._catalogue = catalogue
        self._codec = codec
        self._clock = clock

    def freeze(self, dataset: Dataset, name: str, options: ExportOptions) -> None:
        """Make a release.

        Raises:
            NameTaken: there is one of that name.
            NothingToExport: no item matches.
            Unavailable: blobs were freed again and again while it was made.
        """
        for _ in range(3):
            with contextlib.suppress(_BlobFreed):
                return self._try_to_freeze(dataset, name, options)
        raise Unavailable(f"release '{dataset.reference.at(name)}'", "could not be made, items are being deleted")

    def _try_to_freeze(self, dataset: Dataset, name: str, options: ExportOptions) -> None:
        with self._catalogue.reading() as snapshot:
            check_live(snapshot, dataset)
            recipe = _recipe(snapshot, dataset, options)
            self._check(snapshot, recipe, name)
            metadata = self._metadata(snapshot, dataset)
            release = self._begin(dataset, name, options.include_url_token)
            try:
                tally = _Tally()
                for entries in self._entries(snapshot, recipe, tally):
                    self._add(release, tally, entries)
                self._publish(release, recipe, name, tally, metadata)
            except BaseException:
                # What cannot be cleaned up now is freed by `collect`; the first error is the one that matters.
                with contextlib.suppress(GroundtruthError):
                    discard_release(self._catalogue, release)
                raise

    def _check(self, snapshot: sqlite3.Connection, recipe: _Recipe, name: str) -> None:
        dataset = recipe.dataset
        query = "SELECT 1 FROM releases WHERE dataset = ? AND name = ? AND complete"
        if snapshot.execute(query, (dataset.id, name)).fetchone():
            raise _taken(dataset, name)
        if snapshot.execute(f"{_ITEMS} LIMIT 1", (dataset.id, recipe.statuses)).fetchone() is None:
            raise NothingToExport(
                f"dataset '{dataset.reference}'",
                "has no item that could be exported",
                "Push files first, or export other statuses",
            )

    def _metadata(self, snapshot: sqlite3.Connection, dataset: Dataset) -> bytes | None:
        properties = read_properties(snapshot, dataset)
        if not properties:
            return None
        classes = tuple(read_classes(snapshot, dataset))
        return self._codec.write_metadata(DatasetMetadata(classes, tuple(properties)))

    def _begin(self, dataset: Dataset, name: str, url_token: bool) -> int:
        now = timestamp(self._clock)
        query = """
            INSERT INTO releases (dataset, name, url_token, created_at, touched_at) VALUES (?, ?, ?, ?, ?)
            RETURNING id
        """
        with self._catalogue.writing() as connection:
            return connection.execute(query, (dataset.id, name, url_token, now, now)).fetchone()[0]

    # --- composing ----------------------------------------------------------------------------------

    def _entries(self, snapshot: sqlite3.Connection, recipe: _Recipe, tally: _Tally) -> Iterator[list[_Entry]]:
        rows = snapshot.execute(_ITEMS, (recipe.dataset.id, recipe.statuses))
        for batch in batches(rows, BATCH, lambda row: row[5] or 0):
            slots = read_slots(snapshot, [row[0] for row in batch])
            yield [self._entry(recipe, tally, row, slots.get(row[0], NO_SLOTS)) for row in batch]

    def _entry(self, recipe: _Recipe, tally: _Tally, row: tuple[Any, ...], stored: StoredSlots) -> _Entry:
        _, item_id, name, folder, digest, size, body, classes, signed, described = row
        item = describe(recipe.dataset, item_id, name, folder, stored)
        if body is None:
            return _Entry(_name(item_id), pack(self._codec.write(AnnotationDocument(item))), stored.blobs)
        used = {(class_name, kind) for class_name, kind in json.loads(classes)}
        tally.classes |= used if recipe.classes is None else used & recipe.classes
        packed = Packed(digest, size, body)
        what = f"annotations of item '{item.full_path}'"
        data = unpack(packed, what)
        everything = recipe.classes is None or used <= recipe.classes
        if not described or not everything or (signed and not recipe.with_authors):
            document = _chosen(attrs.evolve(self._codec.read(data, what), item=item), recipe)
            packed = pack(self._codec.write(document))
        return _Entry(_name(item_id), packed, stored.blobs)

    # --- writing ------------------------------------------------------------------------------------

    def _add(self, release: int, tally: _Tally, entries: list[_Entry]) -> None:
        places = range(tally.count, tally.count + len(entries))
        for entry in entries:
            tally.hasher.update(f"{entry.name}\n{entry.packed.digest.hex()}\n".encode())
        tally.count += len(entries)
        packed = [entry.packed for entry in entries]
        rows = [
            (release, place, entry.name, entry.packed.digest) for place, entry in zip(places, entries, strict=True)
        ]
        blobs = [(blob, entry.packed.digest) for entry in entries for blob in entry.blobs]
        with self._catalogue.writing() as connection:
            connection.executemany(_ADD_DOCUMENT, [(one.digest, one.size, one.body) for one in packed])
            _refer(lambda: connection.executemany(_ADD_TO_RELEASE, rows))
            _refer(lambda: connection.executemany(_ADD_BLOB, blobs))
            connection.execute(_TOUCH, (timestamp(self._clock), release))

    def _publish(self, release: int, recipe: _Recipe, name: str, tally: _Tally, metadata: bytes | None) -> None:
        tally.hasher.update(metadata or b"")
        classes = {key for key in tally.classes if key[0] != RASTER_LAYER_CLASS}
        names = json.dumps(sorted({name for name, _ in classes}))
        values = (tally.count, len(classes), names, tally.hasher.digest(), metadata, release)
        try:
            with self._catalogue.writing(durable=True) as connection:
                check_live(connection, recipe.dataset)
                if not connection.execute(_PUBLISH, values).rowcount:
                    raise Unavailable(f"release '{name}'", "was taken for a leftover and freed while it was made")
        except sqlite3.IntegrityError as error:
            raise _taken(recipe.dataset, name) from error


def discard_release(catalogue: Catalogue, release: int) -> None:
    """Delete the rows of a release, a few at a time."""
    some = "SELECT position FROM release_documents WHERE release = ?1 LIMIT 5000"
    delete = f"DELETE FROM release_documents WHERE release = ?1 AND position IN ({some})"
    deleted = 1
    while deleted:
        with catalogue.writing() as connection:
            deleted = connection.execute(delete, (release,)).rowcount
    with catalogue.writing() as connection:
        connection.execute("DELETE FROM releases WHERE id = ?", (release,))


class _BlobFreed(Exception):
    """A blob of the snapshot is no longer there: its item was deleted, and `collect` ran."""


def _refer(insert: Callable[[], object]) -> None:
    try:
        insert()
    except sqlite3.IntegrityError as error:
        raise _BlobFreed from error


def _taken(dataset: Dataset, name: str) -> NameTaken:
    return NameTaken(
        f"release '{dataset.reference.at(name)}'", "exists already and never changes", "Choose another name"
    )


def _recipe(snapshot: sqlite3.Connection, dataset: Dataset, options: ExportOptions) -> _Recipe:
    statuses = LISTED_STATUSES if options.statuses is None else options.statuses
    classes = None
    if options.class_ids:
        query = "SELECT name, kind FROM classes WHERE team = ? AND id IN (SELECT value FROM json_each(?))"
        rows = snapshot.execute(query, (dataset.team, json.dumps(options.class_ids)))
        classes = frozenset((name, kind) for name, kind in rows)
    return _Recipe(dataset, json.dumps(statuses), classes, options.include_authorship)


def _chosen(document: AnnotationDocument, recipe: _Recipe) -> AnnotationDocument:
    if recipe.classes is not None:
        document = attrs.evolve(document, annotations=of_classes(document.annotations, recipe.classes))
    return document if recipe.with_authors else unsigned(document)


def _name(item_id: str) -> str:
    return f"{item_id}.json"
