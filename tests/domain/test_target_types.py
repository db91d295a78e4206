from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from groundtruth.domain.target_types import TargetType, count_classes, infer_target_type
from support.tables import golden_table, table

R, C = TargetType.REGRESSION, TargetType.CLASSIFICATION


def test_golden_cases(vectors: Path) -> None:
    document = json.loads((vectors / "polaris" / "benchmarks_v1.json").read_text())
    for case in document["target_type_inference"]:
        name, expected = case["column"], case["expected"]["value"]
        columns = golden_table({name: case}).columns
        kind = infer_target_type(columns, name)
        assert ({} if kind is None else {name: kind}) == expected["target_types"]
        assert ({name: count_classes(columns, name)} if kind is C else {}) == expected["n_classes"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.array([1.0, np.inf]), R),
        (np.array([1.0, 2.0**63]), R),  # what does not fit 64 bits is not taken for whole
        (np.array([-(2.0**63), 1.0]), C),
        (np.array([], dtype=float), C),
        (np.array([1, 2], dtype=np.uint8), C),
        (np.array([0.5, np.nan], dtype=np.float16), R),
        (np.array([True, False]), None),
        (np.array([1j, 2]), None),
        (np.array(["2020"], dtype="datetime64[s]"), None),
        (["a", "b"], None),
    ],
)
def test_types(values: Any, kind: TargetType | None) -> None:
    assert infer_target_type(table({"y": values}).columns, "y") is kind


@given(
    arrays.arrays(
        np.float64, st.integers(0, 9), elements=st.floats(-4, 4).map(lambda x: round(x, 1)) | st.just(math.nan)
    )
)
def test_types_and_classes_are_those_of_the_values(values: np.ndarray) -> None:
    columns = table({"y": values}).columns
    known = [value for value in values.tolist() if not math.isnan(value)]
    assert infer_target_type(columns, "y") is (C if all(value.is_integer() for value in known) else R)
    assert count_classes(columns, "y") == len(set(known))


def test_classes_of_objects() -> None:
    mixed = np.empty(6, dtype=object)
    mixed[:] = [None, math.nan, "a", "a", np.arange(2), np.arange(2)]
    columns = table({"t": ["hi", None, "lo", "hi"], "b": [True, False, True, True]}).columns
    assert (count_classes(columns, "t"), count_classes(columns, "b")) == (2, 2)
    days = np.array(["2020", "NaT", "2021", "2020"], dtype="datetime64[D]")
    assert count_classes(table({"d": days}).columns, "d") == 2
    assert count_classes(table({"m": mixed}).columns, "m") == 2
