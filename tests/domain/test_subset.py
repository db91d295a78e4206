from __future__ import annotations

import json
import pickle
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain import read_ahead
from groundtruth.domain.array_dataset import ArrayDataset, ColumnAdapter
from groundtruth.domain.columns import ArrayColumns
from groundtruth.domain.errors import HiddenTargets, InvalidInput, MissingExtra, NotFound, RowNotFound
from groundtruth.domain.subset import Subset
from support.tables import golden_table, plain, table

FEATURES = {None: None, "len": len, "len, count of C": lambda text: [len(text), text.count("C")]}


def length_of_s(inputs: dict[str, Any]) -> dict[str, Any]:
    return {**inputs, "s": len(inputs["s"])}


def small(n: int = 6) -> ArrayDataset:
    return table(
        {
            "s": ["a" * i for i in range(n)],
            "v": np.arange(2.0 * n).reshape(n, 2),
            "m": np.arange(n) / 2,
            "y": np.arange(n) * 10,
            "z": np.arange(n) * 100,
        }
    )


def array(value: Any) -> Any:
    """An array, or several, as golden cases write them."""
    if isinstance(value, dict):
        return {name: array(one) for name, one in value.items()}
    return {"dtype": value.dtype.str.lstrip("<|") if value.dtype.kind == "U" else value.dtype.name,
            "shape": list(value.shape), "values": plain(value)}  # fmt: skip


# --- golden cases ---------------------------------------------------------------------------------------


def golden(vectors: Path) -> dict[str, Any]:
    return json.loads((vectors / "polaris" / "subsets.json").read_text())


def check(expected: dict[str, Any], got: Any) -> None:
    """Compare what a golden case expects with what a function gives."""
    if "value" in expected:
        assert plain(got()) == expected["value"]
        return
    error = {"TestAccessError": HiddenTargets, "IndexError": IndexError}.get(expected["error"]["type"], InvalidInput)
    with pytest.raises(error):
        got()


def test_golden_cases(vectors: Path) -> None:
    document = golden(vectors)
    dataset = golden_table(document["table"])
    for case in document["cases"]:
        subset = Subset.of(
            dataset,
            case["indices"],
            case["input_cols"],
            case["target_cols"],
            featurization_fn=FEATURES[case["featurization"]],
            hide_targets=case["hide_targets"],
        )
        widths = json.loads(json.dumps(case).replace('"<U', '"U'))
        check(case["len"], lambda s=subset: len(s))
        check(widths["X"], lambda s=subset: array(s.X))
        check(widths["y"], lambda s=subset: array(s.y))
        check(case["xy"], lambda s=subset: len(s.as_array("xy")))
        check(case["first"], lambda s=subset: s[0])
        check(case["last"], lambda s=subset: s[-1])
        check(case["out_of_range"], lambda s=subset: s[len(s)])
        check(case["iterated"], lambda s=subset: list(s))
        # Where the peer fails although all columns have one dimension, or afterwards, it is for a defect of its own.
        check(case["dataframe"], lambda s=subset: s.as_dataframe().to_dict("list"))
        inputs = case["input_cols"]
        assert subset.input_cols == ((inputs,) if isinstance(inputs, str) else tuple(inputs))
        check(case["first"], lambda s=subset: s[0])


def test_golden_copies(vectors: Path) -> None:
    document = golden(vectors)
    cases = {case["op"]: case for case in document["extra"]}
    subset = Subset.of(golden_table(document["table"]), [9, 4, 3, 7], "smiles", ["y", "z"])
    extended = subset.extend_inputs("mw")
    assert sorted(extended.input_cols) == cases["extend_inputs('mw')"]["input_cols_sorted"]
    assert list(subset.input_cols) == cases["extend_inputs('mw')"]["original_unchanged"]
    assert plain(subset.filter_targets("z").y) == cases["filter_targets('z')"]["y"]
    ordered = subset.filter_targets(["z", "y"])
    assert (
        list(ordered.target_cols) == cases["filter_targets(['z','y']) keeps the order of the subset"]["target_cols"]
    )
    with pytest.raises(ValueError, match="smiles"):
        subset.filter_targets("smiles")


# --- against naive reading ------------------------------------------------------------------------------

NAMES = ["s", "v", "m", "y", "z"]


@given(st.data())
def test_all_ways_of_reading_agree(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 7))
    dataset = small(n)
    indices = data.draw(st.lists(st.integers(-n, n - 1), max_size=12))
    inputs = data.draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
    targets = data.draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=2, unique=True))
    hidden = data.draw(st.booleans())
    subset = Subset.of(dataset, indices, inputs, targets, hide_targets=hidden)

    def value(columns: list[str], row: int) -> Any:
        found = {name: dataset.columns.row(name, row) for name in columns}
        return plain(found if len(columns) > 1 else found[columns[0]])

    rows = [value(inputs, i) if hidden else [value(inputs, i), value(targets, i)] for i in indices]
    assert [plain(one) for one in subset] == rows == [plain(subset[i]) for i in range(len(subset))]
    whole = subset.X if len(inputs) > 1 else {inputs[0]: subset.X}
    assert plain(whole) == {name: plain([dataset.columns.row(name, i) for i in indices]) for name in inputs}
    picked = data.draw(st.lists(st.integers(-len(indices), len(indices) - 1), max_size=5)) if indices else []
    cut = data.draw(st.slices(len(indices)))
    assert [plain(one) for one in subset[picked]] == [rows[i] for i in picked]
    assert [plain(one) for one in subset[cut]] == rows[cut]


