"""External storages of a team, and items made of what is in them (reference: sections 13.5 to 13.7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec

from ...domain.dataset import Dataset
from ...domain.errors import IntegrityError, InvalidName, NotFound
from ...domain.names import RemotePath
from ...domain.storage import (
    ExternalStorage,
    Provider,
    RefusedItem,
    RegisteredItem,
    StoredItem,
    StoredRegistration,
    StoredSection,
    StoredSlot,
)
from ...domain.upload import BlockReason
from .api import Api, segment
from .listing import no_dataset

BATCH = 10
"""Items that one request registers: read-only ones carry whole playlists."""


class _Storage(msgspec.Struct):
    name: str
    provider: str
    bucket: str | None = None
    prefix: str | None = None
    region: str | None = None
    readonly: bool = False
    default: bool = False
    endpoint: str | None = None


class _Reason(msgspec.Struct):
    reason: str | None = None


class _Item(msgspec.Struct):
    name: str
    id: str | None = None
    path: str = "/"
    slots: list[_Reason] = []


class _Answer(msgspec.Struct):
    items: list[_Item]
    blocked_items: list[_Item]


class DarwinStorages:
    """Implements `ports.storage.StorageDesk`."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def list_storages(self, team: str) -> Sequence[ExternalStorage]:
        """The team's storages, by name; those of a provider that is not known are left out."""
        records = self._api.get_as(list[_Storage], team, f"teams/{segment(team)}/storage")
        known = {provider.value for provider in Provider}
        found = [self._storage(record) for record in records if record.provider.lower() in known]
        return sorted(found, key=lambda storage: storage.name)

    def register_stored(
        self, dataset: Dataset, storage: ExternalStorage, items: Sequence[StoredItem]
    ) -> StoredRegistration:
        """Make items of stored objects, ten with each request."""
        first = {item.full_path: item for item in reversed(items)}
        outcomes: dict[str, RegisteredItem | RefusedItem] = {}
        wanted = iter(first[path] for path in dict.fromkeys(item.full_path for item in items))
        while batch := list(islice(wanted, BATCH)):
            outcomes.update(_outcomes(batch, self._announce(dataset, storage, batch)))
        registered: list[RegisteredItem] = []
        refused: list[RefusedItem] = []
        for item in items:
            # Of several with one path the first counts, as within one request.
            outcome = outcomes.pop(item.full_path, None) or RefusedItem(item.full_path, BlockReason.ALREADY_EXISTS)
            if isinstance(outcome, RegisteredItem):
                registered.append(outcome)
            else:
                refused.append(outcome)
        return StoredRegistration(tuple(registered), tuple(refused))

    def _announce(self, dataset: Dataset, storage: ExternalStorage, batch: Sequence[StoredItem]) -> _Answer:
        endpoint = "register_existing_readonly" if storage.readonly else "register_existing"
        path = f"v2/teams/{segment(dataset.team)}/items/{endpoint}"
        body = {
            "dataset_slug": dataset.slug,
            "storage_slug": storage.name,
            "items": [item_body(item, storage.readonly) for item in batch],
        }
        try:
            # What was made the first time is refused the second, so a repetition would be a lie.
            return self._api.post_as(_Answer, dataset.team, path, body, repeatable=False)
        except NotFound as error:
            if all(one.name != storage.name for one in self.list_storages(dataset.team)):
                where = f"team {dataset.team}"
                raise NotFound("storage", storage.name, where, "List them with 'groundtruth storage list'") from error
            raise no_dataset(dataset, self._api.name) from error

    def _storage(self, record: _Storage) -> ExternalStorage:
        try:
            return ExternalStorage(
                name=record.name,
                provider=Provider(record.provider.lower()),
                bucket=record.bucket or "",
                prefix=record.prefix or "",
                region=record.region,
                readonly=record.readonly,
                default=record.default,
                endpoint=record.endpoint,
            )
        except InvalidName as error:
            raise IntegrityError(f"a storage of {self._api.name}", f"cannot be used: {error.message}") from error


