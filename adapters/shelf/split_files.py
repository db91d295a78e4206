"""Splits of version 2 as files: one Roaring bitmap per part, and a list of what they are."""

from __future__ import annotations

import json
from pathlib import Path

from ...domain.benchmark_split import LabelledSplits, SplitV2
from ...domain.errors import IntegrityError
from ...domain.index_set import IndexSet
from ...ports.index_sets import IndexSetCodec
from .faults import writing_to

LIST = "splits.json"
"""Labels of the splits, in order; null for the only one. Labels can be any text, so files are numbered."""


def write_split(split: SplitV2 | LabelledSplits, folder: Path, codec: IndexSetCodec) -> None:
    """Write a split into an empty folder."""
    labelled = {None: split} if isinstance(split, SplitV2) else split.by_label
    with writing_to(folder):
        for number, one in enumerate(labelled.values()):
            for part, indices in (("training", one.training), ("test", one.test)):
                (folder / f"{number}.{part}.roaring").write_bytes(codec.dumps(indices))
        (folder / LIST).write_text(json.dumps(list(labelled)), encoding="utf-8")


def read_split(folder: Path, codec: IndexSetCodec, n_rows: int) -> SplitV2 | LabelledSplits:
    """Read a split of a dataset with `n_rows` rows.

    Raises:
        IntegrityError: a file is missing or damaged.
    """

    def part(number: int, name: str) -> IndexSet:
        path = folder / f"{number}.{name}.roaring"
        return codec.loads(path.read_bytes(), n_rows, str(path))

    try:
        labels = json.loads((folder / LIST).read_text(encoding="utf-8"))
        splits = {
            label: SplitV2(part(number, "training"), part(number, "test")) for number, label in enumerate(labels)
        }
    except (OSError, ValueError) as error:
        raise IntegrityError(f"split in {folder}", f"cannot be read: {error}", "Put the benchmark again") from error
    return splits[None] if None in splits else LabelledSplits(splits)
