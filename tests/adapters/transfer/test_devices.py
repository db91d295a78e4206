"""Devices that are full, read-only, or not the one that files come in on."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from groundtruth.adapters.memory import FakeClock, MemoryProgress, MemorySource
from groundtruth.adapters.transfer import TransferEngine
from groundtruth.domain.errors import DiskFull, NotWritable
from groundtruth.ports.transfer import FetchRequest, FetchStatus
from groundtruth.testing.transfer import content, digest_of

SIZE = 700_000


def engine(source: MemorySource, incoming: Path | None, workers: int = 2) -> TransferEngine:
    return TransferEngine([source], clock=FakeClock(), progress=MemoryProgress(), incoming=incoming, workers=workers)


def requests(source: MemorySource, folder: Path, count: int, size: int = SIZE) -> list[FetchRequest]:
    found = []
    for number in range(count):
        data = content(size, number)
        found.append(FetchRequest(source.add(data), folder / str(number), str(number), size, digest_of(data)))
    return found


@pytest.mark.parametrize("size", [SIZE, 1000])
def test_a_full_disk_keeps_what_arrived_and_goes_on_when_there_is_room(device: Any, size: int) -> None:
    folder = device(size="1m")
    source = MemorySource()
    wanted = requests(source, folder / "out", 2_100_000 // size, size)
    with pytest.raises(DiskFull) as caught:
        list(engine(source, folder / "in").fetch(wanted))
    assert str(folder) in caught.value.path
    whole = [request for request in wanted if request.destination.exists()]
    assert all(digest_of(request.destination.read_bytes()) == request.digest for request in whole)
    begun = os.listdir(folder / "in")
    assert whole or begun
    device.grow(folder, "16m")
    source.opened.clear()
    outcomes = list(engine(source, folder / "in").fetch(wanted))
    assert [outcome.status for outcome in outcomes].count(FetchStatus.PRESENT) == len(whole)
    assert {outcome.error for outcome in outcomes} == {None}
    assert sum(stream.start > 0 for stream in source.streams) == len(begun)
    assert os.listdir(folder / "in") == []


@pytest.mark.parametrize("what", ["incoming", "destination"])
def test_a_read_only_device_stops_the_transfer(device: Any, tmp_path: Path, what: str) -> None:
    folder = device()
    (folder / "out").mkdir()
    device.freeze(folder)
    source = MemorySource()
    incoming = folder / "in" if what == "incoming" else tmp_path / "in"
    out = folder / "out" if what == "destination" else tmp_path / "out"
    with pytest.raises(NotWritable) as caught:
        list(engine(source, incoming).fetch(requests(source, out, 5)))
    assert str(folder) in caught.value.path


@pytest.mark.parametrize("size", [SIZE, 1000, 0])
def test_a_file_reaches_another_device_whole(device: Callable[..., Path], tmp_path: Path, size: int) -> None:
    folder = device(size="8m")
    source = MemorySource()
    wanted = requests(source, folder / "deep" / "out", 3, size)
    outcomes = list(engine(source, tmp_path / "in").fetch(wanted))
    assert {outcome.error for outcome in outcomes} == {None}
    for outcome in outcomes:
        path = outcome.request.destination
        assert digest_of(path.read_bytes()) == outcome.digest == outcome.request.digest
        assert path.stat().st_mtime_ns == outcome.mtime_ns
    assert os.listdir(tmp_path / "in") == []
    assert sorted(os.listdir(folder / "deep" / "out")) == ["0", "1", "2"]


def test_another_device_that_is_full_leaves_nothing_there(device: Callable[..., Path], tmp_path: Path) -> None:
    folder = device(size="1m")
    source = MemorySource()
    with pytest.raises(DiskFull) as caught:
        list(engine(source, tmp_path / "in").fetch(requests(source, folder, 1, 2_000_000)))
    assert str(folder) in caught.value.path
    assert os.listdir(folder) == []