def _outcomes(batch: Sequence[StoredItem], answer: _Answer) -> Iterator[tuple[str, RegisteredItem | RefusedItem]]:
    """What became of each item. A hub may leave the folder out, so a name alone counts where it is the only one."""
    taken, blocked = _Answers(answer.items), _Answers(answer.blocked_items)
    for item in batch:
        is_only = sum(other.name == item.name for other in batch) == 1
        made, refusal = taken.find(item, is_only), blocked.find(item, is_only)
        if refusal is None and made is not None and made.id:
            yield item.full_path, RegisteredItem(made.id, item.full_path)
        else:
            reasons = [slot.reason for slot in (refusal.slots if refusal is not None else ()) if slot.reason]
            yield item.full_path, RefusedItem(item.full_path, reasons[0] if reasons else "the hub did not say why")


class _Answers:
    """Items of an answer, to be found by path and name."""

    def __init__(self, items: Sequence[_Item]) -> None:
        self._by_path: dict[str, _Item] = {}
        self._by_name: dict[str, _Item] = {}
        for item in items:
            self._by_name[item.name] = item
            try:
                self._by_path[RemotePath(item.path).join(item.name)] = item
            except InvalidName:
                continue  # nobody can have asked about it

    def find(self, item: StoredItem, is_only: bool) -> _Item | None:
        found = self._by_path.get(item.full_path)
        return found if found is not None or not is_only else self._by_name.get(item.name)


# --- what is sent -----------------------------------------------------------------------------------


def item_body(item: StoredItem, readonly: bool) -> dict[str, Any]:
    """An item as it is registered: one of a single ordinary slot in the short form, as Darwin's own client does."""
    only = item.slots[0] if len(item.slots) == 1 else None
    if not readonly and only is not None and (only.name, only.file_name) == ("0", item.name) and item.layout is None:
        short = {name: value for name, value in _slot(only).items() if name not in {"slot_name", "file_name"}}
        return {"name": item.name, "path": item.path.value, **short}
    body: dict[str, Any] = {
        "name": item.name,
        "path": item.path.value,
        "slots": [_readonly_slot(slot) if readonly else _slot(slot) for slot in item.slots],
    }
    return body if item.layout is None else {**body, "layout": item.layout}


def _slot(slot: StoredSlot) -> dict[str, Any]:
    return _given(
        {
            "slot_name": slot.name,
            "file_name": slot.file_name,
            "type": slot.type,
            "storage_key": slot.storage_key,
            "fps": slot.fps,
            "as_frames": slot.as_frames or None,
            "extract_views": "true" if slot.extract_views else None,
            "metadata": slot.metadata,
        }
    )


def _readonly_slot(slot: StoredSlot) -> dict[str, Any]:
    more: Mapping[str, Any] = {
        "size_bytes": slot.size,
        "width": slot.width,
        "height": slot.height,
        "native_fps": slot.native_fps,
        "visible_frames": slot.visible_frames,
        "total_frames": slot.total_frames,
        "storage_thumbnail_key": slot.thumbnail_key,
        "sections": [_section(section) for section in slot.sections] or None,
        "storage_sections_key_prefix": slot.sections_key_prefix,
        "storage_sections_key_extension": slot.sections_key_extension,
        "storage_low_quality_sections_key_prefix": slot.low_quality_sections_key_prefix,
        "storage_frames_manifest_key": slot.frames_manifest_key,
        "storage_audio_peaks_key": slot.audio_peaks_key,
        "hls_segments": slot.hls_segments,
    }
    return {**_slot(slot), **_given(more)}


def _section(section: StoredSection) -> dict[str, Any]:
    return _given(
        {
            "section_index": section.index,
            "width": section.width,
            "height": section.height,
            "storage_hq_key": section.hq_key,
            "storage_lq_key": section.lq_key,
        }
    )


def _given(body: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}
