"""Which row of a table is which row of which test set."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...domain.arrays import np
from ...domain.errors import InvalidPredictions
from ...ports.prediction_files import ReadOptions, Wanted
from .naming import listed

if TYPE_CHECKING:
    from numpy.typing import NDArray

Rows = dict[str, "NDArray[np.intp]"]


def places(table: Mapping[str, Any], guides: list[str], wanted: Wanted, options: ReadOptions, path: Path) -> Rows:
    """Rows of a table for each test set, in the order of the test set.

    Raises:
        InvalidPredictions: a test set that is not known, or rows that are missing, unknown or there twice.
    """
    length = len(next(iter(table.values())))
    labelled, numbered = options.test_set_column in guides, options.row_column in guides
    if labelled:
        parts = _by_test_set(table[options.test_set_column], wanted, options.test_set_column, path)
    elif numbered or len(wanted.rows) == 1:
        parts = {test: np.arange(length) for test in wanted.rows}
    else:
        advice = f"Say of each row which test set it is of: {listed(wanted.rows)}"
        raise InvalidPredictions(f"file {path}", f"has no column '{options.test_set_column}'", advice)
    if not numbered:
        return {test: _in_order(rows, test, wanted, path) for test, rows in parts.items()}
    given = _positions(table[options.row_column], options.row_column, path)
    everywhere = np.concatenate(list(wanted.rows.values()))
    found: Rows = {}
    for test, rows in parts.items():
        known = wanted.rows[test] if labelled else everywhere
        found[test] = _by_position(given, rows, wanted.rows[test], known, (path, test, options.row_column))
    return found


def _by_test_set(column: Any, wanted: Wanted, name: str, path: Path) -> Rows:
    labels = np.array(column.to_pylist(), dtype=object)
    parts = {test: np.flatnonzero(labels == test) for test in wanted.rows}
    if sum(map(len, parts.values())) < len(labels):
        row = next(i for i, label in enumerate(labels) if label not in wanted.rows)
        reason = f"column '{name}', row {row}: {labels[row]!r} is no test set"
        raise InvalidPredictions(f"file {path}", reason, f"Test sets: {listed(wanted.rows)}")
    return parts


def _in_order(rows: NDArray[np.intp], test: str, wanted: Wanted, path: Path) -> NDArray[np.intp]:
    expected = len(wanted.rows[test])
    if len(rows) != expected:
        reason = f"has {len(rows)} rows for test set '{test}', expected {expected}"
        advice = "Predict every row of the test set, in its order; the first line of a CSV file names the columns"
        raise InvalidPredictions(f"file {path}", reason, advice, test_set=test)
    return rows


def _positions(column: Any, name: str, path: Path) -> NDArray[Any]:
    import pyarrow as pa

    if not pa.types.is_integer(column.type) or column.null_count:
        reason = f"column '{name}' does not hold a whole number in every row"
        raise InvalidPredictions(f"file {path}", reason, "Write the position of the row in the dataset, from 0")
    return column.to_numpy()


def _by_position(
    given: NDArray[Any],
    rows: NDArray[np.intp],
    wanted: NDArray[Any],
    known: NDArray[Any],
    where: tuple[Path, str, str],
) -> NDArray[np.intp]:
    """Rows of the file, in the order of the wanted positions."""
    path, test, name = where

    def refuse(reason: str) -> InvalidPredictions:
        return InvalidPredictions(f"file {path}", reason, "Predict every row of the test set once", test_set=test)

    there = given[rows]
    unknown = np.flatnonzero(~np.isin(there, known))
    if unknown.size:
        row = int(rows[unknown[0]])
        raise refuse(f"column '{name}', row {row}: row {given[row]} of the dataset is no test row")
    order = np.argsort(there, kind="stable")
    ordered = there[order]
    twice = np.flatnonzero(ordered[1:] == ordered[:-1])
    if twice.size:
        raise refuse(f"column '{name}': row {ordered[twice[0]]} of the dataset is there twice")
    absent = wanted[~np.isin(wanted, ordered)]
    if absent.size:
        reason = f"lacks {absent.size} of {len(wanted)} rows of test set '{test}', the first of them row {absent[0]}"
        raise refuse(f"{reason} of the dataset")
    return rows[order[np.searchsorted(ordered, wanted)]]
