"""Contract of `ports.reports.ReportDesk`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from ..domain.annotation import Author
from ..domain.dataset import Dataset
from ..domain.item import Item, StatusChange
from ..domain.report import REPORT_COLUMNS, Grouping, ReportQuery, ReportRow
from ..ports.annotations import ImportMode
from ..ports.hub import AnnotationHub
from .scenario import HubContract, Workbench, car

ADA = Author('Ada "the first", Countess', "ada@example.org")
BO = Author("Bo ☀️", "bo@example.org")
DAY = timedelta(days=1)


def counts(rows: Sequence[ReportRow], *columns: str) -> dict[tuple[str, ...], tuple[str, str]]:
    """Annotations and items of each row, by the values of some columns; of several days together."""
    found: dict[tuple[str, ...], tuple[str, str]] = {}
    for row in rows:
        key = tuple(row[column] for column in columns)
        annotations, items = found.get(key, ("0", "0"))
        found[key] = (
            str(int(annotations) + int(row["total_annotations"])),
            str(int(items) + int(row["total_items_annotated"])),
        )
    return found


class ReportDeskContract(HubContract):
    """What every desk of reports does."""

    @pytest.fixture
    def annotated(self, hub: AnnotationHub, dataset: Dataset, second: Dataset, bench: Workbench) -> list[Item]:
        """Two items of one dataset and one of another, with signed annotations, and one with unsigned ones."""
        one, two, unsigned = bench.push(dataset, "/1.png", "/2.png", "/unsigned.png")
        (other,) = bench.push(second, "/other.png")
        of_ada, of_both = attrs.evolve(car(), annotators=(ADA,)), attrs.evolve(car(), annotators=(ADA, BO))
        for where, item, given in (
            (dataset, one, [of_ada, of_ada, of_both, car()]),
            (dataset, two, [of_ada]),
            (dataset, unsigned, [car(), car()]),
            (second, other, [attrs.evolve(car(), annotators=(BO,), reviewers=(ADA,))]),
        ):
            hub.import_annotations(where, item.id, given, [], ImportMode.OVERWRITE)
        hub.change_status(dataset, [two.id], StatusChange.COMPLETE)
        return [bench.listed(dataset)["/1.png"], bench.listed(dataset)["/2.png"]]

    def report(
        self, hub: AnnotationHub, items: Sequence[Item], *groups: Grouping, datasets: tuple[int, ...] = ()
    ) -> list[ReportRow]:
        """A report of the days around the last changes of items."""
        moments = [datetime.fromisoformat(item.updated_at) for item in items]
        query = ReportQuery(min(moments) - DAY, max(moments) + DAY, groups, datasets)
        return list(hub.annotator_report(self.team, query))

    def test_report_of_nothing_has_no_rows(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        (item,) = bench.push(dataset, "/a.png")
        hub.import_annotations(dataset, item.id, [car()], [], ImportMode.OVERWRITE)
        assert self.report(hub, bench.push(dataset, "/b.png"), Grouping.ANNOTATORS) == []

    def test_report_by_annotators(self, hub: AnnotationHub, annotated: list[Item]) -> None:
        rows = self.report(hub, annotated, Grouping.ANNOTATORS)
        assert counts(rows, "actor_email", "actor_full_name", "dataset_id", "current_stage_name") == {
            (ADA.email, ADA.full_name, "", ""): ("4", "2"),
            (BO.email, BO.full_name, "", ""): ("2", "2"),
        }
        assert all(set(REPORT_COLUMNS) <= set(row) for row in rows)
        assert [row["actor_email"] for row in rows] == sorted(row["actor_email"] for row in rows)
        for row in rows:
            assert datetime.fromisoformat(row["timestamp"]).date().isoformat() == row["timestamp"][:10]

    def test_report_by_datasets(
        self, hub: AnnotationHub, dataset: Dataset, second: Dataset, annotated: list[Item]
    ) -> None:
        columns = ("dataset_id", "dataset_name", "dataset_slug", "actor_email")
        rows = self.report(hub, annotated, Grouping.DATASETS)
        first, other = ((str(one.id), one.name, one.slug) for one in (dataset, second))
        assert counts(rows, *columns) == {(*first, ""): ("4", "2"), (*other, ""): ("1", "1")}
        both = self.report(hub, annotated, Grouping.DATASETS, Grouping.ANNOTATORS)
        assert counts(both, *columns) == {
            (*first, ADA.email): ("4", "2"),
            (*first, BO.email): ("1", "1"),
            (*other, BO.email): ("1", "1"),
        }

    def test_report_by_stages(self, hub: AnnotationHub, annotated: list[Item]) -> None:
        rows = self.report(hub, annotated, Grouping.STAGES)
        assert counts(rows, "current_stage_name") == {("annotate",): ("4", "2"), ("complete",): ("1", "1")}

    def test_report_of_some_datasets(self, hub: AnnotationHub, second: Dataset, annotated: list[Item]) -> None:
        rows = self.report(hub, annotated, Grouping.ANNOTATORS, datasets=(second.id,))
        assert counts(rows, "actor_email") == {(BO.email,): ("1", "1")}

    def test_report_covers_its_time(self, hub: AnnotationHub, annotated: list[Item]) -> None:
        moments = [datetime.fromisoformat(item.updated_at) for item in annotated]

        def rows(start: datetime, stop: datetime) -> int:
            return len(list(hub.annotator_report(self.team, ReportQuery(start, stop, (Grouping.ANNOTATORS,)))))

        second = timedelta(seconds=1)
        assert rows(min(moments) - DAY, min(moments) - 60 * second) == 0
        assert rows(max(moments) + 60 * second, max(moments) + DAY) == 0
        assert rows(min(moments), max(moments)) > 0
        assert rows(datetime(1970, 1, 1, tzinfo=UTC), datetime(1971, 1, 1, tzinfo=UTC)) == 0

    def test_report_of_another_team(self, hub: AnnotationHub, annotated: list[Item]) -> None:
        if self.other_team is None:
            pytest.skip("the hub is bound to one team")
        moment = datetime.fromisoformat(annotated[0].updated_at)
        query = ReportQuery(moment - DAY, moment + DAY, (Grouping.ANNOTATORS,))
        assert list(hub.annotator_report(self.other_team, query)) == []
