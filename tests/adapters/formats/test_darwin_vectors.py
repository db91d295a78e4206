"""Golden cases of the real client: our documents, told in the layout of the facts recorded from it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.domain import shapes
from groundtruth.domain.annotation import Annotation, AnyAnnotation, SubAnnotations, VideoAnnotation, is_supported
from groundtruth.domain.document import AnnotationDocument
from groundtruth.domain.errors import InvalidDocument
from groundtruth.domain.geometry import Box
from groundtruth.domain.item import Slot

CODEC = DarwinJsonCodec()

REFUSED = {
    "generated/err_box_missing_h": ("$.annotations[0].bounding_box", "has no 'h'"),
    "generated/err_empty_mapping": ("$.annotations[0].raster_layer", "'mask_annotation_ids_mapping' is empty"),
    "generated/err_no_item": ("$", "has no 'item'"),
    "generated/err_no_path": ("$.item", "has no 'path'"),
    "generated/err_sparse_rle": ("$.annotations[0].mask.sparse_rle", "expected `null`, got `array`"),
    "generated/none_no_annotations": ("$", "has no 'annotations'"),
    "real/darwin__annotation_raster_layer_data": ("$", "has no 'annotations'"),
}
"""Documents the real client fails on or ignores, with where and why we refuse them."""

KEPT = {
    "generated/all_types": [("link class", "link")],
    "generated/unknown_type": [("x", "hexagon")],
    "generated/video_empty_frames": [("nothing", ""), ("unsupported", "hexagon")],
}
"""Annotations (class, kind) that the real client drops and we keep, in documents it reads otherwise."""


def _folder() -> Path:
    named = os.environ.get("GROUNDTRUTH_VECTORS")
    vectors = Path(named) if named else Path(__file__).parents[4] / "shared" / "vectors"
    return vectors / "darwin" / "annotations"


NAMES = [
    f"{path.parent.name}/{path.name.removesuffix('.facts.json')}" for path in sorted(_folder().glob("*/*.facts.json"))
]

needs_vectors = pytest.mark.skipif(not NAMES, reason=f"no golden cases in {_folder()}; set GROUNDTRUTH_VECTORS")


@needs_vectors
@pytest.mark.parametrize("name", NAMES)
def test_document_agrees_with_the_real_client(name: str) -> None:
    data = (_folder() / f"{name}.json").read_bytes()
    facts = json.loads((_folder() / f"{name}.facts.json").read_text())
    if name in REFUSED:
        with pytest.raises(InvalidDocument) as caught:
            CODEC.read(data, name)
        assert (caught.value.location, caught.value.reason) == REFUSED[name]
        assert caught.value.source == name
        assert facts["error"] or facts["file"] is None
        return
    document = CODEC.read(data, name)
    kept = [(one.class_name, one.kind) for one in document.annotations if not is_supported(one)]
    assert kept == KEPT.get(name, [])
    if name == "generated/err_table_video":
        assert facts["error"]["class"] == "KeyError"
        (table,) = document.annotations
        assert isinstance(table, VideoAnnotation) and isinstance(table.frames[0].shape, shapes.Table)
        assert table.only_keyframes and len(table.frames[0].shape.cells) == 4
        return
    assert _close(_facts(document), facts["file"])


@needs_vectors
@pytest.mark.parametrize("name", [name for name in NAMES if name not in REFUSED])
def test_document_comes_back_as_it_was(name: str) -> None:
    data = (_folder() / f"{name}.json").read_bytes()
    document = CODEC.read(data)
    written = CODEC.write(document)
    assert CODEC.read(written) == document
    assert CODEC.write(CODEC.read(written)) == written
    assert _lost(json.loads(data), json.loads(written), "$") <= RESPELLED.get(name, set())


RESPELLED = {
    "generated/all_types": {"$.annotations[3].polygon.path"},
    "generated/video_segments_sections": {"$.annotations[0].segments", "$.annotations[0].sections"},
}
"""Old spellings, which are written in the new one."""


@needs_vectors
def test_values_the_real_client_drops() -> None:
    name = "generated/video_segments_sections"
    (annotation,) = CODEC.read((_folder() / f"{name}.json").read_bytes()).annotations
    assert isinstance(annotation, VideoAnnotation)
    assert annotation.interpolate_algorithm == "linear-1.1"
    assert list(annotation.frames) == [1, 2, 4]
    (box, *_) = CODEC.read((_folder() / "generated/boxes.json").read_bytes()).annotations
    assert box.shape == shapes.BoundingBox(Box(166.188103, 105.973435, 260.701121, 17.258589))


def _lost(one: Any, other: Any, place: str) -> set[str]:
    """JSON paths of what is in `one` and not, or different, in `other`."""
    if isinstance(one, dict) and isinstance(other, dict):
        lost = {f"{place}.{key}" for key in one.keys() - other.keys()}
        return lost.union(*(_lost(one[key], other[key], f"{place}.{key}") for key in one.keys() & other.keys()))
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = enumerate(zip(one, other, strict=True))
        return set[str]().union(*(_lost(a, b, f"{place}[{position}]") for position, (a, b) in pairs))
    return set() if one == other else {place}


# --- a document in the layout of the facts ----------------------------------------------------------


def _facts(document: AnnotationDocument) -> dict[str, Any]:
    item, slots = document.item, document.item.slots
    first = slots[0] if slots else Slot("", "")
    seen = [one for one in document.annotations if is_supported(one)]
    return {
        "filename": item.name,
        "remote_path": item.path,
        "full_path": item.full_path,
        "version": document.version,
        "item_id": item.source_info.item_id,
        "dataset_name": item.source_info.dataset_name,
        "is_video": bool(first.frame_urls or first.frame_manifests),
        "width": first.width,
        "height": first.height,
        "image_url": first.source_files[0].url if first.source_files else None,
        "thumbnail_url": first.thumbnail_url,
        "workview_url": item.source_info.workview_url,
        "seq": 0,
        "frame_count": first.frame_count,
        "frame_urls": list(first.frame_urls) or None,
        "item_properties": [{"name": one.name, "value": one.value} for one in document.properties],
        "slots": [_slot_facts(slot) for slot in slots],
        "classes": [list(pair) for pair in sorted({(one.class_name, one.kind) for one in seen})],
        "annotation_count": len(seen),
        "annotations": [_annotation_facts(one) for one in sorted(seen, key=_group)],
    }


def _slot_facts(slot: Slot) -> dict[str, Any]:
    return {
        "name": slot.name,
        "type": slot.type,
        "width": slot.width,
        "height": slot.height,
        "source_files": [{"file_name": file.file_name, "url": file.url} for file in slot.source_files],
        "thumbnail_url": slot.thumbnail_url,
        "frame_count": slot.frame_count,
        "frame_urls": list(slot.frame_urls) or None,
        "fps": slot.fps,
        "metadata": slot.metadata,
        "segments": [{"url": segment.url, "duration": segment.duration} for segment in slot.segments],
        "frame_manifest": [{"url": url} for url in slot.frame_manifests] or None,
    }


def _group(annotation: AnyAnnotation) -> int:
    if isinstance(annotation, VideoAnnotation):
        return 1
    return {"raster_layer": 2, "mask": 3}.get(annotation.kind, 0)


def _annotation_facts(annotation: AnyAnnotation) -> dict[str, Any]:
    facts = {
        "kind": "video" if isinstance(annotation, VideoAnnotation) else "image",
        "class": annotation.class_name,
        "type": annotation.kind,
        "internal_type": "polygon" if annotation.kind == "polygon" else None,
        "id": annotation.id,
        "slot_names": list(annotation.slot_names),
        "annotators": _authors(annotation.annotators),
        "reviewers": _authors(annotation.reviewers),
        "properties": [
            {"name": one.name, "frame_index": one.frame_index, "value": one.value} for one in annotation.properties
        ]
        or None,
    }
    if isinstance(annotation, Annotation):
        run = {"sparse_rle": None} if ("mask", "sparse_rle") in annotation.extra else {}
        return {**facts, "data": _data(annotation.shape) | run, "subs": _subs(annotation.subs)}
    return {
        **facts,
        "interpolated": annotation.interpolated,
        "segments": [list(span) for span in annotation.ranges],
        "hidden_areas": [list(span) for span in annotation.hidden_areas],
        "frame_count": len(annotation.frames),
        "keyframes": {str(index): frame.keyframe for index, frame in annotation.frames.items()},
        "frames": {
            str(index): {"data": _data(shape), "type": shape.kind, "subs": _subs(frame.subs)}
            for index, frame in annotation.frames.items()
            if (shape := annotation.shape_at(index)) is not None
        },
    }


def _authors(authors: Any) -> list[dict[str, str]] | None:
    return None if authors is None else [{"name": one.full_name, "email": one.email} for one in authors]


def _subs(subs: SubAnnotations) -> list[dict[str, Any]]:
    names = ("instance_id", "attributes", "text", "inference", "directional_vector", "measures")
    values = {name: getattr(subs, name) for name in names}
    values["attributes"] = None if subs.attributes is None else list(subs.attributes)
    return [{"type": name, "data": value} for name, value in values.items() if value is not None]


def _box(box: Box) -> dict[str, float]:
    return {side: round(getattr(box, side), 3) for side in "xywh"}


def _points(points: Any) -> list[dict[str, float]]:
    return [{"x": x, "y": y} for x, y in points.tolist()]


def _nodes(nodes: Any) -> dict[str, Any]:
    return {"nodes": [{"name": n.name, "occluded": n.occluded, "x": n.x, "y": n.y} for n in nodes]}


def _data(shape: shapes.Shape) -> Any:
    match shape:
        case shapes.BoundingBox(box):
            return _box(box)
        case shapes.Polygon(paths, box):
            data = {"paths": [_points(path) for path in paths]}
            return data if box is None else {**data, "bounding_box": _exact(box)}
        case shapes.Line(path):
            return {"path": _points(path)}
        case shapes.Keypoint(x, y):
            return {"x": x, "y": y}
        case shapes.Ellipse((x, y), (radius_x, radius_y), angle):
            return {"angle": angle, "center": {"x": x, "y": y}, "radius": {"x": radius_x, "y": radius_y}}
        case shapes.Cuboid(front, back):
            return {"front": _exact(front), "back": _exact(back)}
        case shapes.Skeleton(nodes) | shapes.Eye(nodes):
            return _nodes(nodes)
        case shapes.Tag() | shapes.Mask():
            return {}
        case shapes.TextRun(sources):
            ranges = [None if one.ranges is None else [list(span) for span in one.ranges] for one in sources]
            return {"sources": [{"id": one.id, "ranges": r} for one, r in zip(sources, ranges, strict=True)]}
        case shapes.Graph(nodes, edges):
            return {
                "nodes": [{"id": node.id, "name": node.name} for node in nodes],
                "edges": [{"key": edge.key, "value": edge.value} for edge in edges],
            }
        case shapes.Table(box, cells):
            names = ("id", "row", "col", "row_span", "col_span", "is_header")
            rows = [{**{n: getattr(cell, n) for n in names}, "bounding_box": _exact(cell.box)} for cell in cells]
            return {"bounding_box": _exact(box), "cells": rows}
        case shapes.SimpleTable(box, columns, rows):
            return {"bounding_box": _exact(box), "col_offsets": list(columns), "row_offsets": list(rows)}
        case shapes.RasterLayer(runs, values, total):
            return {"dense_rle": runs.pairs(), "mask_annotation_ids_mapping": values, "total_pixels": total}
    raise AssertionError(shape)


def _exact(box: Box) -> dict[str, float]:
    return {side: getattr(box, side) for side in "xywh"}


def _close(one: Any, other: Any) -> bool:
    """Equal, numbers to 1e-9. Raises where they differ, to show the difference."""
    if isinstance(one, dict) and isinstance(other, dict):
        assert one.keys() == other.keys()
        return all(_close(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        assert len(one) == len(other)
        return all(_close(a, b) for a, b in zip(one, other, strict=True))
    assert one == (pytest.approx(other, abs=1e-9) if isinstance(other, float) else other)
    return True
