from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.adapters.memory import MemoryFiles
from groundtruth.adapters.memory.objectstore import MemoryObjectStore
from groundtruth.application.payload import parse_payload
from groundtruth.application.storage import (
    BATCH,
    TASK,
    ListStorages,
    RegisterPayload,
    RegisterStored,
    StoredOptions,
    StoredReport,
    stored_items,
)
from groundtruth.application.upload_artifacts import UploadArtifacts, UploadReport
from groundtruth.domain.errors import (
    AccessDenied,
    DatasetNotFound,
    InvalidDocument,
    InvalidInput,
    MissingExtra,
    NotFound,
    Unavailable,
)
from groundtruth.domain.item import ItemQuery
from groundtruth.domain.names import RemotePath
from groundtruth.domain.reference import DatasetReference
from groundtruth.domain.storage import ExternalStorage, Provider, RefusedItem, StoredItem
from groundtruth.ports.progress import Advanced, Started
from support.world import REFERENCE, World

RAW = ExternalStorage("raw", Provider.AWS, "my-bucket", "raw", default=True)
OTHER = ExternalStorage("other", Provider.GCP, "other-bucket")


@pytest.fixture(autouse=True)
def storages(world: World) -> None:
    world.hub.add_storage("team", RAW)
    world.hub.add_storage("team", OTHER)


def register(world: World, keys: Any, storage: str | None = None, **options: Any) -> StoredReport:
    return RegisterStored(world.hub, world.hub, world.progress)(REFERENCE, keys, storage, StoredOptions(**options))


def planned(keys: Any, **options: Any) -> list[StoredItem]:
    found = list(stored_items(keys, StoredOptions(**options)))
    assert all(isinstance(one, StoredItem) for one in found), found
    return [one for one in found if isinstance(one, StoredItem)]


def refused(keys: Any, **options: Any) -> RefusedItem:
    [found] = stored_items(keys, StoredOptions(**options))
    assert isinstance(found, RefusedItem)
    return found


# --- which storage ----------------------------------------------------------------------------------


def test_storages_are_listed(world: World) -> None:
    assert ListStorages(world.hub)("team") == [OTHER, RAW]


def test_the_default_storage_is_used_unless_one_is_named(world: World) -> None:
    assert register(world, ["raw/a.jpg"]).storage == RAW
    assert register(world, ["b.jpg"], "other").storage == OTHER
    assert set(world.items()) == {"/a.jpg", "/b.jpg"}


def test_an_unknown_storage_is_told_with_those_there_are(world: World) -> None:
    with pytest.raises(NotFound, match="'nothing' not found in team team") as caught:
        register(world, ["raw/a.jpg"], "nothing")
    assert "'other', 'raw'" in caught.value.remedy


def test_without_a_default_one_must_be_named(world: World) -> None:
    world.hub.remove_storage("team", "raw")
    with pytest.raises(NotFound, match="--storage"):
        register(world, ["raw/a.jpg"])
    world.hub.remove_storage("team", "other")
    with pytest.raises(NotFound, match="hub storage add"):
        register(world, ["raw/a.jpg"])


def test_the_dataset_must_exist(world: World) -> None:
    with pytest.raises(DatasetNotFound):
        RegisterStored(world.hub, world.hub, world.progress)(DatasetReference("team", "nothing"), ["raw/a.jpg"])


# --- keys as items ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("raw/a.jpg", "image"),
        ("raw/a.svs", "image"),
        ("raw/A.PNG", "image"),
        ("raw/a.pdf", "pdf"),
        ("raw/a.dcm", "dicom"),
        ("raw/a.mp4", "video"),
        ("raw/a.nii", "video"),
        ("raw/a.nii.gz", "video"),
        ("raw/a.ndpi", "video"),
    ],
)
def test_the_ending_says_the_type(key: str, kind: str) -> None:
    [item] = planned([key])
    [slot] = item.slots
    assert (item.full_path, slot.name, slot.file_name) == (f"/{key[4:]}", "0", key[4:])
    assert (slot.type, slot.storage_key) == (kind, key)


def test_rates_are_for_videos_and_views_for_dicom() -> None:
    items = planned(["raw/a.jpg", "raw/b.mp4", "raw/c.dcm", "raw/d.pdf"], fps=5, extract_views=True)
    assert [item.slots[0].fps for item in items] == [None, 5, None, None]
    assert [item.slots[0].extract_views for item in items] == [False, False, True, False]


