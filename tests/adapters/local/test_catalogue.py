from __future__ import annotations

import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from groundtruth.adapters.local import LocalHub
from groundtruth.adapters.local.schema import VERSION
from groundtruth.domain.dataset import Dataset
from groundtruth.domain.errors import (
    DatasetNotFound,
    IntegrityError,
    NotWritable,
    ObjectNotFound,
    StorageError,
)
from groundtruth.domain.item import ItemQuery
from groundtruth.domain.reference import DatasetReference
from groundtruth.testing.scenario import Workbench

DIGEST = "0" * 64


def test_absent_hub_is_empty_and_stays_absent(hub: LocalHub, root: Path) -> None:
    assert list(hub.list_datasets()) == []
    with pytest.raises(DatasetNotFound):
        hub.get_dataset(DatasetReference("a", "b"))
    with pytest.raises(DatasetNotFound):
        list(hub.list_items(Dataset(1, "b", "b", "a"), ItemQuery()))
    with pytest.raises(ObjectNotFound):
        hub.source.open(f"blob:sha256/{DIGEST}")
    check = hub.check()
    assert check.is_clean
    assert check.objects == 0
    assert hub.collect(dry_run=True).size == 0
    assert not root.exists()


def test_hub_that_appears_is_seen(open_hub: Callable[[], LocalHub]) -> None:
    early, late = open_hub(), open_hub()
    assert list(early.list_datasets()) == []
    late.create_dataset("a", "b")
    assert [dataset.slug for dataset in early.list_datasets()] == ["b"]


def test_what_one_writes_another_reads(
    hub: LocalHub, open_hub: Callable[[], LocalHub], dataset: Dataset, bench: Workbench, tmp_path: Path
) -> None:
    other = Workbench(open_hub(), tmp_path / "other")
    bench.push(dataset, "/a.png")
    other.push(dataset, "/b.png")
    release = bench.export(dataset, "1")
    assert sorted(other.documents(release)) == ["/a.png", "/b.png"]
    assert bench.listed(dataset) == other.listed(dataset)


def test_several_open_a_new_hub_at_once(open_hub: Callable[[], LocalHub]) -> None:
    hubs = [open_hub() for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda number: hubs[number].create_dataset("team", f"set-{number}"), range(6)))
    assert len({dataset.id for dataset in made}) == 6
    assert len(hubs[0].list_datasets()) == 6


def test_ids_are_never_used_again(hub: LocalHub) -> None:
    first = hub.create_dataset("team", "a")
    hub.remove_dataset(first)
    hub.collect()
    assert hub.create_dataset("team", "a").id > first.id


def test_catalogue_of_a_newer_version(hub: LocalHub, root: Path, open_hub: Callable[[], LocalHub]) -> None:
    hub.create_dataset("team", "a")
    hub.close()
    connection = sqlite3.connect(root / "catalogue.sqlite3")
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    with pytest.raises(StorageError, match="newer version") as caught:
        open_hub().list_datasets()
    assert caught.value.remedy == "Upgrade groundtruth"


@pytest.mark.parametrize("content", [b"not a database at all" * 100, b"\x00" * 5000])
def test_file_that_is_no_catalogue(root: Path, hub: LocalHub, content: bytes) -> None:
    root.mkdir()
    (root / "catalogue.sqlite3").write_bytes(content)
    with pytest.raises(IntegrityError) as caught:
        hub.list_datasets()
    assert str(root / "catalogue.sqlite3") in caught.value.message
    assert "backup" in caught.value.remedy


def test_damaged_catalogue(
    hub: LocalHub, root: Path, dataset: Dataset, bench: Workbench, open_hub: Callable[[], LocalHub]
) -> None:
    bench.push(dataset, *(f"/{number}.png" for number in range(300)))
    hub.close()
    path = root / "catalogue.sqlite3"
    with path.open("r+b") as file:
        # Everything but the header and the schema.
        file.seek(20 * 4096)
        file.write(b"\xa5" * (path.stat().st_size - 20 * 4096))
    damaged = open_hub()
    findings = damaged.check().findings
    assert findings
    assert findings[0].object == str(path)
    with pytest.raises(IntegrityError):
        list(damaged.list_items(dataset, ItemQuery()))


def test_closed_hub(hub: LocalHub) -> None:
    hub.create_dataset("team", "a")
    hub.close()
    hub.close()
    with pytest.raises(StorageError, match="closed"):
        hub.list_datasets()


def test_context_closes_the_hub(open_hub: Callable[[], LocalHub]) -> None:
    with open_hub() as hub:
        hub.create_dataset("team", "a")
    with pytest.raises(StorageError, match="closed"):
        hub.list_datasets()


def test_connections_do_not_pile_up(hub: LocalHub, root: Path, dataset: Dataset) -> None:
    def count() -> int:
        links = Path("/proc/self/fd").iterdir() if Path("/proc/self/fd").exists() else []
        return sum(1 for link in links if link.exists() and str(root) in str(link.resolve()))

    for _ in range(5):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: hub.list_datasets(), range(20)))
    assert count() <= 4 * 3
    hub.close()
    assert count() == 0


def test_folder_in_the_way(root: Path, hub: LocalHub) -> None:
    root.write_text("a file")
    with pytest.raises(StorageError) as caught:
        hub.create_dataset("team", "a")
    assert str(root) in caught.value.message
    assert not isinstance(caught.value, NotWritable)
