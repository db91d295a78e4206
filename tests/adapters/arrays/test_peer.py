"""Datasets that the real Polaris client wrote are read here, and the reverse."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from groundtruth.adapters.arrays.files import LocalArrayFiles
from groundtruth.domain.array_dataset import ArrayDataset, ColumnAnnotation, Modality
from groundtruth.domain.artifact import ArtifactMeta
from groundtruth.domain.columns import ArrayColumns, object_array
from groundtruth.ports.arrays import ZarrLayout
from support.peer import polaris_interpreter

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # the first run installs the peer

READ = """
import json, sys
import numpy as np
from polaris.dataset import DatasetV1, DatasetV2
def plain(value):
    if hasattr(value, "shape") and not isinstance(value, np.generic): value = np.asarray(value[:])
    if isinstance(value, tuple): return [plain(one) for one in value]
    value = value.tolist() if hasattr(value, "tolist") else value
    return None if value is None or value != value else value
kind, path = sys.argv[1:]
dataset = {"1": DatasetV1, "2": DatasetV2}[kind].from_json(path)
rows = [{name: plain(dataset.get_data(row, name)) for name in dataset.columns} for row in dataset.rows]
labels = [plain(row) for row in dataset.rows]
said = {"name": dataset.name, "readme": dataset.readme, "labels": labels, "rows": rows}
said["annotations"] = {k: [v.modality.name, v.description, v.user_attributes] for k, v in dataset.annotations.items()}
print("ANSWER" + json.dumps(said))
"""

WRITE = """
import sys
import numpy as np, pandas as pd, zarr
from numcodecs import VLenUTF8
from polaris.dataset import ColumnAnnotation, DatasetV1, DatasetV2
folder = sys.argv[1]
group = zarr.open_group(folder + "/source.zarr", mode="w")
group.create_dataset("x", data=np.arange(24, dtype="f4").reshape(6, 4), chunks=(2, 3))
text = np.array(["a", "é", "", "c", "d", "e"], dtype=object)
group.create_dataset("text", data=text, object_codec=VLenUTF8(), chunks=4)
ragged = group.create_group("ragged")
for i in range(6): ragged.array(f"k{i}", data=np.arange(i + 1))
ragged.array("__index__", data=np.array([f"k{i}" for i in (3, 1, 2, 0, 4, 5)]))
zarr.consolidate_metadata(group.store)
DatasetV2(name="peer-two", readme="# R", zarr_root_path=folder + "/source.zarr").to_json(folder + "/2")
columns = {"smiles": ["C", None, "CC"], "y": [1.5, np.nan, -0.0], "p": ["x#1", "x#0:2", "x#5"]}
table = pd.DataFrame(columns, index=["one", "two", "three"])
DatasetV1(
    name="peer-one", table=table, zarr_root_path=folder + "/source.zarr",
    annotations={"p": ColumnAnnotation(is_pointer=True)},
).to_json(folder + "/1")
"""


def peer(folder: Path, code: str, *arguments: object) -> str:
    """Run code in the peer's interpreter; it leaves a folder in its cache for every dataset."""
    done = subprocess.run(
        [polaris_interpreter(), "-W", "ignore", "-c", code, *map(str, arguments)],
        capture_output=True, text=True, timeout=300, check=False,
        env={**os.environ, "PYTHONPATH": "", "XDG_CACHE_HOME": str(folder / "cache")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    value = value.tolist() if hasattr(value, "tolist") else value
    return None if value is None or value != value else value


def rows(dataset: ArrayDataset) -> list[dict[str, Any]]:
    return [{name: plain(dataset[row, name]) for name in dataset.column_names} for row in dataset.rows]


def described(dataset: ArrayDataset) -> dict[str, Any]:
    annotations = {
        name: [one.modality.name, one.description, dict(one.user_attributes)]
        for name, one in dataset.annotations.items()
    }
    return {
        "name": dataset.meta.name, "readme": dataset.readme, "labels": dataset.rows.tolist(), "rows": rows(dataset),
        "annotations": annotations,
    }  # fmt: skip


@pytest.fixture
def files(codec: Any) -> LocalArrayFiles:
    return LocalArrayFiles(codec)


def version_1(files: LocalArrayFiles, folder: Path) -> ArrayDataset:
    root = files.write_zarr(
        folder / "source.zarr", {"x": np.arange(24.0).reshape(6, 4)}, ZarrLayout(rows_per_chunk=4)
    )
    columns = ArrayColumns(
        {
            "smiles": object_array(["C", None, "CC", "é"]),
            "y": np.array([1.5, np.nan, -0.0, 3]),
            "n": np.arange(4, dtype="i2"),
            "flag": np.array([True, False, True, True]),
            "p": object_array(["x#1", "x#0:2", "x#5", "x#3"]),
        },
        object_array(["one", "two", "three", "four"]),
        {name: np.dtype("U") for name in ("smiles", "p")},
    )
    annotations = {
        "p": ColumnAnnotation(is_pointer=True, modality=Modality.IMAGE),
        "y": ColumnAnnotation(description="a target", user_attributes={"unit": "mM"}),
    }
    meta = ArtifactMeta(name="ours-one", owner="test-org")
    return ArrayDataset(1, meta, columns, annotations, readme="# R", zarr_root=str(root))


def version_2(files: LocalArrayFiles, folder: Path) -> ArrayDataset:
    columns = ArrayColumns(
        {
            "ragged": object_array([np.arange(i + 1) for i in range(5)]),
            "text": object_array(["a", "", "é", "d", "e"]),
            "x": np.arange(30, dtype="f4").reshape(5, 6),
            "y": np.arange(5.0),
        }
    )
    return ArrayDataset(2, ArtifactMeta(name="ours-two", owner="test-org"), columns, readme="# R")


@pytest.mark.parametrize("make", [version_1, version_2])
def test_the_peer_reads_what_is_written_here(files: LocalArrayFiles, tmp_path: Path, make: Any) -> None:
    dataset = make(files, tmp_path)
    path = files.save(dataset, tmp_path / "saved")
    answer = peer(tmp_path, READ, dataset.version, path)
    expected = described(files.load(path))
    assert json.loads(answer.partition("ANSWER")[2]) == expected


def test_what_the_peer_writes_is_read_here(files: LocalArrayFiles, tmp_path: Path) -> None:
    peer(tmp_path, WRITE, tmp_path)
    for version in (1, 2):
        (path,) = (tmp_path / str(version)).glob("*.json")
        answer = peer(tmp_path, READ, version, path)
        for loaded in (files.load(path), files.load(path).load_to_memory()):
            assert loaded.version == version
            assert described(loaded) == json.loads(answer.partition("ANSWER")[2])
