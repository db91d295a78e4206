from __future__ import annotations

import math

import numpy as np
import pytest

from groundtruth.domain.errors import InvalidInput, InvalidPredictions, UndefinedScore
from groundtruth.domain.metrics import METRICS, MetricSpec, Scoring, details, score
from groundtruth.domain.metrics.grouped import group_rows


def grouped(label: str, **config: object) -> MetricSpec:
    return MetricSpec.parse({"label": label, "config": {"group_by": "g", **config}})


def test_missing_truth_is_left_out() -> None:
    assert score("mean_absolute_error", [1.0, math.nan, 3.0], [2.0, 9.0, 3.0]) == 0.5
    assert score("accuracy", ["a", None, "b"], ["a", "b", "b"]) == 1.0
    assert score("accuracy", [1, None, 0], [1, 1, 1]) == 0.5
    assert score("accuracy", [True, None, False], [True, True, True]) == 0.5
    assert math.isnan(score("spearmanr", [math.nan] * 3, [1.0, 2.0, 3.0]))


def test_predictions_are_refused() -> None:
    truth = np.array([0, 1, 1, 0])
    for given, reason in (
        ([0, 1, 1], "3 rows, expected 4"),
        ([0, 1, 1, 0.5], "fraction"),
        ([0, 1, 1, math.nan], "NaN"),
        ([0, 1, 1, None], "no class labels"),
        (["0", "1", "1", "0"], "mix texts"),
        ([[0, 1]] * 4, "one label per row"),
        (5, "0 rows"),
    ):
        with pytest.raises(InvalidPredictions, match=reason):
            score("accuracy", truth, np.asarray(given))
    with pytest.raises(InvalidPredictions, match="needs y_prob"):
        score("roc_auc", truth, [0.1] * 4)
    with pytest.raises(InvalidPredictions, match="no numbers"):
        score("r2", [1.0, 2.0], ["1", "2"])


def test_a_metric_without_a_value() -> None:
    with pytest.raises(UndefinedScore, match="positive"):
        score("pr_auc", [0, 0], y_prob=[0.1, 0.2])
    with pytest.raises(UndefinedScore, match="true value is 0"):
        score("absolute_average_fold_error", [0.0, 1.0], [1.0, 1.0])
    with pytest.raises(UndefinedScore, match="at least 2 rows"):
        score("pearsonr", [1.0], [1.0])


def test_half_precision_does_not_overflow() -> None:
    truth = np.array([30000, -30000], dtype=np.float16)
    assert score("mean_squared_error", truth, -truth) == 60000.0**2


def test_matrix_targets_average_over_columns() -> None:
    truth, given = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, 3.0], [3.0, 5.0]])
    assert score("mean_absolute_error", truth, given) == 0.5
    assert score("r2", truth, given) == 0.5


def test_groups() -> None:
    truth, given = [1.0, 2.0, 5.0, 5.0], [1.0, 3.0, 9.0, 5.0]
    keys = ["b", "b", "a", None]
    assert score(grouped("mean_absolute_error"), truth, given, groups=keys) == (0.5 + 4) / 2
    assert details(grouped("mean_absolute_error"), truth, given, groups=keys) == {"group:a": 4.0, "group:b": 0.5}
    scoring = Scoring(truth, given, groups={"g": keys, "other": [1, 2, 3, 4]})
    assert scoring.score(grouped("mean_absolute_error", aggregation="median")) == 2.25
    with pytest.raises(InvalidInput, match="no column"):
        Scoring(truth, given).score(grouped("r2"))
    with pytest.raises(InvalidInput, match="one key per row"):
        score(grouped("r2"), truth, given, groups=keys[:-1])
    with pytest.raises(InvalidPredictions, match="cannot be grouped"):
        score(grouped("roc_auc_ovr"), [0, 1, 2], y_prob=np.eye(3), groups=["a"] * 3)


