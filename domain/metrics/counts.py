"""Counts: how often each class is true, predicted and right. All that most class metrics need, in O(classes)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from ..arrays import np
from ..errors import InvalidInput, InvalidPredictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DENSE_RANGE = 1 << 16


@attrs.frozen(eq=False)
class ClassCounts:
    """Per class: `truth` times true, `predicted` times predicted, `right` times both. Classes ascend.

    Every class occurs in truth or predictions.
    """

    classes: NDArray[Any]
    truth: NDArray[np.int64]
    predicted: NDArray[np.int64]
    right: NDArray[np.int64]

    @property
    def total(self) -> int:
        """Number of rows (pixels)."""
        return int(self.truth.sum())

    @classmethod
    def present(
        cls, classes: NDArray[Any], truth: NDArray[Any], predicted: NDArray[Any], right: NDArray[Any]
    ) -> ClassCounts:
        """Counts without the classes that occur nowhere."""
        there = (truth > 0) | (predicted > 0)
        if there.all():
            return cls(classes, truth, predicted, right)
        return cls(classes[there], truth[there], predicted[there], right[there])


@attrs.frozen(eq=False)
class LabelCodes:
    """Labels as numbers: position of each row's true and predicted label in `classes`, which ascends."""

    classes: NDArray[Any]
    truth: NDArray[np.intp]
    predicted: NDArray[np.intp]
    present: NDArray[np.bool_] | None = None

    def spread(self, present: NDArray[np.bool_]) -> LabelCodes:
        """The same codes at the positions of the rows that are there."""
        truth, predicted = (np.zeros(present.size, dtype=np.intp) for _ in range(2))
        truth[present], predicted[present] = self.truth, self.predicted
        return LabelCodes(self.classes, truth, predicted, present)

    def count(self, rows: NDArray[np.intp] | None) -> ClassCounts:
        """Class counts of the chosen rows.

        Raises:
            InvalidInput: no row is left.
        """
        truth, predicted = self.truth, self.predicted
        if rows is None and self.present is not None:
            rows = np.flatnonzero(self.present)
        elif rows is not None and self.present is not None:
            rows = rows[self.present[rows]]
        if rows is not None:
            truth, predicted = truth[rows], predicted[rows]
        if not truth.size:
            raise InvalidInput("true labels", "are none, at least one is needed")
        size = self.classes.size
        right = truth[truth == predicted]
        counted = (np.bincount(codes, minlength=size) for codes in (truth, predicted, right))
        return ClassCounts.present(self.classes, *counted)


def encode_labels(truth: NDArray[Any], predicted: NDArray[Any]) -> LabelCodes:
    """Codes of true and predicted labels: whole numbers (bool, int, integral float) or texts.

    A column (n, 1) counts as (n,). What is a label follows scikit-learn (`type_of_target`).

    Raises:
        InvalidInput: true labels that are no labels, or none at all.
        InvalidPredictions: predicted labels that are no labels, of the other kind, or not one per row.
    """
    true, given = _column(truth, "true labels", InvalidInput), _column(predicted, "predictions", InvalidPredictions)
    if not true.size:
        raise InvalidInput("true labels", "are none, at least one is needed")
    if true.size != given.size:
        raise InvalidPredictions("predictions", f"have {given.size} rows, expected {true.size}")
    true, given = whole_numbers(true, "true labels"), whole_numbers(given, "predictions", InvalidPredictions)
    if (true.dtype.kind == "O") != (given.dtype.kind == "O"):
        raise InvalidPredictions("predictions", "mix texts and numbers with the true labels")
    if true.dtype.kind == "O":
        return _text_codes(true, given)
    return _number_codes(true, given)


def _column(values: NDArray[Any], what: str, error: type[InvalidInput]) -> NDArray[Any]:
    if values.ndim == 2 and values.shape[1] == 1:
        return values[:, 0]
    if values.ndim != 1:
        raise error(what, f"have the shape {values.shape}, expected one label per row")
    return values


def whole_numbers(values: NDArray[Any], what: str, error: type[InvalidInput] = InvalidInput) -> NDArray[Any]:
    """Labels as int64, or as an object array of texts.

    Raises:
        error: NaN, fractions, bytes or other things that are no labels.
    """
    kind = values.dtype.kind
    if kind in "bi":
        return values.astype(np.int64, copy=False)
    if kind == "u":
        if values.size and int(values.max()) > np.iinfo(np.int64).max:
            raise error(what, "hold a number above 2^63 - 1")
        return values.astype(np.int64)
    if kind == "f":
        with np.errstate(invalid="ignore"):
            whole = values.astype(np.int64)
        if not np.array_equal(whole, values):
            wrong = "NaN" if np.isnan(values).any() else "a fraction or infinity"
            raise error(what, f"hold {wrong}, which is no class label", "Give class labels, not scores")
        return whole
    if kind in "UT":
        return values.astype(object)
    if kind == "O" and all(isinstance(value, str) for value in values):
        return values
    raise error(what, f"of type {values.dtype} are no class labels", "Give whole numbers or texts")


def _number_codes(true: NDArray[np.int64], given: NDArray[np.int64]) -> LabelCodes:
    low, high = int(min(true.min(), given.min())), int(max(true.max(), given.max()))
    if high - low < max(_DENSE_RANGE, true.size):  # a table of all numbers between is small enough
        return LabelCodes(np.arange(low, high + 1), true - low, given - low)
    classes, codes = np.unique(np.concatenate([true, given]), return_inverse=True)
    return LabelCodes(classes, codes[: true.size], codes[true.size :])


def _text_codes(true: NDArray[Any], given: NDArray[Any]) -> LabelCodes:
    # A dictionary finds 100,000 texts several times faster than sorting them does.
    texts = [*true.tolist(), *given.tolist()]
    places = {text: place for place, text in enumerate(sorted(set(texts)))}
    codes = np.fromiter(map(places.__getitem__, texts), np.intp, len(texts))
    classes = np.empty(len(places), dtype=object)
    classes[:] = list(places)
    return LabelCodes(classes, codes[: true.size], codes[true.size :])
