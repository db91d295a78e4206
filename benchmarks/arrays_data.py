"""Data of the benchmark `arrays.py`, made from a seed: archives of version 2 and tables of version 1.

`arrays_data.py FOLDER NAME ROWS` makes one; in a process of its own, as those that are measured inherit the peak
memory of who starts them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

SHAPES = {"small": (2048,), "large": (1024, 1024), "packed": (64,)}
PER_CHUNK = {"packed": 4096}
TARGETS_PER_CHUNK = 8192
TESTS = 100_000
TARGETS = ("a", "b", "c", "d", "e")
SEED = 20


def make(place: Path, name: str, rows: int) -> None:
    """Make data with so many rows: of 8 KB or 4 MB, one to a file; of 256 bytes, 4,096 to a file; a table."""
    if name in SHAPES:
        _archive(place, SHAPES[name], rows, PER_CHUNK.get(name, 1))
    else:
        _table(place, rows, wide=name == "wide")
    place.with_suffix(".ready").touch()


def _archive(place: Path, shape: tuple[int, ...], rows: int, per_chunk: int) -> None:
    """Write inputs `x` and a target `y` as the real client's zarr does: Blosc with LZ4, shuffled."""
    from numcodecs import Blosc

    blosc = Blosc("lz4", 5, Blosc.SHUFFLE)
    columns = {
        "x": (_inputs(shape, rows, per_chunk), (rows, *shape), (per_chunk, *shape), "<f4"),
        "y": (_targets(rows), (rows,), (TARGETS_PER_CHUNK,), "<f8"),
    }
    documents: dict[str, object] = {".zgroup": {"zarr_format": 2}}
    for name, (parts, whole, chunk, dtype) in columns.items():
        (place / name).mkdir(parents=True)
        documents[f"{name}/.zarray"] = {
            "chunks": chunk, "compressor": blosc.get_config(), "dtype": dtype, "fill_value": 0, "filters": None,
            "order": "C", "shape": whole, "zarr_format": 2,
        }  # fmt: skip
        end = ".0" * (len(chunk) - 1)
        for number, part in enumerate(parts):
            (place / name / f"{number}{end}").write_bytes(blosc.encode(np.ascontiguousarray(part, dtype)))
    for path, document in documents.items():
        (place / path).write_text(json.dumps(document))
    consolidated = {"metadata": documents, "zarr_consolidated_format": 1}
    (place / ".zmetadata").write_text(json.dumps(consolidated))
    said = {"name": "bench-arrays", "version": 2, "zarr_root_path": str(place), "artifact_version": 1}
    place.with_suffix(".json").write_text(json.dumps(said))


def _inputs(shape: tuple[int, ...], rows: int, per_chunk: int) -> Iterator[np.ndarray]:
    """Chunks of noise: windows on the same block, as making so much noise would take longer than the benchmark."""
    size = int(np.prod(shape))
    noise = np.random.default_rng(SEED).random(size * per_chunk + 10_007, dtype="f4")
    for number in range(-(-rows // per_chunk)):
        start = number * 7 % 10_007
        yield noise[start : start + size * per_chunk].reshape(per_chunk, *shape)


def _targets(rows: int) -> Iterator[np.ndarray]:
    rng = np.random.default_rng(SEED)
    return (rng.normal(size=TARGETS_PER_CHUNK) for _ in range(0, rows, TARGETS_PER_CHUNK))


def _table(place: Path, rows: int, wide: bool) -> None:
    """Write a dataset of version 1: text as input, numbers as targets; and what else a benchmark has."""
    from groundtruth.adapters.arrays.files import LocalArrayFiles
    from groundtruth.adapters.artifacts import codec
    from groundtruth.domain.array_dataset import ArrayDataset
    from groundtruth.domain.artifact import ArtifactMeta
    from groundtruth.domain.columns import ArrayColumns

    rng = np.random.default_rng(SEED)
    smiles = np.array([f"CC(=O)N{i}c1ccccc1" for i in range(rows)], dtype=object)
    columns = {"smiles": smiles, "real": rng.normal(size=rows), "flag": rng.integers(0, 2, rows)}
    if wide:
        columns = {"smiles": smiles, **{name: _target(rng, name, rows) for name in TARGETS}}
    dataset = ArrayDataset(
        1, ArtifactMeta(name="bench-arrays"), ArrayColumns(columns, types={"smiles": np.dtype(str)})
    )
    LocalArrayFiles(codec).save(dataset, place)
    order = rng.permutation(rows)
    cut = rows - min(TESTS, rows * 5 // 6)
    parts = {"train": order[:cut], "test": order[cut:], "noise": rng.normal(size=rows), "score": rng.random(rows)}
    np.savez(place / "parts.npz", **parts)


def _target(rng: np.random.Generator, name: str, rows: int) -> np.ndarray:
    """Real numbers, some of them missing, and classes, in turn."""
    if name in "bd":
        return rng.integers(0, 5, rows)
    values = rng.normal(size=rows)
    values[rng.random(rows) < 0.1] = np.nan
    return values


if __name__ == "__main__":
    make(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
