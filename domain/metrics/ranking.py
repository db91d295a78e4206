"""Ranking metrics: areas under the ROC and precision-recall curves (reference: Polaris, section 10.1)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from ..arrays import np
from ..errors import InvalidInput, InvalidPredictions, UndefinedScore
from .counts import whole_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIDES: tuple[Literal["left", "right"], ...] = ("left", "right")


def curve_counts(
    positive: NDArray[np.bool_], scores: NDArray[Any]
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """True positives and false positives at each distinct threshold, and the thresholds, descending."""
    order = np.argsort(scores)[::-1]  # rows of equal score fall into one threshold, so their order is no matter
    ordered = scores[order]
    last = np.flatnonzero(np.append(ordered[1:] != ordered[:-1], True))
    hits = np.cumsum(positive[order])[last]
    return hits, last + 1 - hits, ordered[last]


def roc_curve(truth: NDArray[Any], scores: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """False and true positive rates at each threshold, from (0, 0) to (1, 1); the larger label is positive.

    Raises:
        UndefinedScore: truth has not exactly two classes.
    """
    classes, codes = _labels(truth)
    if classes.size != 2:
        raise UndefinedScore("ROC curve", f"needs two classes, here are {classes.size}")
    hits, alarms, _ = curve_counts(codes == 1, _column(_scores(scores, len(codes))))
    return np.append(0, alarms) / alarms[-1], np.append(0, hits) / hits[-1]


def precision_recall_curve(truth: NDArray[Any], scores: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Precision and recall at each threshold, recall ascending; label 1 is positive.

    Raises:
        UndefinedScore: no row is positive.
    """
    classes, codes = _labels(truth)
    hits, alarms, _ = curve_counts(_positive(classes, codes), _column(_scores(scores, len(codes))))
    if not hits[-1]:
        raise UndefinedScore("precision-recall curve", "needs a row of label 1")
    return hits / (hits + alarms), hits / hits[-1]


def pr_auc(truth: NDArray[Any], scores: NDArray[Any]) -> float:
    """Average precision: sum of recall gained times precision, label 1 positive; macro mean over many classes.

    Raises:
        UndefinedScore: no true value is truthy, or label 1 is none of the two.
        InvalidPredictions: scores of the wrong shape or not finite.
    """
    if not len(truth) or (truth.dtype.kind in "biuf" and not truth.any()):
        raise UndefinedScore("pr_auc", "needs at least one positive row")
    classes, codes = _labels(truth)
    given = _scores(scores, len(codes))
    if classes.size > 2:
        _one_column_per_class(given, classes)
        return float(np.mean([_average_precision(codes == place, given[:, place]) for place in range(classes.size)]))
    return _average_precision(_positive(classes, codes), _column(given))


def _average_precision(positive: NDArray[np.bool_], scores: NDArray[Any]) -> float:
    hits, alarms, _ = curve_counts(positive, scores)
    if not hits[-1]:
        return 0.0
    return max(0.0, float((np.diff(hits, prepend=0) / hits[-1] * (hits / (hits + alarms))).sum()))


def roc_auc(truth: NDArray[Any], scores: NDArray[Any], multi_class: str = "raise") -> float:
    """Area under the ROC curve, ties count half; the larger of two labels is positive; NaN for one class.

    More than two classes: mean over classes against the rest (`ovr`) or over pairs (`ovo`); the columns of
    `scores` follow the sorted labels and its rows sum to 1.

    Raises:
        UndefinedScore: more than two classes and `multi_class` is `raise`, or no row at all.
        InvalidPredictions: scores of the wrong shape, not finite, or rows that do not sum to 1.
    """
    classes, codes = _labels(truth)
    if not codes.size:
        raise UndefinedScore("roc_auc", "needs at least one row")
    given = _scores(scores, codes.size)
    if classes.size > 2 or (given.ndim == 2 and given.shape[1] > 2):
        if multi_class == "raise":
            raise UndefinedScore("roc_auc", "is for two classes", "Use roc_auc_ovr or roc_auc_ovo")
        _one_column_per_class(given, classes)
        if not np.allclose(1, given.sum(axis=1)):
            raise InvalidPredictions("class probabilities", "do not sum to 1 in every row")
        areas = _pair_areas if multi_class == "ovo" else _rest_areas
        return float(areas(codes, given).mean())
    if classes.size < 2:
        return math.nan
    return _area(codes == 1, _column(given))


