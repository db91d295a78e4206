"""Darwin JSON 1.0, `{dataset, image, annotations}`, rewritten to the shape of 2.0 (section 8.7).

Its image becomes an item with the single slot `0`. What has no counterpart (`seq`, the internal file name,
unknown keys) stays under its own name in the slot, and so becomes an extra of it.
"""

from __future__ import annotations

from typing import Any

SLOT_NAME = "0"

_PLACES = {
    "$.item.name": "$.image.original_filename",
    "$.item.path": "$.image.path",
    "$.item.source_info.workview_url": "$.image.workview_url",
    "$.item.source_info.dataset.name": "$.dataset",
    "$.item.slots[0].source_files[0].file_name": "$.image.original_filename",
    "$.item.slots[0].source_files[0].url": "$.image.url",
}


def is_version1(tree: Any) -> bool:
    """True for a document that has an image where 2.0 has an item."""
    return isinstance(tree, dict) and "item" not in tree and isinstance(tree.get("image"), dict)


def to_version2(tree: dict[str, Any]) -> dict[str, Any]:
    """Rewrite a 1.0 document; its annotations are kept as they are."""
    rest = dict(tree)
    image: dict[str, Any] = dict(rest.pop("image"))
    name = image.pop("original_filename") if "original_filename" in image else image.get("filename")
    item: dict[str, Any] = {"path": image.pop("path", "/")}
    source_info: dict[str, Any] = {}
    if name is not None:
        item["name"] = name
    if isinstance(rest.get("dataset"), str):
        source_info["dataset"] = {"name": rest.pop("dataset")}
    if "workview_url" in image:
        source_info["workview_url"] = image.pop("workview_url")
    if source_info:
        item["source_info"] = source_info
    item["slots"] = [_slot(image, name)]
    return {"version": "1.0", **rest, "item": item}


def _slot(image: dict[str, Any], name: Any) -> dict[str, Any]:
    source = {"file_name": name, **({"url": image.pop("url")} if "url" in image else {})}
    is_video = image.get("frame_urls") or image.get("fps")
    return {
        "slot_name": SLOT_NAME,
        "type": "video" if is_video else "image",
        **image,
        "source_files": [source] if name is not None else [],
    }


def original_location(location: str) -> str:
    """Where in the 1.0 document a place of the rewritten one is."""
    if location in _PLACES:
        return _PLACES[location]
    for place, original in (("$.item.slots[0]", "$.image"), ("$.item", "$.image")):
        if location.startswith(place):
            return original + location.removeprefix(place)
    return location
