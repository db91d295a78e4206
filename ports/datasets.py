"""Datasets of a hub."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..domain.dataset import Dataset
from ..domain.reference import DatasetReference


class DatasetCatalogue(Protocol):
    """Create, find and remove datasets. Every method may raise `AccessDenied` and `Unavailable`."""

    def list_datasets(self, team: str | None = None) -> Sequence[Dataset]:
        """Datasets of a team (None: of every team the user can see), by team and slug. Removed ones are left out."""
        ...

    def get_dataset(self, reference: DatasetReference) -> Dataset:
        """The dataset of that team and slug; the reference's release and hub are ignored.

        Raises:
            DatasetNotFound: there is none, or it was removed.
        """
        ...

    def create_dataset(self, team: str, name: str) -> Dataset:
        """Create an empty dataset whose slug is derived from `name`. Atomic.

        Raises:
            NameTaken: the team has a dataset of that slug.
            InvalidName: no slug can be derived.
        """
        ...

    def remove_dataset(self, dataset: Dataset) -> None:
        """Remove (archive) a dataset; its slug becomes free. Local copies are not touched.

        Raises:
            DatasetNotFound: it does not exist (any more).
        """
        ...
