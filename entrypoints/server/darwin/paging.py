"""Pages of a listing, and the cursors between them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import attrs
import msgspec

from ....domain.dataset import Dataset
from ....domain.errors import InvalidInput
from ....domain.item import Item, Position, position_of
from ..call import Call
from .fields import MAX_INTEGER, integer
from .filters import Selection

PAGE = 500
MAX_PAGE = 1000
_NUMBERS = {"file_size", "priority"}

Predicate = Callable[[Dataset, Item], bool]


@attrs.frozen
class Cursor:
    """Behind which item of which dataset a page begins."""

    dataset: int
    position: Position


@attrs.frozen
class Page:
    """Which part of a listing is wanted."""

    size: int = PAGE
    offset: int = 0
    start: Cursor | None = None


@attrs.frozen
class Found:
    """Items of a page with their datasets, and the cursor of the next page (None: this is the last)."""

    items: Sequence[tuple[Dataset, Item]]
    following: str | None

    def record(self) -> dict[str, Any]:
        """What a listing says about its page."""
        return {"count": len(self.items), "previous": None, "next": self.following}


def page_of_query(query: Mapping[str, Sequence[str]], sort: tuple[str, bool]) -> Page:
    """The page that a query string asks for.

    Raises:
        InvalidInput: not a number, or a cursor that is none of this listing's.
    """
    given = {name: query[f"page[{name}]"][-1] for name in ("size", "offset", "from") if f"page[{name}]" in query}
    start = _decoded(given["from"], sort) if given.get("from") else None
    return page_of(given.get("size"), given.get("offset"), start)


def page_of(size: Any, offset: Any, start: Cursor | None = None) -> Page:
    """A page from what a client gave (None: nothing). Sizes out of range are brought within."""
    wanted = PAGE if size is None else integer(size, "page[size]")
    skipped = 0 if offset is None else integer(offset, "page[offset]")
    if not 0 <= skipped <= MAX_INTEGER >> 1:
        raise InvalidInput("page[offset]", "is out of range")
    return Page(max(1, min(wanted, MAX_PAGE)), skipped, start)


def find_page(call: Call, selection: Selection, page: Page, predicate: Predicate | None = None) -> Found:
    """The page's items: dataset by dataset, each in the order of the query."""
    last = page.offset + page.size
    items = list(islice(_from_cursor(call, selection, page.start, last + 1, predicate), page.offset, last + 1))
    if len(items) <= page.size:
        return Found(items, None)
    dataset, item = items[page.size - 1]
    return Found(items[: page.size], _encoded(dataset, item, selection.query.sort))


def _from_cursor(
    call: Call, selection: Selection, start: Cursor | None, limit: int, predicate: Predicate | None
) -> Iterator[tuple[Dataset, Item]]:
    if start is not None:
        first = attrs.evolve(
            selection,
            datasets=tuple(one for one in selection.datasets if one.id == start.dataset),
            query=attrs.evolve(selection.query, after=start.position),
        )
        rest = tuple(one for one in selection.datasets if one.id > start.dataset)
        parts = [first, attrs.evolve(selection, datasets=rest)]
    else:
        parts = [selection]
    for part in parts:
        for dataset, item in part.items(call, limit if predicate is None else None):
            if predicate is None or predicate(dataset, item):
                yield dataset, item


def _encoded(dataset: Dataset, item: Item, sort: tuple[str, bool]) -> str:
    data = msgspec.json.encode([*sort, dataset.id, *position_of(item, sort[0])])
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decoded(text: str, sort: tuple[str, bool]) -> Cursor:
    try:
        data = msgspec.json.decode(base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4)))
        field, descending, dataset, value, path = data
        if (field, descending) != sort or not _fits(field, dataset, value, path):
            raise ValueError(text)
    except (binascii.Error, ValueError, TypeError, RecursionError) as error:
        raise InvalidInput("page[from]", "is not a cursor of this listing", "Take it from page.next") from error
    return Cursor(dataset, (value, path))


def _fits(field: str, dataset: Any, value: Any, path: Any) -> bool:
    kinds = (int, int if field in _NUMBERS else str, str)
    given = (dataset, value, path)
    if not all(isinstance(one, kind) for one, kind in zip(given, kinds, strict=True)):
        return False
    return all(not isinstance(one, int) or abs(one) <= MAX_INTEGER for one in given)
