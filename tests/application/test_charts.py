"""Charts: what is shown of leaderboards, results and predictions."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest

from groundtruth.application.charts import ChartKind, Shown, leaderboard_charts, prediction_charts, result_charts
from groundtruth.domain.artifact import ArtifactId, ArtifactMeta
from groundtruth.domain.columns import object_array
from groundtruth.domain.errors import InvalidInput, InvalidPredictions
from groundtruth.domain.leaderboard import Entry, Leaderboard, Ranking
from groundtruth.domain.results import BenchmarkResultsV1, Interval, Score
from groundtruth.ports.plots import BarChart, CurveChart, MatrixChart, ScatterChart
from support.tasks import benchmark

PREDICTED = {"near": [5, 6, 8], "far": [1, 9, 8]}
SCORES = (
    Score("near", "y", "r2", 0.5, Interval(0.4, 0.6), {"class:a": 0.25, "size:small": 0.75}),
    Score("far", "y", "r2", float("nan")),
)


def made(name: str, value: float) -> BenchmarkResultsV1:
    scores = [attrs.evolve(score, value=value) for score in SCORES[:1]]
    return BenchmarkResultsV1(scores=scores, benchmark=ArtifactId("some-team", "bench"), meta=ArtifactMeta(name=name))


def test_a_leaderboard_has_a_bar_per_place() -> None:
    entries = [Entry(results=made("worse", 0.1)), Entry(results=made("better", 0.9))]
    board = Leaderboard.of(entries, [Ranking("r2")], main_metric="r2")
    [chart] = leaderboard_charts(board)
    assert isinstance(chart, BarChart)
    assert [(bar.label, bar.value, bar.low) for bar in chart.bars] == [
        ("1. better", 0.9, 0.4),
        ("2. worse", 0.1, 0.4),
    ]
    with pytest.raises(InvalidInput, match="no result by 'mse'"):
        leaderboard_charts(board, Shown(metric="mse"))


def test_results_have_a_chart_per_metric_and_one_of_parts() -> None:
    scores, parts = result_charts(BenchmarkResultsV1(scores=SCORES))
    assert isinstance(scores, BarChart)
    assert isinstance(parts, BarChart)
    assert [bar.label for bar in scores.bars] == ["near / y", "far / y"]
    assert [bar.label for bar in parts.bars] == ["a", "small"]
    with pytest.raises(InvalidInput, match="no such score"):
        result_charts(BenchmarkResultsV1(scores=SCORES), Shown(target="q"))


def test_numbers_are_points_without_those_whose_truth_is_missing() -> None:
    charts = prediction_charts(benchmark(["r2"]), PREDICTED)
    assert [len(chart.truth) for chart in charts if isinstance(chart, ScatterChart)] == [2, 3]
    assert len(prediction_charts(benchmark(["r2"]), PREDICTED, shown=Shown(test_set="near"))) == 1


def test_classes_are_a_matrix() -> None:
    labels = {"near": [0, 1, 1], "far": [1, 1, 1]}
    near = prediction_charts(benchmark(["accuracy"], ["z"]), labels, shown=Shown(test_set="near"))
    [chart] = near
    assert isinstance(chart, MatrixChart)
    assert (chart.labels, chart.counts.tolist()) == (("0", "1"), [[1, 1], [0, 1]])
    text = {"near": object_array("abb"), "far": object_array("bba")}
    assert all(isinstance(one, MatrixChart) for one in prediction_charts(benchmark(["accuracy"], ["group"]), text))


@pytest.mark.parametrize("given", [[0.1, 0.8, 0.4], [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]])
def test_probabilities_are_curves(given: Any) -> None:
    task = benchmark(["roc_auc"], ["z"])
    charts = prediction_charts(task, y_prob={"near": given, "far": given}, shown=Shown(test_set="near"))
    assert [type(chart) for chart in charts] == [CurveChart, CurveChart]
    roc = charts[0]
    assert isinstance(roc, CurveChart)
    assert (roc.curves[0].x[-1], roc.curves[0].y[-1]) == (1, 1)
    only = prediction_charts(task, y_prob={"near": given, "far": given}, kinds=[ChartKind.PR])
    assert {chart.title.partition(":")[0] for chart in only} == {"Precision and recall"}


def test_what_cannot_be_shown_says_so() -> None:
    objects = {"near": object_array([np.zeros((1, 6))] * 3), "far": object_array([np.zeros((1, 6))] * 3)}
    with pytest.raises(InvalidPredictions, match="no numbers"):
        prediction_charts(benchmark(["r2"]), objects)
    with pytest.raises(InvalidInput, match="of a kind that no such chart shows"):
        prediction_charts(benchmark(["r2"]), PREDICTED, kinds=[ChartKind.ROC])
