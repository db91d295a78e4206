"""Row splits: which rows of a dataset train and which test, drawn at random or told by a label."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .arrays import np
from .benchmark_split import AnySplit, LabelledSplits, SplitV1, SplitV2
from .errors import InvalidInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["TRAIN_LABELS", "for_dataset", "random_split", "split_by_label"]

TRAIN_LABELS = frozenset({"train", "training"})


def random_split(n_rows: int, fraction: float, seed: int = 0, classes: NDArray[Any] | None = None) -> SplitV1:
    """Draw `fraction` of the rows to test on; the others train. Both are in the order of the dataset.

    With `classes`, one value per row, that fraction is drawn of each class. The same numbers give the same split on
    every machine: rows come from `numpy.random.Generator(PCG64(seed)).permutation`.

    Raises:
        InvalidInput: a fraction that leaves no test row, or not between 0 and 1.
    """
    if not 0 < fraction < 1:
        raise InvalidInput(f"test fraction {fraction}", "is not between 0 and 1", "Use 0.2, for example")
    generator = np.random.Generator(np.random.PCG64(seed))
    groups = [np.arange(n_rows)] if classes is None else _groups(classes)
    drawn = [_drawn(generator.permutation(rows), fraction) for rows in groups]
    is_test = np.zeros(n_rows, dtype=bool)
    is_test[np.concatenate(drawn)] = True
    if not is_test.any():
        raise InvalidInput(f"test fraction {fraction}", f"of {n_rows} rows is none", "Use a larger one")
    return SplitV1.of(np.flatnonzero(~is_test), np.flatnonzero(is_test))


def _drawn(rows: NDArray[np.intp], fraction: float) -> NDArray[np.intp]:
    return rows[: math.floor(len(rows) * fraction + 0.5)]


def _groups(classes: NDArray[Any]) -> list[NDArray[np.intp]]:
    """Rows of each class, classes sorted as text; missing values are a class of their own."""
    found: dict[str, list[int]] = {}
    for row, value in enumerate(classes.tolist()):
        found.setdefault(str(value), []).append(row)
    return [np.array(found[name], dtype=np.intp) for name in sorted(found)]


def split_by_label(labels: Sequence[Any]) -> SplitV1:
    """Split by one label per row: `train`, the name of a test set, or nothing (None, empty) for rows left out.

    Raises:
        InvalidInput: no row is a test row.
    """
    train: list[int] = []
    tests: dict[str, list[int]] = {}
    for row, label in enumerate(labels):
        if label is None or label == "" or label != label:
            continue
        (train if str(label) in TRAIN_LABELS else tests.setdefault(str(label), [])).append(row)
    if not tests:
        raise InvalidInput("split", "has no test row", "Label rows 'train' or with the name of a test set")
    return SplitV1.of(train, {label: tests[label] for label in sorted(tests)})


def for_dataset(split: AnySplit, version: int) -> AnySplit:
    """The split in the form that benchmarks on a dataset of that version have.

    On version 2 one test set makes one split; several make a split each, all with the same training rows.
    """
    if version == 1 or not isinstance(split, SplitV1):
        return split
    splits = {label: SplitV2.of(split.train, rows) for label, rows in split.tests.items()}
    return next(iter(splits.values())) if len(splits) == 1 else LabelledSplits(splits)
