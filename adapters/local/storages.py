"""External storages of the embedded hub's teams, and items made of what is in them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

import attrs

from ...domain.dataset import Dataset
from ...domain.errors import NotFound
from ...domain.item import ItemStatus
from ...domain.names import check_slug
from ...domain.storage import (
    ExternalStorage,
    Provider,
    RefusedItem,
    RegisteredItem,
    StoredItem,
    StoredRegistration,
)
from ...domain.stored import refusal_of
from ...domain.upload import BlockReason
from ...ports.clock import Clock
from .catalogue import Catalogue, batches
from .datasets import check_live
from .registration import free_ids
from .slots import write_stored
from .stamps import derived_id, timestamp

BATCH = 500

_SELECT = "SELECT definition FROM storages WHERE team = ? AND name = ?"
_KNOWN = "SELECT full_path FROM items WHERE dataset = ? AND full_path IN (SELECT value FROM json_each(?))"
_INSERT_ITEM = """
INSERT INTO items (seq, id, dataset, full_path, name, folder, status, layout, size, inserted_at, updated_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_INSERT_SLOT = """
INSERT INTO slots (item, position, upload_id, name, file_name, type, fps, stored) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""


class Storages:
    """Implements `ports.storage.StorageDesk` and `StorageRegister`."""

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock

    # --- storages -----------------------------------------------------------------------------------

    def list_storages(self, team: str) -> Sequence[ExternalStorage]:
        """The team's storages."""
        with self._catalogue.reading() as connection:
            return _read_all(connection, team)

    def find_storage(self, team: str, name: str) -> ExternalStorage:
        """The team's storage of that name.

        Raises:
            NotFound: it has none.
        """
        row = self._catalogue.row(_SELECT, (team, name))
        if row is None:
            raise _not_found(team, name)
        return _storage(row[0])

    def add_storage(self, team: str, storage: ExternalStorage) -> None:
        """Declare a storage."""
        check_slug(team, "team")
        with self._catalogue.writing(durable=True) as connection:
            if storage.default:
                for other in _read_all(connection, team):
                    if other.default:
                        _write(connection, team, attrs.evolve(other, default=False))
            _write(connection, team, storage)

    def remove_storage(self, team: str, name: str) -> None:
        """Forget a storage."""
        with self._catalogue.writing(durable=True) as connection:
            delete = "DELETE FROM storages WHERE team = ? AND name = ?"
            if not connection.execute(delete, (team, name)).rowcount:
                raise _not_found(team, name)

    # --- items --------------------------------------------------------------------------------------

    def register_stored(
        self, dataset: Dataset, storage: ExternalStorage, items: Sequence[StoredItem]
    ) -> StoredRegistration:
        """Make items, each batch in one transaction."""
        registered: list[RegisteredItem] = []
        refused: list[RefusedItem] = []
        known = self._known_storage(dataset, storage)
        for batch in batches(items, BATCH):
            with self._catalogue.writing(durable=True) as connection:
                check_live(connection, dataset)
                self._register(connection, dataset, known, batch, registered, refused)
        return StoredRegistration(tuple(registered), tuple(refused))

    def _known_storage(self, dataset: Dataset, storage: ExternalStorage) -> ExternalStorage:
        with self._catalogue.reading() as connection:
            check_live(connection, dataset)
        # What was declared counts, whatever the caller says it is.
        return self.find_storage(dataset.team, storage.name)

    def _register(
        self,
        connection: sqlite3.Connection,
        dataset: Dataset,
        storage: ExternalStorage,
        items: Sequence[StoredItem],
        registered: list[RegisteredItem],
        refused: list[RefusedItem],
    ) -> None:
        paths = [item.full_path for item in items]
        present = {path for (path,) in connection.execute(_KNOWN, (dataset.id, json.dumps(paths)))}
        ids = free_ids(connection, dataset, paths)
        ((last,),) = connection.execute("SELECT coalesce(max(seq), 0) FROM items")
        now = timestamp(self._clock)
        for seq, item in enumerate(items, last + 1):
            path = item.full_path
            reason = BlockReason.ALREADY_EXISTS.value if path in present else refusal_of(storage, item)
            if reason is not None:
                refused.append(RefusedItem(path, reason))
                continue
            present.add(path)
            layout = None if item.layout is None else json.dumps(dict(item.layout))
            size = sum(slot.size or 0 for slot in item.slots)
            place = (path, item.name, item.path.value, ItemStatus.NEW.value, layout, size, now, now)
            connection.execute(_INSERT_ITEM, (seq, ids[path], dataset.id, *place))
            connection.executemany(_INSERT_SLOT, _slot_rows(seq, ids[path], dataset.team, storage.name, item))
            registered.append(RegisteredItem(ids[path], path))


def _slot_rows(seq: int, item_id: str, team: str, storage: str, item: StoredItem) -> list[tuple[Any, ...]]:
    return [
        (
            seq,
            position,
            derived_id("upload", item_id, slot.name),
            slot.name,
            slot.file_name,
            slot.type,
            slot.fps,
            write_stored(team, storage, slot),
        )
        for position, slot in enumerate(item.slots)
    ]


def _read_all(connection: sqlite3.Connection, team: str) -> list[ExternalStorage]:
    rows = connection.execute("SELECT definition FROM storages WHERE team = ? ORDER BY name", (team,))
    return [_storage(definition) for (definition,) in rows]


def _write(connection: sqlite3.Connection, team: str, storage: ExternalStorage) -> None:
    definition = json.dumps(attrs.asdict(storage))
    connection.execute("INSERT OR REPLACE INTO storages VALUES (?, ?, ?)", (team, storage.name, definition))


def _storage(definition: str) -> ExternalStorage:
    fields = json.loads(definition)
    return ExternalStorage(**{**fields, "provider": Provider(fields["provider"])})


def _not_found(team: str, name: str) -> NotFound:
    return NotFound("storage", name, f"team {team}", "List the storages with 'groundtruth hub storage list'")
