from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.errors import InvalidPredictions
from groundtruth.domain.metrics.detection import Detections
from groundtruth.domain.predictions import Predictions

ONE = (["y"], ["t"], {"t": 2})


def test_golden_cases(vectors: Path) -> None:
    cases = json.loads((vectors / "polaris" / "predictions.json").read_text())["cases"]
    assert len(cases) > 50
    for case in cases:
        shape = (case["target_labels"], case["test_set_labels"], case["test_set_sizes"])
        expected = case["expected"].get("value")
        if expected is None:
            with pytest.raises(InvalidPredictions):
                Predictions.of(case["predictions"], *shape)
            continue
        made = Predictions.of(case["predictions"], *shape)
        assert (made.as_lists(), len(made)) == (expected["predictions"], expected["len"]), case["id"]
        dtypes = {
            test: {target: str(one.dtype) for target, one in arrays.items()} for test, arrays in made.values.items()
        }
        assert dtypes == expected["dtypes"], case["id"]


@pytest.mark.parametrize(
    "given_as",
    [list, tuple, iter, np.array, lambda v: (x for x in v), lambda v: {"t": {"y": tuple(v)}}, lambda v: range(1, 3)],
)
def test_what_an_array_may_be(given_as: Callable[[list[int]], Any]) -> None:
    assert Predictions.of(given_as([1, 2]), *ONE).flatten().tolist() == [1, 2]


def test_series_and_frames_of_pandas() -> None:
    pd = pytest.importorskip("pandas")
    assert Predictions.of(pd.Series([0.5, 1.5], index=[7, 3]), *ONE).flatten().tolist() == [0.5, 1.5]
    assert Predictions.of(pd.DataFrame({"a": [0.1, 0.2], "b": [0.9, 0.8]}), *ONE).flatten().shape == (2, 2)


@pytest.mark.parametrize("bad", [None, "ab", b"ab", 3, 0.5, np.array(3), object(), [[1], [2, 3]], [], [1, 2, 3]])
def test_what_no_array_is(bad: object) -> None:
    with pytest.raises(InvalidPredictions) as caught:
        Predictions.of(bad, *ONE)
    assert (caught.value.test_set, caught.value.target) == ("t", "y")


def test_errors_name_what_is_wrong_and_what_was_expected() -> None:
    both = (["y", "z"], ["a", "b"], {"a": 1, "b": 2})
    fine = {"a": {"y": [1], "z": [1]}, "b": {"y": [1, 2], "z": [1, 2]}}
    assert len(Predictions.of(fine, *both)) == 6
    for bad, words in [
        ({**fine, "b": {"y": [1, 2], "z": [1]}}, ("'z'", "'b'", "1 rows", "expected 2")),
        ({"a": fine["a"]}, ("'a'", "'b'", "test sets")),
        ({**fine, "c": fine["a"]}, ("'c'",)),
        ({**fine, "b": {"y": [1, 2]}}, ("'b'", "'y'", "'z'")),
        ({**fine, "b": [1, 2]}, ("'b'", "no dict")),
        ([1], ("list", "'a'")),
    ]:
        with pytest.raises(InvalidPredictions) as caught:
            Predictions.of(bad, *both)
        assert all(word in caught.value.message for word in words), caught.value.message


def test_objects_stay_objects() -> None:
    image = Detections.of([[0, 0, 1, 1]], [0], [0.5])
    made = Predictions.of([image, image], *ONE).flatten()
    assert (made.dtype, made.shape) == (object, (2,)) and made[0] is image
    ragged = Predictions.of([np.zeros((1, 6)), np.zeros((3, 6))], *ONE).flatten()
    assert [rows.shape for rows in ragged] == [(1, 6), (3, 6)]
    assert Predictions.of([np.zeros((2, 6))] * 2, *ONE).flatten().shape == (2, 2, 6)


def test_arrays_are_not_copied_and_cannot_be_changed() -> None:
    mine = np.array([1.0, 2.0])
    made = Predictions.of(mine, *ONE)
    assert np.shares_memory(made.flatten(), mine)
    with pytest.raises(ValueError, match="read-only"):
        made.flatten()[0] = 5
    mine[0] = 3  # what is the caller's stays so
    for other in (copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
        assert other.as_lists() == made.as_lists() and repr(other) == repr(made)


def test_parts_of_predictions() -> None:
    whole = Predictions.of({"a": {"y": [1], "z": [2]}, "b": {"y": [3, 4], "z": [5, 6]}}, "yz", "ab", {"a": 1, "b": 2})
    assert whole.subset(["b"], ["z"]).flatten().tolist() == [5, 6]
    assert whole.subset(targets=["y"]).as_lists() == {"a": {"y": [1]}, "b": {"y": [3, 4]}}
    for action in (whole.flatten, lambda: whole.array("c", "y"), lambda: whole.subset(["c"])):
        with pytest.raises(InvalidPredictions):
            action()


def test_types_of_the_columns() -> None:
    made = Predictions.of(np.array([1, 2], dtype="f4"), *ONE)
    made.check_dtypes({"y": np.dtype("f4"), "other": np.dtype("i8")})
    with pytest.raises(InvalidPredictions, match="float32, the dataset's column is float64"):
        made.check_dtypes({"y": np.dtype("f8")})


labels = st.lists(st.text(min_size=1, max_size=3), min_size=1, max_size=3, unique=True)


@given(labels, labels, st.data())
def test_the_normal_form_is_a_fixed_point(targets: list[str], tests: list[str], data: st.DataObject) -> None:
    sizes = {test: data.draw(st.integers(1, 4)) for test in tests}
    numbers = st.floats(allow_nan=False) | st.integers(-5, 5)
    rows = {t: {y: data.draw(st.lists(numbers, min_size=n, max_size=n)) for y in targets} for t, n in sizes.items()}
    made = Predictions.of(rows, targets, tests, sizes)
    again = Predictions.of(made.as_lists(), targets, tests, sizes)
    assert again.as_lists() == made.as_lists() == Predictions.of(made.values, targets, tests, sizes).as_lists()
    shapes: list[Any] = []
    if len(targets) == 1:
        shapes.append({test: rows[test][targets[0]] for test in tests})
    if len(tests) == 1:
        shapes.append(rows[tests[0]])
    if len(targets) == len(tests) == 1:
        shapes = [rows[tests[0]][targets[0]]]
    for shape in shapes:
        assert Predictions.of(shape, targets, tests, sizes).as_lists() == made.as_lists()
