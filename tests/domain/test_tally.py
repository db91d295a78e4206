from __future__ import annotations

from datetime import UTC, datetime

from groundtruth.domain.annotation import Annotation, Author
from groundtruth.domain.dataset import Dataset
from groundtruth.domain.item import ItemStatus
from groundtruth.domain.report import REPORT_COLUMNS, Grouping, ReportQuery
from groundtruth.domain.shapes import Tag
from groundtruth.domain.tally import Tally

ADA, BO = Author("Ada", "ada@example.org"), Author("Bo", "bo@example.org")
SETS = [Dataset(number, f"Set {number}", f"set-{number}", "team") for number in (1, 2)]


def tally(*groups: Grouping) -> Tally:
    return Tally(ReportQuery(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC), groups))


def by(*authors: Author) -> Annotation:
    return Annotation("car", Tag(), annotators=authors)


def test_rows_are_by_day_and_actor() -> None:
    report = tally(Grouping.ANNOTATORS)
    report.add(SETS[0], ItemStatus.NEW, "2026-01-03T00:00:00Z", [by(ADA)])
    report.add(SETS[0], ItemStatus.NEW, "2026-01-02T23:59:59Z", [by(BO), by(ADA, BO, ADA)])
    report.add(SETS[1], ItemStatus.NEW, "2026-01-02T00:00:00Z", [by(BO), by()])
    columns = ("timestamp", "actor_email", "total_annotations", "total_items_annotated", "dataset_id", "active_time")
    rows = list(report.rows())
    assert [tuple(row[column] for column in columns) for row in rows] == [
        ("2026-01-02T00:00:00Z", ADA.email, "1", "1", "", ""),
        ("2026-01-02T00:00:00Z", BO.email, "3", "2", "", ""),
        ("2026-01-03T00:00:00Z", ADA.email, "1", "1", "", ""),
    ]
    assert all(tuple(row) == REPORT_COLUMNS for row in rows)


def test_what_is_not_grouped_by_is_empty() -> None:
    report = tally(Grouping.DATASETS, Grouping.STAGES)
    for dataset, status in zip(SETS, (ItemStatus.COMPLETE, ItemStatus.ANNOTATE), strict=True):
        report.add(dataset, status, "2026-01-02T00:00:00Z", [by(ADA, BO), by(BO)])
    columns = (
        "dataset_id",
        "dataset_slug",
        "current_stage_name",
        "actor_full_name",
        "actor_type",
        "total_annotations",
    )
    assert [tuple(row[column] for column in columns) for row in report.rows()] == [
        ("1", "set-1", "complete", "", "", "2"),
        ("2", "set-2", "annotate", "", "", "2"),
    ]


def test_unsigned_annotations_do_not_count() -> None:
    report = tally(Grouping.STAGES)
    report.add(SETS[0], ItemStatus.NEW, "2026-01-02T00:00:00Z", [Annotation("car", Tag()), by()])
    assert list(report.rows()) == []
