"""Items: list them (E14), look at one, and change or delete what a filter selects (E19 to E22, section 3.2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import attrs

from ....domain.access import Permission
from ....domain.dataset import Dataset
from ....domain.errors import InvalidInput, ItemNotFound
from ....domain.item import ItemQuery, ItemStatus, ItemUpdate, StatusChange
from ....domain.names import RemotePath
from ..call import Call, Route
from .advanced import predicate_of
from .fields import integer, mapping, optional_mapping, text
from .filters import EVERY_DATASET, Selection, chosen_ids, find_datasets, selection_of_body, selection_of_query
from .paging import find_page, page_of, page_of_query
from .records import item_record
from .stages import status_of_stage, workflow_id

Answer = dict[str, Any]


def list_items(call: Call) -> Answer:
    """A page of items."""
    selection = selection_of_query(call)
    found = find_page(call, selection, page_of_query(call.query, selection.query.sort))
    return {"items": [item_record(*one) for one in found.items], "page": found.record()}


def search_items(call: Call) -> Answer:
    """A page of items that an advanced filter selects."""
    body = mapping(call.body)
    ids = body.get("dataset_ids")
    if ids is not None and ids != EVERY_DATASET and not isinstance(ids, list):
        raise InvalidInput("dataset_ids", "must be a list, or 'all'")
    wanted = [str(integer(one, "dataset_ids")) for one in ids] if isinstance(ids, list) else None
    page = optional_mapping(body, "page") or {}
    predicate = None if body.get("filter") is None else predicate_of(body["filter"])
    selection = Selection(find_datasets(call, wanted), ItemQuery(statuses=()))
    found = find_page(call, selection, page_of(page.get("size"), page.get("offset")), predicate)
    return {"items": [item_record(*one) for one in found.items], "page": found.record()}


def list_page_of_ids(call: Call) -> Answer:
    """Ids of a page of items."""
    selection = selection_of_query(call)
    found = find_page(call, selection, page_of_query(call.query, selection.query.sort))
    return {"item_ids": [item.id for _, item in found.items], "page": found.record()}


def list_ids(call: Call) -> Answer:
    """Ids of all items that match."""
    return {"item_ids": [item.id for _, item in selection_of_query(call).items(call)]}


def list_folders(call: Call) -> Answer:
    """Folders of datasets, and how many of their items match."""
    if not any(name in call.query for name in ("dataset_ids", "dataset_ids[]")):
        raise InvalidInput("dataset_ids", "must be given")
    selection = selection_of_query(call)
    everything = Selection(selection.datasets, ItemQuery(statuses=()))
    matching = Counter((dataset.id, item.path.value) for dataset, item in selection.items(call))
    present = Counter((dataset.id, item.path.value) for dataset, item in everything.items(call))
    return {
        "folders": [
            {
                "dataset_id": dataset_id,
                "path": path,
                "filtered_item_count": matching[dataset_id, path],
                "unfiltered_item_count": count,
            }
            for (dataset_id, path), count in sorted(present.items())
        ]
    }


def get_item(call: Call) -> Answer:
    """One item."""
    item_id = call.path["item_id"]
    dataset = call.hub.dataset_of(call.team, item_id)
    for item in call.hub.list_items(dataset, ItemQuery(statuses=(), ids=(item_id,))):
        return item_record(dataset, item)
    raise ItemNotFound("item", item_id)


# --- changes ------------------------------------------------------------------------------------------------------


def archive_items(call: Call) -> Answer:
    """Archive the items selected."""
    return _changed(call, selection_of_body(call), StatusChange.ARCHIVED)


def restore_items(call: Call) -> Answer:
    """Restore the archived items selected."""
    return _changed(call, selection_of_body(call), StatusChange.RESTORE_ARCHIVED)


def move_to_stage(call: Call) -> Answer:
    """Move the items selected to the first or the last stage of their dataset's workflow."""
    selection = selection_of_body(call)
    workflow, stage = text(call.body, "workflow_id").lower(), text(call.body, "stage_id")
    owners = [dataset for dataset in call.hub.list_datasets(call.team) if workflow_id(dataset) == workflow]
    if not owners:
        raise InvalidInput(f"workflow '{workflow}'", "is not one of the team's")
    status = status_of_stage(owners[0], stage)
    change = {ItemStatus.NEW: StatusChange.NEW, ItemStatus.COMPLETE: StatusChange.COMPLETE}.get(status)  # type: ignore[arg-type]
    if change is None:
        raise InvalidInput(f"stage '{stage}'", "is not one that items can be moved to", "Use 'dataset' or 'complete'")
    within = tuple(dataset for dataset in selection.datasets if dataset.id == owners[0].id)
    return _changed(call, attrs.evolve(selection, datasets=within), change)


def delete_items(call: Call) -> Answer:
    """Delete the items selected for good."""
    selection = selection_of_body(call)
    return _affected(call.hub.delete_items(dataset, ids) for dataset, ids in _chosen(call, selection))


def move_to_folder(call: Call) -> Answer:
    """Move the items selected to a folder."""
    selection = selection_of_body(call)
    return _updated(call, selection, ItemUpdate(path=RemotePath(text(call.body, "path"))))


def set_priority(call: Call) -> Answer:
    """Set the priority of the items selected."""
    selection = selection_of_body(call)
    return _updated(call, selection, ItemUpdate(priority=integer(call.body.get("priority"), "priority")))


def set_layout(call: Call) -> Answer:
    """Set the layout of the items selected."""
    selection = selection_of_body(call)
    return _updated(call, selection, ItemUpdate(layout=mapping(call.body.get("layout"), "layout")))


def _changed(call: Call, selection: Selection, change: StatusChange) -> Answer:
    return _affected(call.hub.change_status(dataset, ids, change) for dataset, ids in _chosen(call, selection))


def _updated(call: Call, selection: Selection, update: ItemUpdate) -> Answer:
    return _affected(call.hub.update_items(dataset, ids, update) for dataset, ids in _chosen(call, selection))


def _chosen(call: Call, selection: Selection) -> list[tuple[Dataset, Sequence[str]]]:
    # All are found before the first is changed, or a change of one could decide about another.
    return [(dataset, chosen_ids(call, selection, dataset)) for dataset in selection.datasets]


def _affected(counts: Any) -> Answer:
    return {"affected_item_count": sum(counts)}


_ITEMS = "v2/teams/{team}/items"

ROUTES = (
    Route("GET", _ITEMS, list_items, Permission.READ),
    Route("DELETE", _ITEMS, delete_items, Permission.MANAGE),
    Route("GET", f"{_ITEMS}/list_ids", list_page_of_ids, Permission.READ),
    Route("GET", f"{_ITEMS}/ids", list_ids, Permission.READ),
    Route("GET", f"{_ITEMS}/folders", list_folders, Permission.READ),
    Route("GET", f"{_ITEMS}/{{item_id}}", get_item, Permission.READ),
    Route("POST", f"{_ITEMS}/archive", archive_items, Permission.ANNOTATE),
    Route("POST", f"{_ITEMS}/restore", restore_items, Permission.ANNOTATE),
    Route("POST", f"{_ITEMS}/stage", move_to_stage, Permission.ANNOTATE),
    Route("POST", f"{_ITEMS}/path", move_to_folder, Permission.CONTRIBUTE),
    Route("POST", f"{_ITEMS}/priority", set_priority, Permission.CONTRIBUTE),
    Route("POST", f"{_ITEMS}/layout", set_layout, Permission.CONTRIBUTE),
    Route("POST", "unstable/teams/{team}/items/list", search_items, Permission.READ),
)
