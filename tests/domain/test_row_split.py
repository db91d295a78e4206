from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.benchmark_split import LabelledSplits, SplitV1, SplitV2
from groundtruth.domain.errors import InvalidInput
from groundtruth.domain.row_split import for_dataset, random_split, split_by_label


@given(st.integers(2, 500), st.floats(0.05, 0.95), st.integers(0, 5))
def test_every_row_is_on_one_side(rows: int, fraction: float, seed: int) -> None:
    try:
        split = random_split(rows, fraction, seed)
    except InvalidInput:
        assert rows * fraction < 0.5
        return
    assert sorted([*split.train, *split.tests["test"]]) == list(range(rows))
    assert abs(len(split.tests["test"]) - rows * fraction) <= 0.5
    assert split == random_split(rows, fraction, seed)


def test_a_split_is_the_same_on_every_machine() -> None:
    assert random_split(10, 0.3, 7).tests["test"].tolist() == [0, 7, 8]


def test_each_class_has_its_share() -> None:
    classes = np.array(["a"] * 50 + ["b"] * 10 + [None] * 10, dtype=object)
    test = random_split(70, 0.2, 3, classes).tests["test"]
    assert [int((classes[test] == one).sum()) for one in ("a", "b", None)] == [10, 2, 2]


@pytest.mark.parametrize("fraction", [0, 1, -0.1, float("nan"), 0.01])
def test_a_fraction_that_makes_no_test_set_is_refused(fraction: float) -> None:
    with pytest.raises(InvalidInput, match="test fraction"):
        random_split(10, fraction)


def test_labels_tell_where_rows_belong() -> None:
    split = split_by_label(["train", "near", None, "", "far", "training", float("nan"), "near"])
    assert split == SplitV1.of([0, 5], {"far": [4], "near": [1, 7]})
    with pytest.raises(InvalidInput, match="no test row"):
        split_by_label(["train", None])


def test_the_form_follows_the_dataset() -> None:
    one, several = SplitV1.of([0], [1]), SplitV1.of([0], {"a": [1], "b": [2]})
    assert for_dataset(one, 1) is one
    assert for_dataset(one, 2) == SplitV2.of([0], [1])
    assert for_dataset(several, 2) == LabelledSplits({"a": SplitV2.of([0], [1]), "b": SplitV2.of([0], [2])})
