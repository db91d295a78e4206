"""Rows: what a metric scores. One value per kind of metric, prepared once and scored on any choice of rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Union

import attrs

from ..arrays import np
from ..errors import InvalidInput, InvalidPredictions
from .counts import ClassCounts, LabelCodes, encode_labels
from .segmentation import PixelCounts

if TYPE_CHECKING:
    from numpy.typing import NDArray

Rows = Union[Sequence[Any], "NDArray[Any]"]
"""Values whose first axis are the rows."""

Function = Callable[..., float]
Details = Callable[..., Mapping[str, float]]


class ScoredRows(Protocol):
    """True values and predictions of the same rows, ready to be scored as often as needed."""

    def score(self, label: str, rows: NDArray[np.intp] | None = None) -> float:
        """Score of metric `label` on the rows given by position (None: all of them; repeats allowed).

        Raises:
            InvalidInput: these rows cannot be scored.
        """
        ...

    def details(self, label: str) -> Mapping[str, float]:
        """Score of each part (`class:…`, `size:…`) of all rows; empty where the metric has no parts."""
        ...


class RowScorer(Protocol):
    """Prepares rows for metrics that need a library."""

    @property
    def labels(self) -> Collection[str]:
        """Labels of the metrics it computes."""
        ...

    def prepare(self, truth: Rows, predictions: Rows) -> ScoredRows:
        """Match true values and predictions, row by row; they are equally many."""
        ...


def as_rows(values: Any) -> NDArray[Any]:
    """`values` as an array whose first axis are the rows; values of unequal shapes become an object array."""
    if isinstance(values, np.ndarray):
        return values  # pyright: ignore[reportUnknownVariableType]
    listed = values if hasattr(values, "__array__") else list(values)
    try:
        return np.asarray(listed)
    except ValueError:  # rows of different lengths
        rows = np.empty(len(listed), dtype=object)
        rows[:] = listed
        return rows


def true_values(values: Any) -> tuple[NDArray[Any], NDArray[np.bool_] | None]:
    """True values as an array, and which of them are there (None: all).

    Missing is NaN among numbers, None or NaN among objects (reference: Polaris, section 10.1).
    """
    truth = as_rows(values)
    if truth.ndim != 1 or truth.dtype.kind not in "fO":
        return truth, None
    if truth.dtype.kind == "f":
        missing = np.isnan(truth)
    else:
        missing = np.fromiter(
            (value is None or (isinstance(value, float) and value != value) for value in truth), bool, truth.size
        )
    if not missing.any():
        return _tight(truth), None
    return _tight(truth, ~missing), ~missing


def _tight(truth: NDArray[Any], present: NDArray[np.bool_] | None = None) -> NDArray[Any]:
    """Numbers that only sit in an object array because some are missing, as an array of numbers."""
    if truth.dtype.kind != "O":
        return truth
    there = truth if present is None else truth[present]
    if not there.size or not all(isinstance(value, bool | int | float | np.generic) for value in there):
        return truth
    numbers = np.array(there.tolist())
    if numbers.dtype.kind not in "biuf":
        return truth
    if present is None:
        return numbers
    filled = np.zeros(truth.size, dtype=numbers.dtype)
    filled[present] = numbers
    return filled


@attrs.frozen(eq=False)
class ArrayRows:
    """Rows for functions of two arrays."""

    truth: NDArray[Any]
    given: NDArray[Any]
    present: NDArray[np.bool_] | None
    functions: Mapping[str, tuple[Function, Details | None]]

    def chosen(self, rows: NDArray[np.intp] | None) -> tuple[NDArray[Any], NDArray[Any]]:
        """Truth and predictions of the chosen rows, without those whose truth is missing."""
        if rows is None:
            if self.present is None:
                return self.truth, self.given
            return self.truth[self.present], self.given[self.present]
        kept = rows if self.present is None else rows[self.present[rows]]
        return self.truth[kept], self.given[kept]

    def score(self, label: str, rows: NDArray[np.intp] | None = None) -> float:
        """See ScoredRows."""
        return self.functions[label][0](*self.chosen(rows))

    def details(self, label: str) -> Mapping[str, float]:
        """See ScoredRows."""
        parts = self.functions[label][1]
        return {} if parts is None else parts(*self.chosen(None))


@attrs.frozen(eq=False)
class CountedRows:
    """Rows for functions of class counts: labels are looked up once for all metrics and resamples."""

    rows: ArrayRows
    codes: LabelCodes | None
    everything: ClassCounts | None

    @classmethod
    def of(cls, rows: ArrayRows) -> CountedRows:
        """Encode the labels; where that fails, each choice of rows is judged for itself."""
        try:
            codes = encode_labels(*rows.chosen(None))
        except InvalidInput:
            return cls(rows, None, None)
        if rows.present is not None:
            codes = codes.spread(rows.present)
        return cls(rows, codes, codes.count(None))

    def counts(self, rows: NDArray[np.intp] | None) -> ClassCounts:
        """Class counts of the chosen rows."""
        if self.codes is None:
            return encode_labels(*self.rows.chosen(rows)).count(None)
        if rows is None and self.everything is not None:
            return self.everything
        return self.codes.count(rows)

    def score(self, label: str, rows: NDArray[np.intp] | None = None) -> float:
        """See ScoredRows."""
        return self.rows.functions[label][0](self.counts(rows))

    def details(self, label: str) -> Mapping[str, float]:
        """See ScoredRows."""
        parts = self.rows.functions[label][1]
        return {} if parts is None else parts(self.counts(None))


@attrs.frozen(eq=False)
class ImageRows:
    """Rows that are label images; only the counts of each image are kept."""

    pixels: PixelCounts
    functions: Mapping[str, tuple[Function, Details | None]]

    def score(self, label: str, rows: NDArray[np.intp] | None = None) -> float:
        """See ScoredRows."""
        return self.functions[label][0](self.pixels.total(rows))

    def details(self, label: str) -> Mapping[str, float]:
        """See ScoredRows."""
        parts = self.functions[label][1]
        return {} if parts is None else parts(self.pixels.total(None))


@attrs.frozen(eq=False)
class PresentRows:
    """Rows of a scorer that was only given those whose truth is `present`."""

    inner: ScoredRows
    present: NDArray[np.bool_]

    def score(self, label: str, rows: NDArray[np.intp] | None = None) -> float:
        """See ScoredRows."""
        if rows is None:
            return self.inner.score(label)
        places = np.cumsum(self.present) - 1
        return self.inner.score(label, places[rows[self.present[rows]]])

    def details(self, label: str) -> Mapping[str, float]:
        """See ScoredRows."""
        return self.inner.details(label)


def same_length(truth: Any, given: Any) -> None:
    """Refuse predictions that are not one per row.

    Raises:
        InvalidPredictions: another number of rows.
    """
    expected = len(truth)
    actual = len(given) if getattr(given, "ndim", 1) else 0
    if actual != expected:
        raise InvalidPredictions("predictions", f"have {actual} rows, expected {expected}")
