"""Small documents of our own: every main type, sub-annotation and video field, and what is kept beside them."""

from __future__ import annotations

import json
from typing import Any

import attrs
import numpy as np
import pytest

from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.domain import shapes
from groundtruth.domain.annotation import Annotation, Author, Frame, PropertyValue, SubAnnotations, VideoAnnotation
from groundtruth.domain.digest import Digest
from groundtruth.domain.document import AnnotationDocument, ItemPropertyValue
from groundtruth.domain.errors import InvalidInput
from groundtruth.domain.geometry import Box, RunLengths
from groundtruth.domain.item import ItemDescription, Slot, SourceFile, SourceInfo, VideoSegment

CODEC = DarwinJsonCodec()
BOX = {"x": 1, "y": 2.5, "w": 3, "h": 4}
PATH = [{"x": 0, "y": 0}, {"x": 4, "y": 0}, {"x": 4, "y": 3}]


def read(annotation: dict[str, Any]) -> Annotation | VideoAnnotation:
    tree = {"version": "2.0", "item": {"name": "a.png", "path": "/"}, "annotations": [annotation]}
    return CODEC.read(json.dumps(tree).encode()).annotations[0]


def still(**fields: Any) -> Annotation:
    annotation = read({"id": "1", "name": "car", **fields})
    assert isinstance(annotation, Annotation)
    return annotation


def video(**fields: Any) -> VideoAnnotation:
    annotation = read({"id": "1", "name": "car", **fields})
    assert isinstance(annotation, VideoAnnotation)
    return annotation


def rewritten(annotation: Annotation | VideoAnnotation) -> dict[str, Any]:
    document = AnnotationDocument(ItemDescription("a.png"), (annotation,))
    return json.loads(CODEC.write(document))["annotations"][0]


# --- main types -------------------------------------------------------------------------------------

NODES = [{"name": "head", "x": 1, "y": 2, "occluded": True}, {"name": "tail", "x": 3, "y": 4, "occluded": False}]
JOINTS = (shapes.Node("head", 1.0, 2.0, True), shapes.Node("tail", 3.0, 4.0))
CELL = {"id": "c", "row": 0, "col": 1, "row_span": 1, "col_span": 2, "is_header": True, "bounding_box": BOX}
TABLE = {"bounding_box": BOX, "cells": [CELL]}
RASTER = {"dense_rle": [0, 3, 1, 1], "mask_annotation_ids_mapping": {"m": 1}, "total_pixels": 4}
A_BOX = Box(1.0, 2.5, 3.0, 4.0)

SHAPES: list[tuple[dict[str, Any], shapes.Shape]] = [
    ({"bounding_box": BOX}, shapes.BoundingBox(A_BOX)),
    ({"polygon": {"paths": [PATH]}}, shapes.Polygon([[(0, 0), (4, 0), (4, 3)]])),
    (
        {"polygon": {"paths": [PATH, PATH]}, "bounding_box": BOX},
        shapes.Polygon([[(0, 0), (4, 0), (4, 3)]] * 2, A_BOX),
    ),
    ({"polygon": {"paths": []}}, shapes.Polygon([])),
    ({"ellipse": {"angle": 0.5, "center": PATH[1], "radius": PATH[2]}}, shapes.Ellipse((4.0, 0.0), (4.0, 3.0), 0.5)),
    ({"line": {"path": PATH}}, shapes.Line([(0, 0), (4, 0), (4, 3)])),
    ({"keypoint": {"x": 1.5, "y": -2}}, shapes.Keypoint(1.5, -2.0)),
    ({"skeleton": {"nodes": NODES}}, shapes.Skeleton(JOINTS)),
    ({"eye": {"nodes": NODES}}, shapes.Eye(JOINTS)),
    ({"cuboid": {"front": BOX, "back": {**BOX, "x": 9}}}, shapes.Cuboid(A_BOX, Box(9.0, 2.5, 3.0, 4.0))),
    ({"tag": {}}, shapes.Tag()),
    ({"mask": {}}, shapes.Mask()),
    (
        {"string": {"sources": [{"id": "a", "ranges": [[0, 3], [5, 7]]}, {"id": "b", "ranges": None}]}},
        shapes.TextRun([shapes.TextSource("a", ((0, 3), (5, 7))), shapes.TextSource("b")]),
    ),
    (
        {"graph": {"nodes": [{"id": "a", "name": "n"}], "edges": [{"key": "n", "value": "m"}]}},
        shapes.Graph([shapes.GraphNode("a", "n")], [shapes.GraphEdge("n", "m")]),
    ),
    ({"table": TABLE}, shapes.Table(A_BOX, [shapes.TableCell("c", 0, 1, 1, 2, True, A_BOX)])),
    (
        {"simple_table": {"bounding_box": BOX, "col_offsets": [0.5, 1], "row_offsets": []}},
        shapes.SimpleTable(A_BOX, (0.5, 1.0), ()),
    ),
    ({"raster_layer": RASTER}, shapes.RasterLayer(RunLengths.from_pairs([0, 3, 1, 1]), {"m": 1}, 4)),
    ({"link": {"from": "a", "to": "b"}}, shapes.Unsupported("link", {"from": "a", "to": "b"})),
    ({"hexagon": {}}, shapes.Unsupported("hexagon", {})),
    ({}, shapes.Unsupported("", {})),
]


