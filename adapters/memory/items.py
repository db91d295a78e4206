"""Items of the fake hub."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import attrs

from ...domain.dataset import Dataset
from ...domain.errors import InvalidInput
from ...domain.item import Comment, Item, ItemQuery, ItemStatus, StatusChange
from .records import HubPart, ItemRecord

_SORT_KEYS: dict[str, Callable[[Item], str | int]] = {
    "inserted_at": lambda item: item.inserted_at,
    "updated_at": lambda item: item.updated_at,
    "file_size": lambda item: item.size,
    "filename": lambda item: item.name,
    "priority": lambda item: 0,
}


@attrs.define
class MemoryItems(HubPart):
    """`ItemCatalogue` in memory."""

    def list_items(self, dataset: Dataset, query: ItemQuery) -> Iterator[Item]:
        """Items that match the query, as they are at the moment of the call."""
        self.state.faults.check("list_items", dataset, query)
        field, descending = query.sort
        if field not in _SORT_KEYS:
            raise InvalidInput(f"sort field '{field}'", "is unknown", f"Fields are: {', '.join(_SORT_KEYS)}")
        with self.state.lock:
            matches = _matcher(query)
            items = [one.as_item() for one in self.state.dataset(dataset).items.values() if matches(one)]
        items.sort(key=lambda item: item.full_path)
        items.sort(key=_SORT_KEYS[field], reverse=descending)
        return iter(items)

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
    statuses, names = set(query.statuses), set(query.names)
    ids = None if query.ids is None else set(query.ids)

    def matches(item: ItemRecord) -> bool:
        return (
            (not statuses or item.shown_status in statuses)
            and (not names or item.name in names)
            and (ids is None or item.id in ids)
            and (query.folder is None or item.path == query.folder)
        )

    return matches


def _apply(item: ItemRecord, change: StatusChange) -> None:
    if change is StatusChange.ARCHIVED:
        item.archived = True
    elif change is StatusChange.RESTORE_ARCHIVED:
        item.archived = False
    elif item.status is not ItemStatus.UPLOADING:
        # An item whose bytes are not there cannot be declared done.
        item.status = ItemStatus.NEW if change is StatusChange.NEW else ItemStatus.COMPLETE
