"""Scores equal scikit-learn's and SciPy's on random rows of many kinds, refusals included."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from groundtruth.domain.errors import InvalidInput
from groundtruth.domain.metrics import score
from groundtruth.domain.metrics.classification import confusion_matrix
from groundtruth.domain.metrics.ranking import precision_recall_curve, roc_curve

sk = pytest.importorskip("sklearn.metrics")
stats = pytest.importorskip("scipy.stats")

CLASS_METRICS: dict[str, Callable[..., float]] = {
    "accuracy": sk.accuracy_score,
    "balanced_accuracy": sk.balanced_accuracy_score,
    "mcc": sk.matthews_corrcoef,
    "cohen_kappa": sk.cohen_kappa_score,
    "f1": sk.f1_score,
    "f1_macro": lambda t, p: sk.f1_score(t, p, average="macro"),
    "f1_micro": lambda t, p: sk.f1_score(t, p, average="micro"),
}
REGRESSION_METRICS: dict[str, Callable[..., float]] = {
    "mean_absolute_error": sk.mean_absolute_error,
    "mean_squared_error": sk.mean_squared_error,
    "r2": sk.r2_score,
    "explained_var": sk.explained_variance_score,
    "pearsonr": lambda t, p: stats.pearsonr(t, p)[0],
    "spearmanr": lambda t, p: stats.spearmanr(t, p)[0],
}
RANKING_METRICS: dict[str, Callable[..., float]] = {
    "pr_auc": sk.average_precision_score,
    "roc_auc": sk.roc_auc_score,
    "roc_auc_ovr": lambda t, p: sk.roc_auc_score(t, p, multi_class="ovr"),
    "roc_auc_ovo": lambda t, p: sk.roc_auc_score(t, p, multi_class="ovo"),
}


def outcome(function: Callable[..., float], *arguments: Any) -> float | str:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return float(function(*arguments))
        except (ValueError, TypeError):
            return "refused"


def same(ours: float | str, theirs: float | str, relative: float = 1e-9) -> bool:
    if isinstance(ours, str) or isinstance(theirs, str):
        return ours == theirs
    return ours == pytest.approx(theirs, rel=relative, abs=1e-12, nan_ok=True)


def check(
    metrics: dict[str, Callable[..., float]], draw: Callable[[np.random.Generator], tuple[Any, Any]], seed: int
) -> None:
    truth, given = draw(np.random.default_rng(seed))
    relative = 1e-5 if {truth.dtype, given.dtype} == {np.dtype(np.float32)} else 1e-9
    for label, reference in metrics.items():
        key = "y_pred" if metrics is not RANKING_METRICS else "y_prob"
        ours = outcome(lambda label=label, key=key: score(label, truth, **{key: given}))
        theirs = outcome(reference, truth, given)
        assert same(ours, theirs, relative), (label, ours, theirs, truth, given)


def class_rows(rng: np.random.Generator) -> tuple[Any, Any]:
    size, n_classes, low = int(rng.integers(1, 40)), int(rng.integers(1, 6)), int(rng.integers(-2, 3))
    truth = rng.integers(low, low + n_classes, size)
    given = np.where(rng.random(size) < rng.random(), truth, rng.integers(low, low + n_classes + 1, size))
    kind = rng.integers(7)
    if kind == 0:
        return truth.astype(float), given.astype(float)
    if kind == 1:
        return truth > low, given > low
    if kind == 2:
        return np.array([f"class {value}" for value in truth]), np.array([f"class {value}" for value in given])
    if kind == 3:
        return truth * 10**9, given * 10**9
    if kind == 4:
        return truth, given[:, None]
    if kind == 5:
        return truth.astype(np.int8), given.astype(np.float32)
    return truth, given


def number_rows(rng: np.random.Generator) -> tuple[Any, Any]:
    size = int(rng.integers(1, 60))
    truth = rng.normal(rng.normal() * 10, 1, size)
    given = truth + rng.normal(0, rng.random() * 2, size)
    kind = rng.integers(8)
    if kind == 0:
        return truth.astype(np.float32), given.astype(np.float32)
    if kind == 1:
        return np.round(truth).astype(int), given
    if kind == 2:
        return np.round(truth), np.round(given)
    if kind == 3:
        return truth * 1e150, given * 1e150
    if kind == 4:
        return np.full(size, truth[0]), given
    if kind == 5:
        given[rng.integers(size)] = rng.choice([np.nan, np.inf, -np.inf])
        return truth, given
    if kind == 6:
        return truth, np.full(size, truth[0])
    return truth, given


def score_rows(rng: np.random.Generator) -> tuple[Any, Any]:
    n_classes, low = int(rng.integers(1, 5)), int(rng.integers(-1, 2))
    size = int(rng.integers(n_classes, 60))
    truth = rng.integers(low, low + n_classes, size)
    kind = rng.integers(6)
    if kind == 0 or n_classes <= 2:
        given = rng.random(size)
        given = np.round(given, 1) if rng.random() < 0.5 else given
        if kind == 1:
            given[0] = np.nan
        return truth, (given[:, None] if kind == 2 else given)
    given = rng.dirichlet(np.ones(n_classes), size)
    if kind == 1:
        return truth, given + 1e-3
    if kind == 2:
        return truth.astype(float), np.round(given * 4) / np.round(given * 4).sum(axis=1, keepdims=True)
    if kind == 3:
        return np.array([f"class {value}" for value in truth]), given
    return truth, given


@pytest.mark.parametrize("seed", range(60))
def test_class_metrics(seed: int) -> None:
    check(CLASS_METRICS, class_rows, seed)


@pytest.mark.parametrize("seed", range(60))
def test_regression_metrics(seed: int) -> None:
    check(REGRESSION_METRICS, number_rows, seed)


@pytest.mark.parametrize("seed", range(60))
def test_ranking_metrics(seed: int) -> None:
    truth, _ = score_rows(np.random.default_rng(seed))
    if truth.dtype.kind == "i" and not truth.any():  # the reference refuses, scikit-learn warns
        pytest.skip("no positive row")
    check(RANKING_METRICS, score_rows, seed)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_top_k(k: int) -> None:
    from groundtruth.domain.metrics.topk import top_k_accuracy

    rng = np.random.default_rng(k)
    truth, scores = rng.integers(0, 5, 400), np.round(rng.random((400, 5)), 1)
    assert top_k_accuracy(truth, scores, k) == sk.top_k_accuracy_score(truth, scores, k=k)


def test_curves_and_matrix() -> None:
    rng = np.random.default_rng(5)
    truth, scores = rng.integers(0, 2, 300), np.round(rng.random(300), 2)
    false_rate, true_rate = roc_curve(truth, scores)
    expected = sk.roc_curve(truth, scores, drop_intermediate=False)
    assert np.allclose(false_rate, expected[0]) and np.allclose(true_rate, expected[1])
    precision, recall = precision_recall_curve(truth, scores)
    expected = sk.precision_recall_curve(truth, scores)
    assert np.allclose(precision[::-1], expected[0][:-1]) and np.allclose(recall[::-1], expected[1][:-1])
    true, given = rng.integers(0, 9, 300), rng.integers(2, 12, 300)
    classes, matrix = confusion_matrix(true, given)
    assert (matrix == sk.confusion_matrix(true, given)).all() and classes.tolist() == list(range(12))


def test_mixed_kinds_are_refused() -> None:
    for truth, given in (
        ([1, 0], ["1", "0"]),
        ([1, 0], [0.5, 1]),
        ([b"a", b"b"], [b"a", b"b"]),
        ([[1, 0], [0, 1]], [[1, 0], [0, 1]]),
    ):
        with pytest.raises(InvalidInput):
            score("accuracy", truth, given)
    with pytest.raises(InvalidInput):
        score("pearsonr", np.array([1.0, 2]), np.array([1 + 1j, 2]))
    assert math.isnan(score("spearmanr", [None, 1.0], [1.0, 2.0]))