# --- one behaviour each ---------------------------------------------------------------------------------


def test_iterators_are_independent() -> None:
    subset = Subset.of(small(), [3, 1, 2], "m", "y")
    assert [(a[1], b[1]) for a in subset for b in subset] == [(a, b) for a in (30, 10, 20) for b in (30, 10, 20)]
    one, other = iter(subset), iter(subset)
    assert next(one) == next(other) == (1.5, 30)


def test_rows_are_scalars_of_the_table() -> None:
    subset = Subset.of(small(), [3], "m", "y")
    assert {type(value) for value in (*subset[0], *next(iter(subset)))} == {np.float64, np.int64}


def test_a_subset_of_a_subset() -> None:
    subset = Subset.of(small(), [5, 4, 3, 2], "m", "y", hide_targets=True)
    assert list(subset[1:3]) == [2.0, 1.5]
    assert list(subset[[0, -1]]) == list(subset[np.array([True, False, False, True])]) == [2.5, 1.0]
    assert len(subset[[]]) == 0
    assert subset[1:].hide_targets
    assert subset[np.int64(1)] == 2.0


@pytest.mark.parametrize("key", [4, -5, [0, 4], "m", 1.5, None, [True]])
def test_rows_that_are_not_there(key: Any) -> None:
    subset = Subset.of(small(), [5, 4, 3, 2], "m", "y")
    with pytest.raises(IndexError) as caught:
        subset[key]
    assert isinstance(caught.value, RowNotFound)


def test_the_data_frame_leaves_the_subset_as_it_was() -> None:
    subset = Subset.of(small(), [1, 2], "s", "y", featurization_fn=len)
    assert subset.as_dataframe().to_dict("list") == {"s": [1, 2], "y": [10, 20]}
    assert (subset.input_cols, list(subset)) == (("s",), [(1, 10), (2, 20)])
    hidden = Subset.of(small(), [1, 2], ["s", "m"], "y", hide_targets=True)
    assert hidden.as_dataframe().to_dict("list") == {"s": ["a", "aa"], "m": [0.5, 1.0]}
    with pytest.raises(InvalidInput, match="'v'"):
        Subset.of(small(), [1], "v", "y").as_dataframe()


def test_a_data_frame_needs_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingExtra, match=r"groundtruth\[pandas\]"):
        Subset.of(small(), [1], "s", "y").as_dataframe()


def test_several_inputs_and_a_function() -> None:
    subset = Subset.of(small(), [1, 2], ["s", "m"], "y", featurization_fn=length_of_s)
    assert plain(subset.X) == {"s": [1, 2], "m": [0.5, 1.0]}
    assert subset[0] == ({"s": 1, "m": 0.5}, 10)
    odd = Subset.of(small(), [1, 2], ["s", "m"], "y", featurization_fn=lambda row: row["m"])
    assert odd[1] == (1.0, 20)
    with pytest.raises(InvalidInput, match="s, m"):
        odd.X  # noqa: B018
    short = Subset.of(small(), [1, 2], ["s", "m"], "y", featurization_fn=lambda row: {"m": row["m"]})
    with pytest.raises(InvalidInput, match="dict of all inputs"):
        short.as_array("x")


def test_the_function_sees_only_inputs() -> None:
    seen: list[Any] = []
    subset = Subset.of(small(), range(4), "s", ["y", "z"], featurization_fn=lambda x: seen.append(x))
    list(subset)
    assert seen == ["", "a", "aa", "aaa"]


def test_features_of_different_shapes_are_kept_apart() -> None:
    subset = Subset.of(small(), [1, 3], "s", "y", featurization_fn=lambda text: np.arange(len(text)))
    assert [one.tolist() for one in subset.X] == [[0], [0, 1, 2]]


def test_text_and_objects() -> None:
    ragged = np.empty(3, dtype=object)
    ragged[:] = [np.arange(2), np.arange(2), np.arange(3)]
    dataset = table({"t": ["b", None, "a"], "r": ragged, "b": np.array([b"x\0", b"y", b"z"], dtype=object)})
    texts = Subset.of(dataset, [0, 1], "t", "r")
    assert (texts.X.dtype, texts.X.tolist()) == (object, ["b", None])
    assert plain(texts.y) == [[0, 1], [0, 1]]
    assert Subset.of(dataset, [0, 2], "t", "r").X.dtype == np.dtype("<U1")
    assert Subset.of(dataset, [1, 2], "t", "r").y.dtype == object
    assert Subset.of(dataset, [0, 1], "b", "t").X.tolist() == [b"x\0", b"y"]
    nul = table({"t": ["b\0", "a"], "y": [1, 2]})
    assert Subset.of(nul, [0], "t", "y").X.tolist() == ["b\0"]


