"""What is done with pulled releases, with datasets as such, and with the storage of a hub."""

from __future__ import annotations

from pathlib import Path

import pytest

from groundtruth.adapters.memory import fake_image
from groundtruth.application.datasets import CreateDataset, ListLocalDatasets, ListRemoteDatasets, RemoveDataset
from groundtruth.application.maintenance import CheckHub, CollectHub
from groundtruth.application.split import SplitRelease
from groundtruth.application.verify import VerifyRelease
from groundtruth.domain.errors import DatasetNotFound, InvalidInput, NameTaken, ReleaseNotFound
from support.world import REFERENCE, World


@pytest.fixture
def pulled(world: World) -> World:
    world.put(**{f"i{number}": fake_image(number + 1, 1) for number in range(10)})
    world.push()
    world.export()
    world.pull()
    return world


def test_a_damaged_file_is_named(pulled: World) -> None:
    assert VerifyRelease(pulled.library)(REFERENCE).is_clean
    (pulled.images / "i3.png").write_bytes(b"x")
    (pulled.images / "i4.png").unlink()
    report = VerifyRelease(pulled.library)(REFERENCE)
    assert [fault.path for fault in report.faults] == ["images/i3.png", "images/i4.png"]
    assert not report.is_clean


def test_only_what_was_pulled_can_be_verified(world: World) -> None:
    with pytest.raises(ReleaseNotFound, match="groundtruth dataset pull team/set:9"):
        VerifyRelease(world.library)(REFERENCE.at("9"))


def test_a_split_is_lists_of_documents(pulled: World) -> None:
    report = SplitRelease(pulled.library)(REFERENCE, 0.2, 0.1, seed=7)
    assert report.folder.name == "7_2_1_s7"
    texts = {path.name: path.read_text() for path in report.folder.iterdir()}
    assert set(texts) == {"random_train.txt", "random_val.txt", "random_test.txt"}
    assert all(text.endswith("\n") for text in texts.values())
    lines = [line for text in texts.values() for line in text.splitlines()]
    assert len(set(lines)) == len(lines) == 10
    assert all(Path(line).is_absolute() and Path(line).is_file() for line in lines)
    assert SplitRelease(pulled.library)(REFERENCE, 0.2, 0.1, seed=7).split == report.split


@pytest.mark.parametrize(
    ("val", "test", "seed"), [(0, 0, 0), (0.5, 0.5, 0), (-0.1, 0.2, 0), (0.9, 0.05, 0), (0.1, 0.1, -1)]
)
def test_splits_that_cannot_be(pulled: World, val: float, test: float, seed: int) -> None:
    with pytest.raises(InvalidInput):
        SplitRelease(pulled.library)(REFERENCE, val, test, seed)
    assert not (pulled.library.release(REFERENCE).path / "lists").exists()


def test_datasets_come_and_go(pulled: World) -> None:
    with pytest.raises(NameTaken):
        CreateDataset(pulled.hub)(REFERENCE)
    assert RemoveDataset(pulled.hub)(REFERENCE).item_count == 10
    with pytest.raises(DatasetNotFound):
        RemoveDataset(pulled.hub)(REFERENCE)
    assert ListRemoteDatasets(pulled.hub)("team") == []
    [local] = ListLocalDatasets(pulled.library)("team")
    assert (local.reference, local.image_count) == (REFERENCE, 10)


def test_the_storage_of_a_hub_is_checked_and_tidied(pulled: World) -> None:
    [url, *_] = pulled.hub.source.objects
    pulled.hub.source.objects[url] = b"damaged"
    pulled.hub.source.add(b"leftover")
    report = CheckHub(pulled.hub)()
    assert (len(report.findings), report.unreferenced) == (1, 1)
    assert CollectHub(pulled.hub)(dry_run=True).objects == CollectHub(pulled.hub)().objects == 1
    assert CollectHub(pulled.hub)().objects == 0
