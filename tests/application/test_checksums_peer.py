"""Random tables and trees have the checksums that the real client computes."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from groundtruth.adapters.arrays.files import LocalArrayFiles
from groundtruth.adapters.artifacts import codec
from groundtruth.adapters.checksum.manifest import ParquetManifests
from groundtruth.adapters.checksum.tree import LocalTreeHasher
from groundtruth.domain.columns import object_array
from groundtruth.domain.table_checksum import dataset_md5, table_checksum
from groundtruth.domain.tree_digest import tree_digest
from support.peer import polaris_interpreter

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # the first run installs the peer

SCRIPT = """
import datetime, decimal, json, pathlib, sys
import pandas as pd, pyarrow.parquet as pq
from polaris.dataset import DatasetV1
from polaris.dataset.zarr._checksum import compute_zarr_checksum
from polaris.dataset.zarr._manifest import generate_zarr_manifest
root = pathlib.Path(sys.argv[1])
tables = {path.name: DatasetV1(table=pd.read_parquet(path)).md5sum for path in sorted(root.glob("*.parquet"))}
trees = {path.name: str(compute_zarr_checksum(str(path))[0].digest) for path in sorted(root.glob("*.zarr"))}
manifests = {}
for path in root.glob("*.zarr"):
    pathlib.Path(sys.argv[2]).mkdir(exist_ok=True)
    rows = pq.read_table(generate_zarr_manifest(str(path), sys.argv[2])).to_pylist()
    ours = pq.read_table(root / f"{path.name}.manifest").to_pylist()
    manifests[path.name] = sorted(map(str, rows)) == sorted(map(str, ours))
nullable = root / "nullable"
nullable.mkdir()
series = [
    pd.Series([1, None, -3], dtype="Int64"), pd.Series([1, 2, 3], dtype="UInt8"),
    pd.Series([True, None, False], dtype="boolean"),
    pd.Series([1.5, None, -0.0], dtype="Float32"), pd.Series(["a", None, "b"], dtype="category"),
    pd.Series([1, 2, 1], dtype="category"), pd.Series(["a", None, ""], dtype="string"),
    pd.Series(pd.to_datetime(["2020-01-01", "2021-06-01", None]).tz_localize("Europe/Berlin")),
    pd.Series([datetime.date(2020, 1, 1), None, datetime.date(2021, 1, 1)]),
    pd.Series([datetime.time(1), None, datetime.time(2)]),
    pd.Series([decimal.Decimal("1.50"), None, decimal.Decimal("2")]),
    pd.Series(pd.to_timedelta([1, 2, None], unit="s")),
]
pandas_types = {}
for i, one in enumerate(series):
    pd.DataFrame({"a": one}).to_parquet(nullable / f"{i}.parquet")
    pandas_types[f"{i}.parquet"] = DatasetV1(table=pd.read_parquet(nullable / f"{i}.parquet")).md5sum
print("RESULT" + json.dumps({"tables": tables, "trees": trees, "manifests": manifests, "pandas_types": pandas_types}))
"""


def ask(folder: Path, scratch: Path) -> dict[str, Any]:
    """What the real client says of everything in a folder."""
    done = subprocess.run(
        [polaris_interpreter(), "-c", SCRIPT, folder, scratch], text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.rpartition("RESULT")[2])


def column(rng: random.Random, n_rows: int) -> np.ndarray:
    """A column of a random kind."""
    kind = rng.choice(["int", "float", "bool", "text", "bytes", "missing", "flags", "time", "narrow"])
    if kind == "int":
        dtype = np.dtype(rng.choice(["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]))
        return np.frombuffer(rng.randbytes(n_rows * dtype.itemsize), dtype)
    if kind in ("float", "narrow"):  # any bit pattern: NaNs of every kind, infinities, -0.0
        dtype = np.dtype("f8" if kind == "float" else "f4")
        values = np.frombuffer(rng.randbytes(n_rows * dtype.itemsize), dtype).copy()
        values[: n_rows // 3] = rng.choice([np.nan, -0.0, np.inf, 0.5])
        return values
    if kind == "time":
        return np.array(
            [rng.randrange(-(10**15), 10**15) for _ in range(n_rows)], f"M8[{rng.choice(['ms', 'us', 'ns'])}]"
        )
    draw = {
        "bool": lambda: rng.random() < 0.5,
        "text": lambda: "".join(rng.choices("aé\0漢\U0001f600 z", k=rng.randrange(40))),
        "bytes": lambda: rng.randbytes(rng.randrange(30)),
        "missing": lambda: rng.choice([None, "x" * rng.randrange(20)]),
        "flags": lambda: rng.choice([None, True, False]),
    }[kind]
    values = [draw() for _ in range(n_rows)]
    return np.array(values) if kind == "bool" else object_array(values)


def test_tables_and_trees(tmp_path: Path) -> None:
    rng = random.Random(20240613)
    files, folder = LocalArrayFiles(codec), tmp_path / "all"
    folder.mkdir()
    tables: dict[str, str] = {}
    trees: dict[str, str] = {}
    for i in range(40):
        n_rows = rng.choice([1, 2, 7, 50, 300])
        path = folder / f"t{i}.parquet"
        files.write_table(path, {f"{rng.choice('aZ_é')}{k}": column(rng, n_rows) for k in range(rng.randrange(1, 8))})
        tables[path.name] = dataset_md5(table_checksum(files.load(path).columns.stored))
    for i in range(20):
        root = folder / f"z{i}.zarr"
        root.mkdir()
        (root / ".zgroup").write_text('{"zarr_format": 2}')
        for _ in range(rng.randrange(30)):
            path = root.joinpath(*(rng.choice(["a", "b", "é", ".c", "0.1"]) for _ in range(rng.randrange(4))), "in")
            path.mkdir(parents=True, exist_ok=True)
            (path / f"f{rng.randrange(9)}").write_bytes(rng.randbytes(rng.choice([0, 1, 5000, 300_000])))
        hashed = LocalTreeHasher().files(root)
        trees[root.name] = tree_digest(hashed)
        (folder / f"{root.name}.manifest").write_bytes(ParquetManifests().dump(hashed))
    answer = ask(folder, tmp_path / "scratch")
    assert answer["tables"] == tables
    assert answer["trees"] == trees
    assert all(answer["manifests"].values())
    theirs = {name: files.load(folder / "nullable" / name).columns.stored for name in answer["pandas_types"]}
    assert {name: dataset_md5(table_checksum(one)) for name, one in theirs.items()} == answer["pandas_types"]