def class_areas(truth: NDArray[Any], scores: NDArray[Any]) -> Mapping[str, float]:
    """Area under the ROC curve of each class against the rest; empty for two classes."""
    classes, codes = _labels(truth)
    given = _scores(scores, codes.size)
    if given.ndim != 2 or given.shape[1] != classes.size:
        return {}
    return {f"class:{c}": float(area) for c, area in zip(classes, _rest_areas(codes, given), strict=True)}


def class_precisions(truth: NDArray[Any], scores: NDArray[Any]) -> Mapping[str, float]:
    """Average precision of each class against the rest; empty for two classes."""
    classes, codes = _labels(truth)
    given = _scores(scores, codes.size)
    if given.ndim != 2 or given.shape[1] != classes.size:
        return {}
    return {f"class:{c}": _average_precision(codes == place, given[:, place]) for place, c in enumerate(classes)}


def _area(positive: NDArray[np.bool_], scores: NDArray[Any]) -> float:
    hits, alarms, _ = curve_counts(positive, scores)
    before = np.append(0, hits[:-1])
    return float(((hits + before) * np.diff(alarms, prepend=0)).sum() / (2 * float(hits[-1]) * float(alarms[-1])))


def _rest_areas(codes: NDArray[Any], scores: NDArray[Any]) -> NDArray[Any]:
    return np.array([_area(codes == place, scores[:, place]) for place in range(scores.shape[1])])


def _pair_areas(codes: NDArray[Any], scores: NDArray[Any]) -> NDArray[Any]:
    """Areas of all ordered pairs of classes (Hand and Till, 2001).

    The scores of one class are sorted once; every other row is then placed among them, which serves all pairs
    that the class is part of.
    """
    size = scores.shape[1]
    rows = np.bincount(codes, minlength=size)
    areas: list[NDArray[np.float64]] = []
    for place in range(size):
        own: NDArray[np.float64] = np.sort(scores[codes == place, place])
        others = np.flatnonzero(codes != place)
        column: NDArray[np.float64] = scores[others, place]
        lost = np.zeros(size)
        for side in _SIDES:  # a tie counts half
            lost += np.bincount(codes[others], own.searchsorted(column, side), minlength=size)
        areas.append(np.delete(1 - lost / (2.0 * own.size * rows), place))
    return np.concatenate(areas)


def _labels(truth: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    values = truth[:, 0] if truth.ndim == 2 and truth.shape[1] == 1 else truth
    if values.ndim != 1:
        raise InvalidInput("true labels", f"have the shape {truth.shape}, expected one label per row")
    labels = whole_numbers(values, "true labels")
    if labels.dtype.kind == "i" and labels.size:
        low, high = int(labels.min()), int(labels.max())
        if high - low <= 1:  # two neighbouring numbers, most often 0 and 1, need no sorting
            return np.unique([low, high]), labels - low
    classes, codes = np.unique(labels, return_inverse=True)
    return classes, codes


def _positive(classes: NDArray[Any], codes: NDArray[Any]) -> NDArray[np.bool_]:
    positive = np.array([not isinstance(label, str) and label == 1 for label in classes], dtype=bool)
    if classes.size > 2 or (classes.size == 2 and not positive.any()):
        raise UndefinedScore("precision and recall", f"are of label 1; the labels are {classes.tolist()}")
    return positive[codes]


def _scores(scores: NDArray[Any], n_rows: int) -> NDArray[Any]:
    if scores.dtype.kind not in "biuf" or scores.ndim not in (1, 2):
        raise InvalidPredictions("scores", f"have type {scores.dtype} and {scores.ndim} axes", "Give numbers")
    if len(scores) != n_rows:
        raise InvalidPredictions("scores", f"have {len(scores)} rows, expected {n_rows}")
    if not np.isfinite(scores).all():
        raise InvalidPredictions("scores", "hold NaN or infinity", "Give finite numbers")
    return scores


def _column(scores: NDArray[Any]) -> NDArray[Any]:
    if scores.ndim == 1:
        return scores
    if scores.shape[1] != 1:
        raise InvalidPredictions("scores", f"have the shape {scores.shape}", "Give one score per row for two classes")
    return scores[:, 0]


def _one_column_per_class(scores: NDArray[Any], classes: NDArray[Any]) -> None:
    if scores.ndim != 2 or scores.shape[1] != classes.size:
        raise InvalidPredictions(
            "scores", f"have the shape {scores.shape}", f"Give one column for each of the {classes.size} classes"
        )
