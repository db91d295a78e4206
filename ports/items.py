"""Items of a dataset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from ..domain.dataset import Dataset
from ..domain.item import Comment, Item, ItemQuery, ItemUpdate, StatusChange


class ItemCatalogue(Protocol):
    """List items and change them. Every method may raise `DatasetNotFound`, `AccessDenied`, `Unavailable`."""

    def list_items(self, dataset: Dataset, query: ItemQuery) -> Iterator[Item]:
        """Items that match the query, in its order (ties by full path). Lazy: pages are fetched as they are read.

        An empty `ids` tuple matches nothing; `ids` None matches all.
        """
        ...

    def update_items(self, dataset: Dataset, item_ids: Sequence[str], update: ItemUpdate) -> int:
        """Change those items, all of them or none; return how many exist. Unknown ids are ignored. Idempotent.

        Raises:
            NameTaken: moving would give two items one full path.
        """
        ...

    def change_status(self, dataset: Dataset, item_ids: Sequence[str], change: StatusChange) -> int:
        """Apply the change to those items; return how many exist. Unknown ids are ignored, none means none.

        Archiving keeps the status an item had, and restoring gives it back. Idempotent.
        """
        ...

    def delete_items(self, dataset: Dataset, item_ids: Sequence[str]) -> int:
        """Delete items for good; return how many there were. Releases made before keep them. Idempotent."""
        ...

    def add_comment(self, dataset: Dataset, item_id: str, comment: Comment) -> str:
        """Attach a comment; return its id.

        Raises:
            ItemNotFound: no such item.
        """
        ...

    def list_comments(self, dataset: Dataset, item_id: str) -> Sequence[Comment]:
        """Comments of an item, oldest first.

        Raises:
            ItemNotFound: no such item.
        """
        ...


class ItemLocator(Protocol):
    """Finds items whose dataset is not known: what a server asks."""

    def dataset_of(self, team: str, item_id: str) -> Dataset:
        """The dataset of the team that has this item.

        Raises:
            ItemNotFound: none has.
        """
        ...
