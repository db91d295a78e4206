"""Writing version 1 tables as parquet, with the metadata by which pandas restores types and index."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...domain.arrays import np
from ...domain.columns import ArrayColumns, Columns
from ...domain.errors import InvalidDataset
from .copying import disk_errors

ROWS = 1 << 16  # rows of a row group, and so of what is in memory at once


def write_parquet(destination: Path, columns: Columns) -> None:
    """Write a table, whole or not at all.

    Raises:
        InvalidDataset: a column cannot be a column of a table; says which.
    """
    import pyarrow as pa
    from pyarrow import parquet

    index = _index_columns(columns.labels)
    sources = [(columns, name) for name in columns.names] + [(index, name) for name in index.names]
    names = [name for _, name in sources]
    if len(set(names)) < len(names):
        raise InvalidDataset(f"table {destination}", "has a column named like one of its index", "Rename it")
    schema = pa.schema([pa.field(name, _arrow_type(source, name)) for source, name in sources])
    schema = schema.with_metadata({"pandas": json.dumps(_pandas(schema, columns, index))})
    partial = destination.with_name(f".{destination.name}.{os.getpid()}.partial")
    with disk_errors(destination):
        destination.parent.mkdir(parents=True, exist_ok=True)
        try:
            with parquet.ParquetWriter(str(partial), schema) as writer:
                for start in range(0, columns.n_rows, ROWS):
                    rows = slice(start, min(start + ROWS, columns.n_rows))
                    arrays = [_arrow(source, name, rows, schema.field(name).type) for source, name in sources]
                    writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            partial.replace(destination)
        finally:
            partial.unlink(missing_ok=True)


def _index_columns(labels: np.ndarray[Any, Any] | None) -> ArrayColumns:
    """Labels as columns, named as pandas names an index without a name; tuples are several levels."""
    if labels is None:
        return ArrayColumns({})
    if len(labels) and isinstance(labels[0], tuple):
        levels = [np.array(level) for level in zip(*labels, strict=True)]
    else:
        levels = [labels]
    return ArrayColumns({f"__index_level_{i}__": level for i, level in enumerate(levels)})


def _bad(name: str, why: object) -> InvalidDataset:
    return InvalidDataset(f"column '{name}'", f"cannot be a column of a table: {why}", "Put it into a Zarr archive")


def _arrow_type(columns: Columns, name: str) -> Any:
    import pyarrow as pa

    dtype = columns.dtype(name)
    if dtype.kind == "U":
        return pa.string()
    if dtype.kind == "S":
        return pa.binary()
    if dtype.kind in "mM":
        unit = np.datetime_data(dtype)[0]
        unit = unit if unit in ("s", "ms", "us", "ns") else "s"
        return pa.timestamp(unit) if dtype.kind == "M" else pa.duration(unit)
    if dtype.kind == "O":
        return _object_type(columns, name)
    try:
        return pa.from_numpy_dtype(dtype.newbyteorder("="))
    except (pa.ArrowException, NotImplementedError) as error:
        raise _bad(name, error) from error


def _object_type(columns: Columns, name: str) -> Any:
    """Type of the first value that is there; text where there is none."""
    for value in _values(columns, name):
        if not (value is None or (isinstance(value, float) and math.isnan(value))):
            return _infer(name, value)
    import pyarrow as pa

    return pa.string()


def _infer(name: str, value: Any) -> Any:
    import pyarrow as pa

    if isinstance(value, np.ndarray) and value.ndim != 1:
        raise _bad(name, f"its rows have {value.ndim} dimensions")
    try:
        return pa.array([value], from_pandas=True).type
    except pa.ArrowException as error:
        raise _bad(name, error) from error


def _values(columns: Columns, name: str) -> Iterator[Any]:
    for start in range(0, columns.n_rows, ROWS):
        yield from columns.read(name, slice(start, min(start + ROWS, columns.n_rows)))


def _arrow(columns: Columns, name: str, rows: slice, kind: Any) -> Any:
    import pyarrow as pa

    values = columns.read(name, rows)
    if values.ndim != 1:
        raise _bad(name, f"its rows have {values.ndim - 1} dimensions")
    if values.dtype.kind in "mM":
        values = values.astype(f"{values.dtype.kind}8[{kind.unit}]")
    elif values.dtype.kind not in "OUS":
        values = values.astype(values.dtype.newbyteorder("="), copy=False)
    # NaN is a missing text, but a number like any other.
    missing = values.dtype.kind == "O"
    try:
        return pa.array(values, type=kind, from_pandas=missing)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise _bad(name, error) from error


_PANDAS_TYPES = {
    "string": "unicode",
    "binary": "bytes",
    "float": "float32",
    "double": "float64",
    "halffloat": "float16",
}


def _pandas(schema: Any, columns: Columns, index: ArrayColumns) -> dict[str, Any]:
    """Describe the table as pandas does, so that it restores the types and the index."""
    n_rows = columns.n_rows
    ranges = {"kind": "range", "name": None, "start": 0, "stop": n_rows, "step": 1}
    described = [
        _description(name, name, schema.field(name).type, _numpy_name(columns, name)) for name in columns.names
    ] + [_description(None, name, schema.field(name).type, _numpy_name(index, name)) for name in index.names]
    return {
        "index_columns": list(index.names) if columns.labels is not None else [ranges],
        "column_indexes": [
            {
                "name": None, "field_name": None, "pandas_type": "unicode", "numpy_type": "object",
                "metadata": {"encoding": "UTF-8"},
            }
        ],
        "columns": described,
        "creator": {"library": "groundtruth", "version": "1"},
        "pandas_version": "2.2.0",
    }  # fmt: skip


def _numpy_name(columns: Columns, name: str) -> str:
    dtype = columns.dtype(name)
    if dtype.kind in "OUS":
        return "object"
    return dtype.str[1:] if dtype.kind in "mM" else dtype.name


def _description(name: str | None, field: str, kind: Any, numpy_name: str) -> dict[str, Any]:
    text = str(kind)
    if text.startswith("timestamp"):
        pandas_type, numpy_name = "datetime", f"datetime64[{kind.unit}]"
    elif text.startswith("duration"):
        pandas_type, numpy_name = "timedelta", f"timedelta64[{kind.unit}]"
    else:
        pandas_type = _PANDAS_TYPES.get(text, "object" if numpy_name == "object" else text)
    return {
        "name": name, "field_name": field, "pandas_type": pandas_type, "numpy_type": numpy_name, "metadata": None
    }  # fmt: skip


def as_columns(data: Any) -> Columns:
    """Return columns as they are, and make them of a mapping of arrays."""
    if not isinstance(data, dict):
        return data
    return ArrayColumns({name: np.asarray(values) for name, values in data.items()})
