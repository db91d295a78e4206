"""Masked columns: a table whose targets are missing in some rows, and not to be had by any way from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from .arrays import np
from .columns import ArrayColumns, Columns, object_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .columns import Rows

__all__ = ["MaskedColumns"]


@attrs.frozen(eq=False, repr=False)
class MaskedColumns:
    """Columns of `open`, and of `masked` in memory, under the names and in the order of the table they come from."""

    names: tuple[str, ...]
    n_rows: int
    labels: NDArray[Any] | None
    open: Columns
    masked: ArrayColumns

    @classmethod
    def of(cls, columns: Columns, targets: Iterable[str], hidden: Sequence[NDArray[Any]]) -> MaskedColumns:
        """Mask `targets` in the rows that `hidden` lists; all else is read from `columns` when asked for.

        The targets are copied into memory, value by value of the rows that stay: what is masked was never read.
        Types stay as they are, so a masked whole number is 0, a text empty, a real number NaN, an object None.
        """
        secret = tuple(target for target in columns.names if target in set(targets))
        shown = np.ones(columns.n_rows, dtype=bool)
        for rows in hidden:
            shown[rows] = False
        kept = np.flatnonzero(shown)
        arrays = {name: _masked(columns, name, kept) for name in secret}
        types = {name: columns.dtype(name) for name in secret}
        rest = columns.project([name for name in columns.names if name not in arrays])
        return cls(tuple(columns.names), columns.n_rows, columns.labels, rest, ArrayColumns(arrays, None, types))

    @property
    def stored(self) -> MaskedColumns:
        """The cells as stored, masked ones as they are; see `Columns.stored`."""
        return attrs.evolve(self, open=self.open.stored)

    def __repr__(self) -> str:
        return f"MaskedColumns({self.n_rows} rows; {', '.join(self.masked.names)} masked)"

    def _holder(self, name: str) -> Columns:
        return self.masked if name in self.masked.arrays else self.open

    def dtype(self, name: str) -> np.dtype[Any]:
        """Type of a column; see `Columns.dtype`."""
        return self._holder(name).dtype(name)

    def read(self, name: str, rows: Rows) -> NDArray[Any]:
        """Read many rows; see `Columns.read`."""
        return self._holder(name).read(name, rows)

    def row(self, name: str, position: int) -> Any:
        """Read one value; see `Columns.row`."""
        return self._holder(name).row(name, position)

    def project(self, names: Iterable[str]) -> MaskedColumns:
        """Narrow to these columns; see `Columns.project`."""
        kept = tuple(names)
        masked = [name for name in kept if name in self.masked.arrays]
        rest = [name for name in kept if name not in self.masked.arrays]
        return MaskedColumns(kept, self.n_rows, self.labels, self.open.project(rest), self.masked.project(masked))


def _masked(columns: Columns, name: str, kept: NDArray[np.intp]) -> NDArray[Any]:
    values = columns.read(name, kept)
    if values.dtype == object:
        text = columns.dtype(name).kind in "UT"
        filled = object_array("" if text else None for _ in range(columns.n_rows))
        for position, value in zip(kept.tolist(), values, strict=True):
            filled[position] = value
        return filled
    missing: Any = np.nan if values.dtype.kind in "fc" else np.zeros((), values.dtype)
    filled = np.full((columns.n_rows, *values.shape[1:]), missing, dtype=values.dtype)
    filled[kept] = values
    return filled
