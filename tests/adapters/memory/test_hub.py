from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.adapters.memory import FakeClock, MemoryHub, fake_image, fake_video
from groundtruth.domain.access import Role
from groundtruth.domain.annotation import Annotation
from groundtruth.domain.classes import AnnotationClass
from groundtruth.domain.dataset import Dataset
from groundtruth.domain.errors import DiskFull, InvalidInput, ReleasePending, Unavailable
from groundtruth.domain.geometry import RunLengths
from groundtruth.domain.item import ItemQuery, ItemUpdate
from groundtruth.domain.maintenance import Damage
from groundtruth.domain.release import ExportOptions, ReleaseStatus
from groundtruth.domain.report import Grouping, ReportQuery
from groundtruth.domain.shapes import RASTER_LAYER_CLASS, Mask, RasterLayer, Tag
from groundtruth.domain.upload import NewItem, NewSlot, UploadOptions
from groundtruth.ports.annotations import ImportMode
from groundtruth.testing.scenario import Workbench, nothing
from groundtruth.testing.storage import BUCKET


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def hub(clock: FakeClock) -> MemoryHub:
    return MemoryHub(DarwinJsonCodec(), clock)


@pytest.fixture
def bench(hub: MemoryHub, tmp_path: Path) -> Workbench:
    return Workbench(hub, tmp_path)


@pytest.fixture
def dataset(hub: MemoryHub) -> Dataset:
    return hub.create_dataset("team", "set")


def test_ids_are_the_same_in_every_run(tmp_path: Path) -> None:
    def run() -> list[str]:
        hub = MemoryHub(DarwinJsonCodec())
        bench, dataset = Workbench(hub, tmp_path), hub.create_dataset("team", "set")
        items = bench.push(dataset, "/a.png", "/b.png")
        hub.import_annotations(dataset, items[0].id, [Annotation("night", Tag())], [], ImportMode.APPEND)
        return [item.id for item in items] + [bench.frozen(bench.export(dataset, "1"))]

    assert run() == run()


def test_methods_fail_when_told(hub: MemoryHub, dataset: Dataset, bench: Workbench) -> None:
    hub.faults.fail("register", Unavailable("the hub", status=503))
    with pytest.raises(Unavailable):
        bench.register(dataset, bench.item("/a.png"))
    uploads = bench.register(dataset, bench.item("/a.png"), bench.item("/b.png")).uploads
    hub.faults.fail_when("put", lambda upload, _: upload.item_path == "/b.png", DiskFull("/hub"), times=1)
    hub.put(uploads[0], nothing)
    with pytest.raises(DiskFull):
        hub.put(uploads[1], nothing)
    hub.put(uploads[1], nothing)
    hub.confirm(uploads)
    assert bench.statuses(dataset) == {"/a.png": "new", "/b.png": "new"}


def test_reading_a_release_fails_in_the_middle(hub: MemoryHub, dataset: Dataset, bench: Workbench) -> None:
    bench.push(dataset, "/a.png", "/b.png")
    release = bench.export(dataset, "1")
    documents = hub.documents(release)
    next(documents)
    hub.faults.fail("document", Unavailable())
    with pytest.raises(Unavailable):
        next(documents)


def test_releases_can_be_held_back(hub: MemoryHub, dataset: Dataset, bench: Workbench) -> None:
    bench.push(dataset, "/a.png")
    bench.export(dataset, "1")
    hub.hold_releases()
    pending = hub.create_release(dataset, "2", ExportOptions())
    assert (pending.status, pending.item_count, pending.latest) == (ReleaseStatus.PENDING, None, False)
    with pytest.raises(ReleasePending):
        next(hub.documents(pending))
    bench.push(dataset, "/late.png")
    hub.finish_release(pending)
    assert [(one.name, one.latest) for one in hub.list_releases(dataset)] == [("2", True), ("1", False)]
    assert list(bench.documents(pending)) == ["/a.png"]
    failed = hub.create_release(dataset, "3", ExportOptions())
    hub.finish_release(failed, ReleaseStatus.FAILED)
    with pytest.raises(ReleasePending, match="failed"):
        hub.metadata(failed)
    assert hub.list_releases(dataset)[0].status is ReleaseStatus.FAILED


def test_unknown_formats_and_sort_fields_are_refused(hub: MemoryHub, dataset: Dataset, bench: Workbench) -> None:
    bench.push(dataset, "/a.png")
    with pytest.raises(InvalidInput, match="coco"):
        hub.create_release(dataset, "1", ExportOptions(format="coco"))
    with pytest.raises(InvalidInput, match="colour"):
        hub.list_items(dataset, ItemQuery(sort=("colour", False)))


def test_masks_keep_their_pixels(hub: MemoryHub, dataset: Dataset, bench: Workbench) -> None:
    (item,) = bench.push(dataset, "/a.png")
    (cell, _) = hub.add_classes(dataset, [AnnotationClass("cell", "mask"), AnnotationClass("night", "tag")])
    layer = RasterLayer(RunLengths.from_pairs([0, 3, 1, 1]), {"m": 1}, 4)
    annotations = [
        Annotation("cell", Mask(), "m"),
        Annotation(RASTER_LAYER_CLASS, layer, "r"),
        Annotation("night", Tag()),
    ]
    hub.import_annotations(dataset, item.id, annotations, [], ImportMode.OVERWRITE)
    assert cell.id is not None
    release = bench.export(dataset, "1", ExportOptions(class_ids=(cell.id,)))
    found = [one["name"] for one in bench.documents(release)["/a.png"]["annotations"]]
    assert sorted(found) == [RASTER_LAYER_CLASS, "cell"]
    assert release.class_count == 1


