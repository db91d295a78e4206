"""Reports on annotators' work (reference: section 4.8)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC
from typing import Any

import msgspec

from ...domain.errors import Conflict, IntegrityError, Unavailable
from ...domain.report import ReportQuery, ReportRow
from ...ports.clock import Clock
from .api import Api, segment

METRICS = (
    "active_time",
    "total_annotations",
    "total_items_annotated",
    "time_per_item",
    "time_per_annotation",
    "review_pass_rate",
)
FIRST_WAIT = 1.0
MAX_WAIT = 300.0
PATIENCE = 2 * 3600.0
"""Seconds after which a report is given up."""
MAX_REPORT = 256 * 1024 * 1024
"""Bytes of a report."""


class _Dataset(msgspec.Struct):
    id: int


class _Job(msgspec.Struct):
    id: str | int
    status: str
    url: str | None = None


class DarwinReports:
    """Implements `ports.reports.ReportDesk`. Waits on `clock`."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._clock = clock

    def annotator_report(self, team: str, query: ReportQuery) -> Iterator[ReportRow]:
        """Rows of the report, once the hub has made it."""
        url = self._finished(team, query)
        if url is None:
            return
        data = self._api.fetch(url, MAX_REPORT)
        try:
            rows = csv.reader(io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline=""), strict=True)
            columns = next(rows, None)
            for row in rows:
                if columns and row:
                    yield dict(zip(columns, row + [""] * (len(columns) - len(row)), strict=False))
        except (csv.Error, UnicodeDecodeError) as error:
            raise IntegrityError(f"the report of {self._api.name}", f"is no CSV ({error})") from error

    def _finished(self, team: str, query: ReportQuery) -> str | None:
        """Have the report made; return where it is."""
        path = f"v3/teams/{segment(team)}/reports/jobs"
        # What no dataset at all would mean is nowhere said, so all are named.
        ids = query.dataset_ids or [one.id for one in self._api.get_as(list[_Dataset], team, "datasets")]
        if not ids:
            return None
        # Made twice, a report is only made in vain.
        job = self._api.post_as(_Job, team, path, _body(query, ids), repeatable=True)
        wait, waited = FIRST_WAIT, 0.0
        while job.status != "finished":
            if job.status == "failed":
                raise Conflict("the report", f"could not be made by {self._api.name}", "Ask for a shorter period")
            if waited >= PATIENCE:
                raise Unavailable("the report", f"is not ready after {PATIENCE / 3600:.0f} hours")
            self._clock.sleep(wait)
            waited += wait
            wait = min(wait * 2, MAX_WAIT)
            job = self._api.get_as(_Job, team, f"{path}/{segment(str(job.id))}")
        return job.url


def _body(query: ReportQuery, ids: Sequence[int]) -> dict[str, Any]:
    return {
        "type": "annotator",
        "format": "csv",
        "dataset_ids": ids,
        "start": query.start.astimezone(UTC).isoformat(),
        "stop": query.stop.astimezone(UTC).isoformat(),
        "group_by": [group.value for group in query.group_by],
        "metrics": METRICS,
    }
