"""Datasets of a Darwin hub (reference: section 4.1)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ...domain.dataset import Dataset
from ...domain.errors import AccessDenied, DatasetNotFound, NotFound
from ...domain.names import check_slug, slugify
from ...domain.reference import DatasetReference
from .api import Api, Unsure, segment


class _Record(msgspec.Struct):
    """What is read of a dataset as the hub sends it."""

    id: int
    name: str
    slug: str
    num_items: int | None = None
    num_images: int | None = None
    num_videos: int | None = None
    progress: float | None = None
    archived: bool | None = None
    team_slug: str | None = None


class DarwinDatasets:
    """Implements `ports.datasets.DatasetCatalogue`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list_datasets(self, team: str | None = None) -> Sequence[Dataset]:
        """Datasets of a team, or of all teams there is a key for, by team and slug.

        Raises:
            AccessDenied: there is no key at all.
        """
        if team is None and not self._api.teams:
            raise AccessDenied(self._api.name, "wants a key, and there is none")
        teams = self._api.teams if team is None else (team,)
        return [dataset for one in teams for dataset in self._list(one)]

    def get_dataset(self, reference: DatasetReference) -> Dataset:
        """The dataset of that team and slug; one that is public also without a key."""
        try:
            datasets = self._list(reference.team)
        except AccessDenied as denied:
            found = self._public(reference)
            if found is None:
                raise denied
            return found
        found = next((dataset for dataset in datasets if dataset.slug == reference.dataset), None)
        if found is None:
            raise _not_found(reference.identifier, self._api.name)
        return found

    def create_dataset(self, team: str, name: str) -> Dataset:
        """Create a dataset."""
        slug = slugify(name)
        try:
            record = self._api.post_as(_Record, team, "datasets", {"name": name}, repeatable=False)
        except Unsure:
            # An empty dataset of that name is the one that was to be made, whoever made it.
            found = next((one for one in self._list(team) if one.slug == slug and one.name == name), None)
            if found is None or found.item_count:
                raise
            return found
        return self._dataset(team, record)

    def remove_dataset(self, dataset: Dataset) -> None:
        """Remove a dataset."""
        try:
            self._api.put(dataset.team, f"datasets/{dataset.id}/archive", {"team_slug": dataset.team})
        except NotFound as error:
            raise _not_found(dataset.reference.identifier, self._api.name) from error

    def _list(self, team: str) -> list[Dataset]:
        records = self._api.get_as(list[_Record], team, "datasets")
        # A key also shows what other teams made public.
        own = [one for one in records if not one.archived and one.team_slug in {None, team}]
        return sorted((self._dataset(team, one) for one in own), key=lambda dataset: dataset.slug)

    def _public(self, reference: DatasetReference) -> Dataset | None:
        path = f"{segment(reference.team)}/{segment(reference.dataset)}"
        try:
            record = self._api.get_as(_Record, reference.team, path)
        except (AccessDenied, NotFound):
            return None
        return self._dataset(reference.team, record)

    def _dataset(self, team: str, record: _Record) -> Dataset:
        count = record.num_items
        if count is None:
            count = (record.num_images or 0) + (record.num_videos or 0)
        slug = check_slug(record.slug, f"dataset slug (of {self._api.name})")
        url = f"{self._api.base_url}/datasets/{record.id}"
        return Dataset(record.id, record.name, slug, team, count, record.progress or 0.0, url)


def _not_found(identifier: str, hub: str) -> DatasetNotFound:
    return DatasetNotFound("dataset", identifier, hub, "List the datasets with 'groundtruth dataset remote'")
