"""Stratified splits of items with any number of classes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.errors import InvalidInput
from groundtruth.domain.split import check_partition, split_sizes
from groundtruth.domain.stratified_split import stratified_split


@given(st.integers(2, 60), st.integers(0, 5), st.integers(0, 2**32 - 1), st.sampled_from([0.1, 0.2, 1 / 3, 0.5]))
def test_every_item_is_on_one_side_and_sizes_are_those_of_a_random_split(
    count: int, n_classes: int, seed: int, test: float
) -> None:
    has_class = np.random.default_rng(seed).random((count, n_classes)) < 0.3
    split = stratified_split(has_class, test, seed)
    check_partition([split.partitions["train"], split.partitions["test"]], count)
    assert split.sizes == split_sizes(count, 0, test)
    assert len(split.partitions["test"]) == split.sizes.test
    assert stratified_split(has_class, test, seed).partitions == split.partitions


@given(st.lists(st.integers(0, 4), min_size=10, max_size=80), st.integers(0, 99))
def test_each_class_has_its_share(labels: list[int], seed: int) -> None:
    has_class = np.arange(5) == np.array(labels)[:, None]
    split = stratified_split(has_class, 0.25, seed)
    tested = has_class[list(split.partitions["test"])].sum(axis=0)
    share = has_class.sum(axis=0) * split.sizes.test / len(labels)
    assert (np.abs(tested - share) < 2).all()


def test_a_class_of_one_item_is_trained_on() -> None:
    labels = np.array([0] * 40 + [1] + [2] * 40)
    for seed in range(20):
        assert 40 in stratified_split(np.arange(3) == labels[:, None], 0.2, seed).partitions["train"]


def test_what_cannot_be_is_refused() -> None:
    for test, seed in ((0, 0), (1, 0), (0.2, -1), (0.2, 2**32)):
        with pytest.raises(InvalidInput):
            stratified_split(np.ones((5, 1), bool), test, seed)
