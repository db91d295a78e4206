"""Notebook tables: escaped, bounded, and made of nothing that would have to be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
import pytest

from groundtruth.domain.artifact import ArtifactMeta
from groundtruth.domain.columns import ArrayColumns
from groundtruth.domain.leaderboard import Entry, Leaderboard, Ranking
from groundtruth.domain.model import Model
from groundtruth.domain.notebook import MOST_ROWS, html_facts, html_table
from groundtruth.domain.results import BenchmarkResultsV1, Interval, Score
from support.tasks import COLUMNS, benchmark, competition, table

EVIL = "<script>alert(1)</script>"


@attrs.frozen(eq=False)
class Unreadable:
    """Columns whose values nobody may ask for."""

    inner: ArrayColumns

    def __getattr__(self, name: str) -> Any:
        if name in {"read", "row", "stored"}:
            raise AssertionError(f"a repr used {name}")
        return getattr(self.inner, name)


def shown() -> Iterator[Any]:
    columns = Unreadable(ArrayColumns({name: np.asarray(values) for name, values in COLUMNS.items()}))
    dataset = table(columns)  # type: ignore[arg-type]
    yield dataset
    yield benchmark(dataset=dataset)
    yield competition(dataset=attrs.evolve(dataset, version=2))
    yield Model(meta=ArtifactMeta(name="forest", description=EVIL))
    score = Score("test", EVIL, "r2", 0.5, Interval(0.4, 0.6))
    results = BenchmarkResultsV1(scores=[score], meta=ArtifactMeta(name="linear"))
    yield results
    board = Leaderboard.of([Entry(results=results)], [Ranking("r2")], main_metric="r2")
    yield board
    yield board.boards[0]
    yield Leaderboard(subject=None, main_metric=None, boards=())


@pytest.mark.parametrize("value", list(shown()), ids=lambda value: type(value).__name__)
def test_a_repr_reads_nothing_and_escapes(value: Any) -> None:
    html = value._repr_html_()
    assert html.startswith("<table>")
    assert html.endswith("</table>")
    assert "<script" not in html
    assert repr(value)


def test_a_table_is_bounded() -> None:
    html = html_table("Many", ("A",), ([number] for number in range(MOST_ROWS + 7)))
    assert html.count("<tr>") == MOST_ROWS + 2
    assert "and 7 more" in html


def test_what_is_not_known_is_left_out() -> None:
    assert html_facts("A & B", [("x", None), ("y", ""), ("z", 0.123456789)]) == (
        "<table><caption>A &amp; B</caption><tbody><tr><td>z</td><td>0.123457</td></tr></tbody></table>"
    )
