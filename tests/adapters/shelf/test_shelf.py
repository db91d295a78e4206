"""What the shelf promises beyond the contract: pinned data, folders that move, damage, collecting."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs
import numpy as np
import pytest

from groundtruth.adapters.memory import FakeClock
from groundtruth.adapters.shelf import ShelfHub
from groundtruth.domain.array_dataset import ArrayDataset, ColumnAnnotation
from groundtruth.domain.artifact import ArtifactId, ArtifactMeta
from groundtruth.domain.columns import ArrayColumns, object_array
from groundtruth.domain.errors import DigestMismatch, DiskFull, IntegrityError, NotFound, NotWritable, StorageError
from groundtruth.domain.maintenance import Damage, HubCollection
from groundtruth.domain.policies import Access, ChecksumStrategy, ConflictPolicy
from groundtruth.domain.publication import Publication
from groundtruth.ports.arrays import ArrayFiles
from groundtruth.testing.benchmark_scenario import (
    ACTOR,
    OTHER,
    PUBLIC,
    REPLACE,
    benchmark_v1,
    benchmark_v2,
    competition,
    meta,
    model,
    results_on,
    same_rows,
    table,
)

MOLECULES = ArtifactId(ACTOR, "molecules")
Open = Callable[[str | None], ShelfHub]


def data_files(hub: ShelfHub) -> list[Path]:
    return sorted(
        path for path in hub.root.rglob("*") if path.is_file() and not path.name.startswith("shelf.sqlite3")
    )


# --- what is kept -------------------------------------------------------------------------------------------


def test_nothing_is_made_by_reading(hub: ShelfHub) -> None:
    assert hub.list_datasets().total == 0
    assert hub.check().is_clean
    assert hub.collect() == HubCollection(0, 0, 0, 0)
    assert not hub.root.exists()


def test_table_with_an_archive(hub: ShelfHub, arrays: ArrayFiles, tmp_path: Path) -> None:
    vectors = np.arange(30.0).reshape(10, 3)
    root = arrays.write_zarr(tmp_path / "deep.zarr", {"vectors": vectors})
    pointers = object_array(f"vectors#{row}" for row in range(10))
    columns = ArrayColumns({"id": np.arange(10), "vector": pointers})
    made = ArrayDataset(1, meta("deep"), columns, {"vector": ColumnAnnotation(is_pointer=True)}, zarr_root=str(root))
    identity = hub.put_dataset(arrays.load(arrays.save(made, tmp_path / "saved")), PUBLIC).id
    shutil.rmtree(tmp_path / "saved")
    shutil.rmtree(root)
    for strategy in ChecksumStrategy:
        assert np.asarray(hub.get_dataset(identity, strategy)[4]["vector"]).tolist() == vectors[4].tolist()


def test_benchmark_stays_on_its_data(hub: ShelfHub, clock: FakeClock) -> None:
    hub.put_dataset(table(), PUBLIC)
    identity = hub.put_benchmark(benchmark_v1(table()), PUBLIC).id
    hub.put_dataset(table(rows=50, scale=2.0), REPLACE)
    assert same_rows(hub.get_benchmark(identity).dataset, table())
    clock.advance(timedelta(days=9).total_seconds())
    assert hub.collect().objects == 0
    assert same_rows(hub.get_benchmark(identity).dataset, table())
    assert len(hub.get_dataset(MOLECULES)) == 50
    with pytest.raises(DigestMismatch):
        hub.put_benchmark(benchmark_v1(table()), REPLACE)
    hub.put_benchmark(benchmark_v1(table(rows=50, scale=2.0)), REPLACE)
    clock.advance(timedelta(days=9).total_seconds())
    assert hub.collect().objects == 1
    assert len(hub.get_benchmark(identity).dataset) == 50


def test_shelf_can_be_moved_and_tells_no_path(
    hub: ShelfHub, opening: ModuleType, pictures: ArrayDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.put_dataset(table(), PUBLIC)
    hub.put_dataset(pictures, PUBLIC)
    for path in [*data_files(hub), *hub.root.glob("shelf.sqlite3*")]:
        assert str(tmp_path).encode() not in path.read_bytes(), path
    # What lies where the program runs is not mistaken for the shelf's own.
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    (elsewhere / "table.parquet").write_bytes(b"something else")
    shutil.copytree(hub.root, tmp_path / "moved")
    shutil.rmtree(hub.root)
    moved = opening.open_shelf(tmp_path / "moved")
    assert same_rows(moved.get_dataset(MOLECULES, ChecksumStrategy.VERIFY), table())
    assert same_rows(moved.get_dataset(ArtifactId(ACTOR, "pictures"), ChecksumStrategy.VERIFY), pictures)


def test_lazy_reader_outlives_replacement(hub: ShelfHub, pictures: ArrayDataset, clock: FakeClock) -> None:
    identity = hub.put_dataset(pictures, PUBLIC).id
    reader = hub.get_dataset(identity)
    hub.put_dataset(pictures, REPLACE)
    clock.advance(timedelta(hours=23).total_seconds())
    hub.collect()
    assert same_rows(reader, pictures)
    clock.advance(timedelta(hours=2).total_seconds())
    assert hub.collect(dry_run=True).objects == 1
    assert same_rows(reader, pictures)
    assert hub.collect().objects == 1
    assert hub.collect().objects == 0
    assert same_rows(hub.get_dataset(identity), pictures)


def test_shelf_is_read_where_nothing_can_be_written(hub: ShelfHub) -> None:
    hub.put_dataset(table(), PUBLIC)
    if os.geteuid() == 0:
        pytest.skip("this user may write everywhere")
    for path in [hub.root, *hub.root.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222)
    try:
        assert same_rows(hub.get_dataset(MOLECULES), table())
        with pytest.raises(NotWritable):
            hub.put_dataset(table("other"), PUBLIC)
    finally:
        for path in [hub.root, *hub.root.rglob("*")]:
            path.chmod(path.stat().st_mode | 0o200)


def test_shelf_of_a_newer_version_is_refused(hub: ShelfHub) -> None:
    hub.put_model(model(), PUBLIC)
    with sqlite3.connect(hub.root / "shelf.sqlite3") as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StorageError, match="newer version"):
        hub.list_models()


# --- damage -------------------------------------------------------------------------------------------------


def test_first_differing_file_is_named(hub: ShelfHub, pictures: ArrayDataset) -> None:
    identity = hub.put_dataset(pictures, PUBLIC).id
    chunks = sorted(
        path for path in data_files(hub) if path.parent.name == "picture" and not path.name.startswith(".")
    )
    for path in (chunks[7], chunks[3]):
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(DigestMismatch, match=f"picture/{chunks[3].name}' of dataset '{identity}'"):
        hub.get_dataset(identity, ChecksumStrategy.VERIFY)
    chunks[1].unlink()
    with pytest.raises(DigestMismatch, match=f"picture/{chunks[1].name}.*missing"):
        hub.get_dataset(identity, ChecksumStrategy.VERIFY)


def test_lost_files_are_no_missing_dataset(hub: ShelfHub) -> None:
    hub.put_dataset(table(), PUBLIC)
    shutil.rmtree(hub.root / "dataset")
    with pytest.raises(IntegrityError, match="lost its files"):
        hub.get_dataset(MOLECULES, ChecksumStrategy.IGNORE)


def test_damaged_split_is_found_without_being_asked(hub: ShelfHub, pictures: ArrayDataset) -> None:
    hub.put_dataset(pictures, PUBLIC)
    identity = hub.put_benchmark(benchmark_v2(pictures), PUBLIC).id
    (path,) = (path for path in data_files(hub) if path.name == "0.test.roaring")
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DigestMismatch, match=r"0\.test\.roaring"):
        hub.get_benchmark(identity)
    with pytest.raises(IntegrityError):
        hub.get_benchmark(identity, ChecksumStrategy.IGNORE)


def test_check_tells_what_is_damaged(hub: ShelfHub, pictures: ArrayDataset, open_hub: Open) -> None:
    hub.put_dataset(pictures, PUBLIC)
    hub.put_benchmark(benchmark_v2(pictures), PUBLIC)
    hub.put_model(model(), PUBLIC)
    check = hub.check()
    assert (check.is_clean, check.objects, check.documents, check.unreferenced) == (True, 2, 3, 0)
    assert check.size == sum(path.stat().st_size for path in data_files(hub))
    first, second, third = sorted(path for path in data_files(hub) if path.parent.name == "picture")[5:8]
    first.write_bytes(first.read_bytes()[:-1] + b"?")
    second.write_bytes(second.read_bytes()[:-1])
    third.unlink()
    third.with_name("extra").write_bytes(b"")
    findings = open_hub(None).check().findings
    users = (f"benchmark {ACTOR}/bench-two", f"dataset {ACTOR}/pictures")
    assert {(Path(one.object).name, one.damage, one.used_by) for one in findings} == {
        (first.name, Damage.CORRUPT, users),
        (second.name, Damage.TRUNCATED, users),
        (third.name, Damage.MISSING, users),
        ("extra", Damage.CORRUPT, users),
    }


def test_check_of_a_damaged_catalogue(hub: ShelfHub) -> None:
    hub.put_model(model(), PUBLIC)
    path = hub.root / "shelf.sqlite3"
    path.write_bytes(b"no database at all" * 400)
    check = hub.check()
    assert not check.is_clean
    assert check.findings[0].damage is Damage.CORRUPT
    with pytest.raises(IntegrityError):
        hub.list_models()


# --- collecting ---------------------------------------------------------------------------------------------


def test_folders_without_a_row_are_collected(hub: ShelfHub) -> None:
    hub.put_dataset(table(), PUBLIC)
    (kept,) = (hub.root / "dataset" / str(MOLECULES)).iterdir()
    # What a crash leaves between renaming a folder and keeping its row.
    orphan = hub.root / "dataset" / ACTOR / "crashed" / "0123456789abcdef"
    shutil.copytree(kept, orphan)
    assert (hub.check().is_clean, hub.check().unreferenced) == (True, 1)
    foreseen = hub.collect(dry_run=True)
    assert foreseen.objects == 1
    assert foreseen.size == sum(path.stat().st_size for path in orphan.iterdir())
    assert hub.collect() == foreseen
    assert not orphan.parent.exists()
    assert same_rows(hub.get_dataset(MOLECULES, ChecksumStrategy.VERIFY), table())


def test_everything_of_a_replaced_competition_goes(hub: ShelfHub, pictures: ArrayDataset, clock: FakeClock) -> None:
    given = competition(pictures, clock.now())
    hub.put_competition(given, PUBLIC)
    hub.put_competition(given, REPLACE)
    clock.advance(timedelta(days=2).total_seconds())
    assert hub.collect().objects == 2
    assert len(list(hub.root.glob("labels/*/*/*"))) == len(list(hub.root.glob("competition/*/*/*"))) == 1
    assert hub.check().is_clean


def test_failed_put_leaves_no_trace_that_is_seen(hub: ShelfHub, pictures: ArrayDataset, tmp_path: Path) -> None:
    broken = attrs.evolve(pictures, zarr_root=str(tmp_path / "nowhere.zarr"))
    with pytest.raises((NotFound, StorageError)):
        hub.put_dataset(broken, PUBLIC)
    assert hub.list_datasets().total == 0
    assert hub.check().is_clean
    assert hub.put_dataset(pictures, PUBLIC).written


@attrs.define
class FullOnce:
    """Files of datasets on a disk that is full when the first document is written."""

    files: ArrayFiles
    is_full: bool = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self.files, name)

    def save(self, dataset: ArrayDataset, folder: Path, if_exists: ConflictPolicy) -> Path:
        if self.is_full:
            self.is_full = False
            (folder / ".left.parts").mkdir()
            (folder / ".left.parts" / "half").write_bytes(b"half of a chunk")
            raise DiskFull(str(folder), "no room is left")
        return self.files.save(dataset, folder, if_exists)


def test_put_goes_on_where_the_disk_was_full(
    opening: ModuleType, root: Path, arrays: ArrayFiles, pictures: ArrayDataset
) -> None:
    hub = opening.open_shelf(root, arrays=FullOnce(arrays))
    with pytest.raises(DiskFull):
        hub.put_dataset(pictures, PUBLIC)
    assert hub.list_datasets().total == 0
    assert hub.check().is_clean
    staged = {path.name: path.stat().st_ino for path in (root / "staging").rglob("picture/*")}
    assert len(staged) == len(pictures) + 1
    # A chunk that a failure of the machine tore is seen, by its bytes.
    (torn,) = (root / "staging").rglob("picture/7.0.0")
    torn.write_bytes(torn.read_bytes()[:-1] + b"?")
    identity = hub.put_dataset(pictures, PUBLIC).id
    assert same_rows(hub.get_dataset(identity, ChecksumStrategy.VERIFY), pictures)
    published = list((root / "dataset").rglob("*"))
    assert not [path for path in published if path.name == "half"]
    assert {path.name for path in published if path.parent.name == "picture"} == set(staged)
    assert list((root / "staging").iterdir()) == []


# --- who asks -----------------------------------------------------------------------------------------------


def test_replacing_does_not_open_what_is_private(hub: ShelfHub, open_hub: Open) -> None:
    hub.put_dataset(table(), Publication(Access.PRIVATE))
    hub.put_dataset(table(), Publication(Access.PRIVATE, ConflictPolicy.REPLACE))
    assert open_hub(OTHER).list_datasets().total == 0


def test_owner_names_that_look_alike_are_kept_apart(hub: ShelfHub, open_hub: Open, pictures: ArrayDataset) -> None:
    """An owner judges submissions to competitions of its own, not of owners whose name begins like it."""
    longer = open_hub(f"{ACTOR}-two")
    given = competition(pictures, hub._store.clock.now())
    given = attrs.evolve(given, meta=ArtifactMeta(name="challenge", owner=f"{ACTOR}-two"))
    held = longer.get_competition(longer.put_competition(given, PUBLIC).id)
    from groundtruth.testing.benchmark_scenario import submission

    open_hub(OTHER).submit_predictions(submission(held, 1.0, "guess"), Publication())
    assert longer.list_submissions(held_id(held)).total == 1
    assert hub.list_submissions(held_id(held)).total == 0


def held_id(held: object) -> ArtifactId:
    identity = getattr(held, "artifact_id", None)
    assert isinstance(identity, ArtifactId)
    return identity


def test_many_results(hub: ShelfHub) -> None:
    hub.put_dataset(table(), PUBLIC)
    identity = hub.put_benchmark(benchmark_v1(table()), PUBLIC).id
    for number in range(120):
        hub.put_results(results_on(identity, number / 7, f"run-{number:03d}"), PUBLIC)
    assert hub.list_results(identity).total == 120
    pages = [hub.list_results(identity, 50, offset).items for offset in (0, 50, 100)]
    assert [len(page) for page in pages] == [50, 50, 20]
    assert len({one for page in pages for one in page}) == 120
    board = hub.leaderboard(identity).board("mean_absolute_error", "near", "y")
    assert board is not None
    assert [one.rank for one in board.places] == list(range(1, 121))
