from __future__ import annotations

import pickle
from typing import Any

import attrs
import numpy as np
import pytest

from groundtruth.domain.array_dataset import ArrayDataset, ColumnAdapter, ColumnAnnotation, Modality, apply_adapter
from groundtruth.domain.artifact import ArtifactMeta
from groundtruth.domain.columns import ArrayColumns, object_array
from groundtruth.domain.errors import InvalidDataset, MissingExtra, NotFound

LABELS = object_array(["a", "b", "c", "d"])


def make(version: int = 2, labels: Any = None, **facts: Any) -> ArrayDataset:
    columns = ArrayColumns({"s": object_array(["C", "CC", None, "N"]), "y": np.arange(4.0)}, labels)
    return ArrayDataset(version, ArtifactMeta(name="some"), columns, **facts)


@attrs.define(eq=False)
class Unreadable:
    """Columns that must not be read."""

    names: tuple[str, ...] = ("x",)
    n_rows: int = 10**9
    labels: None = None

    def dtype(self, name: str) -> np.dtype[Any]:
        return np.dtype("f4")


def test_a_row_is_a_dict_and_many_are_arrays() -> None:
    dataset = make()
    assert dataset[1] == {"s": "CC", "y": 1.0}
    assert (dataset[1, "s"], dataset.get_data(-1, "y"), dataset.get_data(row=0, col="y")) == ("CC", 3.0, 0.0)
    for rows in (slice(1, 3), [1, 2], np.array([1, 2]), np.array([False, True, True, False]), range(1, 3)):
        many = dataset[rows]
        assert {name: values.tolist() for name, values in many.items()} == {"s": ["CC", None], "y": [1.0, 2.0]}
        assert dataset[rows, "y"].tolist() == [1.0, 2.0]
    assert [row["y"] for row in dataset] == [0.0, 1.0, 2.0, 3.0]
    assert [len(part["y"]) for part in dataset.batches(3)] == [3, 1]
    assert (len(dataset), dataset.size(), dataset.column_names) == (4, (4, 2), ("s", "y"))
    assert dataset.rows.tolist() == [0, 1, 2, 3]


def test_rows_of_a_table_are_addressed_by_label() -> None:
    dataset = make(1, LABELS)
    assert dataset["b"] == dataset[1:2] | {"s": "CC", "y": 1.0}
    assert dataset[["d", "a"]]["y"].tolist() == [3.0, 0.0]
    assert dataset[1:3, "y"].tolist() == [1.0, 2.0]
    assert dataset.rows.tolist() == ["a", "b", "c", "d"]
    for row in ("e", 0, None, {}, ["a", "z"]):
        with pytest.raises(LookupError):
            dataset[row]


def test_labels_may_be_numbers_dates_or_pairs() -> None:
    assert make(1, np.array([30, 10, 20, -1]))[10, "y"] == 1.0
    assert make(1, np.array([30, 10, 20, -1]))[-1, "y"] == 3.0
    assert make(1, np.arange("2020-01", "2020-05", dtype="M8[M]"))[np.datetime64("2020-02"), "y"] == 1.0
    pairs = make(1, object_array([("a", "y"), ("a", "s"), ("b", "y"), ("b", "s")]))
    assert pairs["a", "s"]["y"] == 1.0
    assert pairs[("b", "y"), "y"] == 2.0


def test_a_label_that_several_rows_share_is_refused() -> None:
    dataset = make(1, object_array(["a", "a", "b", "c"]))
    assert dataset["b", "y"] == 2.0
    with pytest.raises(InvalidDataset):
        dataset["a"]


def test_a_table_without_labels_has_no_negative_rows() -> None:
    assert make(1)[3, "y"] == 3.0
    for row in (-1, 4, 1.5, "1", None):
        with pytest.raises(LookupError):
            make(1)[row]


def test_columns_that_do_not_exist_are_not_found() -> None:
    for ask in (lambda: make()[0, "z"], lambda: make().get_data(0, "z"), lambda: make().project(["z"])):
        with pytest.raises(NotFound):
            ask()


def test_every_column_is_annotated_with_its_type() -> None:
    dataset = make(annotations={"y": ColumnAnnotation(modality=Modality.IMAGE, dtype="wrong")})
    assert dataset.annotations == {
        "s": ColumnAnnotation(dtype="object"),
        "y": ColumnAnnotation(modality=Modality.IMAGE, dtype="float64"),
    }


@pytest.mark.parametrize(
    "facts",
    [
        {"version": 3},
        {"annotations": {"z": ColumnAnnotation()}},
        {"default_adapters": {"z": ColumnAdapter.SMILES_TO_MOL}},
        {"version": 1, "annotations": {"s": ColumnAnnotation(is_pointer=True)}},
        {"version": 1, "zarr_root": "a.zarr"},
    ],
)
def test_what_breaks_a_rule_is_refused(facts: dict[str, Any]) -> None:
    with pytest.raises(InvalidDataset):
        make(**facts)


def test_names_of_modalities_have_no_case_and_those_of_adapters_have() -> None:
    assert [Modality.parse(name) for name in ("image", "Molecule_3D", "UNKNOWN")] == [
        Modality.IMAGE, Modality.MOLECULE_3D, Modality.UNKNOWN,
    ]  # fmt: skip
    assert ColumnAdapter.parse("ARRAY_TO_PDB") is ColumnAdapter.ARRAY_TO_PDB
    for parse, name in ((Modality.parse, "w"), (ColumnAdapter.parse, "array_to_pdb")):
        with pytest.raises(InvalidDataset):
            parse(name)


def named(adapter: ColumnAdapter, value: Any) -> Any:
    return f"{adapter}:{value}"


def test_adapters_of_a_call_override_those_of_the_dataset() -> None:
    dataset = make(default_adapters={"s": ColumnAdapter.SMILES_TO_MOL}, adapt=named)
    assert dataset[0]["s"] == "SMILES_TO_MOL:C"
    assert dataset.get_data(0, "s", {"s": ColumnAdapter.BYTES_TO_MOL}) == "BYTES_TO_MOL:C"
    assert dataset[:2]["s"].tolist() == ["SMILES_TO_MOL:C", "SMILES_TO_MOL:CC"]
    assert next(iter(dataset))["s"] == "SMILES_TO_MOL:C"
    assert apply_adapter(named, ColumnAdapter.BYTES_TO_MOL, ("a", "b")) == ("BYTES_TO_MOL:a", "BYTES_TO_MOL:b")
    with pytest.raises(MissingExtra):
        make(default_adapters={"s": ColumnAdapter.SMILES_TO_MOL})[0]


def test_a_repr_reads_nothing() -> None:
    dataset = ArrayDataset(2, ArtifactMeta(), Unreadable())  # type: ignore[arg-type]
    assert repr(dataset) == "ArrayDataset(unnamed, version 2, 1000000000 rows x 1 columns)"


def test_a_projection_keeps_what_belongs_to_its_columns() -> None:
    dataset = make(default_adapters={"s": ColumnAdapter.SMILES_TO_MOL}, zarr_root="a.zarr", adapt=named)
    narrow = dataset.project(["y"])
    assert (narrow.column_names, dict(narrow.default_adapters), narrow.zarr_root) == (("y",), {}, None)
    assert set(narrow.annotations) == {"y"}


def test_a_dataset_in_memory_is_loaded_once_and_can_be_pickled() -> None:
    dataset = make(1, LABELS)
    dataset["b"]  # what is remembered of labels is not in the way
    assert dataset.load_to_memory() is dataset
    assert pickle.loads(pickle.dumps(dataset))["b"] == dataset["b"]
