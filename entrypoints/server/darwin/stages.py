"""The one workflow that every dataset has here: its stages are the statuses that an item goes through."""

from __future__ import annotations

import uuid

from ....domain.dataset import Dataset
from ....domain.item import ItemStatus

STAGES: dict[ItemStatus, str] = {
    ItemStatus.NEW: "dataset",
    ItemStatus.ANNOTATE: "annotate",
    ItemStatus.REVIEW: "review",
    ItemStatus.COMPLETE: "complete",
}
"""Type of the stage that items of a status are in. Items of any other status are in none."""

_SPACE = uuid.UUID("5b0e5d1c-2f6a-5d35-9a35-6f2b8a8f7f10")


def workflow_id(dataset: Dataset) -> str:
    """Id of the dataset's workflow: always the same, and that of no other dataset."""
    return str(_workflow(dataset))


def stage_id(dataset: Dataset, status: ItemStatus) -> str:
    """Id of the stage that items of this status are in."""
    return str(uuid.uuid5(_workflow(dataset), STAGES[status]))


def status_of_stage(dataset: Dataset, stage: str) -> ItemStatus | None:
    """The status that a stage of the dataset's workflow stands for; None: it is not one of it."""
    return next((status for status in STAGES if stage_id(dataset, status) == stage.lower()), None)


def derived(*parts: object) -> str:
    """An id for something that has none of its own: always the same for the same parts."""
    return str(uuid.uuid5(_SPACE, "\0".join(map(str, parts))))


def _workflow(dataset: Dataset) -> uuid.UUID:
    return uuid.uuid5(_SPACE, f"workflow\0{dataset.team}\0{dataset.id}")
