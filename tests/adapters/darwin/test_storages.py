"""External storages: how they are told, and how items are made of what is in them."""

from __future__ import annotations

from typing import Any

import pytest

from groundtruth.adapters.darwin.api import Unsure
from groundtruth.adapters.darwin.storages import DarwinStorages
from groundtruth.domain.errors import DatasetNotFound, IntegrityError, NotFound
from groundtruth.domain.names import RemotePath
from groundtruth.domain.storage import (
    ExternalStorage,
    Provider,
    RefusedItem,
    RegisteredItem,
    StoredItem,
    StoredSection,
    StoredSlot,
)
from support.fake_hub import DATASET, FakeHub
from support.fake_web import Sent, reply

STORAGE = ExternalStorage("my-bucket", Provider.AWS, "bucket")
READONLY = ExternalStorage("my-bucket", Provider.AWS, "bucket", readonly=True)
EXISTING = "POST v2/teams/acme/items/register_existing"
LIST = "GET teams/acme/storage"


def image(full_path: str, **changes: Any) -> StoredItem:
    folder, _, name = full_path.rpartition("/")
    slot = StoredSlot(**{"name": "0", "file_name": name, "type": "image", "storage_key": f"raw/{name}", **changes})
    return StoredItem(name, (slot,), RemotePath(folder))


def body(item: StoredItem, storage: ExternalStorage = STORAGE) -> dict[str, Any]:
    hub = FakeHub(
        {EXISTING: {"items": [], "blocked_items": []}, f"{EXISTING}_readonly": {"items": [], "blocked_items": []}}
    )
    DarwinStorages(hub.api()).register_stored(DATASET, storage, [item])
    (sent,) = hub.web.sent
    assert sent.path.endswith("_readonly") is storage.readonly
    assert (sent.json["dataset_slug"], sent.json["storage_slug"]) == ("my-set", "my-bucket")
    (found,) = sent.json["items"]
    return found


def test_storages_by_name() -> None:
    records = [
        {"name": "z", "prefix": "team/", "readonly": True, "provider": "aws", "default": False, "bucket": "b",
         "region": "eu-west-1", "id": 3},
        {"name": "a", "prefix": None, "readonly": False, "provider": "azure", "default": True, "bucket": "account"},
        {"name": "m", "prefix": "", "provider": "moon", "bucket": "b"},
    ]  # fmt: skip
    assert list(DarwinStorages(FakeHub({LIST: records}).api()).list_storages("acme")) == [
        ExternalStorage("a", Provider.AZURE, "account", default=True),
        ExternalStorage("z", Provider.AWS, "b", "team/", "eu-west-1", readonly=True),
    ]


@pytest.mark.parametrize("record", [{}, {"name": "a/b", "provider": "aws"}, {"name": 1, "provider": "aws"}])
def test_storage_that_cannot_be_one(record: Any) -> None:
    with pytest.raises(IntegrityError):
        DarwinStorages(FakeHub({LIST: [record]}).api()).list_storages("acme")


def test_single_object() -> None:
    assert body(image("/a.jpg")) == {"type": "image", "name": "a.jpg", "path": "/", "storage_key": "raw/a.jpg"}
    video = image("/raw/b.mp4", type="video", fps=5, as_frames=True)
    assert body(video) == {
        "type": "video", "name": "b.mp4", "path": "/raw", "storage_key": "raw/b.mp4", "fps": 5, "as_frames": True,
    }  # fmt: skip
    assert body(image("/a.dcm", type="dicom", extract_views=True))["extract_views"] == "true"


def test_several_slots() -> None:
    slots = tuple(StoredSlot(name, f"{name}.dcm", "dicom", f"raw/{name}.dcm") for name in ("l", "r"))
    layout = {"version": 1, "type": "horizontal", "slots": ["l", "r"]}
    assert body(StoredItem("pair", slots, RemotePath("/"), layout)) == {
        "name": "pair", "path": "/", "layout": layout,
        "slots": [
            {"slot_name": "l", "file_name": "l.dcm", "type": "dicom", "storage_key": "raw/l.dcm"},
            {"slot_name": "r", "file_name": "r.dcm", "type": "dicom", "storage_key": "raw/r.dcm"},
        ],
    }  # fmt: skip


