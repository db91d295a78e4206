"""Column adapters: stored values to RDKit molecules and biotite structures (reference: Polaris, sections 5.1, 13).

`adapt` is what datasets are given to adapt with; the others are the way back, for those who write archives.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...domain.array_dataset import ColumnAdapter
from ...domain.errors import InvalidDataset, MissingExtra

_COORDINATES = ("X", "Y", "Z")
_ATOM_FIELDS = (
    "chain_id", "res_id", "ins_code", "res_name", "hetero", "atom_name", "element", "atom_id", "b_factor",
    "occupancy", "charge",
)  # fmt: skip


def adapt(adapter: ColumnAdapter, value: Any) -> Any:
    """Adapt one value; a missing one stays None, and so does a SMILES that RDKit cannot read.

    Raises:
        InvalidDataset: it is nothing that this adapter takes.
        MissingExtra: RDKit or biotite is not installed.
    """
    if value is None:
        return None
    if adapter is ColumnAdapter.SMILES_TO_MOL:
        return _molecule_of_smiles(value)
    if adapter is ColumnAdapter.BYTES_TO_MOL:
        return _molecule_of_bytes(value)
    return atom_array(value)


def _chem() -> Any:
    try:
        from rdkit import Chem
    except ImportError as error:
        raise MissingExtra("molecules", "chem") from error
    return Chem


def _structure() -> Any:
    try:
        from biotite import structure
    except ImportError as error:
        raise MissingExtra("structures", "chem") from error
    return structure


def _molecule_of_smiles(value: Any) -> Any:
    if not isinstance(value, str):
        raise InvalidDataset(f"value {value!r:.60}", "is no SMILES text")
    return _chem().MolFromSmiles(value)


def _molecule_of_bytes(value: Any) -> Any:
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise InvalidDataset(f"value {value!r:.60}", "is no RDKit binary")
    if not value:
        return None
    try:
        return _chem().Mol(bytes(value))
    except RuntimeError as error:
        raise InvalidDataset("a molecule", f"cannot be read: {error}") from error


def molecule_bytes(molecule: Any) -> bytes:
    """Encode a molecule with all its properties; None becomes empty bytes."""
    if molecule is None:
        return b""
    return molecule.ToBinary(int(_chem().PropertyPickleOptions.AllProps))


def atom_array(fields: Any) -> Any:
    """Make a biotite AtomArray of a group of arrays (X, Y, Z, …) or of a dict of lists (coord, …).

    Raises:
        InvalidDataset: coordinates are missing, or a field has another length.
    """
    if not isinstance(fields, Mapping):
        raise InvalidDataset(f"value {fields!r:.60}", "is no group of atom arrays")
    given = {str(name): np.asarray(values) for name, values in fields.items()}
    if "coord" in given:
        coordinates = given["coord"].reshape(-1, 3)
    elif given.keys() >= set(_COORDINATES):
        coordinates = np.stack([given[axis] for axis in _COORDINATES], axis=-1)
    else:
        raise InvalidDataset("a structure", f"has no coordinates, only {', '.join(given)}")
    array = _structure().AtomArray(len(coordinates))
    array.coord = coordinates.astype(np.float32)
    for name in _ATOM_FIELDS:
        if name in given:
            if given[name].shape != (len(coordinates),):
                raise InvalidDataset("a structure", f"has {len(coordinates)} atoms but {name} of {given[name].shape}")
            array.set_annotation(name, given[name])
    return array


def atom_fields(array: Any) -> dict[str, np.ndarray[Any, Any]]:
    """Take an AtomArray apart into what the `atom_array` codec stores; what it does not say is zero or empty."""
    there = set(array.get_annotation_categories())
    nothing = {"atom_id": np.arange(1, array.array_length() + 1), "occupancy": np.ones(array.array_length())}
    fields = {"coord": array.coord}
    for name in _ATOM_FIELDS:
        if name in there:
            fields[name] = array.get_annotation(name)
        else:
            fields[name] = nothing.get(name, np.zeros(array.array_length()))
    return fields
