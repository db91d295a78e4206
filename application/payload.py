"""Registration payloads: what was found out about a video when its artifacts were made (V7 Darwin, section 13.2)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from ..domain.errors import InvalidDocument, InvalidInput
from ..domain.media import SlotType
from ..domain.names import RemotePath
from ..domain.storage import StoredItem, StoredSlot

_PLACE = "$.registration_payload"
_TEXTS = {
    "storage_key": "storage_key",
    "storage_sections_key_prefix": "sections_key_prefix",
    "storage_sections_key_extension": "sections_key_extension",
    "storage_low_quality_sections_key_prefix": "low_quality_sections_key_prefix",
    "storage_frames_manifest_key": "frames_manifest_key",
    "storage_thumbnail_key": "thumbnail_key",
    "storage_audio_peaks_key": "audio_peaks_key",
}
_COUNTS = {
    "width": "width",
    "height": "height",
    "visible_frames": "visible_frames",
    "total_frames": "total_frames",
    "total_size_bytes": "size",
}
_NEEDED = {"storage_key", "width", "height", "native_fps", "total_frames", "hls_segments"}
"""Without these no hub can show the video; the other artifacts may not have been made."""


def parse_payload(data: bytes, source: str, folder: RemotePath | None = None) -> StoredItem:
    """The item that a `metadata.json` describes, in `folder` or the one it names itself.

    The rate that was asked for is left out, as the Darwin client does: the frames that are visible say it.

    Raises:
        InvalidDocument: it is not such a file, or lacks what a hub needs.
    """
    body = _payload(data, source)
    if body.get("type") != SlotType.VIDEO:
        raise _damaged(source, "type", "is not 'video'")
    name = body.get("name")
    if not isinstance(name, str):
        raise _damaged(source, "name", "is not a text")
    path = body.get("path", "/") if folder is None else folder.value
    if not isinstance(path, str):
        raise _damaged(source, "path", "is not a text")
    fields: dict[str, Any] = {ours: _text(body, theirs, source) for theirs, ours in _TEXTS.items()}
    fields |= {ours: _count(body, theirs, source) for theirs, ours in _COUNTS.items()}
    fields["native_fps"] = _rate(body, source)
    fields["hls_segments"] = _segments(body, source)
    try:
        slot = StoredSlot("0", name, SlotType.VIDEO, **fields)
        return StoredItem(name, [slot], RemotePath(path))
    except InvalidInput as error:
        raise InvalidDocument("registration payload", error.message, error.remedy, source, _PLACE) from error


def _payload(data: bytes, source: str) -> Mapping[str, Any]:
    try:
        document: Any = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidDocument("metadata", "is not JSON", source=source) from error
    body: Any = (
        cast("Mapping[str, Any]", document).get("registration_payload") if isinstance(document, dict) else None
    )
    if not isinstance(body, dict):
        advice = "Give the metadata.json that was written with a video's artifacts"
        raise InvalidDocument("metadata", "holds no registration payload", advice, source)
    return cast("Mapping[str, Any]", body)


def _text(body: Mapping[str, Any], name: str, source: str) -> str | None:
    value = body.get(name)
    if not (isinstance(value, str) and value) and (value is not None or name in _NEEDED):
        raise _damaged(source, name, "is not a text")
    return value


def _count(body: Mapping[str, Any], name: str, source: str) -> int | None:
    value = body.get(name)
    is_count = isinstance(value, int) and not isinstance(value, bool) and value >= 0
    if not is_count and (value is not None or name in _NEEDED):
        raise _damaged(source, name, "is not a number of things")
    return value


def _rate(body: Mapping[str, Any], source: str) -> float:
    value = body.get("native_fps")
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 1e6:
        raise _damaged(source, "native_fps", "is not a frame rate")
    return float(value)


def _segments(body: Mapping[str, Any], source: str) -> Mapping[str, Any]:
    value = body.get("hls_segments")
    high = cast("Mapping[str, Any]", value).get("high_quality") if isinstance(value, dict) else None
    if not isinstance(high, dict) or not isinstance(cast("Mapping[str, Any]", high).get("index"), str):
        raise _damaged(source, "hls_segments", "holds no index of the high quality")
    return cast("Mapping[str, Any]", value)


def _damaged(source: str, name: str, reason: str) -> InvalidDocument:
    return InvalidDocument(f"'{name}'", reason, "Make the artifacts again", source, f"{_PLACE}.{name}")
