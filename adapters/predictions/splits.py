"""Splits from files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from ...domain.arrays import np
from ...domain.benchmark_split import AnySplit, LabelledSplits, SplitV1, SplitV2
from ...domain.errors import InvalidBenchmark, UnsupportedFile
from ...domain.row_split import split_by_label
from ...ports.prediction_files import MOST_BYTES
from .arrays import read_npz
from .documents import read_json
from .opening import kind_of
from .tables import column_names, read_columns

SPLIT_KINDS = frozenset({"json", "npz", "csv", "tsv", "parquet"})
TRAIN = ("train", "training")


@attrs.frozen
class SplitReader:
    """Implements `ports.prediction_files.SplitFiles`."""

    most_bytes: int = MOST_BYTES

    def read(self, path: Path, n_rows: int, column: str = "split") -> AnySplit:
        """Read a split of a dataset with `n_rows` rows; see the port."""
        kind = kind_of(path, None, SPLIT_KINDS)
        try:
            split = self._read(path, kind, n_rows, column)
            split.check_rows(n_rows)
        except InvalidBenchmark as error:
            raise InvalidBenchmark(f"file {path}: {error.what}", error.reason, error.advice) from error
        return split

    def _read(self, path: Path, kind: str, n_rows: int, column: str) -> AnySplit:
        if kind == "json":
            return _of_document(read_json(path, self.most_bytes))
        if kind == "npz":
            return _of_arrays(read_npz(path, self.most_bytes))
        names = column_names(path, kind, self.most_bytes)
        if column not in names:
            raise UnsupportedFile(
                f"file {path}", f"has no column '{column}'", f"Columns: {', '.join(names)}", str(path)
            )
        labels = read_columns(path, kind, [column], [column], self.most_bytes)[column].to_pylist()
        if len(labels) != n_rows:
            reason = f"has {len(labels)} rows, the dataset has {n_rows}"
            raise InvalidBenchmark(f"column '{column}'", reason, "Give one row per row of the dataset")
        return split_by_label(labels)


def _of_document(held: Any) -> AnySplit:
    if isinstance(held, list):
        return SplitV1.from_parts(held)
    if not isinstance(held, Mapping):
        raise InvalidBenchmark("split", "is neither a pair of lists nor an object")
    for name in TRAIN:
        if name in held and "test" in held:
            return SplitV1.of(held[name], held["test"])
    if held and all(isinstance(one, Mapping) and "test" in one for one in held.values()):
        splits = {label: SplitV2.of(_train(one), one["test"]) for label, one in held.items()}
        return LabelledSplits(splits)
    raise InvalidBenchmark("split", f"has the keys {', '.join(map(str, held)) or 'none'}", "Name 'train' and 'test'")


def _train(parts: Mapping[str, Any]) -> Any:
    return next((parts[name] for name in TRAIN if name in parts), [])


def _of_arrays(arrays: Mapping[str, Any]) -> SplitV1:
    train = next((arrays[name] for name in TRAIN if name in arrays), np.empty(0, dtype=np.intp))
    if "test" in arrays:
        return SplitV1.of(train, arrays["test"])
    tests = {name.removeprefix("test/"): rows for name, rows in arrays.items() if name.startswith("test/")}
    if not tests:
        raise InvalidBenchmark(
            "split", f"has the arrays {', '.join(arrays) or 'none'}", "Name them 'train' and 'test' or 'test/<label>'"
        )
    return SplitV1.of(train, tests)
