"""Top-k accuracy: is the true class among the k that score highest?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..arrays import np
from ..errors import InvalidInput, InvalidPredictions, UndefinedScore
from .counts import whole_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CELLS_AT_ONCE = 1 << 20


def top_k_accuracy(truth: NDArray[Any], scores: NDArray[Any], k: int) -> float:
    """Share of the rows whose true class has one of the `k` highest scores; 1.0 if `k` is all classes.

    `scores` is (n, classes). Whole-number labels from 0 to classes - 1 are column numbers; any others must be
    as many different ones as there are columns, which follow their sorted order. Of equal scores the later
    column ranks higher, as in scikit-learn's `top_k_accuracy_score`.

    Raises:
        UndefinedScore: no row.
        InvalidInput: labels that do not say which column is theirs.
        InvalidPredictions: scores that are no finite matrix of that many rows.
    """
    return float(_hits(truth, scores, k)[1].mean())


def top_k_details(truth: NDArray[Any], scores: NDArray[Any], k: int) -> Mapping[str, float]:
    """Top-k accuracy per true class."""
    columns, hits = _hits(truth, scores, k)
    rows, right = np.bincount(columns), np.bincount(columns, hits)
    labels = dict(zip(columns.tolist(), truth.ravel().tolist(), strict=True))
    return {f"class:{labels[place]}": float(right[place] / rows[place]) for place in np.flatnonzero(rows).tolist()}


def _hits(truth: NDArray[Any], scores: NDArray[Any], k: int) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    if scores.dtype.kind not in "biuf" or scores.ndim != 2 or scores.shape[1] < 2:
        raise InvalidPredictions("scores", f"have the shape {scores.shape}", "Give one column per class")
    if not len(truth):
        raise UndefinedScore("top-k accuracy", "needs at least one row")
    if len(scores) != len(truth):
        raise InvalidPredictions("scores", f"have {len(scores)} rows, expected {len(truth)}")
    if not np.isfinite(scores).all():
        raise InvalidPredictions("scores", "hold NaN or infinity", "Give finite numbers")
    columns = _columns(truth, scores.shape[1])
    step = max(1, _CELLS_AT_ONCE // scores.shape[1])
    parts = [_ranks(columns[at : at + step], scores[at : at + step]) < k for at in range(0, len(columns), step)]
    return columns, np.concatenate(parts)


def _ranks(columns: NDArray[np.intp], scores: NDArray[Any]) -> NDArray[np.intp]:
    own = np.take_along_axis(scores, columns[:, None], axis=1)
    later = np.greater.outer(np.arange(int(scores.shape[1])), columns).T
    return np.count_nonzero((scores > own) | ((scores == own) & later), axis=1)


def _columns(truth: NDArray[Any], n_classes: int) -> NDArray[np.intp]:
    if truth.ndim != 1:
        raise InvalidInput("true labels", f"have the shape {truth.shape}, expected one label per row")
    labels = whole_numbers(truth, "true labels")
    if labels.dtype.kind == "i" and int(labels.min()) >= 0 and int(labels.max()) < n_classes:
        return labels.astype(np.intp, copy=False)
    classes, columns = np.unique(labels, return_inverse=True)
    if classes.size != n_classes:
        raise InvalidInput(
            "true labels",
            f"are {classes.size} different ones for {n_classes} columns of scores",
            f"Use class numbers 0 to {n_classes - 1} as labels",
        )
    return columns
