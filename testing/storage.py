"""Contracts of `ports.storage.StorageDesk` and `StorageRegister`."""

from __future__ import annotations

import attrs
import pytest

from ..domain.dataset import Dataset
from ..domain.errors import DatasetNotFound, NotFound
from ..domain.item import ItemQuery, ItemStatus, StatusChange
from ..domain.names import RemotePath
from ..domain.storage import ExternalStorage, Provider, StoredItem, StoredSection, StoredSlot
from ..domain.upload import BlockReason
from ..ports.annotations import ImportMode
from ..ports.hub import AnnotationHub, ServableHub
from .scenario import HOSTILE_NAMES, HubContract, Workbench, car

BUCKET = ExternalStorage("media_1", Provider.AWS, "a-bucket", "raw", "eu-west-1", readonly=True, default=True)
ACCOUNT = ExternalStorage("zoo", Provider.AZURE, "an-account", "a-container/raw")

PLAYLIST = """#EXTM3U
#EXT-X-TARGETDURATION:2
#EXTINF:2.000000,
raw/v/segments/high/000000000.ts
#EXTINF:0.48,
raw/v/segments/high/000000001.ts
#EXT-X-ENDLIST
"""


def image(full_path: str, key: str = "raw/a b☀.jpg", size: int | None = 1234) -> StoredItem:
    """An item made of one image."""
    folder, _, name = full_path.rpartition("/")
    slot = StoredSlot("0", name, "image", key, size=size, width=64, height=48, thumbnail_key="raw/thumb.jpg")
    return StoredItem(name, (slot,), RemotePath(folder))


def frames(full_path: str) -> StoredItem:
    """A video that is stored frame by frame."""
    folder, _, name = full_path.rpartition("/")
    sections = tuple(
        StoredSection(number, 64, 48, f"raw/hq/{number}.png", f"raw/lq/{number}.jpg") for number in (1, 2, 3)
    )
    slot = StoredSlot("0", name, "video", "raw/v.mp4", thumbnail_key="raw/thumb.jpg", sections=sections)
    return StoredItem(name, (slot,), RemotePath(folder))


def long_video(full_path: str) -> StoredItem:
    """A video that is stored in segments."""
    folder, _, name = full_path.rpartition("/")
    slot = StoredSlot(
        "0",
        name,
        "video",
        "raw/v/clip.mp4",
        size=9000,
        width=1280,
        height=720,
        native_fps=30.0,
        visible_frames=25,
        total_frames=150,
        thumbnail_key="raw/v/thumbnail.jpg",
        sections_key_prefix="raw/v/sections/high",
        sections_key_extension="png",
        frames_manifest_key="raw/v/frames_manifest.txt",
        hls_segments={"high_quality": {"index": PLAYLIST, "bitrate": 4.1e6}},
    )
    return StoredItem(name, (slot,), RemotePath(folder))


class StorageContract(HubContract):
    """Fixtures of the suites for external storage."""

    @pytest.fixture
    def bucket(self, hub: AnnotationHub) -> ExternalStorage:
        """A read-only storage of the team."""
        return self.declared(hub, BUCKET)

    def declared(self, hub: AnnotationHub, storage: ExternalStorage) -> ExternalStorage:
        """A storage that the team has."""
        if self.declare_storage is None:
            pytest.skip("no storage can be declared for this hub here")
        self.declare_storage(hub, self.team, storage)
        return storage


