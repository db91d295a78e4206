"""Reading rows in batches, and the arrays that many values make together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, cast

from .arrays import np
from .columns import object_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Read = Callable[[str, NDArray[np.intp]], NDArray[Any]]

__all__ = ["packed", "read_ahead", "rows_of", "stacked"]

MOST_ROWS = 1 << 15
MOST_BYTES = 8 << 20
_GROWTH = 32
_SAMPLE = 16


def read_ahead(read: Read, names: tuple[str, ...], positions: NDArray[np.intp]) -> Iterator[dict[str, NDArray[Any]]]:
    """Read columns in batches of rows, in order.

    The first row is read alone, then as many at once as fit into MOST_BYTES, judged by those before: reading ahead
    small rows is what makes it fast, and of large ones it would fill the memory.
    """
    start, size = 0, 1
    while start < len(positions):
        batch = positions[start : start + size]
        values = {name: read(name, batch) for name in names}
        yield values
        start += size
        row_bytes = sum(map(_bytes, values.values())) // len(batch) + 1
        size = max(1, min(MOST_ROWS, _GROWTH * size, MOST_BYTES // row_bytes))


def rows_of(values: Mapping[str, NDArray[Any]], names: tuple[str, ...]) -> Iterable[Any]:
    """Row by row, the bare value of one column or a dict of several."""
    if len(names) == 1:
        return _each(values[names[0]])
    columns = [_each(values[name]) for name in names]
    return (dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True))


def packed(values: NDArray[Any]) -> NDArray[Any]:
    """Turn an object array into the array its values make: of text, numbers, or arrays of one shape.

    What makes none (text with missing values, ragged rows, molecules, bytes, which numpy would cut) stays as it is.
    """
    if values.dtype != object or not len(values):
        return values
    listed = cast("list[Any]", values.tolist())
    kinds: set[type[Any]] = {type(value) for value in listed}
    if kinds == {str}:
        # numpy drops trailing NULs, which no text should have but some may.
        return values if any(text.endswith("\0") for text in listed) else np.array(listed)
    if kinds <= {np.ndarray, tuple} or all(issubclass(kind, int | float | np.number) for kind in kinds):
        return stacked(listed)
    return values


def stacked(values: list[Any]) -> NDArray[Any]:
    """`np.array` of the values; an object array where they have different shapes."""
    try:
        return np.array(values)
    except ValueError:
        return object_array(values, len(values))


def _each(values: NDArray[Any]) -> Iterable[Any]:
    if values.dtype == object:
        return cast("list[Any]", values.tolist())
    # A row that is a view would keep its whole batch in memory.
    return iter(values) if values.ndim == 1 else (row.copy() for row in values)


def _bytes(values: NDArray[Any]) -> int:
    """About how much memory an array holds on to; of objects some are weighed."""
    if values.dtype != object:
        return values.nbytes
    sample = cast("list[Any]", values[:: max(1, len(values) // _SAMPLE)].tolist())
    return sum(map(_weight, sample)) * len(values) // len(sample)


def _weight(value: Any) -> int:
    if isinstance(value, tuple | list):
        return sum(map(_weight, cast("list[Any]", value)))
    if isinstance(value, Mapping):
        return sum(map(_weight, cast("Mapping[Any, Any]", value).values()))
    return int(getattr(value, "nbytes", 0)) or (len(value) if isinstance(value, str | bytes) else 64)
