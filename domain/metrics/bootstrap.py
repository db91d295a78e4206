"""Bootstrap: how much a score would vary on other test rows of the same kind.

Rows (for detection and segmentation: images) are drawn with replacement, the same for every metric and every
machine: positions come from `numpy.random.Generator(PCG64(seed)).integers`. One draw is held at a time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import attrs

from ..arrays import np
from ..errors import InvalidInput, UndefinedScore
from .scoring import Scoring
from .spec import MetricSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray


@attrs.frozen
class Resampling:
    """How to resample: how often, which share of the middle the interval covers, from which seed.

    Raises:
        InvalidInput: fewer than 2 resamples, a level outside 0 to 1, a negative seed.
    """

    n_resamples: int = 1000
    level: float = 0.95
    seed: int = 0

    def __attrs_post_init__(self) -> None:
        if self.n_resamples < 2 or not 0 < self.level < 1 or self.seed < 0:
            raise InvalidInput(
                "resampling", "needs at least 2 resamples, a level between 0 and 1 and a seed of 0 or more"
            )

    def draws(self, rows: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
        """As many draws of `rows` as there are rows, `n_resamples` times."""
        generator = np.random.Generator(np.random.PCG64(self.seed))
        for _ in range(self.n_resamples):
            yield rows[generator.integers(0, rows.size, rows.size)]

    def interval(self, values: NDArray[np.float64]) -> tuple[float, float]:
        """Percentiles that leave out (1 - level) / 2 on either side; NaN for no values."""
        if not values.size:
            return math.nan, math.nan
        tail = (1 - self.level) / 2
        low, high = np.quantile(values, [tail, 1 - tail])
        return float(low), float(high)


@attrs.frozen
class Interval:
    """A score with its percentile interval.

    `undefined` resamples had no score (one class only, say) and are left out of the interval.
    """

    score: float
    low: float
    high: float
    level: float
    n_resamples: int
    undefined: int = 0


DEFAULT_RESAMPLING = Resampling()


def confidence_interval(
    metric: MetricSpec | str | Mapping[str, Any], scoring: Scoring, resampling: Resampling = DEFAULT_RESAMPLING
) -> Interval:
    """Percentile bootstrap interval of the score of `metric`.

    Raises:
        As `Scoring.score`, for all rows; resamples that have no score are counted, not raised.
    """
    score, rows = _judge(metric, scoring)
    values = np.array([_defined(score, draw) for draw in resampling.draws(rows)])
    known = values[~np.isnan(values)]
    low, high = resampling.interval(known)
    undefined = int(values.size - known.size)
    return Interval(score(None), low, high, resampling.level, resampling.n_resamples, undefined)


def _judge(
    metric: MetricSpec | str | Mapping[str, Any], scoring: Scoring
) -> tuple[Callable[[NDArray[np.intp] | None], float], NDArray[np.intp]]:
    rows = scoring.judged_rows(metric)
    if not rows.size:
        raise UndefinedScore("bootstrap", "needs at least one row")
    return scoring.scorer(metric), rows


def _defined(score: Callable[[NDArray[np.intp] | None], float], rows: NDArray[np.intp]) -> float:
    try:
        return score(rows)
    except InvalidInput:
        return math.nan


def paired_draws(
    metric: MetricSpec | str | Mapping[str, Any], first: Scoring, second: Scoring, resampling: Resampling
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Scores of two predictions on the same draws of rows, (n_resamples,) each; NaN where undefined.

    Raises:
        InvalidInput: the two judge different rows.
    """
    (one, rows), (other, others) = _judge(metric, first), _judge(metric, second)
    if not np.array_equal(rows, others):
        raise InvalidInput("predictions to compare", "are not for the same rows")
    pairs = [(_defined(one, draw), _defined(other, draw)) for draw in resampling.draws(rows)]
    values = np.array(pairs, dtype=np.float64)
    return values[:, 0], values[:, 1]
