"""Test subsets over stored columns lead to no target values, and to nothing of ours that reads them."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest

from groundtruth.adapters.arrays.files import LocalArrayFiles
from groundtruth.domain.array_dataset import ArrayDataset, ColumnAnnotation
from groundtruth.domain.errors import GroundtruthError, HiddenTargets
from groundtruth.domain.subset import Subset
from support.reach import pickled, reachable, secrets_reached

ROWS = 300
SECRET = np.random.default_rng(5).normal(size=ROWS) * 1e6
PLAIN = np.arange(float(ROWS))
FILES = LocalArrayFiles(codec=None)


def parquet(folder: Path) -> ArrayDataset:
    return FILES.load(FILES.write_table(folder / "table.parquet", {"x": PLAIN, "y": SECRET, "w": PLAIN}))


def zarr(folder: Path) -> ArrayDataset:
    return FILES.load(FILES.write_zarr(folder / "data.zarr", {"x": PLAIN, "y": SECRET, "w": PLAIN}))


def pointers(folder: Path) -> ArrayDataset:
    """Inputs and targets are texts that point into one archive."""
    from groundtruth.adapters.arrays.archive import open_archive
    from groundtruth.adapters.arrays.pointing import resolved

    root = FILES.write_zarr(folder / "data.zarr", {"x": PLAIN[:, None], "y": SECRET[:, None]})
    texts = {name: np.array([f"{name}#{i}" for i in range(ROWS)], dtype=object) for name in "xy"}
    table = FILES.load(FILES.write_table(folder / "table.parquet", {**texts, "w": PLAIN})).columns
    columns = attrs.evolve(table, columns=resolved(dict(table.columns), ("x", "y"), open_archive(root)))
    annotations = {name: ColumnAnnotation(is_pointer=True) for name in "xy"}
    return ArrayDataset(1, attrs.evolve(zarr(folder / "z").meta), columns, annotations, zarr_root=str(root))


@pytest.fixture(params=[parquet, zarr, pointers], ids=lambda make: make.__name__)
def dataset(request: pytest.FixtureRequest, tmp_path: Path) -> ArrayDataset:
    made = request.param(tmp_path)
    made.columns.read("y", slice(None))  # whatever is kept of what was read, is kept now
    return made


def hide(dataset: ArrayDataset) -> Subset:
    hidden = Subset.of(dataset, range(100, 250), "x", "y", hide_targets=True)
    list(hidden)
    return hidden


def test_the_rows_are_those_of_the_files(dataset: ArrayDataset) -> None:
    shown = Subset.of(dataset, range(250, 100, -1), "x", "y")
    assert np.ravel(shown.X).tolist() == PLAIN[250:100:-1].tolist()
    assert np.ravel([y for _, y in shown]).tolist() == np.ravel(shown.y).tolist() == SECRET[250:100:-1].tolist()
    assert secrets_reached(list(shown), SECRET)


def test_nothing_that_can_be_reached_is_a_target(dataset: ArrayDataset) -> None:
    hidden = hide(dataset)
    for one in (hidden, copy.deepcopy(hidden), hidden[3:], hidden.extend_inputs("w")):
        assert not secrets_reached(one, SECRET)
        data = pickled(one)
        assert not any(SECRET[i : i + 1].tobytes() in data for i in range(ROWS))


def test_nothing_that_can_be_reached_reads_a_target(dataset: ArrayDataset) -> None:
    hidden = hide(dataset)
    for one in list(reachable(hidden)):
        if not type(one).__module__.startswith("groundtruth."):
            continue
        for name in ("read", "row", "project", "array", "get_data"):
            method = getattr(one, name, None)
            for arguments in (("y", slice(None)), ("y", 101), ("y",), (["y"],)):
                answer = _answer(method, *arguments)
                assert not secrets_reached(answer, SECRET), (one, name, arguments)
                assert not secrets_reached(_answer(getattr(answer, "read", None), slice(None)), SECRET), (one, name)


def _answer(method: Any, *arguments: Any) -> Any:
    try:
        return method(*arguments)
    except (GroundtruthError, LookupError, TypeError, ValueError, AttributeError):
        return None


def test_targets_are_refused(dataset: ArrayDataset) -> None:
    hidden = hide(dataset)
    with pytest.raises(HiddenTargets):
        hidden.y  # noqa: B018
    object.__setattr__(hidden, "hide_targets", False)
    with pytest.raises(GroundtruthError):
        hidden.y  # noqa: B018
