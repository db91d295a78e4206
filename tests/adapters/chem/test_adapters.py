from __future__ import annotations

import importlib.util
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from groundtruth.adapters.arrays.codecs import decode_atoms, encode_atoms
from groundtruth.adapters.arrays.files import LocalArrayFiles
from groundtruth.adapters.chem.adapters import adapt, atom_array, atom_fields, molecule_bytes
from groundtruth.domain.array_dataset import ColumnAdapter
from groundtruth.domain.columns import object_array
from groundtruth.domain.errors import InvalidDataset, MissingExtra

rdkit = pytest.mark.skipif(importlib.util.find_spec("rdkit") is None, reason="needs rdkit")
biotite = pytest.mark.skipif(importlib.util.find_spec("biotite") is None, reason="needs biotite")

GROUP = {
    "X": np.array([1.0, 4.0]), "Y": np.array([2.0, 5.0]), "Z": np.array([3.0, 6.0]), "chain_id": np.array(["A", "B"]),
    "res_id": np.array([1, 2]), "ins_code": np.array(["", ""]), "res_name": np.array(["GLY", "SER"]),
    "hetero": np.array([False, True]), "atom_name": np.array(["CA", "N"]), "element": np.array(["C", "N"]),
    "atom_id": np.array([1, 2]), "b_factor": np.array([1.5, 2.5]), "occupancy": np.array([1.0, 0.5]),
    "charge": np.array([0, -1]),
}  # fmt: skip


@rdkit
def test_molecules_of_text_and_bytes() -> None:
    molecule = adapt(ColumnAdapter.SMILES_TO_MOL, "CCO")
    molecule.SetProp("kept", "yes")
    again = adapt(ColumnAdapter.BYTES_TO_MOL, molecule_bytes(molecule))
    assert again.GetNumAtoms() == 3 and again.GetProp("kept") == "yes"
    assert adapt(ColumnAdapter.SMILES_TO_MOL, None) is adapt(ColumnAdapter.BYTES_TO_MOL, b"") is None
    assert adapt(ColumnAdapter.SMILES_TO_MOL, "no molecule") is None
    assert molecule_bytes(None) == b""
    for adapter, value in (
        (ColumnAdapter.SMILES_TO_MOL, 3),
        (ColumnAdapter.BYTES_TO_MOL, "C"),
        (ColumnAdapter.BYTES_TO_MOL, b"x"),
    ):
        with pytest.raises(InvalidDataset):
            adapt(adapter, value)


@rdkit
def test_molecules_in_an_archive(tmp_path: Path) -> None:
    binaries = [molecule_bytes(adapt(ColumnAdapter.SMILES_TO_MOL, smiles)) for smiles in ("C", "CCO")]
    files = LocalArrayFiles(None, adapt=adapt)
    dataset = files.load(files.write_zarr(tmp_path / "a.zarr", {"m": object_array([*binaries, b""])}))
    values = dataset.read(slice(None), "m", {"m": ColumnAdapter.BYTES_TO_MOL})
    assert [value and value.GetNumAtoms() for value in values] == [1, 3, None]


@biotite
def test_structures_of_groups_and_of_the_codec() -> None:
    array = adapt(ColumnAdapter.ARRAY_TO_PDB, GROUP)
    assert array.coord.tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    assert array.res_name.tolist() == ["GLY", "SER"] and array.charge.tolist() == [0, -1]
    decoded = decode_atoms(encode_atoms(object_array([atom_fields(array), None])))
    assert decoded[1] is None
    assert atom_array(decoded[0]) == array


@pytest.mark.parametrize("value", [3, {}, {"X": np.zeros(2)}])
def test_what_is_no_structure_is_refused(value: Any) -> None:
    with pytest.raises(InvalidDataset):
        atom_array(value)


@pytest.mark.parametrize(
    ("adapter", "value", "module"),
    [(ColumnAdapter.SMILES_TO_MOL, "C", "rdkit"), (ColumnAdapter.ARRAY_TO_PDB, GROUP, "biotite")],
)
def test_without_its_library_an_adapter_names_the_extra(
    adapter: ColumnAdapter, value: Any, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtra) as caught:
        adapt(adapter, value)
    assert caught.value.extra == "chem"


def test_adapting_can_be_pickled() -> None:
    assert pickle.loads(pickle.dumps(adapt)) is adapt
