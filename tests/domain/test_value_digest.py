from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.errors import InvalidInput
from groundtruth.domain.metrics.detection import Detections
from groundtruth.domain.value_digest import digest_of_rows, digest_of_tables


def digest(array: Any, **others: Any) -> str:
    return str(digest_of_tables({"test": {"y": np.asarray(array)}}, **others))


def test_the_form_does_not_change() -> None:
    # Stored evidence holds these: another value here makes every result of the past a lie.
    assert digest([0.5, 1, -2]) == "sha256:186038f0f413f5a914a0ebd8565d368d845391932f7fadad6d9f5ff2d986d083"
    assert digest(["a", "ü"]) == "sha256:3c8d206cb1c4b33cde841ba9450d210323051a6be3f6f0aaf095b71446d96849"
    mixed = np.array([None, 0.5, "x"], dtype=object)
    assert digest(mixed) == "sha256:a95119a200a5f187733355b6dd445017ce60259f365f99ce3fb709b793c094a8"
    rows = str(digest_of_rows(np.array([3, 1, 2])))
    assert rows == "sha256:1e38874ed8e28a8a1acb0ccbb4f7767ebc095fa981ef6ad2a99b9d550863715e"


@pytest.mark.parametrize("dtype", ["?", "i1", "u2", ">i4", "f2", "f4", ">f8", "O"])
def test_the_type_of_the_array_does_not_matter(dtype: str) -> None:
    assert digest(np.array([1, 0, 1]).astype(dtype)) == digest([1.0, -0.0, 1.0])


def test_what_is_equal_and_what_is_not() -> None:
    assert digest([np.nan]) == digest(-np.array([np.nan], dtype="f4"))
    assert digest(np.array(["a", "b"], dtype=object)) == digest(["a", "b"])
    different = [
        [1], [1, 2], [2, 1], [[1, 2]], [[1], [2]], ["1", "2"], ["12", ""], [1.0, np.nan], [2**53, 1], [2**53 + 1, 1],
        np.array([None, 1], dtype=object), np.array([b"a", "a"], dtype=object), [1e300, -1e300], [], np.zeros((0, 3)),
    ]  # fmt: skip
    assert len({digest(one) for one in different}) == len(different)
    assert digest(np.asfortranarray(np.arange(6).reshape(2, 3))) == digest(np.arange(6).reshape(2, 3))


def test_names_count_but_not_their_order() -> None:
    one, two = np.array([1]), np.array([2])
    both = digest_of_tables({"a": {"y": one, "z": two}, "b": {"y": one}})
    assert both == digest_of_tables({"b": {"y": one}, "a": {"z": two, "y": one}})
    assert both != digest_of_tables({"a": {"y": two, "z": one}, "b": {"y": one}})
    assert digest_of_tables({"ab": {"c": one}}) != digest_of_tables({"a": {"bc": one}})


def test_objects() -> None:
    def image(score: float) -> Any:
        return np.array([Detections.of([[0, 0, 1, 1]], [0], [score]), None], dtype=object)

    assert digest(image(0.5)) == digest(image(0.5)) != digest(image(0.25))
    nested = np.empty(2, dtype=object)
    nested[:] = [{"b": [1, (2.0,)], "a": np.zeros(2)}, None]
    assert digest(nested) == digest(nested.copy())
    foreign = np.array([object(), object()], dtype=object)
    with pytest.raises(InvalidInput, match="canonical"):
        digest(foreign)
    assert digest(foreign, encode=lambda value: b"molecule") != digest(foreign, encode=lambda value: b"other")


def test_blocks_leave_no_trace() -> None:
    numbers = np.random.default_rng(0).normal(size=200_000)
    assert digest(numbers) == digest(numbers.astype(object)) == digest(np.repeat(numbers, 2)[::2])
    texts = np.char.mod("%d", np.arange(70_000))
    assert digest(texts) == digest(texts.astype(object))


values = st.one_of(
    st.lists(st.floats() | st.integers(-(2**70), 2**70), max_size=5), st.lists(st.text() | st.none(), max_size=5)
)


@given(values, values)
def test_same_digest_only_for_same_values(one: list[Any], other: list[Any]) -> None:
    def array(given_values: list[Any]) -> Any:
        made = np.empty(len(given_values), dtype=object)
        made[:] = given_values
        return made

    def canonical(value: Any) -> Any:
        return "nan" if value != value else value

    same = [*map(canonical, one)] == [*map(canonical, other)]
    if same:
        assert digest(array(one)) == digest(array(other))
    elif len(one) and len(other):
        assert digest(array(one)) != digest(array(other))
