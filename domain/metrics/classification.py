"""Class metrics, equal to scikit-learn 1.9 (reference: Polaris, section 10.1), computed from class counts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..arrays import np
from ..errors import UndefinedScore
from .counts import ClassCounts, encode_labels

if TYPE_CHECKING:
    from numpy.typing import NDArray


def accuracy(counts: ClassCounts) -> float:
    """Share of the rows whose class is right."""
    return float(counts.right.sum() / counts.total)


def balanced_accuracy(counts: ClassCounts) -> float:
    """Mean recall of the classes that are true somewhere."""
    return float(_recalls(counts)[1].mean())


def mcc(counts: ClassCounts) -> float:
    """Matthews correlation for any number of classes; 0.0 if truth or predictions have one class."""
    true, predicted = counts.truth.astype(np.float64), counts.predicted.astype(np.float64)
    total = float(true.sum())
    spread = (total**2 - np.dot(predicted, predicted)) * (total**2 - np.dot(true, true))
    if spread == 0:
        return 0.0
    return float((float(counts.right.sum()) * total - np.dot(true, predicted)) / np.sqrt(spread))


def cohen_kappa(counts: ClassCounts) -> float:
    """1 - disagreement / disagreement expected by chance; NaN if only one class occurs."""
    total = float(counts.total)
    by_chance = total - float(np.dot(counts.truth.astype(np.float64), counts.predicted)) / total
    if counts.classes.size < 2 or by_chance == 0:
        return math.nan
    return 1 - (total - float(counts.right.sum())) / by_chance


def f1(counts: ClassCounts, average: str = "binary") -> float:
    """F1: of label 1 (`binary`), mean over the classes (`macro`), or of all rows together (`micro`).

    Raises:
        UndefinedScore: `binary` with more than two classes, or with two of which none is label 1.
    """
    if average == "micro":
        return accuracy(counts)
    scores = _class_f1(counts)
    if average == "macro":
        return float(scores.mean())
    if counts.classes.size > 2:
        raise UndefinedScore("f1", f"is for two classes, here are {counts.classes.size}", "Use f1_macro or f1_micro")
    positive = np.array([not isinstance(label, str) and label == 1 for label in counts.classes])
    if not positive.any():
        if counts.classes.size == 1:
            return 0.0
        raise UndefinedScore("f1", f"is of label 1, which is none of {counts.classes.tolist()}", "Use f1_macro")
    return float(scores[positive][0])


def _class_f1(counts: ClassCounts) -> NDArray[Any]:
    return 2 * counts.right / (counts.truth + counts.predicted)


def _recalls(counts: ClassCounts) -> tuple[NDArray[Any], NDArray[Any]]:
    there = counts.truth > 0
    return counts.classes[there], counts.right[there] / counts.truth[there]


def recall_details(counts: ClassCounts) -> Mapping[str, float]:
    """Recall per true class."""
    return {f"class:{label}": float(score) for label, score in zip(*_recalls(counts), strict=True)}


def f1_details(counts: ClassCounts) -> Mapping[str, float]:
    """F1 per class."""
    scores = zip(counts.classes, _class_f1(counts), strict=True)
    return {f"class:{label}": float(score) for label, score in scores}


def confusion_matrix(truth: NDArray[Any], predicted: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Classes, ascending, and how often each (row: true) was predicted as each (column).

    Raises:
        InvalidInput: as `encode_labels`.
    """
    codes = encode_labels(truth, predicted)
    there = np.zeros(codes.classes.size, dtype=bool)
    there[codes.truth] = there[codes.predicted] = True
    place = np.cumsum(there) - 1
    size = int(there.sum())
    flat = np.bincount(place[codes.truth] * size + place[codes.predicted], minlength=size * size)
    return codes.classes[there], flat.reshape(size, size)
