"""Datasets of the embedded hub."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from ...domain.dataset import Dataset
from ...domain.errors import DatasetNotFound, ItemNotFound, NameTaken
from ...domain.names import check_slug, slugify
from ...domain.reference import DatasetReference
from ...ports.clock import Clock
from .catalogue import Catalogue
from .stamps import timestamp

_SELECT = "SELECT id, name, slug, team, live, done FROM datasets WHERE removed_at IS NULL"


def check_live(connection: sqlite3.Connection, dataset: Dataset) -> None:
    """Refuse a dataset that is not there (any more)."""
    query = "SELECT 1 FROM datasets WHERE id = ? AND removed_at IS NULL"
    if connection.execute(query, (dataset.id,)).fetchone() is None:
        raise dataset_not_found(dataset.reference)


def dataset_not_found(reference: DatasetReference) -> DatasetNotFound:
    """The error for a dataset that is not there, with what to do about it."""
    advice = "List what there is with 'groundtruth dataset remote'"
    return DatasetNotFound("dataset", reference.identifier, advice=advice)


class Datasets:
    """Implements `ports.datasets.DatasetCatalogue`."""

    def __init__(self, catalogue: Catalogue, clock: Clock, hub: str) -> None:
        self._catalogue = catalogue
        self._clock = clock
        self._hub = hub

    def list_datasets(self, team: str | None) -> Sequence[Dataset]:
        """Live datasets by team and slug."""
        with self._catalogue.reading() as connection:
            query = f"{_SELECT} AND (?1 IS NULL OR team = ?1) ORDER BY team, slug"
            return [self._dataset(row) for row in connection.execute(query, (team,))]

    def get_dataset(self, reference: DatasetReference) -> Dataset:
        """The live dataset of that team and slug."""
        row = self._catalogue.row(f"{_SELECT} AND team = ? AND slug = ?", (reference.team, reference.dataset))
        if row is None:
            raise dataset_not_found(reference)
        return self._dataset(row)

    def dataset_of(self, team: str, item_id: str) -> Dataset:
        """The live dataset of the team that has an item."""
        condition = "AND team = ? AND id = (SELECT dataset FROM items WHERE id = ?)"
        row = self._catalogue.row(f"{_SELECT} {condition}", (team, item_id))
        if row is None:
            raise ItemNotFound("item", item_id, f"team {team}")
        return self._dataset(row)

    def create_dataset(self, team: str, name: str) -> Dataset:
        """Create an empty dataset."""
        slug = slugify(name)
        check_slug(team, "team")
        query = "INSERT INTO datasets (team, name, slug, created_at) VALUES (?, ?, ?, ?) RETURNING id"
        try:
            with self._catalogue.writing(durable=True) as connection:
                (dataset_id,) = connection.execute(query, (team, name, slug, timestamp(self._clock))).fetchone()
        except sqlite3.IntegrityError as error:
            raise NameTaken(f"dataset '{team}/{slug}'", "exists already", "Choose another name") from error
        return self._dataset((dataset_id, name, slug, team, 0, 0))

    def remove_dataset(self, dataset: Dataset) -> None:
        """Archive a dataset. What it holds is freed by `collect`."""
        query = "UPDATE datasets SET removed_at = ? WHERE id = ? AND removed_at IS NULL"
        with self._catalogue.writing(durable=True) as connection:
            changed = connection.execute(query, (timestamp(self._clock), dataset.id)).rowcount
        if not changed:
            raise dataset_not_found(dataset.reference)

    def _dataset(self, row: tuple[Any, ...]) -> Dataset:
        dataset_id, name, slug, team, count, complete = row
        # The hub has no pages to look at; the address names the dataset as other tools of ours take it.
        url = f"groundtruth://{self._hub}/{team}/{slug}"
        return Dataset(dataset_id, name, slug, team, count, complete / count if count else 0.0, url)
