"""Create, remove and list datasets."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ..domain.dataset import Dataset
from ..domain.reference import DatasetReference
from ..ports.datasets import DatasetCatalogue
from ..ports.library import LocalDataset, LocalLibrary


@attrs.frozen
class CreateDataset:
    """Create an empty dataset."""

    datasets: DatasetCatalogue

    def __call__(self, reference: DatasetReference) -> Dataset:
        """Create the dataset the reference names.

        Raises:
            NameTaken: it exists.
        """
        return self.datasets.create_dataset(reference.team, reference.dataset)


@attrs.frozen
class RemoveDataset:
    """Remove a dataset from its hub. Local copies stay."""

    datasets: DatasetCatalogue

    def __call__(self, reference: DatasetReference) -> Dataset:
        """Remove the dataset; return what it was.

        Raises:
            DatasetNotFound: there is none.
        """
        dataset = self.datasets.get_dataset(reference)
        self.datasets.remove_dataset(dataset)
        return dataset


@attrs.frozen
class ListRemoteDatasets:
    """List the datasets of a hub."""

    datasets: DatasetCatalogue

    def __call__(self, team: str | None = None) -> Sequence[Dataset]:
        """Datasets of a team, or of every team that can be seen."""
        return self.datasets.list_datasets(team)


@attrs.frozen
class ListLocalDatasets:
    """List what was pulled to this machine."""

    library: LocalLibrary

    def __call__(self, team: str | None = None) -> Sequence[LocalDataset]:
        """Pulled datasets, by team and name."""
        return list(self.library.list_datasets(team))
