"""Pushing: register, sign, confirm (E15, E16, E18, N1, N2), and all of it in one request (section 3.3)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from ....domain.access import Permission
from ....domain.errors import InvalidInput, ObjectNotFound
from ....domain.media import slot_type_of
from ....domain.names import RemotePath
from ....domain.upload import BlockedItem, NewItem, NewSlot, PendingUpload, Registration, UploadOptions
from ..call import Call, Route
from ..refusals import Refused
from ..taking import UPLOADS
from .datasets import by_slug
from .fields import flag, frame_rate, mapping, mappings, optional_mapping, text

MAX_ITEMS = 10_000
"""Items of one request."""

Record = Mapping[str, Any]


def register_upload(call: Call) -> dict[str, Any]:
    """Announce items."""
    body = mapping(call.body)
    dataset = by_slug(call, text(body, "dataset_slug"))
    records = _records(body)
    items = [_new_item(record, [_new_slot(slot) for slot in mappings(record, "slots")]) for record in records]
    registration = call.hub.register(dataset, items, _options(body))
    return _answer(call, items, registration)


def sign_upload(call: Call) -> dict[str, Any]:
    """An address that takes the bytes of an upload without a key."""
    upload = call.hub.find_upload(call.team, call.path["upload_id"])
    return {"upload_url": call.links.signed(UPLOADS, call.team, upload.upload_id)}


def confirm_upload(call: Call) -> dict[str, Any]:
    """Declare one upload complete."""
    upload_id = call.path["upload_id"]
    _confirm(call, [upload_id])
    return {"upload_id": upload_id, "confirmed": 1}


def confirm_uploads(call: Call) -> dict[str, Any]:
    """Declare several uploads complete, or none of them."""
    ids = mapping(call.body).get("upload_ids")
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids) or len(ids) > MAX_ITEMS:
        raise InvalidInput("upload_ids", f"must be a list of at most {MAX_ITEMS} ids")
    _confirm(call, ids)
    return {"confirmed": len(ids)}


def direct_upload(call: Call) -> dict[str, Any]:
    """Announce items that bring their bytes along, in base64."""
    body = mapping(call.body)
    dataset = by_slug(call, text(body, "dataset_slug"))
    records = _records(body)
    contents = [_content(record) for record in records]
    slots = [{**record, "slot_name": "0", "file_name": record.get("name")} for record in records]
    items = [_new_item(record, [_new_slot(slot)]) for record, slot in zip(records, slots, strict=True)]
    registration = call.hub.register(dataset, items, _options(body))
    waiting = {item.full_path: content for item, content in zip(reversed(items), reversed(contents), strict=True)}
    for upload in registration.uploads:
        content = waiting[upload.item_path]
        call.hub.receive(upload, (content,), len(content))
    call.hub.confirm(registration.uploads)
    return _answer(call, items, registration)


def _confirm(call: Call, ids: Sequence[str]) -> None:
    try:
        call.hub.confirm(call.hub.find_uploads(call.team, ids))
    except ObjectNotFound as error:
        raise Refused(404, {"upload_id": [error.name]}) from error


# --- what is announced --------------------------------------------------------------------------------------------


def _records(body: Record) -> list[Record]:
    records = mappings(body, "items")
    if len(records) > MAX_ITEMS:
        raise InvalidInput("items", f"are more than {MAX_ITEMS}", "Register fewer at a time")
    return records


def _options(body: Record) -> UploadOptions:
    return UploadOptions(flag(optional_mapping(body, "options") or {}, "handle_as_slices"))


def _new_item(record: Record, slots: Sequence[NewSlot]) -> NewItem:
    folder = RemotePath(text(record, "path", "/"))
    return NewItem(text(record, "name"), slots, folder, optional_mapping(record, "layout"))


def _new_slot(record: Record) -> NewSlot:
    tags = record.get("tags") or ()
    if isinstance(tags, Mapping):
        tags = list(tags)
    if not all(isinstance(tag, str) for tag in tags):
        raise InvalidInput("tags", "must be a list of texts")
    return NewSlot(
        text(record, "slot_name"),
        text(record, "file_name"),
        (),
        frame_rate(record),
        flag(record, "as_frames"),
        flag(record, "extract_views"),
        tuple(tags),
    )


def _content(record: Record) -> bytes:
    try:
        return base64.b64decode(text(record, "file_content", ""), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput("file_content", "is not base64") from error


# --- what is answered ---------------------------------------------------------------------------------------------


def _answer(call: Call, items: Sequence[NewItem], registration: Registration) -> dict[str, Any]:
    there = {item.full_path: item for item in items}
    taken: dict[str, dict[str, Any]] = {}
    for upload in registration.uploads:
        item = there[upload.item_path]
        named = {"id": upload.item_id, "name": item.name, "path": item.path.value, "slots": []}
        taken.setdefault(upload.item_id, named)["slots"].append(_taken_slot(call, upload))
    return {"items": list(taken.values()), "blocked_items": list(map(_blocked, registration.blocked))}


def _taken_slot(call: Call, upload: PendingUpload) -> dict[str, Any]:
    slot = upload.slot
    return {
        "type": slot_type_of(slot.file_name).value,
        "file_name": slot.file_name,
        "slot_name": slot.name,
        "upload_id": upload.upload_id,
        "upload_url": call.links.signed(UPLOADS, call.team, upload.upload_id),
        "fps": slot.fps,
        "as_frames": slot.as_frames,
        "extract_views": slot.extract_views,
    }


def _blocked(blocked: BlockedItem) -> dict[str, Any]:
    item = blocked.item
    slots = [
        {
            "type": slot_type_of(slot.file_name).value,
            "file_name": slot.file_name,
            "slot_name": slot.name,
            "reason": blocked.reason.value,
            **({"detail": blocked.detail} if blocked.detail else {}),
        }
        for slot in item.slots
    ]
    return {"name": item.name, "path": item.path.value, "slots": slots}


_UPLOADS = "v2/teams/{team}/items"

ROUTES = (
    Route("POST", f"{_UPLOADS}/register_upload", register_upload, Permission.CONTRIBUTE),
    Route("POST", f"{_UPLOADS}/direct_upload", direct_upload, Permission.CONTRIBUTE),
    Route("GET", f"{_UPLOADS}/uploads/{{upload_id}}/sign", sign_upload, Permission.CONTRIBUTE),
    Route("POST", f"{_UPLOADS}/uploads/{{upload_id}}/confirm", confirm_upload, Permission.CONTRIBUTE),
    Route("POST", f"{_UPLOADS}/uploads/confirm", confirm_uploads, Permission.CONTRIBUTE),
)
