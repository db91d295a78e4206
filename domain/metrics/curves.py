"""Curves and tables behind scores: ROC, precision and recall, confusion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..arrays import np
from ..errors import InvalidInput
from .ranking import curve_counts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Points = tuple[NDArray[np.float64], NDArray[np.float64]]


def roc_points(positive: NDArray[np.bool_], score: NDArray[Any]) -> Points:
    """False and true positive rate at every threshold, from the highest down; both start at 0.

    Raises:
        InvalidInput: one of the two classes is empty.
    """
    right, wrong, _ = curve_counts(positive, score)
    n_right, n_wrong = int(positive.sum()), int((~positive).sum())
    if not n_right or not n_wrong:
        raise InvalidInput("curve", "needs rows of both classes")
    return np.concatenate([[0.0], wrong / n_wrong]), np.concatenate([[0.0], right / n_right])


def precision_recall_points(positive: NDArray[np.bool_], score: NDArray[Any]) -> Points:
    """Recall and precision at every threshold, from the highest down; begins at recall 0 with precision 1.

    Raises:
        InvalidInput: no row is positive.
    """
    right, wrong, _ = curve_counts(positive, score)
    n_right = int(positive.sum())
    if not n_right:
        raise InvalidInput("curve", "needs rows of the positive class")
    return np.concatenate([[0.0], right / n_right]), np.concatenate([[1.0], right / (right + wrong)])


def confusion(truth: NDArray[Any], predicted: NDArray[Any]) -> tuple[list[Any], NDArray[np.intp]]:
    """Classes in order, and how often each true class (rows) was taken for each (columns)."""
    values = np.concatenate([truth, predicted])
    try:
        classes, codes = np.unique(values, return_inverse=True)
    except TypeError as error:
        raise InvalidInput("classes", "are of kinds that cannot be compared") from error
    size = len(classes)
    cells = codes[: len(truth)] * size + codes[len(truth) :]
    return classes.tolist(), np.bincount(cells, minlength=size * size).reshape(size, size)
