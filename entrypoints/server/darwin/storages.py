"""External storages (E13), and items made of what is in them (E28, E29; reference: V7 Darwin, section 13)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....domain.access import Permission
from ....domain.errors import InvalidInput, NotFound
from ....domain.media import slot_type_of
from ....domain.names import RemotePath
from ....domain.storage import ExternalStorage, StoredItem, StoredSection, StoredSlot, choose_storage
from ..call import Call, Route
from .datasets import by_slug
from .fields import (
    flag,
    frame_rate,
    mapping,
    mappings,
    number,
    optional_integer,
    optional_mapping,
    optional_text,
    text,
)

MAX_ITEMS = 1000
"""Items of one request."""

Record = Mapping[str, Any]


def list_storages(call: Call) -> list[dict[str, Any]]:
    """Storages of the team."""
    return [_storage(storage) for storage in call.hub.list_storages(call.team)]


def register_existing(call: Call) -> dict[str, Any]:
    """Make items of objects in a storage that the hub may write to."""
    return _register(call, readonly=False)


def register_existing_readonly(call: Call) -> dict[str, Any]:
    """Make items of objects in a storage that the hub may only read."""
    return _register(call, readonly=True)


def _register(call: Call, *, readonly: bool) -> dict[str, Any]:
    body = mapping(call.body)
    dataset = by_slug(call, text(body, "dataset_slug"))
    name = text(body, "storage_slug")
    storage = choose_storage(list(call.hub.list_storages(call.team)), name)
    if storage is None:
        raise NotFound("storage", name)
    if storage.readonly is not readonly:
        is_what = "is read-only" if storage.readonly else "is not read-only"
        other = "register_existing_readonly" if storage.readonly else "register_existing"
        raise InvalidInput(f"storage '{name}'", is_what, f"Use {other}")
    records = mappings(body, "items")
    if len(records) > MAX_ITEMS:
        raise InvalidInput("items", f"are more than {MAX_ITEMS}", "Register fewer at a time")
    items = [_item(record) for record in records]
    registration = call.hub.register_stored(dataset, storage, items)
    sent = {item.full_path: item for item in items}
    return {
        "items": [{"id": one.id, **_answer(sent[one.full_path])} for one in registration.registered],
        "blocked_items": [_answer(sent[one.full_path], one.reason) for one in registration.refused],
    }


def _answer(item: StoredItem, reason: str | None = None) -> dict[str, Any]:
    why = {} if reason is None else {"reason": reason}
    slots = [{"slot_name": slot.name, "file_name": slot.file_name, "type": slot.type, **why} for slot in item.slots]
    return {"name": item.name, "path": item.path.value, "slots": slots}


def _storage(storage: ExternalStorage) -> dict[str, Any]:
    record = {
        "name": storage.name,
        "prefix": storage.prefix,
        "readonly": storage.readonly,
        "provider": storage.provider.value,
        "default": storage.default,
        "bucket": storage.bucket,
    }
    optional = {"region": storage.region, "endpoint": storage.endpoint}
    return {**record, **{name: value for name, value in optional.items() if value is not None}}


# --- items, as the two register calls have them ------------------------------------------------------------------


def _item(record: Record) -> StoredItem:
    name = text(record, "name")
    # An item of one slot may have the slot's fields itself.
    slots = mappings(record, "slots") if record.get("slots") else [record]
    return StoredItem(
        name,
        tuple(_slot(slot, name, position) for position, slot in enumerate(slots)),
        RemotePath(text(record, "path", "/")),
        optional_mapping(record, "layout"),
    )


def _slot(record: Record, item: str, position: int) -> StoredSlot:
    sections = mappings(record, "sections") if record.get("sections") is not None else []
    prefix = "storage_sections_key_"
    return StoredSlot(
        name=text(record, "slot_name", str(position)),
        file_name=text(record, "file_name", item),
        type=text(record, "type", slot_type_of(text(record, "storage_key")).value),
        storage_key=text(record, "storage_key"),
        fps=frame_rate(record) if record.get("fps") is not None else None,
        as_frames=flag(record, "as_frames"),
        extract_views=flag(record, "extract_views"),
        size=optional_integer(record, "size_bytes" if "size_bytes" in record else "total_size_bytes"),
        width=optional_integer(record, "width"),
        height=optional_integer(record, "height"),
        native_fps=number(record, "native_fps"),
        visible_frames=optional_integer(record, "visible_frames"),
        total_frames=optional_integer(record, "total_frames"),
        thumbnail_key=optional_text(record, "storage_thumbnail_key"),
        sections=tuple(map(_section, sections)),
        sections_key_prefix=optional_text(record, f"{prefix}prefix"),
        sections_key_extension=optional_text(record, f"{prefix}extension"),
        low_quality_sections_key_prefix=optional_text(record, "storage_low_quality_sections_key_prefix"),
        frames_manifest_key=optional_text(record, "storage_frames_manifest_key"),
        audio_peaks_key=optional_text(record, "storage_audio_peaks_key"),
        hls_segments=optional_mapping(record, "hls_segments"),
        metadata=optional_mapping(record, "metadata"),
    )


def _section(record: Record) -> StoredSection:
    numbers = {name: optional_integer(record, name) for name in ("section_index", "width", "height")}
    lacking = [name for name, value in numbers.items() if value is None]
    if lacking:
        raise InvalidInput(f"sections: {lacking[0]}", "must be a whole number")
    index, width, height = (value or 0 for value in numbers.values())
    return StoredSection(
        index, width, height, text(record, "storage_hq_key"), optional_text(record, "storage_lq_key")
    )


_ITEMS = "v2/teams/{team}/items"

ROUTES = (
    Route("GET", "teams/{team}/storage", list_storages, Permission.READ),
    Route("POST", f"{_ITEMS}/register_existing", register_existing, Permission.MANAGE),
    Route("POST", f"{_ITEMS}/register_existing_readonly", register_existing_readonly, Permission.MANAGE),
)
