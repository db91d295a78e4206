"""Listing the items of a dataset, page by page (reference: section 4.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TypeVar
from urllib.parse import quote_plus

from ...domain.dataset import Dataset
from ...domain.errors import DatasetNotFound, IntegrityError, InvalidInput, NotFound
from ...domain.item import SORT_FIELDS, Item, ItemQuery, ItemStatus, position_of
from .api import Api, TooLarge, segment
from .records import ItemPage

T = TypeVar("T")
Filters = list[tuple[str, str | int]]

PAGE = 500
MAX_PAGES = 20_000
"""Pages after which a list is taken to be endless: ten million items."""
MAX_EMPTY = 20
"""Pages without an item that may follow each other."""
URL_ROOM = 6000
"""Characters of an address that one filter may take; servers accept 8000 in all."""


class DarwinListing:
    """Lists items.

    A hub orders items of the same value in its own way; one of groundtruth's by full path, as lists that took several
    requests are. What `after` leaves out is fetched and dropped.
    """

    def __init__(self, api: Api, max_pages: int = MAX_PAGES) -> None:
        self._api = api
        self._max_pages = max_pages

    def list_items(self, dataset: Dataset, query: ItemQuery) -> Iterator[Item]:
        """Items that match, in the query's order; lazy unless names or ids are too many for one request.

        Raises:
            InvalidInput: the sort field is unknown.
            IntegrityError: the hub's pages never end, or hold what cannot be an item.
        """
        field, _ = query.sort
        if field not in SORT_FIELDS:
            raise InvalidInput(f"sort field '{field}'", "is unknown", f"Fields are: {', '.join(SORT_FIELDS)}")
        items = filter(_behind(query), filter(_matches(query), self._chosen(dataset, query)))
        yield from items if query.limit is None else islice(items, max(query.limit, 0))

    def _chosen(self, dataset: Dataset, query: ItemQuery) -> Iterator[Item]:
        """Items that the hub finds for the query, perhaps with others among them."""
        name, values = _leading(query)
        if values is None:
            yield from self._pages(dataset, query, [])
            return
        chunks = list(_chunks(name, list(dict.fromkeys(values))))
        if len(chunks) == 1:
            try:
                yield from self._pages(dataset, query, _filter(name, chunks[0]))
                return
            except TooLarge:
                if len(chunks[0]) < 2:
                    raise
                chunks = _halves(chunks[0])
        found = [item for chunk in chunks for item in self._all_of(dataset, query, name, chunk)]
        field, descending = query.sort
        found.sort(key=lambda item: item.full_path)
        found.sort(key=lambda item: position_of(item, field)[0], reverse=descending)  # stable
        yield from found

    def _all_of(self, dataset: Dataset, query: ItemQuery, name: str, values: Sequence[str]) -> list[Item]:
        """Items of a list of names or ids; asks for fewer at a time where the hub finds the request too long."""
        try:
            return list(self._pages(dataset, query, _filter(name, values)))
        except TooLarge:
            if len(values) < 2:
                raise
        return [item for half in _halves(values) for item in self._all_of(dataset, query, name, half)]

    def _pages(self, dataset: Dataset, query: ItemQuery, filters: Filters) -> Iterator[Item]:
        field, descending = query.sort
        asked: Filters = [
            *filters,
            *_filter("statuses", query.statuses or tuple(ItemStatus)),
            *_short(query),
            (f"sort[{field}]", "desc" if descending else "asc"),
            ("page[size]", PAGE),
            ("include_workflow_data", "true"),
            ("dataset_ids[]", dataset.id),
        ]
        cursor: str | int | None = None
        seen: set[str | int] = set()
        empty = 0
        while len(seen) < self._max_pages:
            page = self._page(dataset, asked if cursor is None else [*asked, ("page[from]", cursor)])
            yield from (record.item(self._api.base_url) for record in page.items if record.dataset_id == dataset.id)
            empty = 0 if page.items else empty + 1
            cursor = page.page.next
            if cursor is None or cursor == "":
                return
            if cursor in seen or empty > MAX_EMPTY:
                break
            seen.add(cursor)
        raise IntegrityError(f"the item list of {self._api.name}", "never ends", "Tell those who run the hub")

    def _page(self, dataset: Dataset, query: Filters) -> ItemPage:
        try:
            return self._api.get_as(ItemPage, dataset.team, f"v2/teams/{segment(dataset.team)}/items", query)
        except NotFound as error:
            raise no_dataset(dataset, self._api.name) from error


def no_dataset(dataset: Dataset, hub: str) -> DatasetNotFound:
    """The error for a dataset that was removed."""
    advice = "List the datasets with 'groundtruth dataset remote'"
    return DatasetNotFound("dataset", dataset.reference.identifier, hub, advice)


def _leading(query: ItemQuery) -> tuple[str, Sequence[str] | None]:
    """The filter that the hub is asked for in full, in pieces if it is long; all filters are applied here too."""
    if query.ids is not None:
        return "item_ids", query.ids
    return "item_names", query.names or None


def _short(query: ItemQuery) -> Filters:
    """Filters that only spare the hub some work, where they are short enough to send along."""
    folders = _filter("item_paths", [folder.value for folder in query.folders])
    kinds = _filter("slot_types", query.slot_types)
    return [pair for pairs in (folders, kinds) if sum(map(_room, pairs)) < URL_ROOM // 4 for pair in pairs]


def _filter(name: str, values: Sequence[str]) -> Filters:
    return [(f"{name}[]", value) for value in values]


def _room(pair: tuple[str, str | int]) -> int:
    name, value = pair
    return len(name) + 6 + len(quote_plus(str(value), errors="replace"))


def _chunks(name: str, values: Sequence[str]) -> Iterator[list[str]]:
    """Values in lists that fit into an address."""
    chunk: list[str] = []
    room = URL_ROOM
    for value in values:
        needed = _room((f"{name}[]", value))
        if chunk and needed > room:
            yield chunk
            chunk, room = [], URL_ROOM
        chunk.append(value)
        room -= needed
    if chunk:
        yield chunk


def _halves(values: Sequence[T]) -> list[Sequence[T]]:
    middle = len(values) // 2
    return [values[:middle], values[middle:]]


def _matches(query: ItemQuery) -> Callable[[Item], bool]:
    """Whether an item is one that was asked for, whatever the hub makes of the filters."""
    names, folders, kinds = frozenset(query.names), frozenset(query.folders), frozenset(query.slot_types)
    ids = None if query.ids is None else frozenset(query.ids)

    def test(item: Item) -> bool:
        return (
            (not names or item.name in names)
            and (ids is None or item.id in ids)
            and (not folders or item.path in folders)
            and (not kinds or any(slot.type in kinds for slot in item.slots))
        )

    return test


def _behind(query: ItemQuery) -> Callable[[Item], bool]:
    """Whether an item comes after the place where the list is to begin."""
    if query.after is None:
        return lambda item: True
    field, descending = query.sort
    value, path = query.after

    def test(item: Item) -> bool:
        own, own_path = position_of(item, field)
        if own == value:
            return own_path > path
        return (own < value) if descending else (own > value)  # type: ignore[operator]

    return test
