"""Processes that put at the same time, and such as are killed while they do."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from groundtruth.domain.artifact import ArtifactId
from groundtruth.domain.errors import NotFound
from groundtruth.domain.policies import ChecksumStrategy
from groundtruth.ports.arrays import ArrayFiles, ZarrLayout

PUTTER = Path(__file__).with_name("putter.py")
PICTURES = ArtifactId("example-team", "pictures")
ROWS = 300


@pytest.fixture(scope="module")
def source(opening: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of many files."""
    arrays: ArrayFiles = opening.array_files()
    values = {"x": np.arange(ROWS), "y": np.random.default_rng(3).random((ROWS, 500))}
    return arrays.write_zarr(tmp_path_factory.mktemp("made") / "many.zarr", values, ZarrLayout(rows_per_chunk=1))


def start(root: Path, archive: Path, policy: str = "raise") -> subprocess.Popen[str]:
    """Start a putter; returns when it is about to begin."""
    command = [sys.executable, str(PUTTER), str(root), str(archive), policy]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def finish(process: subprocess.Popen[str]) -> str:
    # Not `communicate`: it would miss what was read ahead with the first line.
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        output, errors = process.stdout.read(), process.stderr.read()
    assert process.returncode == 0, errors
    return output.strip()


def inodes(root: Path) -> dict[str, int]:
    """Rows of the archive that are there whole, staged or published, and which files they are."""
    return {path.name: path.stat().st_ino for path in root.rglob("y/*.0") if path.is_file()}


def test_killed_at_any_moment(opening: ModuleType, source: Path, tmp_path: Path) -> None:
    root = tmp_path / "shelf"
    hub = opening.open_shelf(root, grace=timedelta(0))
    generator = random.Random(5)
    killed = 0
    for _ in range(5):
        process = start(root, source, "skip")
        time.sleep(generator.uniform(0.0, 0.25))
        process.kill()
        process.communicate()
        killed += process.returncode != 0
        check = hub.check()
        assert check.is_clean, check.findings
        try:
            assert len(hub.get_dataset(PICTURES, ChecksumStrategy.VERIFY)) == ROWS
        except NotFound:
            assert check.objects == hub.list_datasets().total == 0
    assert killed
    finish(start(root, source, "skip"))
    got = hub.get_dataset(PICTURES, ChecksumStrategy.VERIFY)
    assert got.columns.read("x", slice(None)).tolist() == list(range(ROWS))
    hub.collect()
    check = hub.check()
    assert (check.is_clean, check.objects, check.unreferenced) == (True, 1, 0)
    assert list((root / "staging").iterdir()) == []


def test_killed_half_way_and_put_again(opening: ModuleType, source: Path, tmp_path: Path) -> None:
    root = tmp_path / "shelf"
    hub = opening.open_shelf(root, grace=timedelta(0))
    process = start(root, source)
    while len(inodes(root)) < 40 and process.poll() is None:
        time.sleep(0.001)
    process.kill()
    process.communicate()
    staged = inodes(root)
    assert len(staged) >= 40
    assert hub.list_datasets().total == 0
    assert hub.check().is_clean
    assert finish(start(root, source)) == "written"
    published = inodes(root)
    # The very files that were there: nothing was copied again.
    assert all(published[path] == inode for path, inode in staged.items())
    assert len(hub.get_dataset(PICTURES, ChecksumStrategy.VERIFY)) == ROWS


def test_leftovers_are_collected(opening: ModuleType, source: Path, tmp_path: Path) -> None:
    root = tmp_path / "shelf"
    process = start(root, source)
    while len(inodes(root)) < 10 and process.poll() is None:
        time.sleep(0.001)
    assert opening.open_shelf(root, grace=timedelta(0)).collect().leftovers == 0  # somebody works there
    process.kill()
    process.communicate()
    assert opening.open_shelf(root).collect().leftovers == 0  # it may be taken up again
    hub = opening.open_shelf(root, grace=timedelta(0))
    foreseen = hub.collect(dry_run=True)
    assert foreseen.leftovers == 1
    assert foreseen.size > 0
    assert hub.collect() == foreseen
    assert inodes(root) == {}


@pytest.mark.parametrize("policy", ["raise", "skip", "replace"])
def test_several_put_at_once(opening: ModuleType, source: Path, tmp_path: Path, policy: str) -> None:
    root = tmp_path / "shelf"
    processes = [start(root, source, policy) for _ in range(2)]
    hub = opening.open_shelf(root)
    while any(process.poll() is None for process in processes):
        hub.collect()
        check = hub.check()
        assert check.is_clean, check.findings
        time.sleep(0.05)
    outcomes = sorted(finish(process) for process in processes)
    expected = {
        "raise": ["taken", "written"],
        "skip": ["kept", "written"],
        "replace": ["written", "written"],
    }
    assert outcomes == expected[policy]
    assert len(hub.get_dataset(PICTURES, ChecksumStrategy.VERIFY)) == ROWS
    later = opening.open_shelf(root, grace=timedelta(seconds=-2))
    assert later.collect().objects == (policy == "replace")
    check = later.check()
    assert (check.is_clean, check.objects, check.unreferenced) == (True, 1, 0)
