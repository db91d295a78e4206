"""Comments on items (E24, N5)."""

from __future__ import annotations

from typing import Any

from ....domain.access import Permission
from ....domain.errors import InvalidInput
from ....domain.item import Comment
from ..call import Call, Route
from .fields import mapping, mappings, number, optional_mapping, optional_text, text
from .stages import derived

SIDES = ("x", "y", "w", "h")
MAX_COMMENTS = 100


def add_thread(call: Call) -> dict[str, Any]:
    """Attach a comment; of a thread of several, each."""
    body = mapping(call.body)
    box = optional_mapping(body, "bounding_box") or {}
    sides = [number(box, side) for side in SIDES]
    x, y, w, h = (1.0 if side is None else side for side in sides)
    texts = [text(comment, "body") for comment in mappings(body, "comments")]
    if not 0 < len(texts) <= MAX_COMMENTS:
        raise InvalidInput("comments", f"must be 1 to {MAX_COMMENTS}")
    slot_name = optional_text(body, "slot_name")
    item_id = call.path["item_id"]
    dataset = call.hub.dataset_of(call.team, item_id)
    ids = [call.hub.add_comment(dataset, item_id, Comment(one, (x, y, w, h), slot_name)) for one in texts]
    return {"id": ids[0], **_thread(texts, (x, y, w, h), slot_name)}


def list_threads(call: Call) -> dict[str, Any]:
    """Comments of an item, each in a thread of its own, oldest first."""
    item_id = call.path["item_id"]
    comments = call.hub.list_comments(call.hub.dataset_of(call.team, item_id), item_id)
    threads = [
        {"id": derived("comment", item_id, position), **_thread([one.text], one.box, one.slot_name)}
        for position, one in enumerate(comments)
    ]
    return {"comment_threads": threads}


def _thread(texts: list[str], box: tuple[float, float, float, float], slot_name: str | None) -> dict[str, Any]:
    return {
        "bounding_box": dict(zip(SIDES, box, strict=True)),
        "slot_name": slot_name,
        "comments": [{"body": one} for one in texts],
    }


_THREADS = "v2/teams/{team}/items/{item_id}/comment_threads"

ROUTES = (
    Route("POST", _THREADS, add_thread, Permission.ANNOTATE),
    Route("GET", _THREADS, list_threads, Permission.READ),
)
