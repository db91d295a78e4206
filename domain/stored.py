"""Slots whose bytes are in an external storage, as documents and listings show them.

Such an object has an address of the form `storage:<team>/<storage>/<key>`, its key percent-encoded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.parse import quote, unquote

import attrs

from .errors import ObjectNotFound
from .item import Slot, SourceFile, VideoSegment
from .media import SlotType
from .storage import ExternalStorage, Provider, StoredItem, StoredSlot

STORAGE_SCHEME = "storage"

_URL = re.compile(rf"{STORAGE_SCHEME}:([A-Za-z0-9_.\-]+)/([A-Za-z0-9_.\-]+)/(.+)")
_DURATION = re.compile(r"#EXTINF:\s*(\d+(?:\.\d+)?)")
_FRAME = "%09d"
"""How frames are numbered below a prefix, from 0 (reference: V7 Darwin, section 13.1)."""


@attrs.frozen
class StoredAddress:
    """What an address of a stored object names."""

    team: str
    storage: str
    key: str


def storage_url(team: str, storage: str, key: str) -> str:
    """Address of an object in a team's storage."""
    return f"{STORAGE_SCHEME}:{team}/{storage}/{quote(key)}"


def parse_storage_url(url: str) -> StoredAddress:
    """What an address names.

    Raises:
        ObjectNotFound: it is not one made by `storage_url`.
    """
    match = _URL.fullmatch(url)
    if match is None:
        raise ObjectNotFound("object", url, advice="Its address is not one of an external storage")
    return StoredAddress(match[1], match[2], unquote(match[3]))


def refusal_of(storage: ExternalStorage, item: StoredItem) -> str | None:
    """Why an item cannot be made of what is in a storage, whatever else exists; None: it can."""
    names = [slot.name for slot in item.slots]
    if not names:
        return "the item has no slots"
    if len(set(names)) < len(names):
        return "two slots have the same name"
    beginning = key_prefix(storage)
    for slot in item.slots:
        for key in keys_of(slot):
            if not key.startswith(beginning) or ".." in key.split("/"):
                return f"'{key}' is not below '{beginning}' in storage '{storage.name}'"
    return None


def key_prefix(storage: ExternalStorage) -> str:
    """What every key of a storage begins with: a folder with its slash, or nothing."""
    parts = [part for part in storage.prefix.split("/") if part]
    if storage.provider is Provider.AZURE:
        # The first part is the container, which keys leave out.
        parts = parts[1:]
    return "".join(f"{part}/" for part in parts)


def keys_of(slot: StoredSlot) -> Iterator[str]:
    """Keys of all objects of a slot that the hub may read."""
    wanted = (slot.storage_key, slot.thumbnail_key, slot.frames_manifest_key, slot.audio_peaks_key)
    yield from (key for key in wanted if key)
    yield from (prefix for prefix in (slot.sections_key_prefix, slot.low_quality_sections_key_prefix) if prefix)
    yield from (key for section in slot.sections for key in (section.hq_key, section.lq_key) if key)
    yield from (key for key, _ in _segments(slot))


def slot_of(team: str, storage: str, stored: StoredSlot) -> Slot:
    """The slot as documents and listings show it.

    A video gives its frames one by one if it is stored so, else as the segments of its high quality.
    """

    def address(key: str) -> str:
        return storage_url(team, storage, key)

    segments = tuple(VideoSegment(address(key), duration) for key, duration in _segments(stored))
    is_long = bool(segments) and stored.frames_manifest_key is not None and not stored.sections
    frames = () if is_long else tuple(map(address, _frame_keys(stored)))
    first = stored.sections[0] if stored.sections else None
    is_moving = stored.type != SlotType.IMAGE
    return Slot(
        stored.name,
        stored.type,
        first.width if stored.width is None and first is not None else stored.width,
        first.height if stored.height is None and first is not None else stored.height,
        _visible_rate(stored) if is_moving else None,
        (len(frames) or stored.visible_frames or stored.total_frames) if is_moving else None,
        (SourceFile(stored.file_name, address(stored.storage_key), stored.storage_key, stored.size),),
        frames,
        segments if is_long else (),
        (address(stored.frames_manifest_key),) if is_long and stored.frames_manifest_key else (),
        None if stored.thumbnail_key is None else address(stored.thumbnail_key),
        None if stored.metadata is None else dict(stored.metadata),
    )


def _frame_keys(stored: StoredSlot) -> Iterator[str]:
    if stored.sections:
        yield from (section.hq_key for section in sorted(stored.sections, key=lambda one: one.index))
    elif stored.sections_key_prefix and stored.sections_key_extension:
        suffix = stored.sections_key_extension.lstrip(".")
        for number in range(stored.visible_frames or stored.total_frames or 0):
            yield f"{stored.sections_key_prefix.rstrip('/')}/{_FRAME % number}.{suffix}"


def _segments(stored: StoredSlot) -> Iterator[tuple[str, float | None]]:
    """Keys and durations of the segments that the playlist of the high quality lists."""
    quality: Any = (stored.hls_segments or {}).get("high_quality")
    index = cast("Mapping[str, Any]", quality).get("index") if isinstance(quality, Mapping) else None
    duration: float | None = None
    for line in index.splitlines() if isinstance(index, str) else ():
        if match := _DURATION.match(line):
            duration = float(match[1])
        elif line.strip() and not line.startswith("#"):
            yield line.strip(), duration
            duration = None


def _visible_rate(stored: StoredSlot) -> float | None:
    """Frames shown in a second: what was asked for, as far as the video has so many."""
    wanted, native = stored.fps, stored.native_fps
    if isinstance(wanted, int | float) and wanted > 0:
        return float(wanted if native is None else min(wanted, native))
    if native and wanted is None and stored.visible_frames and stored.total_frames:
        # The record of a prepared video does not say the rate it was prepared for.
        return round(native * min(1.0, stored.visible_frames / stored.total_frames), 4)
    return native
