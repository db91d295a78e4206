"""Listing items: filters, order, pages."""

# ruff: noqa: S608 - statements are put together from constants only

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from typing import Any

from ...domain.dataset import Dataset
from ...domain.errors import InvalidInput
from ...domain.item import Item, ItemQuery, ItemStatus
from ...domain.names import RemotePath
from .catalogue import Catalogue, batches
from .datasets import check_live
from .slots import NO_SLOTS, StoredSlots, read_slots
from .stamps import is_storable

PAGE = 1000

_SORT_COLUMNS = {
    "inserted_at": "inserted_at",
    "updated_at": "updated_at",
    "file_size": "size",
    "filename": "name",
    "priority": "priority",
}
_NUMBERS = {"file_size", "priority"}

STATUS = "CASE WHEN archived THEN 'archived' ELSE status END"

_COLUMNS = f"seq, items.id, name, folder, {STATUS}, layout, size, inserted_at, updated_at, priority"

# CROSS JOIN keeps the order: the page's rows one by one, instead of every row of the dataset for each page.
_PAGE = f"SELECT {_COLUMNS} FROM json_each(?) AS page CROSS JOIN items ON items.seq = page.value"

_IS_MUCH = "SELECT live * 3 > (SELECT max(seq) FROM items) FROM datasets WHERE id = ?"

_HAS_TYPE = "EXISTS (SELECT 1 FROM slots WHERE item = seq AND type IN (SELECT value FROM json_each(?)))"


class Listing:
    """Lists the items of datasets."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def list_items(self, dataset: Dataset, query: ItemQuery) -> Iterator[Item]:
        """Items that match, in order.

        A page that is asked for is read as it is at one moment. Of longer lists the order is settled at the first
        item, as row numbers (8 bytes each), and the items are read page by page: each comes once even if its place
        changes meanwhile.
        """
        if query.limit is not None and query.limit <= PAGE:
            yield from self._one_page(dataset, query)
            return
        for page in batches(self._order(dataset, query), PAGE):
            yield from self._page(dataset, query, page)

    def _one_page(self, dataset: Dataset, query: ItemQuery) -> Iterator[Item]:
        with self._catalogue.reading() as connection:
            check_live(connection, dataset)
            selection, parameters = _selection(connection, dataset, query)
            rows = connection.execute(f"SELECT {_COLUMNS} {selection}", parameters).fetchall()
            items = _items(connection, dataset, rows)
        yield from items

    def _order(self, dataset: Dataset, query: ItemQuery) -> array[int]:
        with self._catalogue.reading() as connection:
            check_live(connection, dataset)
            selection, parameters = _selection(connection, dataset, query)
            return array("q", (seq for (seq,) in connection.execute(f"SELECT seq {selection}", parameters)))

    def _page(self, dataset: Dataset, query: ItemQuery, page: list[int]) -> Iterator[Item]:
        # What can have changed since the order was settled, and would not be wanted any more, is the status.
        condition, parameters = _condition(dataset, ItemQuery(query.statuses))
        sql = f"{_PAGE} WHERE {condition} ORDER BY page.key"
        with self._catalogue.reading() as connection:
            rows = connection.execute(sql, [json.dumps(page), *parameters]).fetchall()
            items = _items(connection, dataset, rows)
        yield from items


def _selection(connection: sqlite3.Connection, dataset: Dataset, query: ItemQuery) -> tuple[str, list[Any]]:
    """Everything of the statement behind its columns."""
    field, descending = query.sort
    if field not in _SORT_COLUMNS:
        raise InvalidInput(f"sort field '{field}'", "is unknown", f"Fields are: {', '.join(sorted(_SORT_COLUMNS))}")
    column = _SORT_COLUMNS[field]
    condition, parameters = _condition(dataset, query)
    if query.after is not None:
        value, path = query.after
        if isinstance(value, int) is not (field in _NUMBERS) or not is_storable(value):
            raise InvalidInput(f"position {query.after}", f"is none in a list sorted by '{field}'")
        # Both ends of the index range first, then what is left out at its beginning.
        condition += (
            f" AND {column} <= ? AND (full_path > ? OR {column} < ?)"
            if descending
            else f" AND ({column}, full_path) > (?, ?)"
        )
        parameters += [value, path, value] if descending else [value, path]
    order = f"{column} {'DESC' if descending else 'ASC'}, full_path"
    limit = -1 if query.limit is None else max(query.limit, 0)
    table = f"items {_access(connection, dataset, query)}"
    return f"FROM {table} WHERE {condition} ORDER BY {order} LIMIT ?", [*parameters, limit]


def _access(connection: sqlite3.Connection, dataset: Dataset, query: ItemQuery) -> str:
    """How to get at the rows; SQLite would go through the paths, which are in no order of the rows.

    For one field there is an index: another for each would cost every push, and the whole table is read in order at
    a third of a microsecond a row, unless most of it belongs to other datasets.
    """
    if query.ids is not None:
        return ""
    is_in_order = query.sort[0] == "inserted_at" and not query.names and not query.folders
    if is_in_order or not connection.execute(_IS_MUCH, (dataset.id,)).fetchone()[0]:
        return "INDEXED BY items_by_age"
    return "NOT INDEXED"


def _condition(dataset: Dataset, query: ItemQuery) -> tuple[str, list[Any]]:
    # The plus keeps SQLite from going through the whole dataset instead of the ids.
    conditions: list[str] = ["dataset = ?" if query.ids is None else "+dataset = ?"]
    parameters: list[Any] = [dataset.id]
    folders = [str(folder) for folder in query.folders]
    filters: list[tuple[str, Sequence[str] | None]] = [
        (f"{STATUS} IN (SELECT value FROM json_each(?))", query.statuses or None),
        ("name IN (SELECT value FROM json_each(?))", query.names or None),
        ("id IN (SELECT value FROM json_each(?))", query.ids),
        ("folder IN (SELECT value FROM json_each(?))", folders or None),
        (_HAS_TYPE, query.slot_types or None),
    ]
    for condition, values in filters:
        if values is not None:
            conditions.append(condition)
            parameters.append(json.dumps(values))
    return " AND ".join(conditions), parameters


def _items(connection: sqlite3.Connection, dataset: Dataset, rows: Sequence[tuple[Any, ...]]) -> list[Item]:
    slots = read_slots(connection, [row[0] for row in rows])
    return [_item(dataset, row, slots.get(row[0], NO_SLOTS)) for row in rows]


def _item(dataset: Dataset, row: tuple[Any, ...], stored: StoredSlots) -> Item:
    _, item_id, name, folder, status, layout, size, inserted_at, updated_at, priority = row
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
        priority,
    )
