"""Version 1 tables: parquet through pyarrow, with what pandas left in the file about its index and types.

A column is read when it is first asked for. Numbers are then held as numpy arrays; everything else stays in Arrow's
compact form and becomes Python objects batch by batch.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

import attrs

from ...domain.arrays import np
from ...domain.columns import object_array, resolve_position, resolve_rows
from ...domain.errors import IntegrityError, InvalidDataset, NotFound
from .arrow_values import dtype_of, indices, is_number, masked, numbers, objects, one
from .columns import StoredColumns

_TEXT_NAMES = ("unicode", "string", "empty", None)  # what pandas says of column names that are text


@attrs.frozen(eq=False, repr=False)
class TableColumn:
    """One column of a parquet file. Several threads may read it; pickling drops the values."""

    path: str
    name: str
    dtype: np.dtype[Any]
    n_rows: int
    nullable: bool = False

    def __getstate__(self) -> tuple[Any, ...]:
        return self.path, self.name, self.dtype, self.n_rows, self.nullable

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.__init__(*state)  # pyright: ignore[reportAttributeAccessIssue]

    @cached_property
    def _values(self) -> Any:
        """A numpy array where numpy has the type, else an Arrow array."""
        values = _read_column(self.path, self.name)
        return numbers(values, self.dtype) if self._plain else values

    def as_stored(self) -> TableColumn | MaskedColumn:
        """Numbers that pandas held as nullable ones, with a mask; everything else as it is."""
        return MaskedColumn(self.path, self.name, self.n_rows) if self.nullable else self

    @property
    def _plain(self) -> bool:
        return is_number(self.dtype)

    def row(self, position: int) -> Any:
        """Read one value: a numpy scalar, or an object (None where it is missing)."""
        if not 0 <= position < self.n_rows:
            position = resolve_position(position, self.n_rows)
        value = self._values[position]
        return value if self._plain else one(value)

    def read(self, rows: Any) -> np.ndarray[Any, Any]:
        """Read many values."""
        wanted = resolve_rows(rows, self.n_rows)
        values = self._values
        if self._plain:
            return values[wanted].copy() if isinstance(wanted, slice) else values[wanted]
        if isinstance(wanted, slice):
            start, stop, step = wanted.indices(self.n_rows)
            if step == 1:
                return objects(values.slice(start, max(0, stop - start)))
            wanted = np.arange(start, stop, step)
        return objects(values.take(indices(wanted)))


@attrs.frozen(eq=False, repr=False)
class MaskedColumn:
    """A nullable column as pandas holds it: its own numbers, and a mask of those that are missing."""

    path: str
    name: str
    n_rows: int

    @cached_property
    def _values(self) -> np.ma.MaskedArray[Any, Any]:
        return masked(_read_column(self.path, self.name))

    def __getstate__(self) -> tuple[Any, ...]:
        return self.path, self.name, self.n_rows

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.__init__(*state)  # pyright: ignore[reportAttributeAccessIssue]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the numbers."""
        return self._values.dtype

    def row(self, position: int) -> Any:
        """Read one value, `numpy.ma.masked` for a missing one."""
        return self._values[resolve_position(position, self.n_rows)]

    def read(self, rows: Any) -> np.ndarray[Any, Any]:
        """Read many values, as a masked array."""
        return self._values[resolve_rows(rows, self.n_rows)].copy()


def open_parquet(path: str) -> Any:
    """Open a parquet file; the caller closes it.

    Raises:
        NotFound: no such file.
        IntegrityError: it is damaged or cut short.
    """
    import pyarrow as pa
    from pyarrow import parquet

    try:
        return parquet.ParquetFile(path, memory_map=True)
    except FileNotFoundError as error:
        raise NotFound("table", path, "this machine", "Check the path") from error
    except (pa.ArrowException, OSError) as error:
        raise IntegrityError(f"table {path}", f"is no whole parquet file: {error}", "Fetch it again") from error


def _read_column(path: str, name: str) -> Any:
    import pyarrow as pa

    # Without Arrow's threads, which a forked process would wait for in vain.
    with open_parquet(path) as file:
        try:
            column = file.read(columns=[name], use_threads=False).column(name)
        except (pa.ArrowException, OSError, KeyError) as error:
            raise IntegrityError(
                f"column '{name}' of table {path}", f"cannot be read: {error}", "Fetch the table again"
            ) from error
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_string(column.type) or pa.types.is_binary(column.type):
        large = pa.large_string() if pa.types.is_string(column.type) else pa.large_binary()
        column = column.cast(large)  # one array cannot hold over 2 GB of text otherwise
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