@pytest.mark.parametrize(
    ("keys", "shape"), SHAPES, ids=lambda value: "+".join(value) if isinstance(value, dict) else ""
)
def test_main_type(keys: dict[str, Any], shape: shapes.Shape) -> None:
    annotation = still(**keys)
    assert annotation.shape == shape
    assert rewritten(annotation) == {"id": "1", "name": "car", "properties": [], "slot_names": [], **keys}


@pytest.mark.parametrize(
    ("keys", "shape"), SHAPES[:-1], ids=lambda value: "+".join(value) if isinstance(value, dict) else ""
)
def test_main_type_in_a_frame(keys: dict[str, Any], shape: shapes.Shape) -> None:
    annotation = video(frames={"3": {**keys, "keyframe": True}})
    assert annotation.frames == {3: Frame(shape, True)}
    assert rewritten(annotation)["frames"] == {"3": {**keys, "keyframe": True}}


def test_points_are_arrays_that_cannot_be_changed() -> None:
    shape = still(polygon={"paths": [PATH]}).shape
    assert isinstance(shape, shapes.Polygon)
    assert shape.paths[0].dtype == np.float64 and shape.paths[0].shape == (3, 2)
    assert not shape.paths[0].flags.writeable


def test_boxes_keep_every_digit() -> None:
    shape = still(bounding_box={"x": 0.123456789, "y": 1e-7, "w": 3, "h": 4}).shape
    assert shape == shapes.BoundingBox(Box(0.123456789, 1e-7, 3.0, 4.0))


def test_first_main_type_counts_and_others_are_kept() -> None:
    annotation = still(line={"path": PATH, "width": 2}, tag={}, mask={"sparse_rle": None})
    assert annotation.shape == shapes.Tag()
    assert annotation.extra == {("line",): {"path": PATH, "width": 2}, ("mask",): {"sparse_rle": None}}
    assert rewritten(annotation)["line"] == {"path": PATH, "width": 2}


def test_occlusion_may_be_missing() -> None:
    shape = still(skeleton={"nodes": [{"name": "head", "x": 1, "y": 2}]}).shape
    assert shape == shapes.Skeleton([shapes.Node("head", 1.0, 2.0, False)])


@pytest.mark.parametrize(
    "polygon",
    [
        {"path": PATH},
        {"path": PATH, "additional_paths": []},
        {"path": [PATH]},
    ],
)
def test_old_spelling_of_one_path(polygon: dict[str, Any]) -> None:
    assert still(polygon=polygon).shape == shapes.Polygon([[(0, 0), (4, 0), (4, 3)]])


def test_old_spelling_of_several_paths() -> None:
    twice = shapes.Polygon([[(0, 0), (4, 0), (4, 3)]] * 2)
    assert still(polygon={"path": PATH, "additional_paths": [PATH]}).shape == twice
    assert still(complex_polygon={"path": [PATH, PATH]}).shape == twice
    assert still(complex_polygon={"path": PATH, "additional_paths": [PATH]}).shape == twice
    assert video(frames={"0": {"polygon": {"path": PATH, "additional_paths": [PATH]}}}).frames[0].shape == twice


def test_both_spellings_are_kept() -> None:
    annotation = still(polygon={"paths": [PATH], "path": PATH})
    assert annotation.shape == shapes.Polygon([[(0, 0), (4, 0), (4, 3)]])
    assert annotation.extra == {("polygon", "path"): PATH}


# --- what is said about an annotation ---------------------------------------------------------------


