"""Files of splits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from groundtruth.adapters.predictions import SplitReader
from groundtruth.domain.benchmark_split import AnySplit, LabelledSplits, SplitV1, SplitV2
from groundtruth.domain.errors import InvalidBenchmark, NotReadable, UnsupportedFile

READER = SplitReader()
SIMPLE, NAMED = SplitV1.of([0, 1], [2]), SplitV1.of([0, 1], {"a": [2], "b": [3]})


@pytest.mark.parametrize(
    ("document", "split"),
    [
        ([[0, 1], [2]], SIMPLE),
        ([[0, 1], {"a": [2], "b": [3]}], NAMED),
        ({"train": [0, 1], "test": [2]}, SIMPLE),
        ({"training": [0, 1], "test": {"a": [2], "b": [3]}}, NAMED),
        ({"x": {"training": [0], "test": [1]}, "y": {"test": [2]}},
         LabelledSplits({"x": SplitV2.of([0], [1]), "y": SplitV2.of([], [2])})),
    ],
)  # fmt: skip
def test_json(tmp_path: Path, document: Any, split: AnySplit) -> None:
    path = tmp_path / "split.json"
    path.write_text(json.dumps(document))
    assert READER.read(path, 4) == split


def test_arrays(tmp_path: Path) -> None:
    path = tmp_path / "split.npz"
    np.savez(path, train=[0, 1], test=[2])
    assert READER.read(path, 4) == SIMPLE
    np.savez(path, **{"train": [0, 1], "test/b": [3], "test/a": [2]})
    assert READER.read(path, 4) == SplitV1.of([0, 1], {"b": [3], "a": [2]})


def test_a_table_with_a_row_per_row(tmp_path: Path) -> None:
    path = tmp_path / "split.csv"
    path.write_text("id,split\n5,train\n6,train\n7,a\n8,b\n9,\n")
    assert READER.read(path, 5) == NAMED
    with pytest.raises(UnsupportedFile, match="no column 'part'"):
        READER.read(path, 5, "part")
    with pytest.raises(InvalidBenchmark, match="has 5 rows, the dataset has 4"):
        READER.read(path, 4)


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ([[0, 1], [1]], "overlaps"),
        ([[0], []], "empty"),
        ([[0], [9]], "row 9"),
        ({"a": 1}, "has the keys a"),
        (5, "neither"),
        ([[0.5], [1]], "whole"),
        ([1, 2, 3], "no pair|not a pair"),
    ],
)
def test_wrong_splits_name_the_file(tmp_path: Path, document: Any, says: str) -> None:
    path = tmp_path / "split.json"
    path.write_text(json.dumps(document))
    with pytest.raises(InvalidBenchmark, match=says) as caught:
        READER.read(path, 4)
    assert "split.json" in caught.value.message


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(NotReadable):
        READER.read(tmp_path / "none.json", 4)
    with pytest.raises(UnsupportedFile):
        READER.read(tmp_path / "none.txt", 4)