class StorageDeskContract(StorageContract):
    """What every desk for external storage does."""

    def test_storages_are_listed_by_name(self, hub: AnnotationHub) -> None:
        assert list(hub.list_storages(self.team)) == []
        self.declared(hub, ACCOUNT)
        self.declared(hub, BUCKET)
        assert list(hub.list_storages(self.team)) == [BUCKET, ACCOUNT]

    def test_stored_item_is_complete(
        self, hub: AnnotationHub, dataset: Dataset, bucket: ExternalStorage, bench: Workbench
    ) -> None:
        answer = hub.register_stored(dataset, bucket, [image("/day 1/a.jpg")])
        (registered,) = answer.registered
        assert (registered.full_path, answer.refused) == ("/day 1/a.jpg", ())
        item = bench.listed(dataset)["/day 1/a.jpg"]
        assert (item.id, item.status, item.size) == (registered.id, ItemStatus.NEW, 1234)
        ((name, kind, source),) = [(slot.name, slot.type, slot.source_files[0]) for slot in item.slots]
        assert (name, kind, source.file_name) == ("0", "image", "a.jpg")
        assert hub.get_dataset(dataset.reference).item_count == 1

    def test_every_stored_item_is_answered(
        self, hub: AnnotationHub, dataset: Dataset, bucket: ExternalStorage, bench: Workbench
    ) -> None:
        bench.push(dataset, "/there.jpg")
        bench.register(dataset, bench.item("/uploading.jpg"))
        wanted = [f"/{name}" for name in HOSTILE_NAMES] + [f"/many/{number}.jpg" for number in range(25)]
        twice = ["/there.jpg", wanted[0], "/uploading.jpg"]
        answer = hub.register_stored(dataset, bucket, [image(path) for path in (*wanted, *twice)])
        assert [one.full_path for one in answer.registered] == wanted
        assert len({one.id for one in answer.registered}) == len(wanted)
        assert [(one.full_path, one.reason) for one in answer.refused] == [
            (path, BlockReason.ALREADY_EXISTS) for path in twice
        ]
        again = hub.register_stored(dataset, bucket, [image(wanted[0]), image("/new.jpg")])
        assert [one.full_path for one in again.registered] == ["/new.jpg"]
        assert [one.full_path for one in again.refused] == [wanted[0]]
        assert set(bench.listed(dataset, ItemQuery())) == {*wanted, "/there.jpg", "/new.jpg"}

    def test_nothing_to_make(self, hub: AnnotationHub, dataset: Dataset, bucket: ExternalStorage) -> None:
        answer = hub.register_stored(dataset, bucket, [])
        assert (answer.registered, answer.refused) == ((), ())

    def test_documents_tell_where_stored_objects_are(
        self, hub: AnnotationHub, dataset: Dataset, bucket: ExternalStorage, bench: Workbench
    ) -> None:
        items = [image("/a.jpg"), frames("/b.mp4"), long_video("/c.mp4")]
        assert len(hub.register_stored(dataset, bucket, items).registered) == 3
        documents = bench.documents(bench.export(dataset, "1"))
        slots = {path: one["item"]["slots"][0] for path, one in documents.items()}
        for path, key in (("/a.jpg", "raw/a b☀.jpg"), ("/b.mp4", "raw/v.mp4"), ("/c.mp4", "raw/v/clip.mp4")):
            (source,) = slots[path]["source_files"]
            assert (source["file_name"], source["storage_key"]) == (path[1:], key)
            assert source["url"]
            assert slots[path]["thumbnail_url"]
        assert [(slots[path]["width"], slots[path]["height"]) for path in sorted(slots)] == [
            (64, 48),
            (64, 48),
            (1280, 720),
        ]
        assert "frame_urls" not in slots["/a.jpg"]
        assert len(set(slots["/b.mp4"]["frame_urls"])) == slots["/b.mp4"]["frame_count"] == 3
        video = slots["/c.mp4"]
        assert [segment["duration"] for segment in video["segments"]] == [2.0, 0.48]
        assert len({segment["url"] for segment in video["segments"]}) == 2
        (manifest,) = video["frame_manifests"]
        assert manifest["url"]
        assert (video["frame_count"], video["fps"]) == (25, 5.0)
        assert "frame_urls" not in video

    def test_several_slots_in_a_storage(
        self, hub: AnnotationHub, dataset: Dataset, bucket: ExternalStorage, bench: Workbench
    ) -> None:
        layout = {"version": 3, "slots_grid": [[["l"], ["r"]]]}
        slots = [StoredSlot(name, f"{name}.jpg", "image", f"raw/{name}.jpg", size=10) for name in "lr"]
        hub.register_stored(dataset, bucket, [StoredItem("pair", slots, layout=layout)])
        item = bench.listed(dataset)["/pair"]
        assert [(slot.name, slot.source_files[0].file_name) for slot in item.slots] == [
            ("l", "l.jpg"),
            ("r", "r.jpg"),
        ]
        assert (item.layout, item.size) == (layout, 20)

    @pytest.mark.parametrize("key", ["other/secret.jpg", "rawer/secret.jpg", "raw/../other/secret.jpg"])
    def test_what_is_outside_of_the_storage_is_refused(
        self, hub: AnnotationHub, dataset: Dataset, bucket: ExternalStorage, bench: Workbench, key: str
    ) -> None:
        thumbnail = attrs.evolve(image("/b.jpg").slots[0], thumbnail_key=key)
        items = [StoredItem("b.jpg", (thumbnail,))]
        if ".." not in key:
            items.append(image("/a.jpg", key))
        answer = hub.register_stored(dataset, bucket, items)
        assert (answer.registered, len(answer.refused)) == ((), len(items))
        assert bench.listed(dataset) == {}

    def test_stored_items_are_items(
        self, hub: AnnotationHub, dataset: Dataset, bucket: ExternalStorage, bench: Workbench
    ) -> None:
        hub.register_stored(dataset, bucket, [image("/a.jpg"), image("/b.jpg", size=None)])
        one, two = bench.listed(dataset).values()
        hub.import_annotations(dataset, one.id, [car()], [], ImportMode.OVERWRITE)
        hub.change_status(dataset, [two.id], StatusChange.COMPLETE)
        assert bench.statuses(dataset) == {"/a.jpg": "annotate", "/b.jpg": "complete"}
        release = bench.export(dataset, "1")
        assert hub.delete_items(dataset, [one.id, two.id]) == 2
        documents = bench.documents(release)
        assert len(documents["/a.jpg"]["annotations"]) == 1
        assert hub.register_stored(dataset, bucket, [image("/a.jpg")]).refused == ()

    def test_storage_must_be_one_of_the_team(
        self, hub: AnnotationHub, dataset: Dataset, bucket: ExternalStorage
    ) -> None:
        with pytest.raises(NotFound):
            hub.register_stored(dataset, attrs.evolve(bucket, name="unknown"), [image("/a.jpg")])
        if self.other_team is not None:
            elsewhere = hub.create_dataset(self.other_team, "elsewhere")
            with pytest.raises(NotFound):
                hub.register_stored(elsewhere, bucket, [image("/a.jpg")])
            assert list(hub.list_storages(self.other_team)) == []

    def test_removed_dataset_takes_no_stored_items(
        self, hub: AnnotationHub, removed: Dataset, bucket: ExternalStorage
    ) -> None:
        with pytest.raises(DatasetNotFound):
            hub.register_stored(removed, bucket, [image("/a.jpg")])


