from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.errors import InvalidInput
from groundtruth.domain.index_set import HIGHEST_INDEX, IndexSet, whole_numbers

numbers = st.lists(st.integers(0, HIGHEST_INDEX) | st.integers(0, 50), max_size=60)


@given(numbers, numbers)
def test_it_is_the_set_of_its_numbers(one: list[int], other: list[int]) -> None:
    mine, theirs = IndexSet.of(one), IndexSet.of(other)
    assert list(mine) == sorted(set(one))
    assert len(mine) == len(set(one))
    assert mine.highest == max(one, default=None)
    assert mine.positions.tolist() == sorted(set(one))
    assert [n in mine for n in (*one, *other)] == [n in set(one) for n in (*one, *other)]
    assert mine.isdisjoint(theirs) == set(one).isdisjoint(other)
    assert (mine == theirs) == (set(one) == set(other))
    assert hash(mine) == hash(IndexSet.of(reversed(one)))
    assert pickle.loads(pickle.dumps(mine)) == mine


@pytest.mark.parametrize("given", [[3, 1, 1], (3.0, 1.0), {1, 3}, np.array([3, 1], np.uint8), iter([1, 3])])
def test_what_holds_whole_numbers(given: Any) -> None:
    assert list(IndexSet.of(given)) == [1, 3]


@pytest.mark.parametrize(
    "given",
    [
        [-1],
        [HIGHEST_INDEX + 1],
        [2**64],
        [1.5],
        [float("nan")],
        [float("inf")],
        [1e300],
        ["1"],
        [True, False],
        [[1, 2]],
        [None],
        "12",
        3,
        np.array([2**63], np.uint64),
        np.array(5),
    ],
)
def test_what_is_no_index_set(given: Any) -> None:
    with pytest.raises(InvalidInput):
        IndexSet.of(given)


def test_whole_numbers_belong_to_the_caller() -> None:
    given = np.arange(3)
    whole_numbers(given, "rows")[0] = 9
    assert given.tolist() == [0, 1, 2]


def test_the_array_must_be_in_order_and_cannot_be_changed() -> None:
    with pytest.raises(InvalidInput, match="ascending"):
        IndexSet(np.array([2, 1], np.uint32))
    with pytest.raises(InvalidInput, match="uint32"):
        IndexSet(np.array([1, 2], np.int64))  # type: ignore[arg-type]
    made = IndexSet(np.array([1, 2], np.uint32))
    with pytest.raises(ValueError, match="read-only"):
        made.values[0] = 7


def test_what_else_it_says() -> None:
    made = IndexSet.of([7, 5])
    assert IndexSet.of(made) is made
    assert made != [5, 7]
    assert [x in made for x in (5, np.int64(5), 6, -5, 2**40, 5.0, "5")] == [True, True, *[False] * 5]
    assert (repr(made), repr(IndexSet.of([]))) == ("IndexSet(2 indices up to 7)", "IndexSet(empty)")
