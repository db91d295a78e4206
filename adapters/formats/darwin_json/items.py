"""The item of a document, from wire values and to JSON trees (section 8.1)."""

from __future__ import annotations

from typing import Any

from ....domain.digest import Digest
from ....domain.item import NO_EXTRA, ItemDescription, Slot, SourceFile, SourceInfo, VideoSegment
from . import wire
from .extras import Extras, Tree, put_back

NO_SOURCE = SourceInfo()


# --- reading ----------------------------------------------------------------------------------------


def read_item(source: wire.Item, extras: Extras) -> ItemDescription:
    """Make the description of an item. It was validated, so that nothing can fail."""
    slots = tuple(_read_slot(slot, position, extras) for position, slot in enumerate(source.slots or ()))
    return ItemDescription(
        source.name, source.path, _read_source_info(source.source_info), slots, extras.get(("item",), NO_EXTRA)
    )


def _read_source_info(source: wire.SourceInfo | None) -> SourceInfo:
    if source is None:
        return NO_SOURCE
    dataset = source.dataset or wire.SourceDataset()
    team = source.team or wire.SourceTeam()
    return SourceInfo(
        source.item_id,
        dataset.name,
        dataset.slug,
        dataset.dataset_management_url,
        team.name,
        team.slug,
        source.workview_url,
    )


def _read_slot(source: wire.Slot, position: int, extras: Extras) -> Slot:
    extra = extras.get(("item", "slots", position), NO_EXTRA)
    if source.fps is None:
        extra = {**extra, ("fps",): None}
    files = enumerate(source.source_files or ())
    return Slot(
        source.slot_name,
        source.type,
        source.width,
        source.height,
        source.fps if isinstance(source.fps, float) else None,
        source.frame_count,
        tuple(_read_file(file, position, number, extras) for number, file in files),
        tuple(source.frame_urls or ()),
        tuple(VideoSegment(one.url, one.duration) for one in source.segments) if source.segments else (),
        tuple(one.url for one in source.frame_manifests) if source.frame_manifests else (),
        source.thumbnail_url,
        source.metadata,
        extra,
    )


def _read_file(source: wire.SourceFile, slot: int, position: int, extras: Extras) -> SourceFile:
    extra = extras.get(("item", "slots", slot, "source_files", position), NO_EXTRA)
    if source.local_path is not None:
        extra = {**extra, ("local_path",): source.local_path}
    digest = None if source.digest is None else Digest.parse(source.digest)
    return SourceFile(source.file_name, source.url, source.storage_key, source.size_bytes, digest, extra)


# --- writing ----------------------------------------------------------------------------------------


def item_tree(item: ItemDescription) -> Tree:
    """The JSON of an item."""
    tree: Tree = {"name": item.name, "path": item.path}
    if source_info := _source_info_tree(item.source_info):
        tree["source_info"] = source_info
    tree["slots"] = [_slot_tree(slot) for slot in item.slots]
    put_back(tree, item.extra)
    return tree


def _source_info_tree(source: SourceInfo) -> Tree:
    dataset = {
        "name": source.dataset_name,
        "slug": source.dataset_slug,
        "dataset_management_url": source.dataset_url,
    }
    return _said(
        item_id=source.item_id,
        dataset=_said(**dataset) or None,
        team=_said(name=source.team_name, slug=source.team_slug) or None,
        workview_url=source.workview_url,
    )


def _slot_tree(slot: Slot) -> Tree:
    tree: Tree = {"type": slot.type, "slot_name": slot.name}
    tree |= _said(width=slot.width, height=slot.height, fps=slot.fps, thumbnail_url=slot.thumbnail_url)
    tree["source_files"] = [_file_tree(file) for file in slot.source_files]
    tree |= _said(
        frame_count=slot.frame_count,
        frame_urls=slot.frame_urls or None,
        segments=[_said(url=segment.url, duration=segment.duration) for segment in slot.segments] or None,
        frame_manifests=[{"url": url} for url in slot.frame_manifests] or None,
        metadata=slot.metadata,
    )
    put_back(tree, slot.extra)
    return tree


def _file_tree(file: SourceFile) -> Tree:
    tree = _said(
        file_name=file.file_name,
        storage_key=file.storage_key,
        url=file.url,
        size_bytes=file.size,
        digest=None if file.digest is None else str(file.digest),
    )
    put_back(tree, file.extra)
    return tree


def _said(**values: Any) -> Tree:
    """Only what is not None."""
    return {name: value for name, value in values.items() if value is not None}
