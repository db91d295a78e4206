"""Charts of leaderboards, of results, and of predictions against the truth."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, cast

import attrs

from ..domain.array_dataset import apply_adapter
from ..domain.arrays import np
from ..domain.benchmark import Benchmark
from ..domain.columns import object_array
from ..domain.errors import InvalidInput, InvalidPredictions
from ..domain.evaluation import normal_forms
from ..domain.leaderboard import Leaderboard
from ..domain.metrics.curves import confusion, precision_recall_points, roc_points
from ..domain.metrics.rows import true_values
from ..domain.metrics.table import MetricInput, Takes
from ..domain.results import AnyResults, Score
from ..domain.target_types import TargetType
from ..ports.plots import Bar, BarChart, Chart, Curve, CurveChart, MatrixChart, ScatterChart

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ChartKind", "Shown", "leaderboard_charts", "prediction_charts", "result_charts"]

MOST_CURVES = 12
MOST_CLASSES = 200


class ChartKind(enum.StrEnum):
    """What predictions can be shown as."""

    SCATTER = "predicted-vs-true"
    CONFUSION = "confusion"
    ROC = "roc"
    PR = "pr"


@attrs.frozen(kw_only=True)
class Shown:
    """What of results is shown; None: all of it."""

    metric: str | None = None
    test_set: str | None = None
    target: str | None = None

    def has(self, score: Score) -> bool:
        """True if the score is shown."""
        asked = ((self.test_set, score.test_set), (self.target, score.target), (self.metric, score.metric))
        return all(want is None or want == have for want, have in asked)


EVERYTHING = Shown()


def leaderboard_charts(leaderboard: Leaderboard, shown: Shown = EVERYTHING) -> list[Chart]:
    """A chart of bars per board, those of the main metric unless another is asked for.

    Raises:
        InvalidInput: there is no such board.
    """
    metric = shown.metric or leaderboard.main_metric
    wanted = attrs.evolve(shown, metric=metric)
    boards = [one for one in leaderboard.boards if one.places and wanted.has(one.places[0].score)]
    if not boards:
        raise InvalidInput(f"leaderboard of {leaderboard.subject}", f"has no result by '{metric}'", "Publish some")
    return [
        BarChart(
            f"{leaderboard.subject}: {one.test_set} / {one.target}",
            f"{one.ranking.metric} (best: {one.ranking.direction})",
            (_bar(f"{place.rank}. {_named(place.entry.results)}", place.score) for place in one.places),
        )
        for one in boards
    ]


def _named(results: AnyResults) -> str:
    return str(results.model or results.meta.name or results.meta.artifact_id or "unnamed")


def _bar(label: str, score: Score) -> Bar:
    interval = score.interval
    return Bar(label, score.value) if interval is None else Bar(label, score.value, interval.low, interval.high)


def result_charts(results: AnyResults, shown: Shown = EVERYTHING) -> list[Chart]:
    """A chart per metric of its scores, and one of the parts (classes, sizes, groups) of each score that has any.

    Raises:
        InvalidInput: the results have no such score.
    """
    scores = [score for score in results.scores if shown.has(score)]
    if not scores:
        raise InvalidInput("results", "have no such score", "Ask for another metric, test set or target")
    metrics = dict.fromkeys(score.metric for score in scores)
    charts: list[Chart] = [
        BarChart(
            metric, metric,
            (_bar(f"{score.test_set} / {score.target}", score) for score in scores if score.metric == metric),
        )
        for metric in metrics
    ]  # fmt: skip
    charts += [
        BarChart(f"{score.metric}: {score.test_set} / {score.target}", score.metric, _parts(score))
        for score in scores
        if score.parts
    ]
    return charts


def _parts(score: Score) -> Iterable[Bar]:
    return (Bar(name.partition(":")[2] or name, value) for name, value in score.parts.items())


# --- predictions ----------------------------------------------------------------------------------------


def prediction_charts(
    benchmark: Benchmark,
    y_pred: object = None,
    y_prob: object = None,
    shown: Shown = EVERYTHING,
    kinds: Iterable[ChartKind] | None = None,
) -> list[Chart]:
    """Charts that fit the task, per test set and target: numbers as points, classes as a confusion matrix,
    probabilities as curves. `kinds` says which ones instead.

    Raises:
        InvalidPredictions: they do not fit the benchmark.
        InvalidInput: there is nothing of them that can be shown.
    """
    asked = None if kinds is None else frozenset(kinds)
    charts: list[Chart] = []
    given = normal_forms(benchmark, y_pred, y_prob)
    for test, target, truth, present in _truths(benchmark, shown):
        title = f"{test} / {target}"
        arrays = {kind: forms.array(test, target)[present] for kind, forms in given.items()}
        if MetricInput.PREDICTIONS in arrays:
            charts += _of_predictions(benchmark, target, title, truth, arrays[MetricInput.PREDICTIONS], asked)
        if MetricInput.PROBABILITIES in arrays:
            charts += _of_probabilities(title, truth, arrays[MetricInput.PROBABILITIES], asked)
    if not charts:
        raise InvalidInput("predictions", "are of a kind that no such chart shows", "Plot results with parts instead")
    return charts


def _truths(benchmark: Benchmark, shown: Shown) -> Iterator[tuple[str, str, NDArray[Any], NDArray[np.bool_]]]:
    """True values that are there, and which these are, of each test set and target of plain values."""
    dataset = benchmark.dataset
    for test in benchmark.test_set_labels:
        for target in benchmark.target_cols:
            if not shown.has(Score(test, target, shown.metric or "", math.nan)):
                continue
            values = dataset.columns.read(target, benchmark.test_rows(test))
            adapter = dataset.default_adapters.get(target)
            if adapter is not None:
                values = object_array(apply_adapter(dataset.adapt, adapter, value) for value in values)
            truth, present = true_values(values)
            if truth.ndim != 1 or (truth.dtype == object and not all(isinstance(one, str) for one in truth)):
                continue
            mask = np.ones(len(truth), dtype=bool) if present is None else present
            yield test, target, truth[mask], mask


def _of_predictions(
    benchmark: Benchmark,
    target: str,
    title: str,
    truth: NDArray[Any],
    predicted: NDArray[Any],
    asked: frozenset[ChartKind] | None,
) -> Iterator[Chart]:
    if predicted.ndim != 1:
        return
    if asked is None:
        kinds = {ChartKind.CONFUSION if _has_classes(benchmark, target, truth) else ChartKind.SCATTER}
    else:
        kinds = asked & {ChartKind.SCATTER, ChartKind.CONFUSION}
    if ChartKind.SCATTER in kinds:
        if truth.dtype.kind not in "biuf" or predicted.dtype.kind not in "biuf":
            raise InvalidPredictions(f"predictions for {title}", "are no numbers, which points would show")
        yield ScatterChart(title, truth, predicted)
    if ChartKind.CONFUSION in kinds:
        names, counts = confusion(truth, predicted)
        if len(names) > MOST_CLASSES:
            raise InvalidInput(f"confusion of {title}", f"has {len(names)} classes, more than {MOST_CLASSES}")
        yield MatrixChart(title, map(_class_name, names), counts)


def _has_classes(benchmark: Benchmark, target: str, truth: NDArray[Any]) -> bool:
    """Tell whether values are classes: by the metrics they are judged by, else by the type of the target."""
    if truth.dtype.kind in "OUb":
        return True
    takes = {one.definition.takes for one in benchmark.metrics if one.definition.input is MetricInput.PREDICTIONS}
    if takes & {Takes.COUNTS, Takes.ARRAYS}:
        return Takes.COUNTS in takes
    return benchmark.target_types.get(target) is TargetType.CLASSIFICATION


def _class_name(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _of_probabilities(
    title: str, truth: NDArray[Any], given: NDArray[Any], asked: frozenset[ChartKind] | None
) -> Iterator[Chart]:
    kinds = frozenset({ChartKind.ROC, ChartKind.PR}) if asked is None else asked
    parts = list(_binary(truth, given))
    if not parts:
        return
    if ChartKind.ROC in kinds:
        curves = [Curve(label, *roc_points(*part)) for label, *part in parts if 0 < part[0].sum() < part[0].size]
        yield CurveChart(f"ROC: {title}", "false positive rate", "true positive rate", curves, diagonal=True)
    if ChartKind.PR in kinds:
        curves = [Curve(label, *precision_recall_points(*part)) for label, *part in parts if part[0].any()]
        yield CurveChart(f"Precision and recall: {title}", "recall", "precision", curves)


def _binary(truth: NDArray[Any], given: NDArray[Any]) -> Iterator[tuple[str, NDArray[np.bool_], NDArray[Any]]]:
    """One class against the others: the greater of two by one score, or each of several by its column."""
    if given.dtype.kind not in "biuf":
        return
    classes = cast("list[Any]", np.unique(truth).tolist())
    if given.ndim == 1 or given.shape[1] == 2:
        score = given if given.ndim == 1 else given[:, 1]
        if len(classes) == 2:
            yield _class_name(classes[1]), truth == classes[1], score
        return
    # Columns are classes in their order: those that occur, or whole numbers from 0.
    names: list[Any] = classes if len(classes) == given.shape[1] else list(range(given.shape[1]))
    for column, name in enumerate(names[:MOST_CURVES]):
        yield _class_name(name), truth == name, given[:, column]