def test_items_go_into_a_folder_or_keep_their_own() -> None:
    keys = ["raw/day1/a.jpg", "b.jpg"]
    assert [item.full_path for item in planned(keys)] == ["/a.jpg", "/b.jpg"]
    assert [item.full_path for item in planned(keys, path=RemotePath("x"))] == ["/x/a.jpg", "/x/b.jpg"]
    assert [item.full_path for item in planned(keys, preserve_folders=True)] == ["/raw/day1/a.jpg", "/b.jpg"]


def test_several_keys_become_the_slots_of_one_item() -> None:
    keys = {"pair": ["raw/l/1.dcm", "raw/r/1.dcm", "raw/r/1.dcm_1.dcm"], "one": ["raw/a.jpg"]}
    pair, one = planned(keys, extract_views=True)
    assert [(slot.name, slot.file_name, slot.storage_key) for slot in pair.slots] == [
        ("1.dcm", "1.dcm", "raw/l/1.dcm"),
        ("1.dcm_1", "1.dcm", "raw/r/1.dcm"),
        ("1.dcm_1.dcm", "1.dcm_1.dcm", "raw/r/1.dcm_1.dcm"),
    ]
    assert (pair.full_path, one.full_path) == ("/pair", "/one")
    assert [slot.name for slot in one.slots] == ["a.jpg"]


def test_an_item_of_several_keys_keeps_the_folder_they_share() -> None:
    both = {"pair": ["raw/day1/l/1.png", "raw/day1/r/1.png"], "apart": ["1.png", "raw/2.png"]}
    assert [item.full_path for item in planned(both, preserve_folders=True)] == ["/raw/day1/pair", "/apart"]


@pytest.mark.parametrize("key", ["raw/a.txt", "raw/a", "raw/", "", "/raw/a.jpg", "raw/../a.jpg", "raw/a\0.jpg"])
def test_what_cannot_be_an_item_is_refused(key: str) -> None:
    assert refused([key]).full_path == key
    for preserve in (False, True):
        assert refused({"pair": ["raw/a.jpg", key]}, preserve_folders=preserve).full_path == "pair"


def test_an_item_needs_keys() -> None:
    assert refused({"pair": []}) == RefusedItem("/pair", "has no keys")


@given(st.lists(st.text(max_size=12), max_size=5), st.booleans())
def test_any_text_is_planned_or_refused(keys: list[str], preserve: bool) -> None:
    options = StoredOptions(preserve_folders=preserve)
    assert len(list(stored_items(keys, options))) == len(keys)
    assert len(list(stored_items({"item": keys}, options))) == 1


@pytest.mark.parametrize("options", [{"fps": "often"}, {"fps": -1}, {"fps": float("nan")}])
def test_a_rate_that_is_none_is_refused(options: Any) -> None:
    with pytest.raises(InvalidInput, match="frame rate"):
        StoredOptions(**options)


def test_a_folder_and_own_folders_clash() -> None:
    with pytest.raises(InvalidInput, match="--preserve-folders"):
        StoredOptions(path=RemotePath("/x"), preserve_folders=True)


# --- registering ------------------------------------------------------------------------------------


def test_refusals_are_told_and_the_others_registered(world: World) -> None:
    report = register(world, ["raw/a.jpg", "raw/b.txt", "elsewhere/c.jpg", "raw/x/a.jpg"])
    assert [one.full_path for one in report.registered] == ["/a.jpg"]
    assert [one.full_path for one in report.refused] == ["raw/b.txt", "/a.jpg", "/c.jpg"]
    assert "several objects" in report.refused[1].reason
    assert not report.is_complete
    assert world.progress.count(TASK) == 4


def test_registering_again_finds_everything_present(world: World) -> None:
    first = register(world, ["raw/a.jpg", "raw/b.jpg"])
    again = register(world, ["raw/a.jpg", "raw/b.jpg", "raw/c.jpg"])
    assert (len(first.registered), again.present) == (2, ["/a.jpg", "/b.jpg"])
    assert [one.full_path for one in again.registered] == ["/c.jpg"]
    assert again.is_complete


def test_the_hub_is_asked_in_batches_and_keeps_what_it_took(world: World) -> None:
    keys = [f"raw/{number}.jpg" for number in range(2 * BATCH + 1)]
    failing = Unavailable("the hub")
    world.hub.faults.fail_when("register_stored", lambda _, __, items: len(items) < BATCH, failing, times=1)
    with pytest.raises(Unavailable):
        register(world, keys)
    assert len(world.items()) == 2 * BATCH
    report = register(world, keys)
    assert (len(report.present), len(report.registered)) == (2 * BATCH, 1)
    assert max(event.count for event in world.progress.of(Advanced)) == BATCH
    assert {event.total for event in world.progress.of(Started)} == {len(keys)}


