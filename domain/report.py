"""Reports on annotators' work (reference: V7 Darwin, section 4.8)."""

from __future__ import annotations

import enum
from datetime import datetime

import attrs

from .errors import InvalidInput


class Grouping(enum.StrEnum):
    """What a report has one row for; several combine."""

    ANNOTATORS = "annotators"
    DATASETS = "datasets"
    STAGES = "stages"


@attrs.frozen
class ReportQuery:
    """What to report: which datasets (ids; empty: all of the team), from when until when, and grouped by what."""

    start: datetime
    stop: datetime
    group_by: tuple[Grouping, ...]
    dataset_ids: tuple[int, ...] = ()

    def __attrs_post_init__(self) -> None:
        if self.start.tzinfo is None or self.stop.tzinfo is None:
            raise InvalidInput(
                "start and stop of a report", "need a time zone", "For example 2026-01-31T00:00:00+00:00"
            )
        if self.stop < self.start:
            raise InvalidInput("a report", "stops before it starts", "Swap start and stop")
        if not self.group_by:
            raise InvalidInput("a report", "needs a grouping", "Group by annotators, datasets or stages")


REPORT_COLUMNS = (
    "timestamp", "dataset_id", "dataset_name", "dataset_slug", "workflow_id", "workflow_name", "current_stage_id",
    "current_stage_name", "actor_id", "actor_type", "actor_email", "actor_full_name", "active_time",
    "total_annotations", "review_pass_rate", "total_items_annotated", "time_per_annotation", "time_per_item",
)  # fmt: skip
"""Columns of a report, in the hub's order."""

ReportRow = dict[str, str]
"""A row of a report: text by column, empty where the hub does not know; columns not in REPORT_COLUMNS are kept."""
