"""Items of the embedded hub: listing and changing them."""

# ruff: noqa: S608 - statements are put together from constants only

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from typing import Any

from ...domain.dataset import Dataset
from ...domain.errors import InvalidInput, ItemNotFound
from ...domain.item import Comment, Item, ItemDescription, ItemQuery, ItemStatus, SourceInfo, StatusChange
from ...domain.names import RemotePath
from ...ports.clock import Clock
from .catalogue import Catalogue, batches
from .datasets import check_live
from .slots import NO_SLOTS, StoredSlots, read_slots
from .stamps import random_id, timestamp

PAGE = 1000

_SORT_COLUMNS = {
    "inserted_at": "inserted_at",
    "updated_at": "updated_at",
    "file_size": "size",
    "filename": "name",
    "priority": "priority",
}

_STATUS = "CASE WHEN archived THEN 'archived' ELSE status END"

# CROSS JOIN keeps the order: the page's rows one by one, instead of every row of the dataset for each page.
_PAGE = f"""
SELECT seq, items.id, name, folder, {_STATUS}, layout, size, inserted_at, updated_at
FROM json_each(?) AS page CROSS JOIN items ON items.seq = page.value
"""

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
        advice = "List the items with 'groundtruth dataset files'"
        raise ItemNotFound("item", item_id, dataset.reference.identifier, advice)
    return row[0]


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
    """Implements `ports.items.ItemCatalogue`."""

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock

    def list_items(self, dataset: Dataset, query: ItemQuery) -> Iterator[Item]:
        """Items that match, in order.

        The order is settled at the first one, as row numbers (8 bytes each); the items are read page by page.
        So each comes once even if its place in the order changes meanwhile, and every sort field is as quick
        as any other without an index that each push would pay for.
        """
        for page in batches(self._order(dataset, query), PAGE):
            yield from self._page(dataset, query, page)

    def _order(self, dataset: Dataset, query: ItemQuery) -> array[int]:
        field, descending = query.sort
        if field not in _SORT_COLUMNS:
            raise InvalidInput(
                f"sort field '{field}'", "is unknown", f"Fields are: {', '.join(sorted(_SORT_COLUMNS))}"
            )
        condition, parameters = _condition(dataset, query)
        order = f"{_SORT_COLUMNS[field]} {'DESC' if descending else 'ASC'}, full_path"
        with self._catalogue.reading() as connection:
            check_live(connection, dataset)
            sql = f"SELECT seq FROM items WHERE {condition} ORDER BY {order}"
            return array("q", (seq for (seq,) in connection.execute(sql, parameters)))

    def _page(self, dataset: Dataset, query: ItemQuery, page: list[int]) -> Iterator[Item]:
        # What can have changed since the order was settled is the status only.
        condition, parameters = _condition(dataset, ItemQuery(query.statuses))
        sql = f"{_PAGE} WHERE {condition} ORDER BY page.key"
        with self._catalogue.reading() as connection:
            rows = connection.execute(sql, [json.dumps(page), *parameters]).fetchall()
            slots = read_slots(connection, [row[0] for row in rows])
        for row in rows:
            yield _item(dataset, row, slots.get(row[0], NO_SLOTS))

    def change_status(self, dataset: Dataset, item_ids: Sequence[str], change: StatusChange) -> int:
        """Change the status of those that exist."""
        assignment, condition = _CHANGES[change]
        sql = f"UPDATE items SET {assignment}, updated_at = ? WHERE {_CHOSEN} AND {condition}"
        found = 0
        for ids in _id_batches(item_ids):
            with self._catalogue.writing() as connection:
                check_live(connection, dataset)
                count = f"SELECT count(*) FROM items WHERE {_CHOSEN}"
                found += connection.execute(count, (dataset.id, ids)).fetchone()[0]
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


def _condition(dataset: Dataset, query: ItemQuery) -> tuple[str, list[Any]]:
    conditions: list[str] = ["dataset = ?"]
    parameters: list[Any] = [dataset.id]
    filters: list[tuple[str, Sequence[str] | None]] = [
        (_STATUS, query.statuses or None),
        ("name", query.names or None),
        ("id", query.ids),
        ("folder", None if query.folder is None else (query.folder.value,)),
    ]
    for column, values in filters:
        if values is not None:
            conditions.append(f"{column} IN (SELECT value FROM json_each(?))")
            parameters.append(json.dumps(values))
    return " AND ".join(conditions), parameters


def _id_batches(item_ids: Sequence[str]) -> Iterator[str]:
    for batch in batches(dict.fromkeys(item_ids), PAGE):
        yield json.dumps(batch)


def _item(dataset: Dataset, row: tuple[Any, ...], stored: StoredSlots) -> Item:
    _, item_id, name, folder, status, layout, size, inserted_at, updated_at = row
    return Item(
        item_id,
        name,
        RemotePath(folder),
        ItemStatus(status),
        stored.slots,
        None if layout is None else json.loads(layout),
        size,
        inserted_at,
        updated_at,
        f"{dataset.url}/items/{item_id}" if dataset.url else "",
    )
