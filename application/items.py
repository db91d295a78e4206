"""List items of a dataset and change them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import attrs

from ..domain.dataset import Dataset
from ..domain.errors import InvalidInput, ItemNotFound
from ..domain.item import Comment, Item, ItemQuery, ItemStatus, StatusChange
from ..domain.reference import DatasetReference
from ..ports.datasets import DatasetCatalogue
from ..ports.items import ItemCatalogue

NAMES_PER_QUERY = 200
ANY_STATUS = tuple(ItemStatus)


@attrs.frozen
class ListItems:
    """List the items of a dataset."""

    datasets: DatasetCatalogue
    items: ItemCatalogue

    def __call__(self, reference: DatasetReference, query: ItemQuery | None = None) -> Iterator[Item]:
        """Items that match; lazy."""
        dataset = self.datasets.get_dataset(reference)
        return self.items.list_items(dataset, query or ItemQuery())


@attrs.frozen
class ItemsChanged:
    """What a change did: how many items it reached, and which names matched nothing."""

    count: int
    missing: tuple[str, ...] = ()


@attrs.frozen
class SetItemStatus:
    """Archive, restore, complete or reopen items."""

    datasets: DatasetCatalogue
    items: ItemCatalogue

    def __call__(self, reference: DatasetReference, names: Sequence[str], change: StatusChange) -> ItemsChanged:
        """Apply the change to the items named, by name or full path. Names that match nothing change nothing."""
        dataset = self.datasets.get_dataset(reference)
        found, missing = find_by_name(self.items, dataset, names)
        count = self.items.change_status(dataset, [item.id for item in found], change) if found else 0
        return ItemsChanged(count, missing)


@attrs.frozen
class DeleteItems:
    """Delete items for good."""

    datasets: DatasetCatalogue
    items: ItemCatalogue

    def __call__(self, reference: DatasetReference, names: Sequence[str]) -> ItemsChanged:
        """Delete the items named, by name or full path. Names that match nothing delete nothing."""
        dataset = self.datasets.get_dataset(reference)
        found, missing = find_by_name(self.items, dataset, names)
        count = self.items.delete_items(dataset, [item.id for item in found]) if found else 0
        return ItemsChanged(count, missing)


@attrs.frozen
class CommentOnItem:
    """Attach a comment to an item."""

    datasets: DatasetCatalogue
    items: ItemCatalogue

    def __call__(self, reference: DatasetReference, name: str, comment: Comment) -> str:
        """Comment on the one item of that name or full path; return the comment's id.

        Raises:
            ItemNotFound: no item has that name.
            InvalidInput: several have it; or the comment names no slot, and the item has several, or an unknown one.
        """
        dataset = self.datasets.get_dataset(reference)
        found, _ = find_by_name(self.items, dataset, [name])
        if not found:
            raise ItemNotFound("item", name, str(dataset.reference), "List them with 'groundtruth dataset files'")
        if len(found) > 1:
            paths = ", ".join(item.full_path for item in found[:3])
            raise InvalidInput(f"item name '{name}'", "fits several items", f"Give one of the full paths: {paths}")
        slots = found[0].slots
        if comment.slot_name is None and len(slots) > 1:
            names = ", ".join(slot.name for slot in slots)
            raise InvalidInput(f"item '{name}'", "has several slots", f"Name one with --slot: {names}")
        if comment.slot_name is not None and slots and comment.slot_name not in {slot.name for slot in slots}:
            names = ", ".join(slot.name for slot in slots)
            raise InvalidInput(f"item '{name}'", f"has no slot '{comment.slot_name}'", f"Its slots are: {names}")
        slot = comment.slot_name or (slots[0].name if slots else "0")
        return self.items.add_comment(dataset, found[0].id, attrs.evolve(comment, slot_name=slot))


def find_by_name(items: ItemCatalogue, dataset: Dataset, names: Sequence[str]) -> tuple[list[Item], tuple[str, ...]]:
    """Items whose name, or full path when written with a slash, is among `names`; and the names without any."""
    found: dict[str, Item] = {}
    seen: set[str] = set()
    wanted = list(dict.fromkeys(names))
    for start in range(0, len(wanted), NAMES_PER_QUERY):
        # `a.jpg` is a name; `day1/a.jpg` and `/day1/a.jpg` are one full path.
        asked: dict[str, list[str]] = {}
        for name in wanted[start : start + NAMES_PER_QUERY]:
            asked.setdefault(name if "/" not in name else f"/{name.lstrip('/')}", []).append(name)
        bare = tuple(sorted({key.rpartition("/")[2] for key in asked}))
        for item in items.list_items(dataset, ItemQuery(statuses=ANY_STATUS, names=bare)):
            matches = [*asked.get(item.name, ()), *asked.get(item.full_path, ())]
            seen.update(matches)
            if matches:
                found[item.id] = item
    return list(found.values()), tuple(name for name in wanted if name not in seen)