# --- registration payloads --------------------------------------------------------------------------

PAYLOAD: dict[str, Any] = {
    "type": "video", "name": "clip.mp4", "path": "/day1", "width": 1280, "height": 720,
    "native_fps": 30.0, "fps": 5.0, "visible_frames": 25, "total_frames": 150, "total_size_bytes": 900000,
    "storage_key": "raw/vid1/clip.mp4",
    "storage_sections_key_prefix": "raw/vid1/sections/high", "storage_sections_key_extension": "png",
    "storage_low_quality_sections_key_prefix": "raw/vid1/sections/low",
    "storage_frames_manifest_key": "raw/vid1/frames_manifest.txt",
    "storage_thumbnail_key": "raw/vid1/thumbnail.jpg",
    "storage_audio_peaks_key": "raw/vid1/audio_peaks.gz",
    "hls_segments": {"high_quality": {"index": "#EXTM3U\n#EXTINF:2.0,\nraw/vid1/segments/high/000000000.ts\n",
                                      "bitrate": 4.1e6}},
}  # fmt: skip
METADATA = Path("/artifacts/metadata.json")


def metadata(**changes: Any) -> bytes:
    return json.dumps({"repaired": False, "registration_payload": {**PAYLOAD, **changes}}).encode()


def test_a_payload_becomes_an_item() -> None:
    item = parse_payload(metadata(), "metadata.json")
    [slot] = item.slots
    assert item.full_path == "/day1/clip.mp4"
    assert (slot.width, slot.height, slot.native_fps, slot.fps) == (1280, 720, 30.0, None)
    assert (slot.visible_frames, slot.total_frames, slot.size) == (25, 150, 900000)
    assert (slot.storage_key, slot.thumbnail_key) == ("raw/vid1/clip.mp4", "raw/vid1/thumbnail.jpg")
    assert (slot.sections_key_prefix, slot.sections_key_extension) == ("raw/vid1/sections/high", "png")
    assert slot.low_quality_sections_key_prefix == "raw/vid1/sections/low"
    assert (slot.frames_manifest_key, slot.audio_peaks_key) == (
        "raw/vid1/frames_manifest.txt",
        "raw/vid1/audio_peaks.gz",
    )
    assert slot.hls_segments == PAYLOAD["hls_segments"]
    assert parse_payload(metadata(), "m", RemotePath("/x")).full_path == "/x/clip.mp4"


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "image"}, {"name": None}, {"name": ""}, {"path": 5}, {"path": "/a/../b"}, {"width": "1280"},
        {"width": True}, {"height": None}, {"native_fps": 0}, {"native_fps": "30"}, {"total_frames": -1},
        {"storage_key": None}, {"storage_key": "/x"}, {"storage_thumbnail_key": 5}, {"hls_segments": None},
        {"hls_segments": {"high_quality": []}}, {"hls_segments": {"high_quality": {"index": 1}}},
    ],
)  # fmt: skip
def test_a_damaged_payload_is_refused_with_its_place(changes: Any) -> None:
    with pytest.raises(InvalidDocument, match=r"m\.json at \$\.registration_payload"):
        parse_payload(metadata(**changes), "m.json")


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"registration_payload": []}'])
def test_what_is_no_metadata_is_refused(data: bytes) -> None:
    with pytest.raises(InvalidDocument, match=r"metadata m\.json at \$"):
        parse_payload(data, "m.json")


def test_videos_are_registered_by_their_metadata(world: World) -> None:
    world.files.tree = {METADATA: metadata(), Path("/other.json"): b"{}"}
    run = RegisterPayload(world.hub, world.hub, world.files, world.progress)
    report = run(REFERENCE, [METADATA, Path("/other.json"), Path("/nowhere.json")])
    assert [one.full_path for one in report.registered] == ["/day1/clip.mp4"]
    assert [one.full_path for one in report.refused] == ["/other.json", "/nowhere.json"]
    [item] = world.hub.list_items(world.dataset, ItemQuery())
    assert item.slots[0].width == 1280
    assert world.progress.count(TASK) == 3


# --- artifacts --------------------------------------------------------------------------------------

FOLDER = Path("/artifacts")
TREE = {
    FOLDER / "metadata.json": b"{}",
    FOLDER / "audio_peaks.gz": b"peaks",
    FOLDER / "sections/high/000000000.png": b"first frame",
    FOLDER / "sections/high/000000001.png": b"",
    Path("/videos/clip.mp4"): b"video",
}


