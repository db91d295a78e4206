"""Annotator reports (E37 to E39): a job's id holds what was asked, and its rows are made when they are fetched."""

from __future__ import annotations

import base64
import binascii
import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain
from typing import Any

import msgspec

from ....domain.access import Permission
from ....domain.errors import InvalidInput, NotFound
from ....domain.report import REPORT_COLUMNS, Grouping, ReportQuery, ReportRow
from ..call import Call, Route
from ..replies import Reply, Stream
from .fields import integer, listed, mapping, text
from .filters import find_datasets
from .records import number_of

_CSV = ((b"content-type", b"text/csv; charset=utf-8"),)


def create_job(call: Call) -> dict[str, Any]:
    """Begin a report: it is finished at once."""
    body = mapping(call.body)
    for name, only in (("type", "annotator"), ("format", "csv")):
        if body.get(name, only) != only:
            raise InvalidInput(name, f"must be '{only}'")
    query = _query(body)
    find_datasets(call, [str(one) for one in query.dataset_ids])
    return _job(call, _id_of(query))


def get_job(call: Call) -> dict[str, Any]:
    """The state of a report."""
    _query_of(call)
    return _job(call, call.path["job_id"])


def get_rows(call: Call) -> Reply | Stream:
    """The report as CSV; nothing at all when it has no rows."""
    query = _query_of(call)
    find_datasets(call, [str(one) for one in query.dataset_ids])
    rows = iter(call.hub.annotator_report(call.team, query))
    first = next(rows, None)
    if first is None:
        return Reply(200, b"", _CSV)
    columns = [*REPORT_COLUMNS, *(name for name in first if name not in REPORT_COLUMNS)]
    lines = _lines(columns, chain([first], rows))
    return Stream(lines, lines.close, None, 200, _CSV)


def _lines(columns: list[str], rows: Iterable[ReportRow]) -> Any:
    def lines() -> Iterator[bytes]:
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, columns, restval="", extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow(row)
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()

    return lines()


# --- jobs -------------------------------------------------------------------------------------------------------


def _job(call: Call, job_id: str) -> dict[str, Any]:
    return {
        "id": job_id,
        "status": "finished",
        "format": "csv",
        "type": "annotator",
        "team_id": number_of(call.team),
        "url": f"{call.links.base}/api/v3/teams/{call.team}/reports/jobs/{job_id}/csv",
    }


def _id_of(query: ReportQuery) -> str:
    data = {
        "start": query.start.isoformat(),
        "stop": query.stop.isoformat(),
        "group_by": [one.value for one in query.group_by],
        "dataset_ids": list(query.dataset_ids),
    }
    return base64.urlsafe_b64encode(msgspec.json.encode(data)).rstrip(b"=").decode()


def _query_of(call: Call) -> ReportQuery:
    job_id = call.path["job_id"]
    try:
        data = base64.urlsafe_b64decode(job_id.encode() + b"=" * (-len(job_id) % 4))
        return _query(mapping(msgspec.json.decode(data)))
    except (binascii.Error, ValueError, RecursionError) as error:  # InvalidInput is a ValueError
        raise NotFound("report job", job_id) from error


def _query(body: Mapping[str, Any]) -> ReportQuery:
    ids = body.get("dataset_ids") or []
    if not isinstance(ids, list):
        raise InvalidInput("dataset_ids", "must be a list")
    return ReportQuery(
        _moment(body, "start"),
        _moment(body, "stop"),
        tuple(map(_grouping, listed(body, "group_by"))),
        tuple(integer(one, "dataset_ids") for one in ids),
    )


def _moment(body: Mapping[str, Any], name: str) -> datetime:
    try:
        return datetime.fromisoformat(text(body, name))
    except InvalidInput:
        raise
    except ValueError as error:
        raise InvalidInput(name, "is not a date", "For example 2026-01-31T00:00:00+00:00") from error


def _grouping(value: Any) -> Grouping:
    try:
        return Grouping(value)
    except ValueError as error:
        raise InvalidInput(f"grouping '{value}'", "is unknown", f"Groupings are: {', '.join(Grouping)}") from error


_JOBS = "v3/teams/{team}/reports/jobs"

ROUTES = (
    Route("POST", _JOBS, create_job, Permission.READ),
    Route("GET", f"{_JOBS}/{{job_id}}", get_job, Permission.READ),
    Route("GET", f"{_JOBS}/{{job_id}}/csv", get_rows, Permission.READ),
)
