"""`report annotators`."""

from __future__ import annotations

import csv
import sys
from argparse import Namespace
from collections.abc import Iterable
from datetime import datetime

from ....domain.errors import InvalidInput
from ....domain.report import REPORT_COLUMNS, Grouping, ReportQuery, ReportRow
from ..main import OK
from ..session import Session

TITLES = {"timestamp": "Date", "actor_id": "User Id", "actor_type": "User Type", "actor_email": "Email"} | {
    "actor_full_name": "Full Name"
}


def annotators(arguments: Namespace, session: Session) -> int:
    """Print what annotators did."""
    container = session.container()
    team = session.team
    names = [name.strip() for name in (arguments.datasets or "").split(",") if name.strip()]
    datasets = [container.hub().get_dataset(session.reference(name)) for name in names]
    query = ReportQuery(
        _moment(arguments.start, "--start"),
        _moment(arguments.stop, "--stop"),
        _groups(arguments.group_by),
        tuple(dataset.id for dataset in datasets),
    )
    rows = container.hub().annotator_report(datasets[0].team if datasets else team, query)
    if arguments.json:
        session.output.result(list(rows))
    elif arguments.pretty:
        titles = [TITLES.get(column, column.replace("_", " ").title()) for column in REPORT_COLUMNS]
        session.output.table(titles, ([row.get(column, "") for column in REPORT_COLUMNS] for row in rows))
    else:
        _write(rows)
    return OK


def _write(rows: Iterable[ReportRow]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(REPORT_COLUMNS)
    writer.writerows([row.get(column, "") for column in REPORT_COLUMNS] for row in rows)


def _moment(text: str, flag: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"{flag} {text!r}", "is not a time", "Write it as 2026-01-31T00:00:00+00:00") from None


def _groups(text: str) -> tuple[Grouping, ...]:
    try:
        return tuple(Grouping(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        known = ", ".join(Grouping)
        raise InvalidInput(f"--group-by {text!r}", "is not known", f"Choose from: {known}") from None
