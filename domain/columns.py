"""Columns: how everything else reads a table of values, whatever holds it (reference: Polaris, sections 5 and 8).

A column has one value per row: a number, a text (missing: None), an array, or, for pointers and ragged columns,
an array or a tuple per row. Rows are addressed by position here; labels are the dataset's business.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast

import attrs

from .arrays import np
from .errors import InvalidDataset, NotFound, RowNotFound

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = slice | NDArray[np.intp]

__all__ = ["ArrayColumns", "Columns", "batch_rows", "batches", "object_array", "resolve_position", "resolve_rows"]

BATCH_BYTES = 8 << 20
BATCH_ROWS = 4096


class Columns(Protocol):
    """Read access to named columns of equal length. Implementations are safe to share between threads."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in order, each once."""
        ...

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        ...

    @property
    def labels(self) -> NDArray[Any] | None:
        """Label of each row; None stands for 0 to n-1."""
        ...

    @property
    def stored(self) -> Columns:
        """The cells as they are stored, which checksums and copies need.

        Pointers are texts there, and nullable numbers masked arrays.
        """
        ...

    def dtype(self, name: str) -> np.dtype[Any]:
        """Type of a column, without reading it.

        Text of a table: the text type without width (its name is `str`); text and groups of an archive: object.
        """
        ...

    def read(self, name: str, rows: Rows) -> NDArray[Any]:
        """Read many rows at once, in the order asked; the first axis is the row.

        Repeats are allowed, negative positions count from the end. Text, tuples and ragged rows come in an object
        array. The result belongs to the caller.

        Raises:
            NotFound: no such column, or a row out of range.
            IntegrityError: stored bytes are damaged; names file and column.
        """
        ...

    def row(self, name: str, position: int) -> Any:
        """Read the value of one row; errors as `read`."""
        ...

    def project(self, names: Iterable[str]) -> Columns:
        """Narrow to these columns. Nothing of the others can be reached from the result, pickled or not."""
        ...


def object_array(values: Iterable[Any], count: int | None = None) -> NDArray[np.object_]:
    """Put values into a one-dimensional object array, whatever they are (numpy would unpack sequences)."""
    listed = list(values)
    out = np.empty(len(listed) if count is None else count, dtype=object)
    for i, value in enumerate(listed):
        out[i] = value
    return out


def resolve_position(position: Any, n_rows: int) -> int:
    """Return the position counted from 0; raise NotFound outside of -n to n-1."""
    i = operator.index(position)
    if not -n_rows <= i < n_rows:
        raise RowNotFound(name=str(i), where=f"{n_rows} rows")
    return i + n_rows if i < 0 else i


def resolve_rows(rows: Any, n_rows: int) -> Rows:
    """Return rows as a slice or as an array of positions from 0; a boolean mask over all rows is fine too."""
    if isinstance(rows, slice):
        return cast("slice", rows)
    listed = np.asarray(rows)
    if listed.dtype == bool:
        if listed.shape != (n_rows,):
            raise RowNotFound("row mask", f"of shape {listed.shape}", f"{n_rows} rows")
        return np.flatnonzero(listed)
    if listed.size == 0:
        return np.empty(0, dtype=np.intp)
    if listed.ndim != 1 or listed.dtype.kind not in "iu":
        raise NotFound("rows", f"of type {listed.dtype} and shape {listed.shape}", "whole numbers in one dimension")
    lowest, highest = int(listed.min()), int(listed.max())
    if lowest < -n_rows or highest >= n_rows:
        raise RowNotFound(name=str(lowest if lowest < -n_rows else highest), where=f"{n_rows} rows")
    positions = listed.astype(np.intp, copy=False)
    return np.where(positions < 0, positions + n_rows, positions) if lowest < 0 else positions


