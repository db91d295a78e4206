"""The Python face, on the real adapters."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

import groundtruth
from groundtruth.adapters.memory import MemoryProgress
from groundtruth.domain.errors import DatasetNotFound, InvalidInput, NameTaken
from groundtruth.domain.item import StatusChange
from groundtruth.entrypoints.client import Client
from groundtruth.ports.progress import Finished, Started


@pytest.fixture
def progress() -> MemoryProgress:
    return MemoryProgress()


@pytest.fixture
def client(tmp_path: Path, progress: MemoryProgress):
    with Client.local("my-team", home=tmp_path / "home", environ={}, progress=progress) as made:
        yield made


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(10):
        Image.new("RGB", (4, 3), (number, 0, 0)).save(folder / f"{number}.png")
    return folder


def test_the_whole_life_of_a_dataset(client: Client, pictures: Path, progress: MemoryProgress) -> None:
    dataset = client.create_dataset("test")
    assert dataset.identifier == "my-team/test"
    assert dataset.push(pictures, exclude=("9.png",)).items == 9
    assert dataset.push([pictures / "9.png"]).items == 1
    assert dataset.export("1.0").item_count == 10
    report = dataset.pull()
    assert (report.is_complete, report.fetched) == (True, 10)
    assert dataset.pull("1.0").up_to_date
    assert dataset.verify("1.0").is_clean
    assert dataset.split(0.2, 0.1).folder.is_dir()
    assert dataset.local_path == report.path
    assert {event.task for event in progress.of(Started)} == {"push", "pull"}
    assert (progress.count("push"), progress.count("pull")) == (10, 10)
    assert len(progress.of(Finished)) == 3
    dataset.remove()
    assert client.list_remote_datasets() == []
    assert [one.reference.identifier for one in client.list_local_datasets()] == ["my-team/test"]


def test_items_are_changed_by_name(client: Client, pictures: Path) -> None:
    dataset = client.create_dataset("test")
    dataset.push(str(pictures))
    assert dataset.set_status(["1.png"], "archived").count == 1
    assert dataset.set_status(["2.png"], StatusChange.COMPLETE).count == 1
    assert dataset.delete_items(["3.png", "nothing"]).missing == ("nothing",)
    assert len(list(dataset.items())) == 8
    assert dataset.comment("4.png", "blurry")


def test_a_release_in_the_reference_is_the_one_pulled(client: Client, pictures: Path) -> None:
    dataset = client.create_dataset("other-team/test")
    dataset.push(pictures / "1.png")
    dataset.export("1")
    dataset.push(pictures / "2.png")
    dataset.export("2")
    found = client.get_remote_dataset("other-team/test:1")
    assert found.pull().release.name == "1"
    assert found.pull("2").release.name == "2"
    assert {one.name for one in found.releases()} == {"1", "2"}


def test_errors_have_types(client: Client) -> None:
    with pytest.raises(DatasetNotFound):
        client.get_remote_dataset("test")
    client.create_dataset("test")
    with pytest.raises(NameTaken):
        client.create_dataset("test")
    with pytest.raises(groundtruth.GroundtruthError):
        client.get_remote_dataset("a/b/c")


def test_a_reference_to_another_hub_is_refused(client: Client) -> None:
    client.create_dataset("test")
    assert client.get_remote_dataset("local:my-team/test").identifier == "my-team/test"
    with pytest.raises(InvalidInput, match="another hub"):
        client.get_remote_dataset("elsewhere:my-team/test")


def test_closing_is_idempotent_also_for_a_hub_that_is_not_known(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('hub = "nothing"\n')
    client = Client.local(home=tmp_path, environ={})
    assert client.list_local_datasets() == []
    with pytest.raises(InvalidInput, match="'nothing'"):
        client.list_remote_datasets()
    client.close()
    client.close()


def test_making_a_client_writes_nothing(tmp_path: Path) -> None:
    with Client.local(home=tmp_path / "home", environ={}) as client:
        assert client.list_remote_datasets() == []
    assert not (tmp_path / "home" / "hub").exists()