def test_readonly_video() -> None:
    segments = {"high_quality": {"index": "#EXTM3U", "bitrate": 1.5}}
    item = image(
        "/v.mp4", type="video", fps=5.0, size=9, width=64, height=48, native_fps=30.0,
        visible_frames=25, total_frames=150, thumbnail_key="t.jpg", sections_key_prefix="s/high",
        sections_key_extension="png", low_quality_sections_key_prefix="s/low", frames_manifest_key="m.txt",
        audio_peaks_key="p.gz", hls_segments=segments, metadata={"shape": [1]},
        sections=(StoredSection(1, 64, 48, "hq/1", "lq/1"),),
    )  # fmt: skip
    (slot,) = body(item, READONLY)["slots"]
    assert slot == {
        "slot_name": "0", "file_name": "v.mp4", "type": "video", "storage_key": "raw/v.mp4", "fps": 5.0,
        "size_bytes": 9, "width": 64, "height": 48, "native_fps": 30.0, "visible_frames": 25, "total_frames": 150,
        "storage_thumbnail_key": "t.jpg", "storage_sections_key_prefix": "s/high",
        "storage_sections_key_extension": "png", "storage_low_quality_sections_key_prefix": "s/low",
        "storage_frames_manifest_key": "m.txt", "storage_audio_peaks_key": "p.gz", "hls_segments": segments,
        "metadata": {"shape": [1]},
        "sections": [
            {"section_index": 1, "width": 64, "height": 48, "storage_hq_key": "hq/1", "storage_lq_key": "lq/1"},
        ],
    }  # fmt: skip


def test_ten_at_a_time_and_each_answered() -> None:
    def answer(sent: Sent) -> Any:
        items = [{**item, "id": f"id-{item['path']}{item['name']}"} for item in sent.json["items"]]
        refused = [{**item, "slots": [{"reason": "ALREADY_EXISTS"}]} for item in items if item["name"] == "3.jpg"]
        lost = {"3.jpg", "5.jpg"}
        return {"items": [item for item in reversed(items) if item["name"] not in lost], "blocked_items": refused}

    hub = FakeHub({EXISTING: answer})
    items = [image(f"/{number}.jpg") for number in range(22)] + [image("/x/1.jpg"), image("/1.jpg")]
    outcome = DarwinStorages(hub.api()).register_stored(DATASET, STORAGE, items)
    assert [len(sent.json["items"]) for sent in hub.web.sent] == [10, 10, 3]
    taken = [item for item in items[:-1] if item.name not in {"3.jpg", "5.jpg"}]
    assert list(outcome.registered) == [RegisteredItem(f"id-{one.path}{one.name}", one.full_path) for one in taken]
    assert [(one.full_path, one.reason) for one in outcome.refused] == [
        ("/3.jpg", "ALREADY_EXISTS"), ("/5.jpg", "the hub did not say why"), ("/1.jpg", "ALREADY_EXISTS"),
    ]  # fmt: skip


def test_answer_without_folders() -> None:
    hub = FakeHub({EXISTING: {"items": [{"id": "1", "name": "a"}], "blocked_items": [{"name": "b", "slots": []}]}})
    outcome = DarwinStorages(hub.api()).register_stored(DATASET, STORAGE, [image("/x/a"), image("/y/b")])
    assert list(outcome.registered) == [RegisteredItem("1", "/x/a")]
    assert list(outcome.refused) == [RefusedItem("/y/b", "the hub did not say why")]


def test_registration_is_not_repeated_blindly() -> None:
    hub = FakeHub({EXISTING: reply({}, 500)})
    with pytest.raises(Unsure):
        DarwinStorages(hub.api()).register_stored(DATASET, STORAGE, [image("/a")])
    assert len(hub.web.sent) == 1


def test_what_is_not_there_is_told() -> None:
    with pytest.raises(NotFound, match="storage 'my-bucket'"):
        DarwinStorages(FakeHub({LIST: []}).api()).register_stored(DATASET, STORAGE, [image("/a")])
    hub = FakeHub({LIST: [{"name": "my-bucket", "provider": "aws", "bucket": "b"}]})
    with pytest.raises(DatasetNotFound):
        DarwinStorages(hub.api()).register_stored(DATASET, STORAGE, [image("/a")])
