"""Scoring: true values and predictions of a test set, judged by any number of metrics."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from ..arrays import np
from ..errors import InvalidInput, InvalidPredictions, MissingExtra
from .grouped import aggregate, group_rows, group_scores
from .rows import (
    ArrayRows,
    CountedRows,
    ImageRows,
    PresentRows,
    RowScorer,
    ScoredRows,
    as_rows,
    same_length,
    true_values,
)
from .segmentation import count_pixels
from .spec import MetricSpec
from .table import METRICS, MetricDefinition, MetricInput, Takes

if TYPE_CHECKING:
    from numpy.typing import NDArray

EXTRAS = {"detection": "detection", "mask": "detection", "rmsd": "chem"}
"""Which extra brings the scorer of a metric, by the first word of its label."""


class Scoring:
    """One test set and target: what is true, what was predicted. Work that metrics share is done once.

    `y_true`, `y_pred`, `y_prob`: one row per test row, as arrays or sequences (label images may be any iterable
    that is read once: pass it to one metric only). Rows whose truth is missing (NaN, None) are left out.
    `groups`: key of each row, by column; `scorers`: who computes the metrics that need a library;
    `nan_is_error`: whether a group whose score is NaN counts as one that cannot be scored.
    """

    def __init__(
        self,
        y_true: Any,
        y_pred: Any = None,
        y_prob: Any = None,
        groups: Mapping[str, Any] | None = None,
        scorers: Sequence[RowScorer] = (),
        nan_is_error: bool = False,
    ) -> None:
        self._truth = y_true
        self._given = {MetricInput.PREDICTIONS: y_pred, MetricInput.PROBABILITIES: y_prob}
        self._groups = groups or {}
        self._scorers = tuple(scorers)
        self._nan_is_error = nan_is_error
        self._prepared: dict[Any, ScoredRows] = {}

    @functools.cached_property
    def _true_values(self) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
        return true_values(self._truth)

    def judged_rows(self, metric: MetricSpec | str | Mapping[str, Any]) -> NDArray[np.intp]:
        """Positions of the rows (images) that the metric judges: those whose truth is there."""
        rows = self._rows(MetricSpec.parse(metric))
        if isinstance(rows, ImageRows):
            return np.arange(rows.pixels.n_images)
        present = self._true_values[1]
        return np.arange(len(self._truth)) if present is None else np.flatnonzero(present)

    def score(self, metric: MetricSpec | str | Mapping[str, Any]) -> float:
        """Score of all rows; NaN where the metric is defined to have none.

        Raises:
            InvalidInput: the metric has no value on these rows (UndefinedScore), groups are missing.
            InvalidPredictions: predictions are missing, of another length, type or shape.
            MissingExtra: no scorer computes this metric.
        """
        return self.scorer(metric)(None)

    def scorer(self, metric: MetricSpec | str | Mapping[str, Any]) -> Callable[[NDArray[np.intp] | None], float]:
        """A function from positions of rows (None: all; repeats allowed) to the score of those rows."""
        spec = MetricSpec.parse(metric)
        rows = self._rows(spec)
        if spec.config is None:
            return lambda positions: rows.score(spec.label, positions)
        config, keys = spec.config, self._keys(spec)

        def grouped(positions: NDArray[np.intp] | None) -> float:
            chosen = group_rows(keys if positions is None else keys[positions])
            groups = (inside if positions is None else positions[inside] for _, inside in chosen)
            scores = group_scores(spec.label, config, rows, groups, self._nan_is_error)
            return aggregate(scores, config.aggregation)

        return grouped

    def details(self, metric: MetricSpec | str | Mapping[str, Any]) -> Mapping[str, float]:
        """Scores of parts: `class:…`, `size:…`, for a grouped metric `group:…`. Empty where there are none.

        Raises:
            As `score`.
        """
        spec = MetricSpec.parse(metric)
        rows = self._rows(spec)
        if spec.config is None:
            return rows.details(spec.label)
        groups = group_rows(self._keys(spec))
        positions = (inside for _, inside in groups)
        scores = group_scores(spec.label, spec.config, rows, positions, self._nan_is_error)
        named = zip((f"group:{key}" for key, _ in groups), scores, strict=True)
        return {name: score for name, score in named if score is not None}

    def _keys(self, spec: MetricSpec) -> NDArray[Any]:
        assert spec.config is not None
        column = spec.config.group_by
        if column not in self._groups:
            raise InvalidInput(f"metric '{spec.name}'", f"groups by '{column}', which is no column here")
        if not spec.definition.extension and np.ndim(self._given[spec.definition.input]) != 1:
            raise InvalidPredictions(f"predictions for '{spec.name}'", "are a matrix, which cannot be grouped")
        keys = as_rows(self._groups[column])
        if keys.ndim != 1 or len(keys) != len(self._truth):
            raise InvalidInput(f"metric '{spec.name}'", f"groups by '{column}', which has not one key per row")
        return keys

    def _rows(self, spec: MetricSpec) -> ScoredRows:
        definition = spec.definition
        given = self._given[definition.input]
        if given is None:
            raise InvalidPredictions(f"metric '{spec.name}'", f"needs {definition.input}", f"Give {definition.input}")
        scorer = self._library(spec.label) if definition.takes is Takes.SCORER else None
        key = (definition.takes, definition.input, id(scorer))
        if key not in self._prepared:
            self._prepared[key] = self._prepare(definition, given, scorer)
        return self._prepared[key]

    def _prepare(self, definition: MetricDefinition, given: Any, scorer: RowScorer | None) -> ScoredRows:
        if definition.takes is Takes.IMAGES:
            return ImageRows(count_pixels(self._truth, given), functions_of(Takes.IMAGES))
        same_length(self._truth, given)
        truth, present = self._true_values
        predicted = as_rows(given)
        if scorer is not None:
            if present is None:
                return scorer.prepare(truth, predicted)
            return PresentRows(scorer.prepare(truth[present], predicted[present]), present)
        rows = ArrayRows(truth, predicted, present, functions_of(definition.takes))
        return CountedRows.of(rows) if definition.takes is Takes.COUNTS else rows

    def _library(self, label: str) -> RowScorer:
        for scorer in self._scorers:
            if label in scorer.labels:
                return scorer
        raise MissingExtra(f"metric '{label}'", EXTRAS[label.partition("_")[0]])


@functools.cache
def functions_of(
    takes: Takes,
) -> Mapping[str, tuple[Callable[..., float], Callable[..., Mapping[str, float]] | None]]:
    """Functions of the metrics that take the same, their keyword arguments filled in."""
    return {
        metric.label: (
            functools.partial(metric.function, **metric.kwargs),
            metric.details and functools.partial(metric.details, **_detail_arguments(metric)),
        )
        for metric in METRICS.values()
        if metric.takes is takes and metric.function is not None
    }


def _detail_arguments(metric: MetricDefinition) -> Mapping[str, Any]:
    return {"k": metric.kwargs["k"]} if "k" in metric.kwargs else {}


def score(
    spec: MetricSpec | str | Mapping[str, Any],
    y_true: Any,
    y_pred: Any = None,
    y_prob: Any = None,
    groups: Mapping[str, Any] | Any = None,
    scorers: Sequence[RowScorer] = (),
) -> float:
    """Score of one metric; for several on the same rows, `Scoring` shares the work.

    `groups` is either the keys of the rows or a mapping from column to keys. Errors as `Scoring.score`.
    """
    metric = MetricSpec.parse(spec)
    return Scoring(y_true, y_pred, y_prob, _by_column(metric, groups), scorers).score(metric)


def details(
    spec: MetricSpec | str | Mapping[str, Any],
    y_true: Any,
    y_pred: Any = None,
    y_prob: Any = None,
    groups: Mapping[str, Any] | Any = None,
    scorers: Sequence[RowScorer] = (),
) -> Mapping[str, float]:
    """Scores of the parts of one metric: `class:…`, `size:…`, `group:…`. Errors as `Scoring.score`."""
    metric = MetricSpec.parse(spec)
    return Scoring(y_true, y_pred, y_prob, _by_column(metric, groups), scorers).details(metric)


def _by_column(metric: MetricSpec, groups: Mapping[str, Any] | Any) -> Mapping[str, Any] | None:
    if groups is None or isinstance(groups, Mapping):
        return cast("Mapping[str, Any] | None", groups)
    return None if metric.config is None else {metric.config.group_by: groups}
