"""Which items a request means: filters from a query string or a body, made into queries of the hub's.

A filter that is not known is refused and never ignored: what is then done to the items would be done to more of them
than was asked. One that is there with no values selects nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from ....domain.dataset import Dataset
from ....domain.errors import DatasetNotFound, InvalidInput
from ....domain.item import SORT_FIELDS, Item, ItemQuery, ItemStatus
from ....domain.names import RemotePath
from ..call import Call
from .fields import mapping
from .stages import status_of_stage

ALIASES = {"filenames": "item_names"}
KNOWN = (
    "dataset_ids",
    "item_ids",
    "item_names",
    "item_paths",
    "slot_types",
    "statuses",
    "not_statuses",
    "workflow_stage_ids",
)
EVERY_DATASET = "all"
_IGNORED = ("page[", "sort[", "include_", "types")
"""Parameters of a listing that are no filters, or that Darwin ignores as well."""

Values = Mapping[str, tuple[str, ...]]


@attrs.frozen
class Selection:
    """Items of datasets that match a query; `stages` None: whatever stage of the workflow they are in."""

    datasets: tuple[Dataset, ...]
    query: ItemQuery
    stages: tuple[str, ...] | None = None

    def query_for(self, dataset: Dataset) -> ItemQuery | None:
        """The query within one of the datasets; None: nothing there matches."""
        if self.stages is None:
            return self.query
        wanted = {status_of_stage(dataset, stage) for stage in self.stages} - {None}
        found = tuple(one for one in self.query.statuses or ItemStatus if one in wanted)
        return attrs.evolve(self.query, statuses=found) if found else None

    def items(self, call: Call, limit: int | None = None) -> Iterator[tuple[Dataset, Item]]:
        """Each item and its dataset, at most `limit` of each dataset; lazy."""
        for dataset in self.datasets:
            query = self.query_for(dataset)
            if query is not None:
                for item in call.hub.list_items(dataset, attrs.evolve(query, limit=limit)):
                    yield dataset, item


def selection_of_query(call: Call) -> Selection:
    """What the query string selects, in its order.

    Raises:
        InvalidInput: an unknown filter, or a value it cannot have.
        DatasetNotFound: it names a dataset that the team does not have.
    """
    values: dict[str, tuple[str, ...]] = {}
    for key, given in call.query.items():
        name = ALIASES.get(key.removesuffix("[]"), key.removesuffix("[]"))
        if not name.startswith(_IGNORED):
            found = given if key.endswith("[]") else [part for value in given for part in _parts(name, value)]
            values[name] = (*values.get(name, ()), *filter(None, found))
    return _selection(call, values, _sort(call.query))


def selection_of_body(call: Call) -> Selection:
    """What the filters in the body select; for what changes items.

    Raises:
        InvalidInput: as above; also without any filter besides the datasets.
        DatasetNotFound: as above.
    """
    filters = mapping(mapping(call.body).get("filters"), "filters")
    values = {ALIASES.get(name, name): _listed(name, value) for name, value in filters.items()}
    if not values.keys() - {"dataset_ids"}:
        raise InvalidInput(
            "filters", "need at least one besides dataset_ids", "Name the items, for example by item_ids"
        )
    return _selection(call, values, ItemQuery().sort)


def chosen_ids(call: Call, selection: Selection, dataset: Dataset) -> Sequence[str]:
    """Ids of the selected items of a dataset; may hold ids of none when the ids were all that was given."""
    query = selection.query_for(dataset)
    if query is None:
        return ()
    if query.ids is not None and query == ItemQuery(statuses=(), ids=query.ids):
        return query.ids
    return [item.id for item in call.hub.list_items(dataset, query)]


def find_datasets(call: Call, ids: Sequence[str] | None) -> tuple[Dataset, ...]:
    """The team's datasets of those ids, by id; None: all of them.

    Raises:
        DatasetNotFound: one of them is none of the team's.
    """
    there = {str(dataset.id): dataset for dataset in call.hub.list_datasets(call.team)}
    wanted = there if ids is None or EVERY_DATASET in ids else dict.fromkeys(ids)
    for one in wanted:
        if one not in there:
            raise DatasetNotFound("dataset", one, call.team)
    return tuple(sorted((there[one] for one in wanted), key=lambda dataset: dataset.id))


def _selection(call: Call, values: Values, sort: tuple[str, bool]) -> Selection:
    for name in values:
        if name not in KNOWN:
            raise InvalidInput(f"filter '{name}'", "is unknown", f"Filters are: {', '.join(KNOWN)}")
    datasets = find_datasets(call, values.get("dataset_ids"))
    query = ItemQuery(
        statuses=_statuses(values),
        names=values.get("item_names", ()),
        ids=values.get("item_ids"),
        folders=tuple(map(RemotePath, values.get("item_paths", ()))),
        slot_types=values.get("slot_types", ()),
        sort=sort,
    )
    if any(not found for found in values.values()) or (not query.statuses and "not_statuses" in values):
        datasets = ()
    return Selection(datasets, query, values.get("workflow_stage_ids"))


def _statuses(values: Values) -> tuple[ItemStatus, ...]:
    wanted = [_status(value) for value in values.get("statuses", ())]
    if "not_statuses" not in values:
        return tuple(wanted)
    unwanted = {_status(value) for value in values["not_statuses"]}
    return tuple(status for status in wanted or ItemStatus if status not in unwanted)


def _status(value: str) -> ItemStatus:
    try:
        return ItemStatus(value)
    except ValueError as error:
        raise InvalidInput(f"status '{value}'", "is unknown", f"Statuses are: {', '.join(ItemStatus)}") from error


def _parts(name: str, value: str) -> list[str]:
    parts = value.split(",")
    # A name may have a comma of its own.
    return [*parts, value] if name == "item_names" and len(parts) > 1 else parts


def _listed(name: str, value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(filter(None, _parts(name, value)))
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str | int) and not isinstance(one, bool) for one in values):
        raise InvalidInput(f"filter '{name}'", "must be a list of texts or numbers")
    return tuple(str(one) for one in values)


def _sort(query: Mapping[str, Sequence[str]]) -> tuple[str, bool]:
    wanted = [(key[5:-1], values[-1]) for key, values in query.items() if key.startswith("sort[")]
    if not wanted:
        return ItemQuery().sort
    field, direction = wanted[0]
    if field not in SORT_FIELDS or direction.lower() not in {"asc", "desc"} or len(wanted) > 1:
        advice = f"Use sort[field]=asc or =desc, once; fields are: {', '.join(SORT_FIELDS)}"
        raise InvalidInput(f"sort '{field}={direction}'", "is not possible", advice)
    return field, direction.lower() == "desc"
