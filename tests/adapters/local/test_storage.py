from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.adapters.local import LocalHub
from groundtruth.adapters.memory import FakeClock, MemoryHub, MemoryObjectStore
from groundtruth.domain.errors import MissingExtra, ObjectNotFound
from groundtruth.domain.storage import StoredItem, StoredSlot
from groundtruth.ports.hub import ServableHub
from groundtruth.ports.media import MediaProbe
from groundtruth.testing.scenario import Workbench
from groundtruth.testing.storage import BUCKET, image, long_video


@pytest.fixture
def store() -> MemoryObjectStore:
    return MemoryObjectStore()


@pytest.fixture(params=["local", "memory"])
def joined(
    request: pytest.FixtureRequest, root: Path, probe: MediaProbe, clock: FakeClock, store: MemoryObjectStore
) -> Iterator[ServableHub]:
    """A hub that reads external storage."""
    if request.param == "memory":
        yield MemoryHub(DarwinJsonCodec(), clock, objects=lambda: store)
        return
    with LocalHub(root, DarwinJsonCodec(), probe, clock, objects=lambda: store) as hub:
        yield hub


def read(hub: ServableHub, url: str) -> bytes:
    stream = hub.source.open(url)
    try:
        return b"".join(stream.chunks())
    finally:
        stream.close()


def test_stored_objects_are_read_where_they_are(
    joined: ServableHub, store: MemoryObjectStore, tmp_path: Path
) -> None:
    joined.add_storage("team", BUCKET)
    dataset = joined.create_dataset("team", "set")
    bench = Workbench(joined, tmp_path / "pushed")
    key = "raw/día ☀️/100%/a?b#c+d.jpg"
    store.put(BUCKET, key, bench.file(b"content"))
    joined.register_stored(dataset, BUCKET, [StoredItem("a.jpg", (StoredSlot("0", "a.jpg", "image", key),))])
    (pushed,) = bench.push(dataset, bench.item("/b.jpg", b"pushed"))
    url = bench.listed(dataset)["/a.jpg"].slots[0].source_files[0].url or ""
    assert url.startswith("storage:team/media_1/raw/")
    assert read(joined, url) == b"content"
    assert read(joined, pushed.slots[0].source_files[0].url or "") == b"pushed"
    assert "storage" in joined.source.schemes
    documents = bench.documents(bench.export(dataset, "1"))
    assert documents["/a.jpg"]["item"]["slots"][0]["source_files"][0]["url"] == url
    store.put(BUCKET, key, bench.file(b""))
    assert read(joined, url) == b""
    with pytest.raises(ObjectNotFound):
        read(joined, url.replace("raw", "other"))
    joined.remove_storage("team", BUCKET.name)
    with pytest.raises(ObjectNotFound, match="storage"):
        read(joined, url)


@pytest.mark.parametrize("url", ["storage:team/media_1/", "storage:team/../x", "storage:", "storage:team/other/key"])
def test_other_addresses_are_unknown(joined: ServableHub, url: str) -> None:
    joined.add_storage("team", BUCKET)
    with pytest.raises(ObjectNotFound):
        read(joined, url)


def test_without_a_library_nothing_is_read(hub: LocalHub, clock: FakeClock) -> None:
    for one in (hub, MemoryHub(DarwinJsonCodec(), clock)):
        one.add_storage("team", BUCKET)
        with pytest.raises(MissingExtra, match="s3"):
            one.source.open("storage:team/media_1/raw/a.jpg")


def test_care_leaves_stored_items_alone(joined: ServableHub, tmp_path: Path) -> None:
    assert isinstance(joined, LocalHub | MemoryHub)
    joined.add_storage("team", BUCKET)
    dataset = joined.create_dataset("team", "set")
    bench = Workbench(joined, tmp_path / "pushed")
    joined.register_stored(dataset, BUCKET, [image("/a.jpg"), long_video("/b.mp4")])
    (gone,) = bench.push(dataset, "/gone.png")
    release = bench.export(dataset, "1")
    joined.delete_items(dataset, [gone.id])
    check = joined.check()
    assert (check.is_clean, check.objects, check.unreferenced) == (True, 1, 0)
    assert joined.collect().objects == 0
    joined.delete_items(dataset, [item.id for item in bench.listed(dataset).values()])
    joined.collect()
    assert joined.check().is_clean
    assert sorted(bench.documents(release)) == ["/a.jpg", "/b.mp4", "/gone.png"]


def test_stored_slots_are_no_uploads(hub: LocalHub, tmp_path: Path) -> None:
    hub.add_storage("team", BUCKET)
    dataset = hub.create_dataset("team", "set")
    hub.register_stored(dataset, BUCKET, [image("/a.jpg")])
    bench = Workbench(hub, tmp_path / "pushed")
    registration = bench.register(dataset, bench.item("/a.jpg"), bench.item("/b.jpg"))
    assert [upload.item_path for upload in registration.uploads] == ["/b.jpg"]
    assert len(registration.blocked) == 1
