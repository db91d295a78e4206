"""Metadata of archives that are written: sorted keys and nothing that changes from one writing to the next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ...domain.arrays import np
from ...domain.errors import InvalidDataset
from ...ports.arrays import ZarrLayout

Json = dict[str, Any]


def group_document(layout: ZarrLayout, attributes: Mapping[str, Any]) -> Json:
    """Metadata of a group."""
    if layout.zarr_format == 2:
        return {"zarr_format": 2}
    return {"zarr_format": 3, "node_type": "group", "attributes": dict(attributes)}


def array_document(
    layout: ZarrLayout, shape: tuple[int, ...], chunks: tuple[int, ...], dtype: np.dtype[Any], codecs: list[Json]
) -> Json:
    """Metadata of an array."""
    if layout.zarr_format == 3:
        return _array_document_v3(shape, chunks, dtype, codecs)
    compressor = codecs[-1] if codecs and codecs[-1]["id"] == "blosc" else None
    filters = [codec for codec in codecs if codec is not compressor]
    return {
        "zarr_format": 2, "shape": list(shape), "chunks": list(chunks), "dtype": dtype.str, "order": "C",
        "fill_value": _fill(codecs, dtype), "filters": filters or None, "compressor": compressor,
    }  # fmt: skip


def _fill(codecs: list[Json], dtype: np.dtype[Any]) -> Any:
    if dtype.hasobject:
        return None if codecs[0]["id"] == "atom_array" else ""
    if dtype.kind == "c":
        return [0.0, 0.0]
    return {"b": False, "f": 0.0, "S": ""}.get(dtype.kind, 0)


_TYPES_V3 = {"vlen-utf8": "string", "vlen-bytes": "variable_length_bytes"}


def _array_document_v3(
    shape: tuple[int, ...], chunks: tuple[int, ...], dtype: np.dtype[Any], codecs: list[Json]
) -> Json:
    if dtype.kind not in "biufcO" or (dtype.kind == "O" and codecs[0]["id"] not in _TYPES_V3):
        raise InvalidDataset(f"values of type {dtype}", "have no place in Zarr format 3", "Use format 2")
    chain: list[Json] = []
    for codec in codecs:
        if codec["id"] == "blosc":
            shuffle = ("noshuffle", "shuffle")[codec["shuffle"]]
            config = {key: codec[key] for key in ("cname", "clevel", "blocksize")}
            size = 1 if dtype.hasobject else dtype.itemsize
            chain.append({"name": "blosc", "configuration": {**config, "shuffle": shuffle, "typesize": size}})
        else:
            chain.append({"name": codec["id"], "configuration": {}})
    if not dtype.hasobject:
        chain.insert(0, {"name": "bytes", "configuration": {"endian": "little"}})
    return {
        "zarr_format": 3, "node_type": "array", "shape": list(shape), "attributes": {}, "codecs": chain,
        "data_type": _TYPES_V3[codecs[0]["id"]] if dtype.hasobject else dtype.name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": list(chunks)}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": _fill(codecs, dtype),
    }  # fmt: skip


def write_metadata(folder: Path, nodes: Mapping[str, Json], layout: ZarrLayout) -> None:
    root = group_document(layout, layout.attributes)
    if layout.zarr_format == 3:
        for path, document in nodes.items():
            _write_json(folder / path / "zarr.json", document)
        inline = {"kind": "inline", "must_understand": False, "metadata": dict(nodes)}
        _write_json(folder / "zarr.json", {**root, "consolidated_metadata": inline})
        return
    files = {".zgroup": root}
    if layout.attributes:
        files[".zattrs"] = dict(layout.attributes)
    for path, document in nodes.items():
        files[f"{path}/{'.zarray' if 'chunks' in document else '.zgroup'}"] = document
    for name, document in files.items():
        _write_json(folder / name, document)
    _write_json(folder / ".zmetadata", {"metadata": files, "zarr_consolidated_format": 1})


def _write_json(file: Path, document: Json) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document, indent=4, sort_keys=True, ensure_ascii=True)
    file.write_bytes(text.encode("ascii"))
