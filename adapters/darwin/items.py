"""Items of a Darwin hub: listing and changing them (reference: sections 3.2 and 4.2 to 4.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec

from ...domain.dataset import Dataset
from ...domain.errors import Conflict, NotFound
from ...domain.item import Item, ItemQuery, ItemUpdate, StatusChange
from .api import Api, segment
from .listing import DarwinListing, no_dataset

BATCH = 1000
"""Items that one request changes the status of, or deletes."""

_STAGE_TYPES = {StatusChange.NEW: "dataset", StatusChange.COMPLETE: "complete"}
_ENDPOINTS = {StatusChange.ARCHIVED: "archive", StatusChange.RESTORE_ARCHIVED: "restore"}


class _Affected(msgspec.Struct):
    affected_item_count: int | None = None


class _Detail(msgspec.Struct):
    workflow_ids: list[str] = []


class _Stage(msgspec.Struct):
    id: str
    type: str


class _Workflow(msgspec.Struct):
    stages: list[_Stage]


class DarwinItems:
    """Implements `ports.items.ItemCatalogue` but for comments.

    Counts are those of the hub where it tells them, else the number of ids.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._listing = DarwinListing(api)

    def list_items(self, dataset: Dataset, query: ItemQuery) -> Iterator[Item]:
        """Items that match."""
        return self._listing.list_items(dataset, query)

    def update_items(self, dataset: Dataset, item_ids: Sequence[str], update: ItemUpdate) -> int:
        """Change folder, priority and layout, one request for each: only each by itself is all or nothing."""
        ids = list(dict.fromkeys(item_ids))
        changes: dict[str, Any] = {"priority": update.priority, "layout": update.layout}
        if update.path is not None:
            changes = {"path": update.path.value, **changes}  # first, for it is what can be refused
        wanted = {name: value for name, value in changes.items() if value is not None}
        if not ids or not wanted:
            return 0 if not ids else self._count(dataset, ids)
        counts = [self._post(dataset, f"items/{name}", ids, {name: value}) for name, value in wanted.items()]
        return max(counts)

    def change_status(self, dataset: Dataset, item_ids: Sequence[str], change: StatusChange) -> int:
        """Archive, restore, or move items to the first or last stage of the dataset's workflow.

        Raises:
            Conflict: the dataset has no workflow with such a stage.
        """
        ids = list(dict.fromkeys(item_ids))
        if not ids:
            return 0
        endpoint = _ENDPOINTS.get(change, "stage")
        more = self._stage(dataset, _STAGE_TYPES[change]) if change in _STAGE_TYPES else {}
        return _in_batches(ids, lambda batch: self._post(dataset, f"items/{endpoint}", batch, more))

    def delete_items(self, dataset: Dataset, item_ids: Sequence[str]) -> int:
        """Delete items."""
        ids = list(dict.fromkeys(item_ids))
        path = f"v2/teams/{segment(dataset.team)}/items"

        def delete(batch: list[str]) -> int:
            try:
                answer = self._api.delete(dataset.team, path, _chosen(dataset, batch))
            except NotFound as error:
                raise no_dataset(dataset, self._api.name) from error
            return _affected(answer, batch)

        return _in_batches(ids, delete)

    def _post(self, dataset: Dataset, endpoint: str, ids: list[str], more: dict[str, Any]) -> int:
        """Ask for a change that can be asked for again."""
        path = f"v2/teams/{segment(dataset.team)}/{endpoint}"
        try:
            answer = self._api.post(dataset.team, path, {**_chosen(dataset, ids), **more}, repeatable=True)
        except NotFound as error:
            raise no_dataset(dataset, self._api.name) from error
        return _affected(answer, ids)

    def _count(self, dataset: Dataset, ids: list[str]) -> int:
        return sum(1 for _ in self.list_items(dataset, ItemQuery(statuses=(), ids=tuple(ids))))

    def _stage(self, dataset: Dataset, kind: str) -> dict[str, Any]:
        """The dataset's workflow, and its first stage of a kind."""
        try:
            detail = self._api.get_as(_Detail, dataset.team, f"datasets/{dataset.id}")
        except NotFound as error:
            raise no_dataset(dataset, self._api.name) from error
        what, advice = f"dataset '{dataset.reference.identifier}'", "Give it one on the hub"
        if not detail.workflow_ids:
            raise Conflict(what, "has no workflow", advice)
        workflow = segment(detail.workflow_ids[0])
        path = f"v2/teams/{segment(dataset.team)}/workflows/{workflow}"
        stages = self._api.get_as(_Workflow, dataset.team, path).stages
        stage = next((stage.id for stage in stages if stage.type == kind), None)
        if stage is None:
            raise Conflict(what, f"has a workflow without a stage of type '{kind}'", advice)
        return {"stage_id": stage, "workflow_id": detail.workflow_ids[0]}


def _chosen(dataset: Dataset, ids: list[str]) -> dict[str, Any]:
    """Filters for these items. Without ids a hub may take the filters to mean all items, so it is never asked."""
    assert ids
    return {"filters": {"dataset_ids": [dataset.id], "item_ids": ids}}


def _affected(answer: Any, ids: list[str]) -> int:
    count = answer.get("affected_item_count") if isinstance(answer, dict) else None
    return count if isinstance(count, int) else len(ids)


def _in_batches(ids: list[str], change: Callable[[list[str]], int]) -> int:
    remaining = iter(ids)
    return sum(change(batch) for batch in iter(lambda: list(islice(remaining, BATCH)), []))
