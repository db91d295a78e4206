"""Items of the fake hub."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence

import attrs

from ...domain.dataset import Dataset
from ...domain.errors import InvalidInput, ItemNotFound, NameTaken
from ...domain.item import (
    SORT_FIELDS,
    Comment,
    Item,
    ItemQuery,
    ItemStatus,
    ItemUpdate,
    StatusChange,
    position_of,
)
from ...domain.names import RemotePath
from .records import HubPart, ItemRecord

_NUMBERS = {"file_size", "priority"}


@attrs.define
class MemoryItems(HubPart):
    """`ItemCatalogue` and `ItemLocator` in memory."""

    def list_items(self, dataset: Dataset, query: ItemQuery) -> Iterator[Item]:
        """Items that match the query, as they are at the moment of the call."""
        self.state.faults.check("list_items", dataset, query)
        field, descending = query.sort
        if field not in SORT_FIELDS:
            raise InvalidInput(f"sort field '{field}'", "is unknown", f"Fields are: {', '.join(SORT_FIELDS)}")
        if query.after is not None and isinstance(query.after[0], int) is not (field in _NUMBERS):
            raise InvalidInput(f"position {query.after}", f"is none in a list sorted by '{field}'")
        with self.state.lock:
            matches = _matcher(query)
            items = [one.as_item() for one in self.state.dataset(dataset).items.values() if matches(one)]
        items.sort(key=lambda item: item.full_path)
        items.sort(key=lambda item: position_of(item, field)[0], reverse=descending)
        return itertools.islice((item for item in items if _is_behind(item, query)), query.limit)

    def update_items(self, dataset: Dataset, item_ids: Sequence[str], update: ItemUpdate) -> int:
        """Change those items, all of them or none."""
        self.state.faults.check("update_items", dataset, item_ids, update)
        with self.state.lock:
            records = list(self.state.chosen(dataset, item_ids))
            if update.path is not None:
                self._check_free(dataset, records, update.path)
            owner = self.state.dataset(dataset)
            for record in records:
                before = (record.path, record.priority, record.layout)
                del owner.paths[record.full_path]
                record.path = record.path if update.path is None else update.path
                record.priority = record.priority if update.priority is None else update.priority
                record.layout = record.layout if update.layout is None else update.layout
                owner.paths[record.full_path] = record.id
                if (record.path, record.priority, record.layout) != before:
                    record.updated_at = self.state.timestamp()
        return len(records)

    def _check_free(self, dataset: Dataset, records: Sequence[ItemRecord], folder: RemotePath) -> None:
        paths = self.state.dataset(dataset).paths
        taken: dict[str, str] = {}
        for record in records:
            path = folder.join(record.name)
            there = paths.get(path, record.id)
            if there != record.id or taken.setdefault(path, record.id) != record.id:
                raise NameTaken(f"item '{path}' of {dataset.reference}", "would be there twice")

    def dataset_of(self, team: str, item_id: str) -> Dataset:
        """The dataset of the team that has this item."""
        self.state.faults.check("dataset_of", team, item_id)
        with self.state.lock:
            for owner in self.state.datasets.values():
                if owner.team == team and item_id in owner.items:
                    return owner.as_dataset()
        raise ItemNotFound("item", item_id, f"team {team}")

    def change_status(self, dataset: Dataset, item_ids: Sequence[str], change: StatusChange) -> int:
        """Apply the change to those items."""
        self.state.faults.check("change_status", dataset, item_ids, change)
        with self.state.lock:
            records = list(self.state.chosen(dataset, item_ids))
            for record in records:
                before = (record.archived, record.status)
                _apply(record, change)
                if (record.archived, record.status) != before:
                    record.updated_at = self.state.timestamp()
        return len(records)

    def delete_items(self, dataset: Dataset, item_ids: Sequence[str]) -> int:
        """Delete items for good."""
        self.state.faults.check("delete_items", dataset, item_ids)
        with self.state.lock:
            owner = self.state.dataset(dataset)
            records = list(self.state.chosen(dataset, item_ids))
            for record in records:
                del owner.items[record.id]
                del owner.paths[record.full_path]
                for upload in record.uploads:
                    del self.state.uploads[upload.id]
        return len(records)

    def add_comment(self, dataset: Dataset, item_id: str, comment: Comment) -> str:
        """Attach a comment; return its id."""
        self.state.faults.check("add_comment", dataset, item_id, comment)
        with self.state.lock:
            self.state.item(dataset, item_id).comments.append(comment)
            return self.state.new_id()

    def list_comments(self, dataset: Dataset, item_id: str) -> Sequence[Comment]:
        """Comments of an item, oldest first."""
        self.state.faults.check("list_comments", dataset, item_id)
        with self.state.lock:
            return tuple(self.state.item(dataset, item_id).comments)


def _matcher(query: ItemQuery) -> Callable[[ItemRecord], bool]:
    statuses, names, folders, types = map(set, (query.statuses, query.names, query.folders, query.slot_types))
    ids = None if query.ids is None else set(query.ids)

    def matches(item: ItemRecord) -> bool:
        return (
            (not statuses or item.shown_status in statuses)
            and (not names or item.name in names)
            and (ids is None or item.id in ids)
            and (not folders or item.path in folders)
            and (not types or any(slot.type in types for slot in item.slots))
        )

    return matches


def _is_behind(item: Item, query: ItemQuery) -> bool:
    if query.after is None:
        return True
    field, descending = query.sort
    (value, path), (last, last_path) = position_of(item, field), query.after
    if value == last:
        return path > last_path
    return (str(value) > str(last) if isinstance(value, str) else int(value) > int(last)) is not descending


def _apply(item: ItemRecord, change: StatusChange) -> None:
    if change is StatusChange.ARCHIVED:
        item.archived = True
    elif change is StatusChange.RESTORE_ARCHIVED:
        item.archived = False
    elif item.status is not ItemStatus.UPLOADING:
        # An item whose bytes are not there cannot be declared done.
        item.status = ItemStatus.NEW if change is StatusChange.NEW else ItemStatus.COMPLETE
