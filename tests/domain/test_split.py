from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.errors import InvalidInput
from groundtruth.domain.split import PARTITIONS, SplitSizes, check_partition, random_split, split_sizes

fractions = st.integers(0, 99).map(lambda percent: percent / 100)


@pytest.mark.parametrize(
    ("count", "val", "test", "sizes"),
    [
        (24, 0.1, 0.2, (16, 3, 5)),
        (50, 0.1, 0.2, (35, 5, 10)),
        (100, 0.07, 0.2, (73, 7, 20)),
        (100, 0.29, 0.0, (71, 29, 0)),
        (10, 0.0, 0.01, (9, 0, 1)),
        (3, 0.1, 0.1, (1, 1, 1)),
        (1000, 0.001, 0.0, (999, 1, 0)),
    ],
)
def test_sizes(count: int, val: float, test: float, sizes: tuple[int, int, int]) -> None:
    assert split_sizes(count, val, test) == SplitSizes(*sizes)


@pytest.mark.parametrize(
    ("val", "test"),
    [
        (0, 0),
        (-0.1, 0.2),
        (0.2, -0.1),
        (1, 0),
        (0, 1),
        (0.5, 0.5),
        (0.6, 0.6),
        (float("nan"), 0.1),
        (0.1, float("inf")),
    ],
)
def test_fractions_out_of_range(val: float, test: float) -> None:
    with pytest.raises(InvalidInput, match="out of range"):
        split_sizes(100, val, test)


@pytest.mark.parametrize(("count", "val", "test"), [(0, 0.1, 0.2), (1, 0.1, 0), (2, 0.1, 0.1), (10, 0.5, 0.45)])
def test_nothing_left_to_train_on(count: int, val: float, test: float) -> None:
    with pytest.raises(InvalidInput, match="none for training"):
        split_sizes(count, val, test)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seeds_out_of_range(seed: int) -> None:
    with pytest.raises(InvalidInput, match="seed"):
        random_split(10, 0.1, 0.1, seed)


def test_the_identifier_names_sizes_and_seed() -> None:
    assert random_split(24, 0.1, 0.2).id == "16_3_5"
    assert random_split(24, 0.1, 0.2, 7).id == "16_3_5_s7"


def test_a_golden_split() -> None:
    assert random_split(10, 0.2, 0.1, 1).partitions == {
        "train": (2, 9, 6, 4, 0, 3, 1),
        "val": (7, 8),
        "test": (5,),
    }


@pytest.mark.parametrize("seed", [0, 1, 42, 2**32 - 1])
@pytest.mark.parametrize("count", [2, 5, 100, 10_000])
def test_the_order_is_that_of_numpys_frozen_generator(count: int, seed: int) -> None:
    split = random_split(count, 0.1, 0.0, seed)
    order = [position for name in PARTITIONS for position in split.partitions[name]]
    assert order == np.random.RandomState(seed).permutation(count).tolist()


def test_the_order_is_that_of_the_golden_cases(vectors: Path) -> None:
    cases = json.loads((vectors / "darwin" / "splits" / "rng.json").read_text())["permutation"]
    checked = 0
    for case in cases:
        if case["n"] > 1:
            split = random_split(case["n"], 0.01, 0.0, case["seed"])
            assert [position for name in PARTITIONS for position in split.partitions[name]] == case["values"]
            checked += 1
    assert checked > 10


@given(st.integers(1, 300), fractions, fractions, st.integers(0, 2**32 - 1))
def test_every_position_is_in_one_partition(count: int, val: float, test: float, seed: int) -> None:
    try:
        split = random_split(count, val, test, seed)
    except InvalidInput:
        return
    parts = [split.partitions[name] for name in PARTITIONS]
    check_partition(parts, count)
    assert tuple(map(len, parts)) == (split.sizes.train, split.sizes.val, split.sizes.test)
    assert split.sizes.train >= 1
    assert (split.sizes.val > 0, split.sizes.test > 0) == (val > 0, test > 0)
    assert split == random_split(count, val, test, seed)


@pytest.mark.parametrize(
    ("parts", "count"),
    [([[0, 1], [1]], 3), ([[0, 1]], 3), ([[0, 1, 3]], 3), ([[0, 1, 2], []], 2), ([], 1), ([[-1, 0]], 2)],
)
def test_what_is_no_partition(parts: list[list[int]], count: int) -> None:
    with pytest.raises(InvalidInput):
        check_partition(parts, count)


def test_partitions() -> None:
    check_partition([], 0)
    check_partition([[2, 0], [], [1]], 3)