# --- the file ------------------------------------------------------------------------------------------


@attrs.frozen(eq=False, repr=False)
class TableIndex:
    """Labels of the rows: columns that pandas used as index, or a range."""

    levels: tuple[TableColumn, ...] = ()
    numbers: range = range(0)

    @cached_property
    def labels(self) -> np.ndarray[Any, Any]:
        """Label of each row; several levels make tuples."""
        everything = slice(None)
        if not self.levels:
            return np.asarray(self.numbers)
        if len(self.levels) == 1:
            return self.levels[0].read(everything)
        return object_array(zip(*(level.read(everything).tolist() for level in self.levels), strict=True))


def open_table(path: str) -> StoredColumns:
    """Open a table by its footer; no value is read.

    Raises:
        NotFound, IntegrityError: as `open_parquet`.
        InvalidDataset: names of columns that are not text, or not unique.
    """
    with open_parquet(path) as file:
        schema, metadata = file.schema_arrow, file.metadata
        if len(set(schema.names)) < len(schema.names):
            repeated = sorted({name for name in schema.names if schema.names.count(name) > 1})
            raise InvalidDataset(f"table {path}", f"has several columns named {repeated}", "Rename them")
        pandas = _pandas(path, schema)
        nullable = _nullable(pandas)
        by_name = {
            field.name: TableColumn(
                path, field.name, dtype_of(field.type, _has_missing(file, field)), metadata.num_rows,
                field.name in nullable,
            )
            for field in schema
        }  # fmt: skip
    index, hidden = _index(pandas, by_name, metadata.num_rows)
    shown = {name: one for name, one in by_name.items() if name not in hidden}
    return StoredColumns(shown, metadata.num_rows, index, path)


def _has_missing(file: Any, field: Any) -> bool:
    """Tell whether an integer or boolean column has missing values, from the statistics of the footer."""
    import pyarrow as pa

    kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
    if not (pa.types.is_integer(kind) or pa.types.is_boolean(kind)) or not field.nullable:
        return False
    metadata = file.metadata
    paths = [metadata.schema.column(i).path for i in range(metadata.num_columns)]
    leaf = paths.index(field.name)
    for group in range(metadata.num_row_groups):
        statistics = metadata.row_group(group).column(leaf).statistics
        if statistics is None or not statistics.has_null_count:
            return bool(file.read(columns=[field.name], use_threads=False).column(0).null_count)
        if statistics.null_count:
            return True
    return False


def _pandas(path: str, schema: Any) -> dict[str, Any]:
    """What pandas left in the file.

    Raises:
        InvalidDataset: it cannot be read, or the names of the columns were no text.
    """
    said = (schema.metadata or {}).get(b"pandas")
    try:
        pandas = dict(json.loads(said)) if said else {}
        names = [level.get("pandas_type") for level in pandas.get("column_indexes") or ()]
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidDataset(f"table {path}", f"has pandas metadata that cannot be read: {error}") from error
    if len(names) > 1 or any(name not in _TEXT_NAMES for name in names):
        raise InvalidDataset(f"table {path}", "has columns whose names are not text", "Rename them")
    return pandas


def _nullable(pandas: dict[str, Any]) -> set[str]:
    """Columns that pandas held as nullable integers, floats or booleans (whose type names begin with a capital)."""
    described = pandas.get("columns") or ()
    kinds = {one.get("field_name", one.get("name")): str(one.get("numpy_type")) for one in described}
    return {name for name, kind in kinds.items() if kind == "boolean" or kind.startswith(("Int", "UInt", "Float"))}


def _index(pandas: dict[str, Any], columns: dict[str, TableColumn], n_rows: int) -> tuple[Any, set[str]]:
    """What pandas says of its index: the labels, None for 0 to n-1, and the columns that hold them."""
    descriptions = pandas.get("index_columns") or []
    ranges = [one for one in descriptions if isinstance(one, dict)]
    levels = [columns[one] for one in descriptions if isinstance(one, str) and one in columns]
    if levels:
        return TableIndex(tuple(levels)), {level.name for level in levels}
    if ranges:
        numbers = range(ranges[0]["start"], ranges[0]["stop"], ranges[0]["step"])
        return (None if numbers == range(n_rows) else TableIndex(numbers=numbers)), set()
    return None, set()
