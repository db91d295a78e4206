from __future__ import annotations

import math

import numpy as np
import pytest

from groundtruth.domain.errors import InvalidInput, UndefinedScore
from groundtruth.domain.metrics import METRICS, MetricSpec, Scoring
from groundtruth.domain.metrics.bootstrap import Interval, Resampling, confidence_interval
from groundtruth.domain.metrics.comparison import Winner, compare_predictions, compare_scores, winner

RNG = np.random.default_rng(0)
TRUTH = RNG.normal(size=300)
GOOD = TRUTH + RNG.normal(size=300) * 0.2
POOR = TRUTH + RNG.normal(size=300) * 0.8


def test_same_numbers_everywhere() -> None:
    # a change here is a change of every interval on record
    interval = confidence_interval("mean_absolute_error", Scoring([1.0, 2, 3, 4], [1.0, 3, 5, 9]), Resampling(200))
    assert interval == Interval(2.0, 0.5, 3.75, 0.95, 200)
    assert np.concatenate(list(Resampling(2, seed=7).draws(np.arange(4)))).tolist() == [3, 2, 2, 3, 2, 3, 3, 0]


@pytest.mark.parametrize("label", ["r2", "spearmanr", "accuracy", "f1_macro", "roc_auc", "mean_iou"])
def test_interval_holds_the_score(label: str) -> None:
    truth = (TRUTH > 0).astype(int) if label not in ("r2", "spearmanr") else TRUTH
    given = GOOD if label in ("r2", "spearmanr", "roc_auc") else (GOOD > 0).astype(int)
    if label == "mean_iou":
        truth, given = truth.reshape(30, 2, 5), given.reshape(30, 2, 5)
    key = "y_prob" if label == "roc_auc" else "y_pred"
    scoring = Scoring(truth, **{key: given})
    interval = confidence_interval(label, scoring, Resampling(100, 0.9, 5))
    assert interval.low < interval.score < interval.high
    assert interval == confidence_interval(label, Scoring(truth, **{key: given}), Resampling(100, 0.9, 5))
    wider = confidence_interval(label, scoring, Resampling(100, 0.99, 5))
    assert wider.low <= interval.low and wider.high >= interval.high


def test_resamples_are_scored_as_if_they_were_all() -> None:
    truth = np.where(RNG.random(40) < 0.2, math.nan, RNG.integers(0, 3, 40))
    given = RNG.integers(0, 4, 40)
    for label in ("balanced_accuracy", "f1_macro", "mcc", "mean_absolute_error"):
        scoring = Scoring(truth, given)
        for draw in Resampling(20).draws(scoring.judged_rows(label)):
            assert scoring.scorer(label)(draw) == Scoring(truth[draw], given[draw]).score(label)


def test_undefined_resamples_are_counted() -> None:
    scoring = Scoring([0, 0, 0, 1], y_prob=[0.1, 0.2, 0.3, 0.9])
    interval = confidence_interval("pr_auc", scoring, Resampling(200))
    assert 0 < interval.undefined < 200 and interval.high == 1.0
    with pytest.raises(UndefinedScore):
        confidence_interval("spearmanr", Scoring([math.nan], [1.0]))


def test_grouped_metrics_have_intervals() -> None:
    spec = MetricSpec.parse({"label": "mean_absolute_error", "config": {"group_by": "g"}})
    scoring = Scoring(TRUTH, GOOD, groups={"g": np.arange(300) % 3})
    interval = confidence_interval(spec, scoring, Resampling(50))
    assert interval.low < interval.score < interval.high


def test_resampling_rules() -> None:
    for wrong in ({"n_resamples": 1}, {"level": 1.0}, {"level": 0.0}, {"seed": -1}):
        with pytest.raises(InvalidInput):
            Resampling(**wrong)


def test_better_predictions_win() -> None:
    first, second = Scoring(TRUTH, POOR), Scoring(TRUTH, GOOD)
    found = compare_predictions("mean_absolute_error", first, second, Resampling(200))
    assert found.winner is Winner.SECOND and found.difference < 0
    assert found.low < found.difference < found.high < 0
    assert found.p_value == pytest.approx(2 / 201)
    back = compare_predictions("mean_absolute_error", second, first, Resampling(200))
    assert back.winner is Winner.FIRST and back.p_value == found.p_value
    assert back.low == pytest.approx(-found.high)


def test_equal_predictions_tie() -> None:
    found = compare_predictions("r2", Scoring(TRUTH, GOOD), Scoring(TRUTH, GOOD.copy()), Resampling(50))
    assert (found.winner, found.difference, found.p_value) == (Winner.TIE, 0.0, 1.0)


def test_other_rows_cannot_be_compared() -> None:
    holes = TRUTH.copy()
    holes[0] = math.nan
    with pytest.raises(InvalidInput, match="same rows"):
        compare_predictions("r2", Scoring(TRUTH, GOOD), Scoring(holes, GOOD), Resampling(5))


def test_scores_side_by_side() -> None:
    metrics = [MetricSpec("r2"), MetricSpec("absolute_average_fold_error", custom_name="fold")]
    first = {("test", "y", "r2"): 0.5, ("test", "y", "fold"): 0.7, ("a", "y", "r2"): 1.0}
    second = {("test", "y", "r2"): 0.4, ("test", "y", "fold"): 1.2}
    found = compare_scores(first, second, metrics)
    assert [(c.test_set, c.metric, c.winner) for c in found] == [
        ("a", "r2", Winner.UNKNOWN),
        ("test", "fold", Winner.SECOND),
        ("test", "r2", Winner.FIRST),
    ]
    assert found[2].difference == pytest.approx(-0.1)
    with pytest.raises(InvalidInput, match="no metric"):
        compare_scores({("test", "y", "mcc"): 1.0}, {}, metrics)
    assert winner(METRICS["r2"], 1.0, 1.0) is Winner.TIE
