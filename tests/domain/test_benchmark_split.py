from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.benchmark_split import LabelledSplits, SplitV1, SplitV2
from groundtruth.domain.errors import InvalidBenchmark, NotFound

rows = st.lists(st.integers(-1, 12), max_size=6)


def is_split(train: list[int], tests: dict[str, list[int]], n_rows: int) -> bool:
    """The rules, said once more and slowly."""
    parts = [train, *tests.values()]
    return (
        all(tests.values())
        and all(len(set(part)) == len(part) for part in parts)
        and all(0 <= row < n_rows for part in parts for row in part)
        and not any(row in train for part in tests.values() for row in part)
    )


@given(rows, st.dictionaries(st.text(max_size=3), rows, max_size=3), st.integers(8, 14))
def test_the_rules_of_version_1(train: list[int], tests: dict[str, list[int]], n_rows: int) -> None:
    try:
        split = SplitV1.of(train, tests)
        split.check_rows(n_rows)
    except InvalidBenchmark:
        assert not is_split(train, tests, n_rows)
        return
    assert is_split(train, tests, n_rows)
    assert split.train.tolist() == train
    assert {label: split.test_rows(label).tolist() for label in split.test_sizes} == tests
    assert (split.train_size, split.test_sizes) == (len(train), {label: len(part) for label, part in tests.items()})
    assert pickle.loads(pickle.dumps(split)) == split == SplitV1.from_parts([train, tests])


@given(st.lists(st.integers(0, 12), max_size=6), st.lists(st.integers(0, 12), max_size=6), st.integers(8, 14))
def test_the_rules_of_version_2(train: list[int], test: list[int], n_rows: int) -> None:
    try:
        split = SplitV2.of(train, test)
        split.check_rows(n_rows)
    except InvalidBenchmark:
        assert not is_split(sorted(set(train)), {"test": sorted(set(test))}, n_rows)
        return
    assert is_split(sorted(set(train)), {"test": sorted(set(test))}, n_rows)
    assert (split.train_size, split.test_sizes) == (len(set(train)), {"test": len(set(test))})
    assert split.test_rows("test").tolist() == sorted(set(test))
    assert pickle.loads(pickle.dumps(split)) == split


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([[1], []], "'test' is empty"),
        ([[1], {"a": [2], "b": []}], "'b' is empty"),
        ([[1, 2], {"a": [3], "b": [4, 2]}], "'b' overlaps the training set in 1 rows, the first of them row 2"),
        ([[1, 2, 1], [3]], "training set holds 1 rows twice, the first of them row 1"),
        ([[1], [3, 3]], "'test' holds 1 rows twice"),
        ([[-8], [1]], "holds row -8"),
        ([[1], [1.5]], "not whole"),
        ([[1], ["2"]], "whole numbers"),
        ([[1], "23"], "is a text"),
        ([[1], None], "no list"),
        ([None, [1]], "no list"),
        ([{"a": [1]}, [2]], "is a mapping"),
        ([[1], {1: [2]}], "label that is not text"),
        ([[1], {"a": {"b": [2]}}], "is a mapping"),
        ([[1]], "is not a pair"),
        ([[1], [2], [3]], "is not a pair"),
        ({"train": [1], "test": [2]}, "is not a pair"),
        (None, "is not a pair"),
        ([[1], [2**70]], "whole numbers"),
    ],
)
def test_what_is_no_split(parts: Any, reason: str) -> None:
    with pytest.raises(InvalidBenchmark, match=reason):
        SplitV1.from_parts(parts)


def test_what_is_a_split() -> None:
    split = SplitV1.from_parts(([10.0], (11.0, 2)))
    assert (split.train.tolist(), split.test_rows("test").tolist()) == ([10], [11, 2])
    shared = SplitV1.of([], {"b": [1, 2], "a": [2]})
    assert (list(shared.test_sizes), shared.highest) == (["b", "a"], 2)
    none = SplitV1.of([], {})
    assert (none.highest, none.test_sizes) == (None, {})
    assert SplitV1.of(range(3), {7}) == SplitV1.of(np.arange(3), iter([7]))
    assert shared != none
    assert shared != ([], {})
    assert repr(shared) == "SplitV1(train: 0, b: 2, a: 1)"
    with pytest.raises(NotFound, match="test set 'c' not found"):
        shared.test_rows("c")


def test_a_split_cannot_be_changed() -> None:
    given = np.arange(3)
    split = SplitV1.of(given, [5])
    given[0] = 9
    assert split.train.tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="read-only"):
        split.train[0] = 1
    with pytest.raises(TypeError, match="unhashable"):
        hash(split)


def test_a_dataset_must_have_the_rows() -> None:
    for split in (SplitV1.of([1], [7]), SplitV2.of([7], [1]), LabelledSplits({"a": SplitV2.of([], [7])})):
        split.check_rows(8)
        with pytest.raises(InvalidBenchmark, match="row 7"):
            split.check_rows(7)
    SplitV1.of([], {}).check_rows(0)


def test_labelled_splits() -> None:
    splits = LabelledSplits({"b": SplitV2.of([1, 3], [2]), "a": SplitV2.of([], [4, 0])})
    assert (splits.train_size, splits.test_sizes, splits.highest) == ({"b": 2, "a": 0}, {"b": 1, "a": 2}, 4)
    assert splits.test_rows("a").tolist() == [0, 4]
    with pytest.raises(NotFound):
        splits.test_rows("test")
    with pytest.raises(InvalidBenchmark, match="has no split"):
        LabelledSplits({})


def test_index_sets_of_a_split_must_be_numbers() -> None:
    with pytest.raises(InvalidBenchmark):
        SplitV2.of([-1], [2])
    with pytest.raises(InvalidBenchmark, match="is empty"):
        SplitV2.of([1], [])
