"""Datasets and items as Darwin's clients know them (reference: V7 Darwin, sections 4.1 and 4.2)."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

from ....domain.dataset import Dataset
from ....domain.item import Item, ItemStatus, Slot
from .stages import STAGES, derived, stage_id, workflow_id

_PROCESSING = {
    ItemStatus.UPLOADING: "uploading",
    ItemStatus.PROCESSING: "processing",
    ItemStatus.ERROR: "error",
}


def number_of(text: str) -> int:
    """A positive number for what is known by its name only, such as a team: always the same."""
    return zlib.crc32(text.encode()) & 0x7FFFFFFF


def dataset_record(dataset: Dataset) -> dict[str, Any]:
    """A dataset."""
    return {
        "id": dataset.id,
        "name": dataset.name,
        "slug": dataset.slug,
        "num_items": dataset.item_count,
        "progress": dataset.progress,
        "active": True,
        "archived": False,
        "archived_at": None,
        "public": False,
        "team_id": number_of(dataset.team),
        "team_slug": dataset.team,
        "parent_id": None,
        "thumbnails": [],
        "version": 2,
        "workflow_ids": [workflow_id(dataset)],
    }


def item_record(dataset: Dataset, item: Item) -> dict[str, Any]:
    """An item. Until it is complete its slots are in `uploads`."""
    arrived = item.status is not ItemStatus.UPLOADING
    record: dict[str, Any] = {
        "id": item.id,
        "name": item.name,
        "path": item.path.value,
        "dataset_id": dataset.id,
        "priority": item.priority,
        "tags": [],
        "status": item.status.value,
        "workflow_status": item.status.value if item.status in STAGES else None,
        "processing_status": processing_status(item),
        "archived": item.status is ItemStatus.ARCHIVED,
        "cursor": item.id,
        "layout": item.layout,
        "slot_types": [slot.type for slot in item.slots],
        "slots": [_slot_record(item, slot) for slot in item.slots] if arrived else [],
        "uploads": [] if arrived else [_upload_record(slot) for slot in item.slots],
        "inserted_at": item.inserted_at,
        "updated_at": item.updated_at,
    }
    if item.status in STAGES:
        # Present or absent, never null: null crashes Darwin's own client.
        record["workflow_data"] = {
            "workflow_id": workflow_id(dataset),
            "current_stage_id": stage_id(dataset, item.status),
        }
    return record


def processing_status(item: Item) -> str:
    """How far the item's files are."""
    return _PROCESSING.get(item.status, "complete")


def _slot_record(item: Item, slot: Slot) -> dict[str, Any]:
    source = slot.source_files[0] if slot.source_files else None
    sizes = [one.size for one in slot.source_files if one.size is not None]
    return {
        "id": derived("slot", item.id, slot.name),
        "slot_name": slot.name,
        "type": slot.type,
        "file_name": source.file_name if source else item.name,
        "size_bytes": sum(sizes) if sizes else None,
        "fps": slot.fps,
        "total_sections": slot.frame_count or 1,
        "sectionless": False,
        "is_external": bool(source and source.storage_key),
        "streamable": bool(slot.segments),
        "metadata": _metadata(slot),
    }


def _metadata(slot: Slot) -> Mapping[str, Any]:
    facts = {"width": slot.width, "height": slot.height, "frame_count": slot.frame_count}
    return {**(slot.metadata or {}), **{name: value for name, value in facts.items() if value is not None}}


def _upload_record(slot: Slot) -> dict[str, Any]:
    source = slot.source_files[0] if slot.source_files else None
    return {
        "type": slot.type,
        "file_name": source.file_name if source else slot.name,
        "slot_name": slot.name,
        "processing_status": "uploading",
        "fps": slot.fps,
        "as_frames": False,
    }
