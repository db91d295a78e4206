"""Workflows (E23): one for each dataset, made up, so that items can be moved to its first and last stage."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ....domain.access import Permission
from ....domain.dataset import Dataset
from ....domain.errors import NotFound
from ..call import Call, Route
from .records import number_of
from .stages import STAGES, derived, stage_id, workflow_id

MADE = "2026-01-01T00:00:00Z"
"""When every workflow was made, as far as clients are concerned."""


def list_workflows(call: Call) -> list[dict[str, Any]]:
    """Workflows of the team's datasets."""
    return [_workflow(dataset) for dataset in call.hub.list_datasets(call.team)]


def get_workflow(call: Call) -> dict[str, Any]:
    """One workflow."""
    wanted = call.path["workflow_id"].lower()
    for dataset in call.hub.list_datasets(call.team):
        if workflow_id(dataset) == wanted:
            return _workflow(dataset)
    raise NotFound("workflow", wanted)


def _workflow(dataset: Dataset) -> dict[str, Any]:
    return {
        "id": workflow_id(dataset),
        "name": dataset.name,
        "team_id": number_of(dataset.team),
        "inserted_at": MADE,
        "updated_at": MADE,
        "dataset": {"id": dataset.id, "name": dataset.name, "instructions": ""},
        "progress": {"idle": 0, "in_progress": 0, "complete": dataset.item_count, "total": dataset.item_count},
        "stages": _stages(dataset),
        "thumbnails": [],
    }


def _stages(dataset: Dataset) -> list[dict[str, Any]]:
    ids = [stage_id(dataset, status) for status in STAGES]
    following = dict(pairwise(ids))
    return [
        {
            "id": one,
            "name": kind.capitalize(),
            "type": kind,
            "config": {},
            "assignable_users": [],
            "edges": [_edge(one, following[one])] if one in following else [],
        }
        for one, kind in zip(ids, STAGES.values(), strict=True)
    ]


def _edge(source: str, target: str) -> dict[str, str]:
    return {
        "id": derived("edge", source, target),
        "name": "default",
        "source_stage_id": source,
        "target_stage_id": target,
    }


ROUTES = (
    Route("GET", "v2/teams/{team}/workflows", list_workflows, Permission.READ),
    Route("GET", "v2/teams/{team}/workflows/{workflow_id}", get_workflow, Permission.READ),
)
