"""Files of predictions, and of splits."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from ..domain.benchmark import Benchmark
from ..domain.benchmark_split import AnySplit
from ..domain.competition import Competition

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["MOST_BYTES", "PredictionFiles", "ReadOptions", "SplitFiles", "Wanted"]

MOST_BYTES = 8 << 30
"""Largest file that is read unless the caller says otherwise; of a compressed one, what it holds."""


@attrs.frozen(kw_only=True)
class Wanted:
    """What a file of predictions has to hold: every target, on every test set.

    `rows` has the position in the dataset of each test row, in the order of the test set; `text_targets` are those
    whose true values are text, so that `1` is a label there and no number.
    """

    targets: tuple[str, ...]
    rows: Mapping[str, NDArray[Any]]
    text_targets: frozenset[str] = frozenset()

    @classmethod
    def of(cls, task: Benchmark | Competition) -> Wanted:
        """What predictions on a task have to hold. Reads no value."""
        text = {name for name in task.target_cols if task.dataset.columns.dtype(name).kind in "UT"}
        rows = {label: task.test_rows(label) for label in task.test_set_labels}
        return cls(targets=task.target_cols, rows=rows, text_targets=frozenset(text))

    @property
    def sizes(self) -> dict[str, int]:
        """Number of rows of each test set."""
        return {label: len(rows) for label, rows in self.rows.items()}


@attrs.frozen(kw_only=True)
class ReadOptions:
    """How a file is to be understood where its names do not tell.

    `columns` names the column of a target, `test_set_column` the one that says which test set a row is of,
    `row_column` the one with the position of the row in the dataset. For COCO results, `images` has the image id of
    each row of a test set (None: its position in the dataset), `classes` the class number of each category id (None:
    the id itself). `format` goes before the ending of the file's name.
    """

    columns: Mapping[str, str] = attrs.field(factory=dict[str, str])
    test_set_column: str = "test_set"
    row_column: str = "row"
    images: Mapping[str, Sequence[Hashable]] | None = None
    classes: Mapping[int, int] | None = None
    format: str | None = None
    most_bytes: int = MOST_BYTES


AS_NAMED = ReadOptions()


class PredictionFiles(Protocol):
    """Reads predictions.

    - CSV, TSV, Parquet: a row per test row, in the order of the test set, or in any order with a column `row`. With
      several test sets a column `test_set` says which one a row is of (not needed beside `row`). The column of a
      target has its name; the only column there is may have any. Class probabilities are the columns `<target>_0`,
      `<target>_1`, ..., or lists in Parquet.
    - NPY: the array of the only target on the only test set. NPZ: arrays named `<test set>/<target>`, or by target
      with one test set, or by test set with one target. Pickled objects are refused.
    - JSON: the normal form, what `Predictions` accepts besides, a document of predictions, or COCO results (a list of
      objects with `image_id`, `category_id`, `bbox`, `score` and perhaps `segmentation`).
    """

    def read(
        self, path: Path, wanted: Wanted, options: ReadOptions = AS_NAMED
    ) -> Mapping[str, Mapping[str, NDArray[Any]]]:
        """Read predictions as `{test set: {target: array}}`, every array as long as its test set.

        Raises:
            InvalidPredictions: they are not what is wanted; names file, column and row.
            UnsupportedFile: of an unknown kind, or too large.
            IntegrityError: damaged or cut short.
            NotReadable: there is no such file, or it may not be read.
        """
        ...


class SplitFiles(Protocol):
    """Reads splits.

    - JSON: `[train, test]` or `{"train": ..., "test": ...}`, test being rows or rows by label; or labelled splits,
      `{label: {"training": ..., "test": ...}}`.
    - NPZ: arrays `train` and `test`, or `test/<label>`.
    - CSV, TSV, Parquet: a row per row of the dataset, whose column `split` says where it belongs: `train`, the name
      of a test set, or nothing.
    """

    def read(self, path: Path, n_rows: int, column: str = "split") -> AnySplit:
        """Read a split of a dataset with `n_rows` rows.

        Raises:
            InvalidBenchmark: it breaks a rule of splits, or is none.
            UnsupportedFile, IntegrityError, NotReadable: as `PredictionFiles.read`.
        """
        ...
