"""Predictions in tables: CSV, TSV and Parquet through pyarrow. Rows in messages are counted from 0."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...domain.arrays import np
from ...domain.columns import object_array
from ...domain.errors import InvalidPredictions
from ...ports.prediction_files import ReadOptions, Wanted
from .naming import is_number, listed
from .opening import check_size, damaged, reading
from .placing import places

if TYPE_CHECKING:
    from numpy.typing import NDArray

INDEX = ("", "Unnamed: 0", "__index_level_0__")
"""What pandas calls an index without a name."""


def read_predictions(path: Path, kind: str, wanted: Wanted, options: ReadOptions) -> dict[str, dict[str, Any]]:
    """Read the columns of all targets, and put their rows into the order of the test sets.

    Raises:
        InvalidPredictions: a column is missing or no number, rows are missing or unknown; names column and row.
    """
    names = column_names(path, kind, options.most_bytes)
    guides = [name for name in (options.test_set_column, options.row_column) if name in names]
    guides = [name for name in guides if name not in wanted.targets]
    chosen = _columns_of_targets(names, guides, wanted, options, path)
    as_text = {name for target in wanted.text_targets for name in chosen[target]}
    as_text |= {options.test_set_column} & set(guides)
    needed = dict.fromkeys([*guides, *(name for some in chosen.values() for name in some)])
    table = read_columns(path, kind, needed, as_text, options.most_bytes)
    at = places(table, guides, wanted, options, path)
    arrays = {
        target: _array([table[name] for name in some], some, target in wanted.text_targets, path)
        for target, some in chosen.items()
    }
    return {test: {target: array[rows] for target, array in arrays.items()} for test, rows in at.items()}


def _columns_of_targets(
    names: list[str], guides: list[str], wanted: Wanted, options: ReadOptions, path: Path
) -> dict[str, tuple[str, ...]]:
    for target in options.columns:
        if target not in wanted.targets:
            raise InvalidPredictions(
                f"target '{target}'", "is none of the benchmark", f"Targets: {listed(wanted.targets)}", target=target
            )
    others = [name for name in names if name not in guides and name not in INDEX]
    chosen: dict[str, tuple[str, ...]] = {}
    for target in wanted.targets:
        found = _columns_of(target, others, wanted, options.columns.get(target))
        if not found:
            advice = f"Name a column '{target}', or say which one it is: the file has {listed(names)}"
            missing = options.columns.get(target, target)
            raise InvalidPredictions(f"file {path}", f"has no column '{missing}'", advice, target=target)
        chosen[target] = found
    return chosen


def _columns_of(target: str, others: list[str], wanted: Wanted, given: str | None) -> tuple[str, ...]:
    """The column of a target, those of its classes, or nothing."""
    if given is not None:
        return (given,) if given in others else _numbered(f"{given}_", others)
    if target in others:
        return (target,)
    classes = tuple(name for name in _numbered(f"{target}_", others) if name not in wanted.targets)
    if classes or len(wanted.targets) > 1:
        return classes
    return tuple(others) if len(others) == 1 else _numbered("", others)


def _numbered(prefix: str, names: Iterable[str]) -> tuple[str, ...]:
    """Columns `<prefix>0`, `<prefix>1`, ... as far as they go."""
    there = set(names)
    found: list[str] = []
    while f"{prefix}{len(found)}" in there:
        found.append(f"{prefix}{len(found)}")
    return tuple(found)


def _array(columns: list[Any], names: tuple[str, ...], text: bool, path: Path) -> NDArray[Any]:
    arrays = [_values(column, name, text, path) for column, name in zip(columns, names, strict=True)]
    return arrays[0] if len(arrays) == 1 else np.stack(arrays, axis=1)


def _values(column: Any, name: str, text: bool, path: Path) -> NDArray[Any]:
    """Values of a column: numbers, missing ones NaN; texts; a matrix of lists that are equally long."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _lists(column, name, path)
    if text or pa.types.is_null(kind):
        return object_array(column.to_pylist()) if text else np.full(len(column), np.nan)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        listed_values = column.to_pylist()
        row = next((i for i, one in enumerate(listed_values) if not is_number(one)), 0)
        value = "missing" if listed_values[row] is None else repr(listed_values[row])[:40]
        raise InvalidPredictions(f"file {path}", f"column '{name}', row {row}: {value} is no number", "Write numbers")
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise InvalidPredictions(f"file {path}", f"column '{name}' holds {kind}, not numbers", "Write numbers")
    if column.null_count:
        column = column.cast(pa.float64())
    return column.to_numpy(zero_copy_only=False)


