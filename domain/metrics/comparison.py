"""Comparison: which of two results is better, and could that be chance?"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from ..arrays import np
from ..errors import InvalidInput
from .bootstrap import DEFAULT_RESAMPLING, Resampling, paired_draws
from .scoring import Scoring
from .spec import MetricSpec
from .table import MetricDefinition

ScoreKey = tuple[str, str, str]
"""Test set, target and name of the metric."""


class Winner(enum.StrEnum):
    """Whose score is better."""

    FIRST = "first"
    SECOND = "second"
    TIE = "tie"
    UNKNOWN = "unknown"
    """A score is NaN."""


def winner(definition: MetricDefinition, first: float, second: float) -> Winner:
    """The better score in the direction of the metric."""
    if math.isnan(first) or math.isnan(second):
        return Winner.UNKNOWN
    one, other = definition.loss(first), definition.loss(second)
    if one == other:
        return Winner.TIE
    return Winner.FIRST if one < other else Winner.SECOND


@attrs.frozen
class PairedComparison:
    """Two predictions of the same rows under one metric.

    `difference` is second - first, with its bootstrap interval from `low` to `high`. `p_value` is two-sided:
    how often a resample turns the order around (or ties), doubled; (count + 1) / (resamples + 1), at most 1.
    """

    first: float
    second: float
    difference: float
    low: float
    high: float
    p_value: float
    winner: Winner
    level: float
    n_resamples: int
    undefined: int = 0


def compare_predictions(
    metric: MetricSpec | str | Mapping[str, Any],
    first: Scoring,
    second: Scoring,
    resampling: Resampling = DEFAULT_RESAMPLING,
) -> PairedComparison:
    """Paired bootstrap of two predictions of the same rows: every draw of rows judges both.

    Raises:
        As `Scoring.score`; InvalidInput if the two judge different rows.
    """
    spec = MetricSpec.parse(metric)
    one, other = first.score(spec), second.score(spec)
    ones, others = paired_draws(spec, first, second, resampling)
    known = ~(np.isnan(ones) | np.isnan(others))
    ones, others = ones[known], others[known]
    low, high = resampling.interval(others - ones)
    loss = spec.definition.loss
    gains = np.array([loss(a) - loss(b) for a, b in zip(ones.tolist(), others.tolist(), strict=True)])
    return PairedComparison(
        first=one,
        second=other,
        difference=other - one,
        low=low,
        high=high,
        p_value=_p_value(gains),
        winner=winner(spec.definition, one, other),
        level=resampling.level,
        n_resamples=resampling.n_resamples,
        undefined=int((~known).sum()),
    )


def _p_value(gains: Any) -> float:
    if not gains.size:
        return math.nan
    tail = min(int((gains <= 0).sum()), int((gains >= 0).sum()))
    return min(1.0, 2 * (tail + 1) / (gains.size + 1))


@attrs.frozen
class ScoreComparison:
    """One score of two results; a score that only one of them has is NaN in the other."""

    test_set: str
    target: str
    metric: str
    first: float
    second: float
    winner: Winner

    @property
    def difference(self) -> float:
        """second - first."""
        return self.second - self.first


def compare_scores(
    first: Mapping[ScoreKey, float], second: Mapping[ScoreKey, float], metrics: Iterable[MetricSpec]
) -> tuple[ScoreComparison, ...]:
    """Compare two results score by score, sorted by test set, target and metric.

    Raises:
        InvalidInput: a score of a metric that is not among `metrics`.
    """
    named = {metric.name: metric.definition for metric in metrics}
    found: list[ScoreComparison] = []
    for key in sorted({*first, *second}):
        if key[2] not in named:
            raise InvalidInput(f"score '{key[2]}'", "is of no metric that is compared")
        one, other = first.get(key, math.nan), second.get(key, math.nan)
        found.append(ScoreComparison(*key, one, other, winner(named[key[2]], one, other)))
    return tuple(found)
