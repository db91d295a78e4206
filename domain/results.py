"""Results: the scores some predictions reached on a benchmark."""

from __future__ import annotations

import math

import attrs

from .errors import InvalidInput


@attrs.frozen
class Score:
    """One number: which metric, on which test set and target, how high."""

    metric: str
    value: float
    test_set: str = "test"
    target: str | None = None


@attrs.frozen
class Results:
    """All scores of one evaluation. A score is named once per metric, test set and target."""

    benchmark: str
    scores: tuple[Score, ...] = attrs.field(converter=tuple)
    name: str | None = None
    description: str = ""

    def __attrs_post_init__(self) -> None:
        keys = {(score.metric, score.test_set, score.target) for score in self.scores}
        if len(keys) != len(self.scores):
            raise InvalidInput("results", "hold two scores for one metric, test set and target")

    def best(self, metric: str, higher_is_better: bool = True) -> Score | None:
        """Best score of a metric over test sets and targets; None if there is none. NaN never wins."""
        scores = [score for score in self.scores if score.metric == metric and not math.isnan(score.value)]
        chosen = max if higher_is_better else min
        return chosen(scores, key=lambda score: score.value, default=None)
