"""Splits: which rows of its dataset a benchmark trains and tests on (reference: Polaris, sections 7.2 and 7.6).

Rows are positions, not index labels. All rules are checked on arrays: a split of a million rows takes milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

import attrs

from .arrays import np
from .errors import InvalidBenchmark, InvalidInput, NotFound
from .index_set import IndexSet, whole_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.intp]

T = TypeVar("T")

__all__ = ["TEST", "AnySplit", "LabelledSplits", "SplitV1", "SplitV2"]

TEST = "test"
"""Label of the test set where there is but one and nobody named it."""


@attrs.frozen(eq=False, repr=False)
class SplitV1:
    """Training rows and named test sets, in the order given. Rows may be unused; training may be empty.

    No test set is empty, shares a row with training or holds a row twice; two test sets may share rows.
    """

    train: Rows
    tests: Mapping[str, Rows]

    def __attrs_post_init__(self) -> None:
        ordered = _distinct(self.train, "the training set")
        for label, rows in self.tests.items():
            if not rows.size:
                raise InvalidBenchmark(f"test set '{label}'", "is empty", "Give it at least one row")
            _check_disjoint(ordered, _distinct(rows, f"test set '{label}'"), f"test set '{label}'")

    @classmethod
    def of(cls, train: Iterable[Any], test: Iterable[Any] | Mapping[str, Iterable[Any]]) -> SplitV1:
        """Make a split of lists of rows; a bare list of test rows becomes the test set `test`.

        Raises:
            InvalidBenchmark: a rule is broken, or a row is not a whole number from 0.
        """
        named = cast("Mapping[str, Iterable[Any]]", test) if isinstance(test, Mapping) else {TEST: test}
        for label in named:
            if not isinstance(label, str):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise InvalidBenchmark(f"test set {label!r}", "has a label that is not text")
        tests = {label: _rows(rows, f"test set '{label}'") for label, rows in named.items()}
        return cls(_rows(train, "the training set"), tests)

    @classmethod
    def from_parts(cls, parts: Any) -> SplitV1:
        """Read the pair `(train, test)` of a document; raise InvalidBenchmark as `of`, or if it is no pair."""
        if not isinstance(parts, list | tuple) or len(cast("list[Any]", parts)) != 2:
            raise InvalidBenchmark("split", "is not a pair of training rows and test rows")
        train, test = cast("list[Any]", parts)
        return cls.of(train, test)

    @property
    def highest(self) -> int | None:
        """Largest row; None if there is none."""
        return max((int(rows.max()) for rows in (self.train, *self.tests.values()) if rows.size), default=None)

    def check_rows(self, n_rows: int) -> None:
        """Check that a dataset of so many rows has all of these; raise InvalidBenchmark."""
        _check_rows(self.highest, n_rows)

    @property
    def train_size(self) -> int:
        """Number of training rows."""
        return len(self.train)

    @property
    def test_sizes(self) -> dict[str, int]:
        """Rows of each test set, by label, in the order given."""
        return {label: len(rows) for label, rows in self.tests.items()}

    def test_rows(self, label: str) -> Rows:
        """Positions of the rows of a test set, in the order given; raises NotFound."""
        return _named(self.tests, label)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, SplitV1):
            return NotImplemented
        return (
            list(self.tests) == list(other.tests)
            and np.array_equal(self.train, other.train)
            and all(np.array_equal(rows, other.tests[label]) for label, rows in self.tests.items())
        )

    __hash__ = None  # pyright: ignore[reportAssignmentType]

    def __repr__(self) -> str:
        tests = ", ".join(f"{label}: {len(rows)}" for label, rows in self.tests.items())
        return f"SplitV1(train: {len(self.train)}, {tests})"


@attrs.frozen(hash=False)
class SplitV2:
    """Training rows, which may be none, and test rows, at least one; no row is in both."""

    training: IndexSet
    test: IndexSet

    def __attrs_post_init__(self) -> None:
        if not len(self.test):
            raise InvalidBenchmark("test set", "is empty", "Give it at least one row")
        _check_disjoint(self.training.values, self.test.values, "the test set")

    @classmethod
    def of(cls, training: Iterable[Any], test: Iterable[Any]) -> SplitV2:
        """Make a split of rows in any order; raise InvalidBenchmark if a rule is broken."""
        try:
            return cls(IndexSet.of(training), IndexSet.of(test))
        except InvalidBenchmark:
            raise
        except InvalidInput as error:
            raise InvalidBenchmark(error.what, error.reason, error.advice) from None

    @property
    def highest(self) -> int | None:
        """Largest row; None if there is none."""
        return max((part.highest for part in (self.training, self.test) if part.highest is not None), default=None)

    def check_rows(self, n_rows: int) -> None:
        """Check that a dataset of so many rows has all of these; raise InvalidBenchmark."""
        _check_rows(self.highest, n_rows)

    @property
    def train_size(self) -> int:
        """Number of training rows."""
        return len(self.training)

    @property
    def test_sizes(self) -> dict[str, int]:
        """Rows of the only test set."""
        return {TEST: len(self.test)}

    def test_rows(self, label: str) -> Rows:
        """Positions of the test rows, ascending; raises NotFound."""
        return _named({TEST: self.test}, label).positions


@attrs.frozen(hash=False)
class LabelledSplits:
    """Several splits of one dataset, at least one, by label, in the order given."""

    by_label: Mapping[str, SplitV2] = attrs.field(converter=dict[str, SplitV2])

    def __attrs_post_init__(self) -> None:
        if not self.by_label:
            raise InvalidBenchmark("benchmark", "has no split", "Give it at least one")

    @property
    def highest(self) -> int | None:
        """Largest row of any split; None if there is none."""
        return max((one.highest for one in self.by_label.values() if one.highest is not None), default=None)

    def check_rows(self, n_rows: int) -> None:
        """Check that a dataset of so many rows has all of these; raise InvalidBenchmark."""
        _check_rows(self.highest, n_rows)

    @property
    def train_size(self) -> dict[str, int]:
        """Number of training rows of each split, by label."""
        return {label: one.train_size for label, one in self.by_label.items()}

    @property
    def test_sizes(self) -> dict[str, int]:
        """Test rows of each split, by label."""
        return {label: len(one.test) for label, one in self.by_label.items()}

    def test_rows(self, label: str) -> Rows:
        """Positions of the test rows of a split, ascending; raises NotFound."""
        return _named(self.by_label, label).test.positions


AnySplit = SplitV1 | SplitV2 | LabelledSplits


def _rows(rows: Any, what: str) -> Rows:
    if isinstance(rows, Mapping):
        raise InvalidBenchmark(what, "is a mapping, not a list of rows")
    try:
        numbers = whole_numbers(rows, what)
    except InvalidInput as error:
        raise InvalidBenchmark(error.what, error.reason, "Give rows as whole numbers, counted from 0") from None
    positions = numbers.astype(np.intp, copy=False)
    positions.flags.writeable = False
    return positions


def _distinct(rows: Rows, what: str) -> Rows:
    """The rows in ascending order; raises InvalidBenchmark if one is negative or there twice."""
    ordered = np.sort(rows)
    if ordered.size and ordered[0] < 0:
        raise InvalidBenchmark(what, f"holds row {ordered[0]}", "Rows are counted from 0")
    twice = ordered[1:][ordered[1:] == ordered[:-1]]
    if twice.size:
        raise InvalidBenchmark(what, f"holds {twice.size} rows twice, the first of them row {twice[0]}")
    return ordered


def _named(parts: Mapping[str, T], label: str) -> T:
    if label not in parts:
        raise NotFound("test set", label, "the benchmark", f"Test sets: {', '.join(parts) or 'none'}")
    return parts[label]


def _check_rows(highest: int | None, n_rows: int) -> None:
    if highest is not None and highest >= n_rows:
        raise InvalidBenchmark("split", f"holds row {highest}", f"The dataset has {n_rows} rows, counted from 0")


def _check_disjoint(train: NDArray[Any], test: NDArray[Any], what: str) -> None:
    """Check that two ascending arrays share no row."""
    if not train.size:
        return
    place = np.minimum(np.searchsorted(train, test), train.size - 1)
    shared = test[train[place] == test]
    if shared.size:
        raise InvalidBenchmark(
            what, f"overlaps the training set in {shared.size} rows, the first of them row {shared[0]}"
        )