def _lists(column: Any, name: str, path: Path) -> NDArray[Any]:
    rows = [np.asarray(one, dtype=np.float64) if one is not None else None for one in column.to_pylist()]
    lengths = {None if row is None else row.shape for row in rows}
    if len(lengths) > 1 or None in lengths:
        odd = next(i for i, row in enumerate(rows) if row is None or row.shape != rows[0].shape)  # type: ignore[union-attr]
        reason = f"column '{name}', row {odd}: is not as long as the others"
        raise InvalidPredictions(f"file {path}", reason, "Give each row the same number of values")
    return np.stack(rows) if rows else np.empty((0, 0))  # type: ignore[arg-type]


# --- files ----------------------------------------------------------------------------------------------


def column_names(path: Path, kind: str, most: int) -> list[str]:
    """Names of the columns of a table.

    Raises:
        IntegrityError: no such table.
    """
    import pyarrow as pa
    from pyarrow import csv, parquet

    check_size(path, most)
    with reading(path):
        try:
            if kind == "parquet":
                with parquet.ParquetFile(str(path)) as file:
                    check_size(path, most, _held(file.metadata))
                    return list(file.schema_arrow.names)
            with csv.open_csv(str(path), _read(), _parse(kind)) as reader:
                return list(reader.schema.names)
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise damaged(path, error) from error


def _held(metadata: Any) -> int:
    """Bytes that a table takes at least: as stored, or as numbers where few bytes stand for many rows."""
    stored = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    return max(stored, 8 * metadata.num_rows * metadata.num_columns)


def _read() -> Any:
    from pyarrow import csv

    # Without Arrow's threads, which a forked process would wait for in vain.
    return csv.ReadOptions(use_threads=False)


def _parse(kind: str) -> Any:
    from pyarrow import csv

    return csv.ParseOptions(delimiter="\t" if kind == "tsv" else ",")


def read_columns(path: Path, kind: str, names: Iterable[str], as_text: Iterable[str], most: int) -> Mapping[str, Any]:
    """Read some columns, Arrow arrays by name; `as_text` are taken as text whatever they look like.

    Raises:
        IntegrityError: damaged, or rows of different lengths; says which.
    """
    import pyarrow as pa
    from pyarrow import csv, parquet

    wanted = list(names)
    with reading(path):
        try:
            if kind == "parquet":
                with parquet.ParquetFile(str(path)) as file:
                    table = file.read(columns=wanted, use_threads=False)
            else:
                convert = csv.ConvertOptions(
                    column_types=dict.fromkeys(as_text, pa.string()),
                    include_columns=wanted,
                    strings_can_be_null=True,
                    null_values=["", "NA", "NaN", "nan", "null", "None"],
                )
                table = csv.read_csv(str(path), _read(), _parse(kind), convert)
        except (pa.ArrowException, UnicodeDecodeError) as error:
            raise damaged(path, error) from error
    for name in wanted:
        if table.schema.names.count(name) != 1:
            raise damaged(path, f"it has several columns '{name}'")
    found = {name: table.column(name).combine_chunks() for name in wanted}
    return {
        name: column.cast(pa.string()) if name in set(as_text) and kind == "parquet" else column
        for name, column in found.items()
    }
