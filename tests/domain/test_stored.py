from __future__ import annotations

from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.errors import ObjectNotFound
from groundtruth.domain.storage import ExternalStorage, Provider, StoredItem, StoredSection, StoredSlot
from groundtruth.domain.stored import (
    StoredAddress,
    key_prefix,
    parse_storage_url,
    refusal_of,
    slot_of,
    storage_url,
)

KEYS = st.text(st.characters(blacklist_categories=("Cs",)), min_size=1)
VIDEO = StoredSlot("0", "clip.mp4", "video", "v/clip.mp4", native_fps=30.0, visible_frames=3, total_frames=9)
INDEX = "#EXTM3U\n#EXTINF:2.0,\nv/0.ts\n\n#EXTINF:oops,\n v/1.ts \n#EXT-X-ENDLIST"


@given(KEYS)
def test_addresses_name_what_they_were_made_of(key: str) -> None:
    url = storage_url("a-team", "media_1.x", key)
    assert url.isascii() and not set(url) & set(" ?#\n")
    assert parse_storage_url(url) == StoredAddress("a-team", "media_1.x", key)


@pytest.mark.parametrize("url", ["", "storage:", "storage:a/b", "storage:a/b/", "blob:a/b/c", "storage:a b/c/d"])
def test_other_addresses_name_nothing(url: str) -> None:
    with pytest.raises(ObjectNotFound):
        parse_storage_url(url)


@pytest.mark.parametrize(
    ("provider", "prefix", "expected"),
    [
        (Provider.AWS, "", ""),
        (Provider.AWS, "/a//b/", "a/b/"),
        (Provider.GCP, "a", "a/"),
        (Provider.AZURE, "container", ""),
        (Provider.AZURE, "container/a/b", "a/b/"),
        (Provider.AZURE, "", ""),
    ],
)
def test_keys_begin_with_the_prefix(provider: Provider, prefix: str, expected: str) -> None:
    assert key_prefix(ExternalStorage("s", provider, "b", prefix)) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"storage_key": "a"},
        {"storage_key": "ab/x"},
        {"thumbnail_key": "/a/x"},
        {"frames_manifest_key": "x"},
        {"audio_peaks_key": "x"},
        {"sections_key_prefix": "x/sections"},
        {"low_quality_sections_key_prefix": "a/../x"},
        {"sections": (StoredSection(1, 1, 1, "x.png"),)},
        {"sections": (StoredSection(1, 1, 1, "a/x.png", "x.png"),)},
        {"hls_segments": {"high_quality": {"index": "#EXTINF:2,\nx/0.ts"}}},
    ],
)
def test_every_key_is_below_the_prefix(changes: dict[str, Any]) -> None:
    storage = ExternalStorage("s", Provider.AWS, "b", "a")
    good = StoredSlot("0", "x.mp4", "video", "a/x.mp4")
    assert refusal_of(storage, StoredItem("x", (good,))) is None
    reason = refusal_of(storage, StoredItem("x", (attrs.evolve(good, **changes),)))
    assert reason is not None and "is not below 'a/' in storage 's'" in reason


def test_items_need_slots_of_different_names() -> None:
    storage = ExternalStorage("s", Provider.AWS, "b")
    assert refusal_of(storage, StoredItem("x", ())) == "the item has no slots"
    assert refusal_of(storage, StoredItem("x", (VIDEO, VIDEO))) == "two slots have the same name"


def test_frames_come_in_their_order() -> None:
    sections = tuple(StoredSection(index, 4, 3, f"hq/{index}.png") for index in (2, 10, 1))
    slot = slot_of("t", "s", attrs.evolve(VIDEO, sections=sections))
    assert slot.frame_urls == tuple(f"storage:t/s/hq/{index}.png" for index in (1, 2, 10))
    assert (slot.width, slot.height, slot.frame_count, slot.fps) == (4, 3, 3, 10.0)


def test_frames_below_a_prefix() -> None:
    stored = attrs.evolve(VIDEO, sections_key_prefix="v/sections/high/", sections_key_extension=".png")
    slot = slot_of("t", "s", stored)
    assert slot.frame_urls == tuple(f"storage:t/s/v/sections/high/00000000{number}.png" for number in range(3))


def test_long_video_gives_segments() -> None:
    stored = attrs.evolve(
        VIDEO,
        sections_key_prefix="v/sections/high",
        sections_key_extension="png",
        frames_manifest_key="v/frames manifest.txt",
        hls_segments={"high_quality": {"index": INDEX}},
    )
    slot = slot_of("t", "s", stored)
    assert [(one.url, one.duration) for one in slot.segments] == [
        ("storage:t/s/v/0.ts", 2.0),
        ("storage:t/s/v/1.ts", None),
    ]
    assert slot.frame_manifests == ("storage:t/s/v/frames%20manifest.txt",)
    assert (slot.frame_urls, slot.frame_count) == ((), 3)
    without_manifest = slot_of("t", "s", attrs.evolve(stored, frames_manifest_key=None))
    assert (without_manifest.segments, len(without_manifest.frame_urls)) == ((), 3)


@pytest.mark.parametrize(
    "segments", [{}, {"high_quality": None}, {"high_quality": [1]}, {"high_quality": {"index": 7}}, None]
)
def test_odd_playlists_have_no_segments(segments: dict[str, Any] | None) -> None:
    stored = attrs.evolve(VIDEO, hls_segments=segments, frames_manifest_key="v/m.txt")
    assert slot_of("t", "s", stored).segments == ()


@pytest.mark.parametrize(
    ("fps", "native", "expected"), [(5, 30.0, 5.0), (60, 30.0, 30.0), (0, 30.0, 30.0), ("native", 30.0, 30.0)]
)
def test_rate_is_what_was_asked_for(fps: float | str, native: float, expected: float) -> None:
    assert slot_of("t", "s", attrs.evolve(VIDEO, fps=fps, native_fps=native)).fps == expected


def test_images_have_no_frames() -> None:
    slot = slot_of("t", "s", StoredSlot("0", "a.jpg", "image", "a.jpg", fps=5, total_frames=1, metadata={"k": 1}))
    assert (slot.fps, slot.frame_count, slot.metadata) == (None, None, {"k": 1})
