"""Datasets of the fake hub."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ...domain.dataset import Dataset
from ...domain.errors import DatasetNotFound, NameTaken
from ...domain.names import check_slug, slugify
from ...domain.reference import DatasetReference
from .records import DatasetRecord, HubPart


@attrs.define
class MemoryDatasets(HubPart):
    """`DatasetCatalogue` in memory."""

    def list_datasets(self, team: str | None = None) -> Sequence[Dataset]:
        """Datasets of a team, or of all."""
        self.state.faults.check("list_datasets", team)
        with self.state.lock:
            found = [one.as_dataset() for one in self.state.datasets.values() if team in {None, one.team}]
        return sorted(found, key=lambda one: (one.team, one.slug))

    def get_dataset(self, reference: DatasetReference) -> Dataset:
        """The dataset of that team and slug."""
        self.state.faults.check("get_dataset", reference)
        with self.state.lock:
            record = self.state.find(reference.team, reference.dataset)
            if record is None:
                advice = f"Create it with: groundtruth dataset create {reference.identifier}"
                raise DatasetNotFound("dataset", reference.dataset, f"team {reference.team}", advice)
            return record.as_dataset()

    def create_dataset(self, team: str, name: str) -> Dataset:
        """Create an empty dataset."""
        self.state.faults.check("create_dataset", team, name)
        slug = slugify(name)
        check_slug(team, "team")
        with self.state.lock:
            if self.state.find(team, slug) is not None:
                raise NameTaken(f"dataset {team}/{slug}", "exists already", "Choose another name")
            record = DatasetRecord(self.state.number(), name, slug, team)
            self.state.datasets[record.id] = record
            return record.as_dataset()

    def remove_dataset(self, dataset: Dataset) -> None:
        """Remove a dataset."""
        self.state.faults.check("remove_dataset", dataset)
        with self.state.lock:
            record = self.state.dataset(dataset)
            for item in record.items.values():
                for upload in item.uploads:
                    self.state.uploads.pop(upload.id, None)
            del self.state.datasets[record.id]
