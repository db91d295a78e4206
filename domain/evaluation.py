"""Evaluation: predictions in, results out (reference: Polaris, section 7.5).

The true values of a target and the keys of groups are read once for each test set, whatever the number of metrics.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from .array_dataset import ArrayDataset, apply_adapter
from .arrays import np
from .benchmark import Benchmark
from .columns import Columns, batch_rows, object_array
from .competition import Competition
from .errors import InvalidBenchmark, InvalidInput, InvalidPredictions, UndefinedScore
from .metrics.bootstrap import Resampling, confidence_interval
from .metrics.rows import RowScorer
from .metrics.scoring import Scoring
from .metrics.spec import MetricSpec
from .metrics.table import MetricInput, Takes
from .predictions import Predictions
from .provenance import NOTHING_KNOWN, Given, Provenance, Task, make_evidence
from .results import BenchmarkResultsV1, BenchmarkResultsV2, CompetitionResults, Interval, Score
from .submission import CompetitionPredictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "EvaluationOptions",
    "Judged",
    "evaluate",
    "evaluate_submission",
    "normal_forms",
    "score_all",
    "scorings",
]


@attrs.frozen(kw_only=True)
class EvaluationOptions:
    """What to compute besides the scores: parts (per class, per size, per group) and confidence intervals.

    `told` is called with each score when it is there, for progress.
    """

    parts: bool = False
    resampling: Resampling | None = None
    told: Callable[[Score], None] | None = attrs.field(default=None, eq=False, repr=False)


SCORES_ONLY = EvaluationOptions()


def evaluate(
    benchmark: Benchmark,
    y_pred: object = None,
    y_prob: object = None,
    *,
    scorers: Sequence[RowScorer] = (),
    options: EvaluationOptions = SCORES_ONLY,
    provenance: Provenance = NOTHING_KNOWN,
) -> BenchmarkResultsV1 | BenchmarkResultsV2:
    """Score predictions by every metric, for every target and test set.

    `y_pred` are values and class labels, `y_prob` probabilities and scores, in any shape that `Predictions.of` takes.

    Raises:
        InvalidPredictions: they are missing or do not fit; names test set, target and metric.
        UndefinedScore: a metric has no value on the true values of a test set.
        InvalidBenchmark: it has no metric.
        MissingExtra: a metric needs a library, and `scorers` has none that computes it.
    """
    given = normal_forms(benchmark, y_pred, y_prob)
    scores = score_all(benchmark, given, scorers, options)
    evidence = make_evidence(benchmark, given, provenance, options.resampling)
    kind = BenchmarkResultsV1 if benchmark.version == 1 else BenchmarkResultsV2
    return kind(benchmark=benchmark.artifact_id, scores=scores, evidence=evidence)


def evaluate_submission(
    competition: Competition,
    submission: CompetitionPredictions,
    scorers: Sequence[RowScorer] = (),
    *,
    options: EvaluationOptions = SCORES_ONLY,
    provenance: Provenance = NOTHING_KNOWN,
) -> CompetitionResults:
    """Score a submission where the labels are; each metric reads its predictions from the same arrays.

    The evidence names neither dataset nor benchmark by a checksum: where labels are few, it would tell them.

    Raises:
        As `evaluate`; InvalidBenchmark also where the competition has no id.
    """
    identity = competition.meta
    if identity.owner is None or identity.slug is None:
        raise InvalidBenchmark("competition", "has no owner or name yet", "Publish it first")
    predictions = competition.predictions(submission.predictions.values)
    given = dict.fromkeys({metric.definition.input for metric in competition.metrics}, predictions)
    return CompetitionResults(
        competition_name=identity.name or identity.slug,
        competition_owner=identity.owner,
        scores=score_all(competition, given, scorers, options),
        contributors=submission.contributors,
        code_url=submission.code_url,
        report_url=submission.report_url,
        model=submission.model,
        meta=submission.meta,
        evidence=make_evidence(competition, given, provenance, options.resampling),
    )


def normal_forms(task: Task, y_pred: object = None, y_prob: object = None) -> Given:
    """Bring what was given into normal form.

    Raises:
        InvalidPredictions: nothing was given, or it does not fit the task.
    """
    given = {MetricInput.PREDICTIONS: y_pred, MetricInput.PROBABILITIES: y_prob}
    if all(one is None for one in given.values()):
        raise InvalidPredictions("predictions", "are missing", "Give y_pred, y_prob or both")
    labels, sizes = task.test_set_labels, task.test_set_sizes
    forms: dict[MetricInput, Predictions] = {}
    for kind, one in given.items():
        if one is None:
            continue
        known = one.values if isinstance(one, Predictions) else one
        try:
            forms[kind] = Predictions.of(known, task.target_cols, labels, sizes)
        except InvalidPredictions as error:
            raise attrs.evolve(error, what=f"{kind}: {error.what}") from None
    return forms


def score_all(
    task: Task, given: Given, scorers: Sequence[RowScorer] = (), options: EvaluationOptions = SCORES_ONLY
) -> tuple[Score, ...]:
    """Score all metrics on all test sets (sorted) and targets; errors as `evaluate`."""
    return tuple(_score(one, metric, options) for one in scorings(task, given, scorers) for metric in task.metrics)


@attrs.frozen
class Judged:
    """The predictions of one target on one test set, ready to be scored."""

    test_set: str
    target: str
    scoring: Scoring
    arrays: Mapping[MetricInput, NDArray[Any]]


def scorings(task: Task, given: Given, scorers: Sequence[RowScorer] = ()) -> Iterator[Judged]:
    """Bring truth, predictions and groups together, test set by test set (sorted); errors as `evaluate`."""
    if not task.metrics:
        raise InvalidBenchmark("benchmark", "has no metric", "Its hub scores predictions, or give it metrics")
    _check_inputs(task, given)
    by_column = _group_columns(task)
    for label in task.test_set_labels:
        rows = task.test_rows(label)
        groups = {column: task.dataset.columns.read(column, rows) for column in by_column}
        for target in task.target_cols:
            arrays = {kind: predictions.array(label, target) for kind, predictions in given.items()}
            y_pred, y_prob = (arrays.get(kind) for kind in (MetricInput.PREDICTIONS, MetricInput.PROBABILITIES))
            scoring = Scoring(_truth(task, target, rows), y_pred, y_prob, groups, scorers)
            yield Judged(label, target, scoring, arrays)


def _check_inputs(task: Task, given: Given) -> None:
    for metric in task.metrics:
        kind = metric.definition.input
        if kind not in given:
            raise InvalidPredictions(f"metric '{metric.name}'", f"needs {kind}, which is not given", f"Give {kind}")


def _group_columns(task: Task) -> set[str]:
    """Columns that metrics group by.

    The reference has no groups where an input is a matrix (section 7.6); metrics of our own have.
    """
    grouped = [metric for metric in task.metrics if metric.config is not None]
    if any(not metric.definition.extension for metric in grouped):
        row = int(task.test_rows(task.test_set_labels[0])[0])
        for column in task.input_cols:
            if np.ndim(task.dataset.columns.row(column, row)):
                names = ", ".join(f"'{metric.name}'" for metric in grouped)
                reason = f"cannot be grouped: the input '{column}' has an array in each row"
                raise InvalidBenchmark(f"metrics {names}", reason, "Use metrics that are not grouped")
    return {metric.config.group_by for metric in grouped if metric.config is not None}


def _score(one: Judged, metric: MetricSpec, options: EvaluationOptions) -> Score:
    where = f"target '{one.target}' of test set '{one.test_set}'"
    try:
        value = one.scoring.score(metric)
        parts = one.scoring.details(metric) if options.parts else dict[str, float]()
        interval = None if options.resampling is None else _interval(one.scoring, metric, options.resampling)
    except UndefinedScore as error:
        what = f"metric '{metric.name}' for {where}"
        raise UndefinedScore(what, f"has no value: {error.message}", error.remedy) from error
    except InvalidInput as error:
        missing = _missing(one.arrays[metric.definition.input])
        reason = f"cannot be scored by '{metric.name}': {error.message}{missing}"
        raise InvalidPredictions(
            f"predictions for {where}", reason, error.remedy, one.test_set, one.target
        ) from error
    found = Score(one.test_set, one.target, metric.name, value, interval, parts)
    if options.told is not None:
        options.told(found)
    return found


def _missing(array: NDArray[Any]) -> str:
    """Say how many values are missing and where the first is; empty if none is."""
    if array.dtype.kind not in "fO" or not array.size:
        return ""
    if array.dtype.kind == "f":
        absent = np.isnan(array)
    else:
        values = array.ravel().tolist()
        absent = np.array([one is None or (isinstance(one, float) and one != one) for one in values], dtype=bool)
    places = np.flatnonzero(absent)
    if not places.size:
        return ""
    row = int(places[0]) // (array.size // len(array))
    return f" ({places.size} of {array.size} values are missing, the first in row {row})"


def _interval(scoring: Scoring, metric: MetricSpec, resampling: Resampling) -> Interval:
    found = confidence_interval(metric, scoring, resampling)
    return Interval(found.low, found.high, found.level)


# --- true values ----------------------------------------------------------------------------------------


def _truth(task: Task, target: str, rows: NDArray[np.intp]) -> Any:
    """Read true values in one go; label images, of which only counts are kept, in batches."""
    dataset: ArrayDataset = task.dataset
    adapter = dataset.default_adapters.get(target)
    if adapter is None and all(metric.definition.takes is Takes.IMAGES for metric in task.metrics):
        return _in_batches(dataset.columns, target, rows)
    values = dataset.columns.read(target, rows)
    if adapter is None:
        return values
    return object_array(apply_adapter(dataset.adapt, adapter, value) for value in values)


def _in_batches(columns: Columns, target: str, rows: NDArray[np.intp]) -> Iterator[Any]:
    step = batch_rows(columns, [target])
    for start in range(0, len(rows), step):
        yield from columns.read(target, rows[start : start + step])