def test_media_say_what_they_are(hub: MemoryHub, dataset: Dataset, bench: Workbench) -> None:
    image = NewSlot("0", "a.png", (bench.file(fake_image(30, 20)),))
    video = NewSlot("0", "b.mp4", (bench.file(fake_video(64, 48, 25, 10.0)),), fps=5)
    native = NewSlot("0", "c.mp4", (bench.file(fake_video(64, 48, 25, 10.0)),), fps="native")
    items = bench.push(dataset, *(NewItem(slot.file_name, (slot,)) for slot in (image, video, native)))
    slots = [item.slots[0] for item in items]
    assert [(slot.type, slot.width, slot.height, slot.fps) for slot in slots] == [
        ("image", 30, 20, None),
        ("video", 64, 48, 5),
        ("video", 64, 48, 10.0),
    ]
    for slot, source in zip(slots, (image, video, native), strict=True):
        digest = slot.source_files[0].digest
        assert digest is not None and digest.value == hashlib.sha256(source.sources[0].read_bytes()).hexdigest()


def test_a_confirmed_upload_keeps_its_bytes(hub: MemoryHub, dataset: Dataset, bench: Workbench) -> None:
    registration = hub.register(dataset, [bench.item("/a.png", b"first")], UploadOptions())
    bench.put(registration.uploads)
    hub.confirm(registration.uploads)
    registration.uploads[0].slot.sources[0].write_bytes(b"second!")
    bench.put(registration.uploads)
    hub.confirm(registration.uploads)
    assert bench.listed(dataset)["/a.png"].size == len(b"first")


def test_damage_is_found(hub: MemoryHub, dataset: Dataset, bench: Workbench) -> None:
    one, other, _ = bench.push(dataset, "/a.png", "/b.png", "/c.png")
    bench.export(dataset, "1")
    assert hub.check().is_clean
    urls = [item.slots[0].source_files[0].url or "" for item in (one, other)]
    hub.source.objects[urls[0]] += b"!"
    del hub.source.objects[urls[1]]
    check = hub.check()
    assert {(finding.object, finding.damage) for finding in check.findings} == {
        (urls[0], Damage.CORRUPT),
        (urls[1], Damage.MISSING),
    }
    assert {finding.used_by for finding in check.findings} == {
        ("team/set/a.png", "team/set:1"),
        ("team/set/b.png", "team/set:1"),
    }
    assert (check.objects, check.documents) == (2, 3)


def test_what_nothing_refers_to_is_freed(hub: MemoryHub, dataset: Dataset, bench: Workbench) -> None:
    free, kept, _ = bench.push(dataset, bench.item("/free.png", b"12345"), "/released.png", "/live.png")
    hub.delete_items(dataset, [free.id])
    bench.export(dataset, "1")
    hub.delete_items(dataset, [kept.id])
    assert hub.check().unreferenced == 1
    would = hub.collect(dry_run=True)
    assert (would.objects, would.size) == (1, 5)
    assert hub.collect() == would
    assert hub.collect().objects == 0
    assert hub.check().is_clean and hub.check().objects == 2


def test_what_servers_ask_can_fail(hub: MemoryHub, dataset: Dataset, bench: Workbench) -> None:
    (upload,) = bench.register(dataset, bench.item("/a.png")).uploads
    now = datetime(2026, 1, 1, tzinfo=UTC)
    query = ReportQuery(now, now, (Grouping.ANNOTATORS,))
    calls: dict[str, tuple[object, ...]] = {
        "update_items": (dataset, [], ItemUpdate()),
        "dataset_of": ("team", upload.item_id),
        "find_upload": ("team", upload.upload_id),
        "find_uploads": ("team", [upload.upload_id]),
        "receive_all": ("team", [(upload.upload_id, b"y")]),
        "receive": (upload, [b"x"], 1),
        "list_attributes": (dataset,),
        "annotator_report": ("team", query),
        "add_storage": ("team", BUCKET),
        "list_storages": ("team",),
        "register_stored": (dataset, BUCKET, []),
        "remove_storage": ("team", BUCKET.name),
        "create_key": ("team", Role.OWNER, ""),
        "list_keys": (),
        "find_key": ("",),
        "signing_secret": (),
    }
    for name, arguments in calls.items():
        hub.faults.fail(name, Unavailable("the hub", status=503))
        with pytest.raises(Unavailable):
            getattr(hub, name)(*arguments)
        getattr(hub, name)(*arguments)
    key, _ = hub.create_key("team", Role.OWNER, "")
    hub.faults.fail("revoke_key", Unavailable())
    with pytest.raises(Unavailable):
        hub.revoke_key(key.id)
    hub.confirm([upload])
    assert bench.statuses(dataset) == {"/a.png": "new"}