class Uploads:
    """Uploading the artifacts of `TREE` with the video they were made of."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.files = MemoryFiles(dict(TREE))
        self.objects = MemoryObjectStore(self.files.read)

    def __call__(
        self, prefix: str = "raw/vid1", source: str | None = "/videos/clip.mp4", **rest: Any
    ) -> UploadReport:
        parts = (self.objects, self.world.hub, self.files, self.world.runner, self.world.progress)
        return UploadArtifacts(*parts)("team", FOLDER, prefix, Path(source) if source else None, **rest)

    def stored(self) -> dict[str, bytes]:
        return {url.partition("my-bucket//")[2]: data for url, data in self.objects.source.objects.items()}


@pytest.fixture
def upload(world: World) -> Iterator[Uploads]:
    yield Uploads(world)


def test_artifacts_and_source_are_stored_below_the_prefix(upload: Uploads) -> None:
    report = upload("/raw/vid1/")
    assert upload.stored() == {
        "raw/vid1/metadata.json": b"{}",
        "raw/vid1/audio_peaks.gz": b"peaks",
        "raw/vid1/sections/high/000000000.png": b"first frame",
        "raw/vid1/sections/high/000000001.png": b"",
        "raw/vid1/clip.mp4": b"video",
    }
    assert (report.files, report.size, report.is_complete) == (5, 23, True)
    [started] = upload.world.progress.of(Started)
    assert started.total == upload.world.progress.count("upload") == 5
    assert upload.world.progress.size("upload") == 23


def test_packed_files_say_so(upload: Uploads) -> None:
    upload()
    encodings = {key.rpartition("/")[2]: encoding for key, encoding in upload.objects.encodings.items()}
    assert {name for name, encoding in encodings.items() if encoding} == {"audio_peaks.gz"}
    assert encodings["audio_peaks.gz"] == "gzip"


def test_a_source_among_its_artifacts_is_stored_once(upload: Uploads) -> None:
    upload.files.tree[FOLDER / "repaired_clip.mp4"] = b"repaired"
    assert upload(source="/artifacts/repaired_clip.mp4").files == 5
    assert upload.stored()["raw/vid1/repaired_clip.mp4"] == b"repaired"


def test_a_failure_is_told_and_the_rest_goes_on(upload: Uploads) -> None:
    def is_peaks(_: object, key: str, *__: object) -> bool:
        return key.endswith(".gz")

    upload.objects.faults.fail_when("put", is_peaks, Unavailable("storage 'raw'", status=503))
    upload.files.tree[FOLDER / "locked"] = PermissionError(13, "Permission denied")
    report = upload()
    assert [(issue.path, issue.stage) for issue in report.failed] == [
        ("/artifacts/audio_peaks.gz", "upload"),
        ("/artifacts/locked", "find"),
    ]
    assert (report.files, report.is_complete) == (4, False)
    assert upload.world.progress.count("upload") == 5


def test_what_is_present_is_skipped_only_when_asked(upload: Uploads) -> None:
    upload()
    upload.files.tree[FOLDER / "metadata.json"] = b"{ }"
    report = upload(skip_present=True)
    assert (report.files, report.present) == (1, 4)
    assert upload.stored()["raw/vid1/metadata.json"] == b"{ }"
    report = upload()
    assert (report.files, report.present) == (5, 0)


@pytest.mark.parametrize("error", [AccessDenied("storage 'raw'"), MissingExtra("external storage", "s3")])
def test_what_would_fail_for_all_stops_at_once(upload: Uploads, error: Exception) -> None:
    upload.objects.faults.fail("put", error, times=None)
    with pytest.raises(type(error)):
        upload()
    assert upload.world.runner.calls == 1


@pytest.mark.parametrize("prefix", ["elsewhere", "", "rawness/vid1"])
def test_a_prefix_outside_the_storage_is_refused(upload: Uploads, prefix: str) -> None:
    with pytest.raises(InvalidInput, match="not below 'raw/'"):
        upload(prefix)
    assert not upload.stored()


def test_a_storage_without_prefix_takes_any(upload: Uploads) -> None:
    assert upload("", None, storage="other").files == 4
    assert upload.objects.size(OTHER, "metadata.json") == 2


def test_an_artifact_folder_that_is_missing_is_told(upload: Uploads) -> None:
    upload.files.tree = {Path("/videos/clip.mp4"): b"video"}
    report = upload()
    assert [issue.path for issue in report.failed] == ["/artifacts"]
    assert not report.is_complete
