from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.adapters.local import LocalHub
from groundtruth.adapters.local.faults import catalogue_fault, reading_fault, writing_fault
from groundtruth.adapters.memory import FakeClock
from groundtruth.domain.errors import (
    DiskFull,
    NotReadable,
    NotWritable,
    StorageError,
    Unavailable,
)
from groundtruth.domain.item import ItemQuery
from groundtruth.domain.release import ExportOptions
from groundtruth.ports.media import MediaProbe
from groundtruth.testing.scenario import Workbench


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (errno.ENOSPC, DiskFull),
        (errno.EDQUOT, DiskFull),
        (errno.EACCES, NotWritable),
        (errno.EROFS, NotWritable),
        (errno.EPERM, NotWritable),
        (errno.EIO, StorageError),
    ],
)
def test_what_writing_says(code: int, kind: type[StorageError]) -> None:
    fault = writing_fault(OSError(code, os.strerror(code)), "/some/file")
    assert type(fault) is kind
    assert "/some/file" in fault.message


@pytest.mark.parametrize("code", [errno.ENOENT, errno.EACCES, errno.EIO, errno.EISDIR])
def test_what_reading_says(code: int) -> None:
    fault = reading_fault(OSError(code, os.strerror(code)), "/some/file")
    assert type(fault) is NotReadable
    assert os.strerror(code) in fault.message


def test_busy_catalogue_can_be_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite3"
    one, two = (sqlite3.connect(path, timeout=0, isolation_level=None) for _ in range(2))
    one.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError) as caught:
        two.execute("BEGIN IMMEDIATE")
    one.close()
    two.close()
    assert type(catalogue_fault(caught.value, path)) is Unavailable


def test_read_only_catalogue(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite3"
    sqlite3.connect(path).close()
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    with pytest.raises(sqlite3.OperationalError) as caught:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    assert type(catalogue_fault(caught.value, path)) is NotWritable


def test_full_catalogue(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite3"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA max_page_count = 2")
    with pytest.raises(sqlite3.OperationalError) as caught:
        connection.executescript("CREATE TABLE a (x); CREATE TABLE b (x); CREATE TABLE c (x);")
    connection.close()
    assert type(catalogue_fault(caught.value, path)) is DiskFull


# --- a real small disk ------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[str], Path]]:
    """A file system in memory; called with an option, it is mounted again with it."""
    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("mounting needs root")
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"mounting is not possible here: {done.stderr.strip()}")
        return folder

    yield mount
    subprocess.run(["umount", str(folder)], check=False, capture_output=True)


@pytest.fixture
def small_hub(
    small_disk: Callable[[str], Path], probe: MediaProbe, clock: FakeClock, tmp_path: Path
) -> Iterator[LocalHub]:
    with LocalHub(small_disk("size=8m") / "hub", DarwinJsonCodec(), probe, clock) as hub:
        yield hub


def fill(folder: Path, free: int) -> None:
    """Leave no more than `free` bytes on the file system."""
    with (folder / "filler").open("wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while file.write(bytes(4096)) == 4096:
                pass
        file.truncate(file.tell() - free)


def test_full_disk_loses_nothing(small_hub: LocalHub, small_disk: Callable[[str], Path], tmp_path: Path) -> None:
    bench = Workbench(small_hub, tmp_path / "pushed")
    dataset = small_hub.create_dataset("team", "a")
    bench.push(dataset, *(f"/{number}.png" for number in range(20)))
    fill(small_hub.root.parent, 300_000)
    pushed = 20
    with pytest.raises(DiskFull) as caught:
        for pushed in range(20, 500):
            bench.push(dataset, f"/{pushed}.png")
    assert "Free some space" in caught.value.remedy
    statuses = bench.statuses(dataset)
    assert [statuses[f"/{number}.png"] for number in range(pushed)] == ["new"] * pushed
    assert statuses.get(f"/{pushed}.png") in {None, "uploading"}
    assert small_hub.check().is_clean
    (small_hub.root.parent / "filler").unlink()
    bench.push(dataset, f"/{pushed}.png")
    assert set(bench.statuses(dataset).values()) == {"new"}
    assert small_hub.check().is_clean


def test_export_on_a_full_disk_leaves_no_release(small_hub: LocalHub, tmp_path: Path) -> None:
    bench = Workbench(small_hub, tmp_path / "pushed")
    dataset = small_hub.create_dataset("team", "a")
    bench.push(dataset, *(f"/{number:04d}-{'x' * 200}.png" for number in range(300)))
    fill(small_hub.root.parent, 150_000)
    made = 0
    with pytest.raises(DiskFull):
        for made in range(200):
            small_hub.create_release(dataset, f"r{made}", ExportOptions())
    (small_hub.root.parent / "filler").unlink()
    releases = small_hub.list_releases(dataset)
    assert sorted(release.name for release in releases) == sorted(f"r{number}" for number in range(made))
    release = small_hub.create_release(dataset, f"r{made}", ExportOptions())
    for one in (release, *releases):
        assert len(bench.documents(one)) == 300
    assert small_hub.check().is_clean


def test_hub_on_a_read_only_disk_can_be_read(
    small_disk: Callable[[str], Path], probe: MediaProbe, clock: FakeClock, tmp_path: Path
) -> None:
    root = small_disk("size=8m") / "hub"
    with LocalHub(root, DarwinJsonCodec(), probe, clock) as hub:
        bench = Workbench(hub, tmp_path / "pushed")
        dataset = hub.create_dataset("team", "a")
        (item,) = bench.push(dataset, "/a.png")
        release = bench.export(dataset, "1")
    small_disk("remount,ro")
    with LocalHub(root, DarwinJsonCodec(), probe, clock) as hub:
        assert list(hub.list_items(dataset, ItemQuery())) == [item]
        assert sorted(Workbench(hub, tmp_path / "x").documents(release)) == ["/a.png"]
        stream = hub.source.open(item.slots[0].source_files[0].url or "")
        assert len(b"".join(stream.chunks())) == item.size
        stream.close()
        assert hub.check().is_clean
        with pytest.raises(NotWritable):
            hub.create_dataset("team", "b")
    with (
        LocalHub(root.parent / "other", DarwinJsonCodec(), probe, clock) as absent,
        pytest.raises(NotWritable),
    ):
        absent.create_dataset("team", "b")