def test_subs_authors_and_properties() -> None:
    keys = {
        "tag": {},
        "instance_id": {"value": 7},
        "attributes": ["dirty", "left"],
        "text": {"text": ""},
        "inference": {"confidence": 0.9, "model": {"id": "m"}},
        "directional_vector": {"angle": 1.5, "length": 2},
        "measures": {"area": {"value": 2}},
        "annotators": [{"full_name": "Ann", "email": "ann@example.com"}],
        "reviewers": [],
        "properties": [
            {"name": "colour", "value": "red", "frame_index": 0},
            {"name": "note", "value": None, "frame_index": "global"},
        ],
        "slot_names": ["0", "1"],
    }
    annotation = still(**keys)
    assert annotation.subs == SubAnnotations(
        7, ("dirty", "left"), "", keys["inference"], keys["directional_vector"], keys["measures"]
    )
    assert annotation.annotators == (Author("Ann", "ann@example.com"),)
    assert annotation.reviewers == ()
    assert annotation.slot_names == ("0", "1")
    assert annotation.properties == (PropertyValue("colour", "red", 0), PropertyValue("note", None))
    assert rewritten(annotation) == {"id": "1", "name": "car", **keys}


def test_property_without_frame_index_is_global() -> None:
    annotation = still(
        tag={}, properties=[{"name": "a", "value": "b"}, {"name": "a", "value": "c", "frame_index": None}]
    )
    assert [value.frame_index for value in annotation.properties] == ["global", "global"]
    assert rewritten(annotation)["properties"] == [
        {"name": "a", "value": "b", "frame_index": "global"},
        {"name": "a", "value": "c", "frame_index": None},
    ]


def test_blanks_around_a_class_name_belong_to_the_file_only() -> None:
    annotation = still(name="  padded name ", tag={})
    assert annotation.class_name == "padded name"
    assert rewritten(annotation)["name"] == "  padded name "
    assert rewritten(attrs.evolve(annotation, class_name="other"))["name"] == "other"


# --- video ------------------------------------------------------------------------------------------

CLIP = {
    "name": "car",
    "frames": {
        "10": {"bounding_box": BOX, "keyframe": False, "instance_id": {"value": 4}},
        "9": {"attributes": ["dirty"], "keyframe": True},
        "2": {"bounding_box": BOX, "keyframe": True},
    },
    "ranges": [[2, 11], [20, None]],
    "hidden_areas": [[3, 4]],
    "interpolated": True,
    "interpolate_algorithm": "linear-1.1",
    "only_keyframes": True,
}


def test_video_annotation() -> None:
    annotation = video(**CLIP)
    box = shapes.BoundingBox(A_BOX)
    assert list(annotation.frames.items()) == [
        (2, Frame(box, True)),
        (9, Frame(None, True, SubAnnotations(attributes=("dirty",)))),
        (10, Frame(box, False, SubAnnotations(instance_id=4))),
    ]
    assert annotation.shape_at(9) == box
    assert annotation.ranges == ((2, 11), (20, None)) and annotation.hidden_areas == ((3, 4),)
    assert annotation.interpolated and annotation.only_keyframes
    assert annotation.interpolate_algorithm == "linear-1.1"
    assert rewritten(annotation) == {"id": "1", "properties": [], "slot_names": [], **CLIP}


def test_old_spellings_of_a_video_annotation() -> None:
    annotation = video(frames={"1": {"tag": {}}}, sections={"0": {"tag": {}, "mood": 1}}, segments=[[0, 2]])
    assert list(annotation.frames) == [0, 1] and annotation.ranges == ((0, 2),)
    assert annotation.extra == {("frames", "0", "mood"): 1}
    assert list(video(sections={"5": {"tag": {}}}).frames) == [5]


def test_both_spellings_of_a_video_annotation_are_kept() -> None:
    old = {"sections": {"1": {"mask": {}}}, "segments": [[0, 1]]}
    annotation = video(frames={"1": {"tag": {}}}, ranges=[[0, 2]], **old)
    assert annotation.frames == {1: Frame(shapes.Tag())} and annotation.ranges == ((0, 2),)
    assert {key: rewritten(annotation)[key] for key in old} == old


def test_raster_layer_of_a_frame_may_have_no_mask() -> None:
    layer = {"dense_rle": [0, 4], "mask_annotation_ids_mapping": {}, "total_pixels": 4}
    shape = video(frames={"0": {"raster_layer": layer}}).frames[0].shape
    assert isinstance(shape, shapes.RasterLayer) and shape.mask_values == {}


