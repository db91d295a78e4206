"""Items of the embedded hub: changing them, and what is said about them."""

# ruff: noqa: S608 - statements are put together from constants only

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from ...domain.dataset import Dataset
from ...domain.errors import InvalidInput, ItemNotFound, NameTaken
from ...domain.item import Comment, ItemDescription, ItemUpdate, SourceInfo, StatusChange
from ...domain.names import RemotePath
from ...ports.clock import Clock
from .catalogue import Catalogue, batches
from .datasets import check_live
from .slots import StoredSlots
from .stamps import is_storable, random_id, timestamp

BATCH = 1000

# Each leaves alone what is as it should be, so that a repetition changes nothing, not even `updated_at`. Only
# the last confirmation ends an upload.
_CHANGES = {
    StatusChange.ARCHIVED: ("archived = 1", "NOT archived"),
    StatusChange.RESTORE_ARCHIVED: ("archived = 0", "archived"),
    StatusChange.NEW: ("status = 'new'", "status NOT IN ('new', 'uploading')"),
    StatusChange.COMPLETE: ("status = 'complete'", "status NOT IN ('complete', 'uploading')"),
}

# The plus keeps SQLite from going through the whole dataset instead of the ids.
_CHOSEN = "+dataset = ? AND id IN (SELECT value FROM json_each(?))"

_COUNT = f"SELECT count(*) FROM items WHERE {_CHOSEN}"

# Releases compose the documents of these items anew, and the next import stores them so.
_FORGET_DESCRIPTION = f"""
UPDATE annotations SET described = 0 WHERE item IN (SELECT seq FROM items WHERE {_CHOSEN} AND folder <> ?)
"""
_MOVE = f"""
UPDATE items SET folder = ?, full_path = ? || name, updated_at = ? WHERE {_CHOSEN} AND folder <> ?
"""
_CLASHES = f"""
SELECT name FROM items WHERE {_CHOSEN} GROUP BY name HAVING count(*) > 1
UNION ALL
SELECT moved.name FROM items AS moved JOIN items AS there
    ON there.dataset = moved.dataset AND there.full_path = ? || moved.name AND there.seq <> moved.seq
WHERE +moved.dataset = ? AND moved.id IN (SELECT value FROM json_each(?))
LIMIT 1
"""


def item_row(connection: sqlite3.Connection, dataset: Dataset, item_id: str) -> int:
    """Row id of an item.

    Raises:
        DatasetNotFound: the dataset was removed.
        ItemNotFound: it has no such item.
    """
    check_live(connection, dataset)
    query = "SELECT seq FROM items WHERE dataset = ? AND id = ?"
    row = connection.execute(query, (dataset.id, item_id)).fetchone()
    if row is None:
        raise item_not_found(item_id, dataset.reference.identifier)
    return row[0]


def item_not_found(item_id: str, where: str) -> ItemNotFound:
    """The error for an item that is not there, with what to do about it."""
    return ItemNotFound("item", item_id, where, "List the items with 'groundtruth dataset files'")


def describe(dataset: Dataset, item_id: str, name: str, folder: str, slots: StoredSlots) -> ItemDescription:
    """The item as annotation documents describe it."""
    source = SourceInfo(
        item_id=item_id,
        dataset_name=dataset.name,
        dataset_slug=dataset.slug,
        team_name=dataset.team,
        team_slug=dataset.team,
    )
    return ItemDescription(name, folder, source, slots.slots)


class Items:
    """Implements `ports.items.ItemCatalogue`, but for the listing."""

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock

    def update_items(self, dataset: Dataset, item_ids: Sequence[str], update: ItemUpdate) -> int:
        """Change those that exist, in one transaction."""
        if not is_storable(update.priority or 0):
            raise InvalidInput(f"priority {update.priority}", "is out of range", "Use a small whole number")
        chosen = (dataset.id, json.dumps(list(dict.fromkeys(item_ids))))
        with self._catalogue.writing() as connection:
            check_live(connection, dataset)
            if update.path is not None:
                self._move(connection, dataset, chosen, update.path)
            if update.priority is not None:
                self._set(connection, "priority", update.priority, chosen)
            if update.layout is not None:
                self._set(connection, "layout", json.dumps(dict(update.layout)), chosen)
            return connection.execute(_COUNT, chosen).fetchone()[0]

    def _move(
        self, connection: sqlite3.Connection, dataset: Dataset, chosen: tuple[Any, ...], folder: RemotePath
    ) -> None:
        connection.execute(_FORGET_DESCRIPTION, (*chosen, str(folder)))
        try:
            values = (str(folder), folder.join(""), timestamp(self._clock), *chosen, str(folder))
            connection.execute(_MOVE, values)
        except sqlite3.IntegrityError as error:
            row = connection.execute(_CLASHES, (*chosen, folder.join(""), *chosen)).fetchone()
            path = folder.join(row[0] if row else "")
            raise NameTaken(
                f"item '{path}' of {dataset.reference.identifier}",
                "would be there twice",
                "Move the items to different folders, or delete one of them",
            ) from error

    def _set(self, connection: sqlite3.Connection, column: str, value: object, chosen: tuple[Any, ...]) -> None:
        sql = f"UPDATE items SET {column} = ?, updated_at = ? WHERE {_CHOSEN} AND {column} IS NOT ?"
        connection.execute(sql, (value, timestamp(self._clock), *chosen, value))

    def change_status(self, dataset: Dataset, item_ids: Sequence[str], change: StatusChange) -> int:
        """Change the status of those that exist."""
        assignment, condition = _CHANGES[change]
        sql = f"UPDATE items SET {assignment}, updated_at = ? WHERE {_CHOSEN} AND {condition}"
        found = 0
        for ids in _id_batches(item_ids):
            with self._catalogue.writing() as connection:
                check_live(connection, dataset)
                found += connection.execute(_COUNT, (dataset.id, ids)).fetchone()[0]
                connection.execute(sql, (timestamp(self._clock), dataset.id, ids))
        return found

    def delete_items(self, dataset: Dataset, item_ids: Sequence[str]) -> int:
        """Delete those that exist."""
        found = 0
        for ids in _id_batches(item_ids):
            with self._catalogue.writing() as connection:
                check_live(connection, dataset)
                sql = f"DELETE FROM items WHERE {_CHOSEN}"
                found += connection.execute(sql, (dataset.id, ids)).rowcount
        return found

    def add_comment(self, dataset: Dataset, item_id: str, comment: Comment) -> str:
        """Keep a comment."""
        comment_id = random_id()
        sql = """
            INSERT INTO comments (id, item, text, x, y, w, h, slot_name, inserted_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
        with self._catalogue.writing() as connection:
            values = (item_row(connection, dataset, item_id), comment.text, *comment.box, comment.slot_name)
            connection.execute(sql, (comment_id, *values, timestamp(self._clock)))
        return comment_id

    def list_comments(self, dataset: Dataset, item_id: str) -> Sequence[Comment]:
        """Comments of an item."""
        sql = "SELECT text, x, y, w, h, slot_name FROM comments WHERE item = ? ORDER BY seq"
        with self._catalogue.reading() as connection:
            rows = connection.execute(sql, (item_row(connection, dataset, item_id),))
            return [Comment(text, (x, y, w, h), slot_name) for text, x, y, w, h, slot_name in rows]


def _id_batches(item_ids: Sequence[str]) -> Iterator[str]:
    for batch in batches(dict.fromkeys(item_ids), BATCH):
        yield json.dumps(batch)