class StorageRegisterContract(StorageContract):
    """What every register of storages does."""

    def test_declared_again_a_storage_changes(self, hub: ServableHub) -> None:
        hub.add_storage(self.team, BUCKET)
        changed = attrs.evolve(BUCKET, prefix="elsewhere", readonly=False, endpoint="http://127.0.0.1:9000")
        hub.add_storage(self.team, changed)
        assert list(hub.list_storages(self.team)) == [changed]

    def test_a_team_has_one_default_storage(self, hub: ServableHub) -> None:
        hub.add_storage(self.team, BUCKET)
        hub.add_storage(self.team, ACCOUNT)
        assert [one.default for one in hub.list_storages(self.team)] == [True, False]
        hub.add_storage(self.team, attrs.evolve(ACCOUNT, default=True))
        assert [one.default for one in hub.list_storages(self.team)] == [False, True]
        hub.add_storage("another-team", BUCKET)
        assert [one.default for one in hub.list_storages(self.team)] == [False, True]

    def test_removed_storage_leaves_its_items(self, hub: ServableHub, dataset: Dataset, bench: Workbench) -> None:
        hub.add_storage(self.team, BUCKET)
        hub.register_stored(dataset, BUCKET, [image("/a.jpg")])
        before = bench.listed(dataset)
        hub.remove_storage(self.team, BUCKET.name)
        assert list(hub.list_storages(self.team)) == []
        assert bench.listed(dataset) == before
        with pytest.raises(NotFound):
            hub.register_stored(dataset, BUCKET, [image("/b.jpg")])
        with pytest.raises(NotFound):
            hub.remove_storage(self.team, BUCKET.name)

    def test_storages_belong_to_a_team(self, hub: ServableHub) -> None:
        hub.add_storage("another-team", BUCKET)
        assert list(hub.list_storages(self.team)) == []
        with pytest.raises(NotFound):
            hub.remove_storage(self.team, BUCKET.name)
