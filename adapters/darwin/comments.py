"""Comments on items (reference: section 4.6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from ...domain.dataset import Dataset
from ...domain.errors import InvalidInput, ItemNotFound, NotFound
from ...domain.item import Comment
from .api import Api, segment
from .records import ItemRecord


class _Box(msgspec.Struct):
    x: float = 1.0
    y: float = 1.0
    w: float = 1.0
    h: float = 1.0


class _Remark(msgspec.Struct):
    body: str


class _Thread(msgspec.Struct):
    comments: list[_Remark]
    bounding_box: _Box | None = None
    slot_name: str | None = None


class _Threads(msgspec.Struct):
    comment_threads: list[_Thread]


class DarwinComments:
    """Implements the comments of `ports.items.ItemCatalogue`: each is a thread of its own."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def add_comment(self, dataset: Dataset, item_id: str, comment: Comment) -> str:
        """Begin a thread with a comment; without a slot it is about the only one.

        Raises:
            InvalidInput: the item has several slots, and the comment names none.
            Unsure: the hub failed and may or may not have it.
        """
        item = self._item(dataset, item_id)
        slot = comment.slot_name
        if slot is None and item.slots:
            if len(item.slots) > 1:
                names = ", ".join(record.slot_name for record in item.slots)
                raise InvalidInput("the comment", "does not say which slot it is about", f"Name one of: {names}")
            slot = item.slots[0].slot_name
        x, y, w, h = comment.box
        body: dict[str, Any] = {
            "bounding_box": {"x": x, "y": y, "w": w, "h": h},
            "comments": [{"body": comment.text}],
        }
        if slot is not None:
            body["slot_name"] = slot
        answer = self._api.post(dataset.team, self._path(dataset, item_id), body, repeatable=False)
        thread = answer.get("id") if isinstance(answer, dict) else None
        return str(thread) if thread is not None else ""

    def list_comments(self, dataset: Dataset, item_id: str) -> Sequence[Comment]:
        """Comments of all threads, in the hub's order."""
        self._item(dataset, item_id)
        try:
            answer = self._api.get_as(_Threads, dataset.team, self._path(dataset, item_id))
        except NotFound as error:
            advice = "Look at them in the browser"
            raise InvalidInput(f"hub '{self._api.name}'", "does not list comments", advice) from error
        found: list[Comment] = []
        for thread in answer.comment_threads:
            box = thread.bounding_box or _Box()
            found += [Comment(one.body, (box.x, box.y, box.w, box.h), thread.slot_name) for one in thread.comments]
        return found

    def _path(self, dataset: Dataset, item_id: str) -> str:
        return f"v2/teams/{segment(dataset.team)}/items/{segment(item_id)}/comment_threads"

    def _item(self, dataset: Dataset, item_id: str) -> ItemRecord:
        """The item, if it is one of the dataset: addresses of items do not name one."""
        try:
            path = f"v2/teams/{segment(dataset.team)}/items/{segment(item_id)}"
            record = self._api.get_as(ItemRecord, dataset.team, path)
        except NotFound:
            record = None
        if record is None or record.dataset_id != dataset.id:
            advice = "List the items with 'groundtruth dataset files'"
            raise ItemNotFound("item", item_id, dataset.reference.identifier, advice)
        return record
