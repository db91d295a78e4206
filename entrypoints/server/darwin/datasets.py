"""Datasets: list, create, look at and remove (E2 to E6)."""

from __future__ import annotations

from typing import Any

from ....domain.access import Permission
from ....domain.dataset import Dataset
from ....domain.errors import DatasetNotFound
from ....domain.reference import DatasetReference
from ..call import Call, Route
from .fields import integer, mapping, text
from .records import dataset_record


def by_id(call: Call, dataset_id: str | int) -> Dataset:
    """The team's dataset of that id.

    Raises:
        DatasetNotFound: the team has none.
    """
    for dataset in call.hub.list_datasets(call.team):
        if str(dataset.id) == str(dataset_id):
            return dataset
    raise DatasetNotFound("dataset", str(dataset_id), call.team)


def by_slug(call: Call, slug: str) -> Dataset:
    """The team's dataset of that slug.

    Raises:
        DatasetNotFound: the team has none.
    """
    return call.hub.get_dataset(DatasetReference(call.team, slug))


def list_datasets(call: Call) -> list[dict[str, Any]]:
    """All of the team, or those of the ids asked for."""
    wanted = {part for value in call.query.get("id", ()) for part in value.split(",") if part}
    datasets = call.hub.list_datasets(call.team)
    return [dataset_record(one) for one in datasets if not wanted or str(one.id) in wanted]


def create_dataset(call: Call) -> dict[str, Any]:
    """Create one from its name."""
    return dataset_record(call.hub.create_dataset(call.team, text(mapping(call.body), "name")))


def get_dataset(call: Call) -> dict[str, Any]:
    """One by its id."""
    return dataset_record(by_id(call, integer_of(call, "dataset_id")))


def get_named_dataset(call: Call) -> dict[str, Any]:
    """One by its slug."""
    return dataset_record(by_slug(call, call.path["dataset"]))


def archive_dataset(call: Call) -> dict[str, Any]:
    """Remove one."""
    dataset = by_id(call, integer_of(call, "dataset_id"))
    call.hub.remove_dataset(dataset)
    return {**dataset_record(dataset), "active": False, "archived": True}


def integer_of(call: Call, name: str) -> int:
    """A parameter of the path that is a number.

    Raises:
        DatasetNotFound: it is none.
    """
    value = call.path[name]
    if not value.isascii() or not value.isdigit() or len(value) > 18:
        raise DatasetNotFound("dataset", value, call.team)
    return integer(value, name)


ROUTES = (
    Route("GET", "datasets", list_datasets, Permission.READ),
    Route("POST", "datasets", create_dataset, Permission.CONTRIBUTE),
    Route("GET", "datasets/{dataset_id}", get_dataset, Permission.READ),
    Route("PUT", "datasets/{dataset_id}/archive", archive_dataset, Permission.MANAGE),
    Route("GET", "{team}/{dataset}", get_named_dataset, Permission.READ),
)
