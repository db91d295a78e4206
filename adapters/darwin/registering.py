"""What is said when items are registered, and which answer belongs to which slot (reference: section 5.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import msgspec

from ...domain.dataset import Dataset
from ...domain.errors import InvalidName
from ...domain.names import RemotePath
from ...domain.upload import BlockedItem, BlockReason, NewItem, NewSlot, PendingUpload, UploadOptions

_REASONS = {reason.value: reason for reason in BlockReason}
MAX_DETAIL = 200


class _Slot(msgspec.Struct):
    file_name: str | None = None
    slot_name: str | None = None
    upload_id: str | None = None
    upload_url: str | None = None
    reason: str | None = None
    detail: str | None = None


class _Item(msgspec.Struct):
    name: str
    path: str
    slots: list[_Slot]
    id: str | None = None


class RegisterAnswer(msgspec.Struct):
    """The hub's answer."""

    items: list[_Item]
    blocked_items: list[_Item]


@attrs.frozen
class Registered:
    """What became of an item: uploads, or why it is refused."""

    uploads: tuple[PendingUpload, ...] = ()
    blocked: BlockedItem | None = None


def refusals_before(items: Sequence[NewItem]) -> dict[int, BlockedItem]:
    """Items that need not be asked about, by their position: their answers could not be told from others."""
    refused: dict[int, BlockedItem] = {}
    seen: set[str] = set()
    for position, item in enumerate(items):
        names = {slot.name for slot in item.slots}
        if item.full_path in seen:
            refused[position] = BlockedItem(item, BlockReason.ALREADY_EXISTS)
        elif not names:
            refused[position] = BlockedItem(item, BlockReason.UNEXPECTED_ERROR, "the item has no slots")
        elif len(names) < len(item.slots):
            refused[position] = BlockedItem(item, BlockReason.UNEXPECTED_ERROR, "two slots have the same name")
        else:
            seen.add(item.full_path)
    return refused


def registration_body(dataset: Dataset, items: Sequence[NewItem], options: UploadOptions) -> dict[str, Any]:
    """The body that announces items."""
    return {
        "dataset_slug": dataset.slug,
        "options": {"handle_as_slices": options.handle_as_slices},
        "items": [_item(item) for item in items],
    }


def _item(item: NewItem) -> dict[str, Any]:
    body: dict[str, Any] = {"name": item.name, "path": item.path.value, "slots": [_slot(slot) for slot in item.slots]}
    return body if item.layout is None else {**body, "layout": item.layout}


def _slot(slot: NewSlot) -> dict[str, Any]:
    body: dict[str, Any] = {
        "file_name": slot.file_name,
        "slot_name": slot.name,
        "fps": slot.fps,
        "as_frames": slot.as_frames,
        "extract_views": slot.extract_views,
    }
    return {**body, "tags": list(slot.tags)} if slot.tags else body


def read_answer(
    items: Sequence[NewItem], answer: RegisterAnswer
) -> tuple[dict[str, Registered], dict[str, str | None]]:
    """What became of each item, by full path; and the address of each upload where the hub said it.

    An item that the hub says nothing of is refused.
    """
    taken, blocked = _by_path(answer.items), _by_path(answer.blocked_items)
    outcomes: dict[str, Registered] = {}
    addresses: dict[str, str | None] = {}
    for item in items:
        path = item.full_path
        refusal = _refusal(item, blocked[path]) if path in blocked else None
        uploads: list[PendingUpload] = []
        for slot in item.slots if path in taken else ():
            said = _said(slot, taken[path].slots)
            if said is None or not said.upload_id:
                continue
            uploads.append(PendingUpload(said.upload_id, taken[path].id or path, path, slot))
            addresses[said.upload_id] = said.upload_url
        if refusal is None and len(uploads) < len(item.slots):
            refusal = BlockedItem(item, BlockReason.UNEXPECTED_ERROR, "the hub did not answer for all of it")
        # Half an item cannot be completed; what is announced of it is announced again next time.
        outcomes[path] = Registered(tuple(uploads)) if refusal is None else Registered((), refusal)
    return outcomes, addresses


def _by_path(items: Sequence[_Item]) -> Mapping[str, _Item]:
    """Items of an answer by full path; one that nobody can have asked about is passed over."""
    found: dict[str, _Item] = {}
    for item in items:
        try:
            found[RemotePath(item.path).join(item.name)] = item
        except InvalidName:
            continue
    return found


def _said(slot: NewSlot, answers: Sequence[_Slot]) -> _Slot | None:
    """The answer for a slot: that with its name, else the only one with its file name."""
    named = next((one for one in answers if one.slot_name == slot.name), None)
    if named is not None:
        return named
    alike = [one for one in answers if one.slot_name is None and one.file_name == slot.file_name]
    return alike[0] if len(alike) == 1 else None


def _refusal(item: NewItem, answer: _Item) -> BlockedItem:
    said = next((slot for slot in answer.slots if slot.reason), _Slot(reason=""))
    word, detail = said.reason or "", said.detail or ""
    reason = _REASONS.get(word.upper())
    if reason is None:
        return BlockedItem(item, BlockReason.UNEXPECTED_ERROR, f"{word} {detail}".strip()[:MAX_DETAIL])
    return BlockedItem(item, reason, detail[:MAX_DETAIL])
