from __future__ import annotations

import gc
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.columns import (
    ArrayColumns,
    batch_rows,
    batches,
    object_array,
    resolve_position,
    resolve_rows,
)
from groundtruth.domain.errors import InvalidDataset, NotFound

N = 11


def columns() -> ArrayColumns:
    return ArrayColumns(
        {"x": np.arange(N * 2.0).reshape(N, 2), "t": object_array([None] + ["a"] * (N - 1)), "y": np.arange(N)},
        types={"t": np.dtype("U")},
    )


selections = st.one_of(
    st.builds(slice, *[st.none() | st.integers(-N - 3, N + 3)] * 2, st.none() | st.integers(-3, 3).filter(bool)),
    st.lists(st.integers(-N, N - 1), max_size=30).map(lambda rows: np.array(rows, dtype=np.intp)),
    st.lists(st.booleans(), min_size=N, max_size=N).map(np.array),
)


@given(selections)
def test_rows_are_what_numpy_selects(rows: Any) -> None:
    table = columns()
    for name in table.names:
        assert np.array_equal(table.read(name, rows), table.arrays[name][rows])


@pytest.mark.parametrize("rows", [[N], [-N - 1], [0, 10**12], [[0]], [0.5], ["a"], [True] * (N + 1)])
def test_rows_that_do_not_exist_are_not_found(rows: Any) -> None:
    with pytest.raises(NotFound):
        columns().read("y", np.array(rows))


def test_unsigned_and_large_positions_are_understood() -> None:
    assert resolve_rows(np.array([1, 10], dtype=np.uint32), N).tolist() == [1, 10]
    with pytest.raises(NotFound):
        resolve_rows(np.array([2**64 - 1], dtype=np.uint64), N)
    assert resolve_position(np.int8(-1), N) == N - 1
    with pytest.raises(IndexError):
        resolve_position(N, N)


def test_what_is_read_is_a_copy() -> None:
    table = columns()
    for taken in (table.read("x", slice(None)), table.read("x", np.arange(N)), table.row("x", 0)):
        taken[...] = -1
    assert table.arrays["x"].min() == 0


def test_unequal_lengths_and_names_that_are_no_text_are_refused() -> None:
    for arrays, labels in (
        ({"a": np.arange(2), "b": np.arange(3)}, None),
        ({"a": np.arange(2)}, np.arange(3)),
        ({0: np.arange(2)}, None),
    ):
        with pytest.raises(InvalidDataset):
            ArrayColumns(arrays, labels)  # type: ignore[arg-type]


def test_a_projection_leads_to_no_other_column() -> None:
    whole = np.arange(30.0).reshape(10, 3)
    table = ArrayColumns(
        {"x": whole[:, :2], "secret": whole[:, 2]}, origin=ArrayColumns({"x": whole, "secret": whole})
    )
    narrow = table.project(["x"])
    seen, waiting = set(), [narrow]
    while waiting:
        one = waiting.pop()
        if id(one) not in seen and not isinstance(one, type):
            seen.add(id(one))
            waiting += gc.get_referents(one) + ([one.base] if isinstance(one, np.ndarray) else [])
            assert not isinstance(one, str) or one != "secret"
            assert one is not whole or "x" in str(narrow.origin)
    assert b"secret" not in pickle.dumps(narrow)
    with pytest.raises(NotFound):
        narrow.row("secret", 0)


def test_batches_cover_all_rows_and_are_bounded_by_bytes() -> None:
    table = ArrayColumns({"big": np.zeros((9, 1000)), "y": np.arange(9)})
    assert batch_rows(table, table.names, limit=3 * 8100) == 3
    assert batch_rows(table, table.names, limit=10) == 1
    spans = [(rows.start, rows.stop, arrays["y"].tolist()) for rows, arrays in batches(table, ["y"], 4)]
    assert spans == [(0, 4, [0, 1, 2, 3]), (4, 8, [4, 5, 6, 7]), (8, 9, [8])]
    assert list(batches(ArrayColumns({"y": np.empty(0)}), ["y"])) == []


def test_loading_keeps_types_labels_and_where_it_came_from() -> None:
    table = ArrayColumns(columns().arrays, np.arange(N) * 2, columns().types)
    loaded = ArrayColumns.loaded(table)
    assert loaded.dtype("t") == np.dtype("U") and loaded.labels is table.labels
    assert loaded.stored is loaded and table.row("t", 0) is None
