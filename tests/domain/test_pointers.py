from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.errors import InvalidDataset
from groundtruth.domain.pointers import Pointer, plan_reads

names = st.text(st.characters(exclude_characters="/#", exclude_categories=("Cs",)), min_size=1, max_size=8).filter(
    lambda name: name not in (".", "..")
)
paths = st.lists(names, min_size=1, max_size=4).map("/".join)
numbers = st.integers(-5, 10**9)


@given(st.builds(Pointer, paths) | st.builds(Pointer, paths, numbers) | st.builds(Pointer, paths, numbers, numbers))
def test_a_pointer_reads_as_it_was_written(pointer: Pointer) -> None:
    assert Pointer.parse(str(pointer)) == pointer


@pytest.mark.parametrize("text", ["a#", "a#x", "a#1:", "a#:1", "a#:", "a#1:2:3", "a#1#2", "a#1.5", "../a#1", "a/./b"])
def test_what_is_no_pointer_is_refused(text: str) -> None:
    with pytest.raises(InvalidDataset):
        Pointer.parse(text)


def test_slashes_around_a_path_mean_nothing() -> None:
    assert Pointer.parse("/grp//a/#2") == Pointer("grp/a", 2)


def test_a_range_is_cut_to_the_array_and_a_row_is_not() -> None:
    assert list(Pointer("a", 3, 9).rows(5)) == [3, 4]
    assert list(Pointer("a", 4, 4).rows(5)) == []
    assert list(Pointer("a", -2, 9).rows(5)) == [3, 4]
    assert list(Pointer("a", 7).rows(5)) == [7]
    assert list(Pointer("a").rows(3)) == [0, 1, 2]


def test_pointers_are_grouped_by_what_they_point_into() -> None:
    assert plan_reads([Pointer("a", 1), None, Pointer("b"), Pointer("a", 0, 2)]) == {"a": [0, 3], "b": [2]}