def batch_rows(columns: Columns, names: Iterable[str], limit: int = BATCH_BYTES) -> int:
    """Number of rows to read at once so that a batch takes about `limit` bytes; judged by the first row."""
    if not columns.n_rows:
        return 1
    size = 0
    for name in names:
        value: Any = columns.row(name, 0)
        items = cast("tuple[Any, ...]", value) if isinstance(value, tuple) else (value,)
        size += sum(int(getattr(item, "nbytes", 64)) for item in items)
    return max(1, min(BATCH_ROWS, limit // max(1, size)))


def batches(
    columns: Columns, names: Iterable[str], size: int | None = None
) -> Iterator[tuple[slice, dict[str, NDArray[Any]]]]:
    """Read all rows in order, in batches that bound memory; yield where each batch is, and its arrays."""
    wanted = tuple(names)
    step = size or batch_rows(columns, wanted)
    for start in range(0, columns.n_rows, step):
        rows = slice(start, min(start + step, columns.n_rows))
        yield rows, {name: columns.read(name, rows) for name in wanted}


@attrs.frozen(eq=False, repr=False)
class ArrayColumns:
    """Columns held in memory.

    `types` overrides the reported type of a column (a table's text, held as objects, reports text); `origin` is
    where the values were loaded from, if anywhere, so that a dataset in memory can still be saved with its archive.
    """

    arrays: Mapping[str, NDArray[Any]]
    labels: NDArray[Any] | None = None
    types: Mapping[str, np.dtype[Any]] = attrs.field(factory=dict[str, "np.dtype[Any]"])
    origin: Columns | None = None
    n_rows: int = attrs.field(init=False, default=0)

    def __attrs_post_init__(self) -> None:
        for name in self.arrays:
            if not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
                raise InvalidDataset(f"column {name!r}", "has a name that is not text", "Rename it")
        lengths = {name: len(values) for name, values in self.arrays.items()}
        if self.labels is not None:
            lengths["labels"] = len(self.labels)
        if len(set(lengths.values())) > 1:
            raise InvalidDataset("columns", f"have different lengths: {lengths}", "Give each one value per row")
        object.__setattr__(self, "arrays", dict(self.arrays))
        object.__setattr__(self, "n_rows", next(iter(lengths.values()), 0))

    @classmethod
    def loaded(cls, columns: Columns) -> ArrayColumns:
        """Read every column of `columns` into memory, once."""
        everything = slice(None)
        return cls(
            {name: columns.read(name, everything) for name in columns.names},
            columns.labels,
            {name: columns.dtype(name) for name in columns.names},
            columns.origin if isinstance(columns, ArrayColumns) else columns,
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns, in the order given."""
        return tuple(self.arrays)

    @property
    def stored(self) -> Columns:
        """The cells as they were stored where these values come from; see `Columns.stored`."""
        return self if self.origin is None else self.origin.stored

    def __repr__(self) -> str:
        return f"ArrayColumns({self.n_rows} rows of {', '.join(self.arrays)})"

    def _array(self, name: str) -> NDArray[Any]:
        try:
            return self.arrays[name]
        except KeyError:
            raise NotFound("column", str(name), f"columns {', '.join(self.arrays)}") from None

    def dtype(self, name: str) -> np.dtype[Any]:
        """Type of a column; see `Columns.dtype`."""
        array = self._array(name)
        return self.types.get(name, array.dtype)

    def read(self, name: str, rows: Rows) -> NDArray[Any]:
        """Copy these rows out; see `Columns.read`."""
        array = self._array(name)
        wanted = resolve_rows(rows, self.n_rows)
        return array[wanted].copy() if isinstance(wanted, slice) else array[wanted]

    def row(self, name: str, position: int) -> Any:
        """Read one value; see `Columns.row`."""
        array = self._array(name)
        try:
            value = array[position]
        except IndexError:
            raise RowNotFound(name=str(position), where=f"{self.n_rows} rows") from None
        return value.copy() if array.ndim > 1 else value

    def project(self, names: Iterable[str]) -> ArrayColumns:
        """Narrow to these columns; see `Columns.project`."""
        kept = {name: _alone(self._array(name)) for name in names}
        return ArrayColumns(
            kept,
            self.labels,
            {name: dtype for name, dtype in self.types.items() if name in kept},
            self.origin.project(kept) if self.origin is not None else None,
        )


def _alone(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array, or a copy where it is a window on a larger one that may hold other columns."""
    base: Any = array.base
    return array if base is None or getattr(base, "nbytes", None) == array.nbytes else array.copy()
