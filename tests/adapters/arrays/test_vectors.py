"""Golden cases of datasets and codecs."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from groundtruth.adapters.arrays.archive import open_archive
from groundtruth.adapters.arrays.codecs import get_codec
from groundtruth.adapters.arrays.files import LocalArrayFiles
from groundtruth.domain.columns import object_array
from groundtruth.domain.errors import GroundtruthError, InvalidDataset
from support.tables import number


def cases(vectors: Path, name: str) -> dict[str, Any]:
    return json.loads((vectors / "polaris" / name).read_text())


@pytest.fixture
def golden(vectors: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of the cases; paths in their documents start from there."""
    monkeypatch.chdir(vectors / "polaris")
    return vectors / "polaris"


def plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    return [plain(one) for one in value] if isinstance(value, tuple | list) else value


def test_archives_are_read_or_refused(golden: Path, codec: Any) -> None:
    files = LocalArrayFiles(codec)
    for case in cases(golden.parent, "datasets_v2.json")["valid_or_not"]:
        if "error" in case["expected"]:
            with pytest.raises(InvalidDataset):
                files.load(golden / case["path"])
            continue
        dataset, expected = files.load(golden / case["path"]), case["expected"]["value"]
        assert dataset.size() == (expected["n_rows"], expected["n_columns"])
        assert list(dataset.column_names) == expected["columns"]
        names = {name: one["dtype"] for name, one in expected["dump_by_alias"]["annotations"].items()}
        assert {name: one.dtype for name, one in dataset.annotations.items()} == names
        for source in (dataset, dataset.load_to_memory()):
            for i, row in enumerate(expected["first_rows"]):
                assert {name: plain(value) for name, value in source[i].items()} == row
                assert {name: plain(values)[0] for name, values in source[i : i + 1].items()} == row


def invalid_archive(kind: str, folder: Path, files: LocalArrayFiles) -> Path:
    """An archive with the fault that the name of a case says."""
    root = files.write_zarr(folder / "a.zarr", {"A": [1.0] * 3, "B": [np.zeros(i + 1) for i in range(3)]})
    metadata = json.loads((root / ".zmetadata").read_text())
    entries = metadata["metadata"]
    if kind.startswith("lengths_differ"):
        entries["A2/.zarray"] = {**entries["A/.zarray"], "shape": [4]}
    elif kind == "group_without_index":
        del entries["B/__index__/.zarray"]
    elif kind == "index_length":
        del entries["B/2/.zarray"]
    elif kind == "index_key":
        entries["B/other/.zarray"] = entries.pop("B/2/.zarray")
    else:
        assert kind == "group_and_array_lengths_differ"
        entries["A/.zarray"]["shape"] = [4]
    (root / ".zmetadata").write_text(json.dumps(metadata))
    return root


def test_invalid_archives_are_refused(golden: Path, codec: Any, tmp_path: Path) -> None:
    files = LocalArrayFiles(codec)
    for case in cases(golden.parent, "datasets_v2.json")["invalid"]:
        with pytest.raises(InvalidDataset):
            files.load(invalid_archive(case["name"], tmp_path / case["name"], files))


def tables(golden: Path) -> Iterator[dict[str, Any]]:
    yield from cases(golden.parent, "datasets_v1.json")["cases"]


def test_tables_are_read(golden: Path, codec: Any) -> None:
    for case in tables(golden):
        dataset = LocalArrayFiles(codec).load(golden / case["folder"] / "dataset.json")
        assert dataset.size() == (case["n_rows"], case["n_columns"]), case["name"]
        for name, column in case["table"].items():
            values = dataset.columns.stored.read(name, slice(None))
            assert dataset.annotations[name].dtype == column["dtype"]
            if values.dtype.kind == "M":
                assert [str(value) for value in values.astype("M8[s]")] == column["values"]
            elif values.dtype == object:
                assert [("NaN" if value is None else value) for value in values] == column["values"]
            else:
                expected = np.array([number(value) for value in column["values"]], dtype=column["dtype"])
                assert values.tobytes() == expected.tobytes() or np.array_equal(values, expected, equal_nan=True)


def test_pointers_are_resolved(golden: Path, codec: Any) -> None:
    for case in tables(golden):
        dataset = LocalArrayFiles(codec).load(golden / case["folder"] / "dataset.json")
        for source in (dataset, dataset.load_to_memory()):
            for name, values in case.get("resolved", {}).items():
                assert plain(source[:][name]) == values
                assert [plain(source.get_data(row, name)) for row in dataset.rows] == values
                assert source.columns.stored.row(name, 0) == case["table"][name]["values"][0]


def test_a_saved_copy_of_every_case_says_the_same(golden: Path, codec: Any, tmp_path: Path) -> None:
    files = LocalArrayFiles(codec)
    for case in tables(golden):
        dataset = files.load(golden / case["folder"] / "dataset.json")
        copy = files.load(files.save(dataset, tmp_path / case["name"]))
        assert (copy.meta, copy.annotations, copy.labels if hasattr(copy, "labels") else None) == (
            dataset.meta, dataset.annotations, None,
        )  # fmt: skip
        assert plain(copy.rows) == plain(dataset.rows)
        for name in case.get("resolved", {}):
            assert plain(copy[:][name]) == case["resolved"][name]


def test_codecs_make_the_bytes_of_the_format(vectors: Path) -> None:
    for case in cases(vectors, "codecs.json")["cases"]:
        encoded = base64.b64decode(case["encoded_base64"])
        if case["codec"] == "vlen-utf8":
            config, values = {"id": "vlen-utf8"}, case["values"]
        elif "unpacked" in case:
            config, values = case["config"], case["unpacked"][:-2]
        else:
            config, values = {"id": "rdkit_mol"}, [base64.b64decode(item) for item in case["values_base64"]]
        codec = get_codec(config)
        assert bytes(codec.encode(object_array(values))) == encoded
        assert codec.decode(encoded).tolist() == values


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xff\xff\xff", b"\x01\x00\x00\x00\xff\x00\x00\x00a", b"\x93\xc0\xa2|O\x91\x02"]
)
@pytest.mark.parametrize("name", ["vlen-utf8", "rdkit_mol", "atom_array"])
def test_frames_that_are_cut_short_are_refused(name: str, data: bytes, tmp_path: Path) -> None:
    root = LocalArrayFiles(None).write_zarr(tmp_path / "a.zarr", {"t": object_array(["a", "b"])})
    metadata = json.loads((root / ".zmetadata").read_text())
    metadata["metadata"]["t/.zarray"] |= {"filters": [{"id": name}], "compressor": None}
    (root / ".zmetadata").write_text(json.dumps(metadata))
    (root / "t" / "0").write_bytes(data)
    with pytest.raises(GroundtruthError) as caught:
        LocalArrayFiles(None).load(root)[0]
    assert "'t'" in str(caught.value.message)


def test_archives_of_every_kind_are_listed(golden: Path) -> None:
    archive = open_archive(golden / "zarr" / "deep_tree.zarr")
    assert set(archive.members()) == {name for name in os.listdir(archive.root) if not name.startswith(".")}