def test_adapters() -> None:
    def adapt(adapter: ColumnAdapter, value: Any) -> str:
        return f"{adapter}:{value}"

    dataset = table({"s": ["C", "N"], "y": [1, 2]}, default_adapters={"s": ColumnAdapter.SMILES_TO_MOL}, adapt=adapt)
    subset = Subset.of(dataset, [1, 0], "s", "y")
    assert list(subset) == [("SMILES_TO_MOL:N", 2), ("SMILES_TO_MOL:C", 1)] == [subset[0], subset[1]]
    other = Subset.of(dataset, [1], "s", "y", {"s": ColumnAdapter.BYTES_TO_MOL}, len)
    assert (other[0], other.X.tolist()) == ((14, 2), [14])


@pytest.mark.parametrize(
    ("inputs", "targets", "error"),
    [("nope", "y", NotFound), ("m", "nope", NotFound), ([], "y", InvalidInput), ("m", [], InvalidInput)],
)
def test_columns_that_are_not_there(inputs: Any, targets: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        Subset.of(small(), [0], inputs, targets)


@pytest.mark.parametrize("rows", [[6], [-7], [0.5], ["0"], [[0]]])
def test_rows_a_dataset_does_not_have(rows: Any) -> None:
    with pytest.raises((NotFound, InvalidInput)):
        Subset.of(small(), rows, "m", "y")


def test_hidden_targets_are_refused() -> None:
    hidden = Subset.of(small(), [1, 2], "m", ["y", "z"], hide_targets=True)
    for ask in (
        lambda: hidden.y,
        lambda: hidden.targets,
        lambda: hidden.as_array("y"),
        lambda: hidden.as_array("xy"),
        lambda: hidden.extend_inputs(["s", "y"]),
        lambda: hidden.filter_targets("z").y,
        lambda: hidden[:1].y,
    ):
        with pytest.raises(HiddenTargets, match="hides its targets"):
            ask()
    assert plain(hidden.extend_inputs("s").X) == {"m": [0.5, 1.0], "s": ["a", "aa"]}
    assert hidden.filter_targets("z").target_cols == ("z",)
    with pytest.raises(InvalidInput, match="'w'"):
        hidden.filter_targets("w")
    with pytest.raises(InvalidInput, match="'Y'"):
        hidden.as_array("Y")


def test_a_target_that_is_an_input_is_shown() -> None:
    both = Subset.of(small(), [1, 2], ["m", "y"], ["y", "z"], hide_targets=True)
    assert both[0] == {"m": 0.5, "y": 10}
    with pytest.raises(HiddenTargets):
        both.extend_inputs("z")


def test_it_can_be_pickled_and_shown() -> None:
    subset = Subset.of(small(), [1, 2], "s", ["y", "z"], featurization_fn=len, hide_targets=True)
    again = pickle.loads(pickle.dumps(subset))
    assert (list(again), again.hide_targets) == ([1, 2], True)
    assert repr(subset) == "Subset(2 rows, s -> y, z (hidden))"


def test_threads_share_it() -> None:
    subset = Subset.of(small(500), range(499, -1, -1), ["s", "m"], "y")
    expected, found = list(subset), []
    threads = [threading.Thread(target=lambda: found.append(list(subset) == expected)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 4


# --- reading ahead --------------------------------------------------------------------------------------


class Counting(ArrayColumns):
    """Columns that note how many rows were asked for at once."""

    reads: list[int] = []  # noqa: RUF012

    def read(self, name: str, rows: Any) -> Any:
        self.reads.append(len(rows))
        return super().read(name, rows)


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (1, [1, 32, 1024, 943]),
        (0, [1, 32, 1024, 1 << 15, 1 << 15, 7]),
        (1 << 17, [1, *[7] * 5, 3]),
        (1 << 21, [1] * 20),
    ],
)
def test_batches_are_small_where_rows_are_large(width: int, expected: list[int]) -> None:
    wide = np.broadcast_to(np.zeros(width), (sum(expected), width))
    columns = Counting({"x": wide, "y": np.zeros(len(wide))})
    Counting.reads.clear()
    rows = iter(Subset(columns, np.arange(len(wide)), ("x",), ("y",), hide_targets=False))
    while sum(Counting.reads[::2]) < len(wide):
        next(rows)
    assert Counting.reads[::2] == expected


def test_a_row_does_not_keep_its_batch() -> None:
    dataset = small(100)
    kept = [x for x, _ in Subset.of(dataset, range(100), "v", "y")]
    assert all(x.base is None for x in kept)


def test_the_size_of_objects_is_judged() -> None:
    values = np.empty(40, dtype=object)
    values[:] = [(np.zeros(1000), "x" * 1000)] * 20 + [{"a": b"x" * 1000, "b": [None, np.zeros(1000)]}] * 20
    assert read_ahead._bytes(values) == 40 * 9000 + 20 * 64