def test_fields_of_the_other_kind_are_kept() -> None:
    image = still(tag={}, ranges=[[0, 1]], interpolated=False, global_sub_types={})
    assert image.extra == {("ranges",): [[0, 1]], ("interpolated",): False, ("global_sub_types",): {}}
    clip = video(frames={}, tag={}, text={"text": "all"}, global_sub_types={"a": 1})
    assert clip.extra == {("tag",): {}, ("text",): {"text": "all"}, ("global_sub_types",): {"a": 1}}
    for annotation in (image, clip):
        assert read(rewritten(annotation)) == annotation


# --- the item ---------------------------------------------------------------------------------------


def test_item() -> None:
    digest = "sha256:" + "0a" * 32
    tree = {
        "version": "2.1-beta",
        "schema_ref": "https://example.com/schema.json",
        "item": {
            "name": "clip.mp4",
            "path": "/day1",
            "source_info": {
                "item_id": "i",
                "dataset": {"name": "My Set", "slug": "my-set", "dataset_management_url": "https://example.com/d"},
                "team": {"name": "Acme", "slug": "acme"},
                "workview_url": "https://example.com/w",
            },
            "slots": [
                {
                    "type": "video", "slot_name": "0", "width": 2, "height": 1, "fps": 5.0, "thumbnail_url": "t",
                    "source_files": [
                        {"file_name": "clip.mp4", "storage_key": "k", "url": "u", "size_bytes": 3, "digest": digest}
                    ],
                    "frame_count": 60, "frame_urls": ["f0", "f1"],
                },
                {
                    "type": "dicom", "slot_name": "1", "source_files": [{"file_name": "v", "local_path": "p"}],
                    "fps": None, "segments": [{"url": "s", "duration": 2.4}, {"url": "s2"}],
                    "frame_manifests": [{"url": "m"}], "metadata": {"shape": [1, 2]},
                },
            ],
        },
        "annotations": [],
        "properties": [{"name": "weather", "value": "rain", "annotators": []}, {"name": "mood", "value": None}],
    }  # fmt: skip
    document = CODEC.read(json.dumps(tree).encode())
    source = SourceInfo("i", "My Set", "my-set", "https://example.com/d", "Acme", "acme", "https://example.com/w")
    file = SourceFile("clip.mp4", "u", "k", 3, Digest("0a" * 32))
    first = Slot("0", "video", 2, 1, 5.0, 60, (file,), ("f0", "f1"), thumbnail_url="t")
    second = Slot(
        "1",
        "dicom",
        source_files=(SourceFile("v", extra={("local_path",): "p"}),),
        segments=(VideoSegment("s", 2.4), VideoSegment("s2")),
        frame_manifests=("m",),
        metadata={"shape": [1, 2]},
        extra={("fps",): None},
    )
    assert document.item == ItemDescription("clip.mp4", "/day1", source, (first, second))
    assert document.version == "2.1-beta" and document.schema_ref == "https://example.com/schema.json"
    assert document.properties == (ItemPropertyValue("weather", "rain", ()), ItemPropertyValue("mood", None))
    assert json.loads(CODEC.write(document)) == tree


def test_least_document() -> None:
    document = CODEC.read(b'{"item": {"name": "", "path": "/"}, "annotations": []}')
    assert document == AnnotationDocument(ItemDescription(""), version="1.0")
    assert CODEC.read(CODEC.write(document)) == document


def test_keys_are_written_in_the_hubs_order_and_compact() -> None:
    document = AnnotationDocument(
        ItemDescription("ä.png"), (Annotation("car", shapes.Polygon([[(1, 2)]], A_BOX), "1"),), schema_ref="s"
    )
    assert CODEC.write(document).decode() == (
        '{"version":"2.0","schema_ref":"s","item":{"name":"ä.png","path":"/","slots":[]},"annotations":'
        '[{"id":"1","name":"car","properties":[],"slot_names":[],"polygon":{"paths":[[{"x":1.0,"y":2.0}]]},'
        '"bounding_box":{"x":1.0,"y":2.5,"w":3.0,"h":4.0}}],"properties":[]}'
    )


# --- what cannot be written -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape",
    [
        shapes.BoundingBox(Box(0, 0, float("inf"), 1)),
        shapes.Keypoint(float("nan"), 0),
        shapes.Unsupported("name", {}),
        shapes.Unsupported("bounding_box", {"x": 1}),
        shapes.Unsupported("odd", {"value": object()}),
    ],
)
def test_value_json_has_no_form_for(shape: shapes.Shape) -> None:
    with pytest.raises(InvalidInput):
        rewritten(Annotation("a", shape))


def test_lone_surrogate_cannot_be_written() -> None:
    with pytest.raises(InvalidInput, match="cannot be written as JSON"):
        CODEC.write(AnnotationDocument(ItemDescription("a\ud800")))