def test_a_group_of_one_class() -> None:
    truth, scores, keys = [0, 1, 0, 0], [0.1, 0.9, 0.2, 0.3], ["a", "a", "b", "b"]
    spec = grouped("roc_auc", on_error="ignore")
    assert math.isnan(score(spec, truth, y_prob=scores, groups=keys))  # as recorded scores have it
    careful = Scoring(truth, y_prob=scores, groups={"g": keys}, nan_is_error=True)
    assert careful.score(spec) == 1.0
    assert careful.score(grouped("roc_auc", on_error="default", default=0.5)) == 0.75
    with pytest.raises(InvalidInput, match="undefined for a group"):
        careful.score(grouped("roc_auc"))
    assert details(spec, truth, y_prob=scores, groups=keys) == pytest.approx(
        {"group:a": 1.0, "group:b": math.nan}, nan_ok=True
    )


def test_a_bad_group_only_fails_itself() -> None:
    spec = grouped("accuracy", on_error="ignore")
    assert score(spec, [0, 1, 1, 0], [0, 1, 0.5, 0], groups=["a", "a", "b", "b"]) == 1.0
    with pytest.raises(InvalidPredictions):
        score(grouped("accuracy"), [0, 1, 1, 0], [0, 1, 0.5, 0], groups=["a", "a", "b", "b"])
    assert math.isnan(score(spec, [0, 1], [0.5, 0.5], groups=["a", "b"]))


def test_group_keys_of_all_kinds() -> None:
    found = group_rows(np.array([2.0, math.nan, 1.0, 2.0]))
    assert [(key, rows.tolist()) for key, rows in found] == [(1.0, [2]), (2.0, [0, 3])]
    mixed = np.array([1, "a", None, 1], dtype=object)
    assert [(key, rows.tolist()) for key, rows in group_rows(mixed)] == [(1, [0, 3]), ("a", [1])]
    assert group_rows(np.array([None, None], dtype=object)) == []


def test_top_k_labels() -> None:
    scores = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7], [0.2, 0.5, 0.3]])
    assert score("top_1_accuracy", [0, 2, 2], y_prob=scores) == pytest.approx(2 / 3)
    assert score("top_1_accuracy", ["cat", "dog", "eel"], y_prob=scores) == pytest.approx(1 / 3)
    assert score("top_5_accuracy", [0, 1, 2], y_prob=scores) == 1.0
    assert details("top_1_accuracy", ["cat", "dog", "eel"], y_prob=scores) == {
        "class:cat": 1.0,
        "class:dog": 0.0,
        "class:eel": 0.0,
    }
    with pytest.raises(InvalidInput, match="2 different ones for 3 columns"):
        score("top_1_accuracy", ["cat", "dog", "dog"], y_prob=scores)


def test_class_details() -> None:
    assert details("f1_macro", [0, 0, 1], [0, 1, 1]) == pytest.approx({"class:0": 2 / 3, "class:1": 2 / 3})
    assert details("balanced_accuracy", ["a", "a", "b"], ["a", "b", "b"]) == {"class:a": 0.5, "class:b": 1.0}
    assert details("mcc", [0, 1], [0, 1]) == {}
    parts = details("roc_auc_ovr", [0, 1, 2], y_prob=np.eye(3))
    assert parts == {"class:0": 1.0, "class:1": 1.0, "class:2": 1.0}


def test_labels_far_apart() -> None:
    truth = np.array([0, 10**15, -(10**15)])
    assert score("balanced_accuracy", truth, truth) == 1.0
    with pytest.raises(InvalidInput, match="2\\^63"):
        score("accuracy", np.array([2**63], dtype=np.uint64), [1])


def test_what_is_better() -> None:
    assert METRICS["r2"].loss(0.9) < METRICS["r2"].loss(0.1)
    assert METRICS["mean_absolute_error"].loss(0.1) < METRICS["mean_absolute_error"].loss(0.9)
    fold = METRICS["absolute_average_fold_error"]
    assert fold.loss(1.1) < fold.loss(0.8) < fold.loss(3) < fold.loss(math.nan)
