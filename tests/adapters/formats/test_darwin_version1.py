"""Darwin JSON 1.0: an image where 2.0 has an item, and the older spellings of annotations."""

from __future__ import annotations

import json
from typing import Any

import pytest

from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.domain import shapes
from groundtruth.domain.annotation import Annotation, Frame, VideoAnnotation
from groundtruth.domain.document import AnnotationDocument
from groundtruth.domain.errors import InvalidDocument
from groundtruth.domain.geometry import Box
from groundtruth.domain.item import ItemDescription, Slot, SourceFile, SourceInfo

CODEC = DarwinJsonCodec()
BOX = {"x": 1, "y": 2, "w": 3, "h": 4}
PATH = [{"x": 0, "y": 0}, {"x": 4, "y": 0}, {"x": 4, "y": 3}]
IMAGE = {"filename": "1.jpg", "original_filename": "a.jpg", "path": "/day1", "width": 4, "height": 3}


def read(image: Any, *annotations: dict[str, Any], **fields: Any) -> AnnotationDocument:
    tree = {"image": image, "annotations": annotations, **fields}
    document = CODEC.read(json.dumps(tree).encode(), "a.json")
    assert CODEC.read(CODEC.write(document)) == document
    return document


def test_image() -> None:
    image = {**IMAGE, "seq": 3, "url": "u", "thumbnail_url": "t", "workview_url": "w", "new": 1}
    document = read(image, dataset="my-set", extra=[2])
    slot = Slot(
        "0", "image", 4, 3,
        source_files=(SourceFile("a.jpg", "u"),),
        thumbnail_url="t",
        extra={("filename",): "1.jpg", ("seq",): 3, ("new",): 1},
    )  # fmt: skip
    source = SourceInfo(dataset_name="my-set", workview_url="w")
    assert document.item == ItemDescription("a.jpg", "/day1", source, (slot,))
    assert document.version == "1.0" and document.extra == {("extra",): [2]}


def test_least_image() -> None:
    document = read({"filename": "1.jpg"})
    assert document.item.name == "1.jpg" and document.item.path == "/"
    assert document.item.slots[0].source_files == (SourceFile("1.jpg"),)


def test_annotations_of_an_image() -> None:
    box, polygon, parts = read(
        IMAGE,
        {"name": "car", "bounding_box": BOX, "instance_id": {"value": 2}},
        {"name": "car", "polygon": {"path": PATH, "additional_paths": [PATH[:2]]}, "bounding_box": BOX},
        {"name": "car", "complex_polygon": {"path": [PATH, PATH]}},
    ).annotations
    triangle = [(0, 0), (4, 0), (4, 3)]
    assert isinstance(box, Annotation) and box.shape == shapes.BoundingBox(Box(1.0, 2.0, 3.0, 4.0))
    assert box.subs.instance_id == 2
    assert isinstance(polygon, Annotation) and isinstance(parts, Annotation)
    assert polygon.shape == shapes.Polygon([triangle, triangle[:2]], Box(1.0, 2.0, 3.0, 4.0))
    assert parts.shape == shapes.Polygon([triangle, triangle])


def test_video() -> None:
    frames = {"0": {"tag": {}, "keyframe": True}, "2": {"polygon": {"path": PATH}}}
    document = read(
        {**IMAGE, "fps": 5, "frame_count": 3, "frame_urls": ["f0", "f1", "f2"]},
        {"name": "car", "frames": frames, "segments": [[0, 3]], "interpolated": True},
    )
    (slot,), (annotation,) = document.item.slots, document.annotations
    assert (slot.type, slot.fps, slot.frame_count, slot.frame_urls) == ("video", 5.0, 3, ("f0", "f1", "f2"))
    assert isinstance(annotation, VideoAnnotation)
    assert annotation.ranges == ((0, 3),) and annotation.interpolated
    assert annotation.frames == {
        0: Frame(shapes.Tag(), True),
        2: Frame(shapes.Polygon([[(0, 0), (4, 0), (4, 3)]])),
    }


def test_written_as_2_with_its_version() -> None:
    tree = json.loads(CODEC.write(read(IMAGE, {"name": "car", "tag": {}}, dataset="d")))
    assert tree["version"] == "1.0" and tree["item"]["name"] == "a.jpg" and "image" not in tree
    assert tree["item"]["source_info"] == {"dataset": {"name": "d"}}


@pytest.mark.parametrize(
    ("image", "place", "reason"),
    [
        ({}, "$.image", "has no 'name'"),
        ({"original_filename": 3}, "$.image.original_filename", "expected `str`, got `int`"),
        ({**IMAGE, "path": 3}, "$.image.path", "expected `str`, got `int`"),
        ({**IMAGE, "width": "4"}, "$.image.width", "expected `int`, got `str`"),
        ({**IMAGE, "url": 3}, "$.image.url", "expected `str`, got `int`"),
        ({**IMAGE, "frame_urls": [3]}, "$.image.frame_urls[0]", "expected `str`, got `int`"),
    ],
)
def test_what_is_wrong_is_found_where_it_stands(image: dict[str, Any], place: str, reason: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        read(image)
    assert (caught.value.location, caught.value.reason, caught.value.source) == (place, reason, "a.json")


def test_annotation_of_a_1_0_document_that_is_wrong() -> None:
    with pytest.raises(InvalidDocument) as caught:
        read(IMAGE, {"name": "car", "bounding_box": {"x": 1}})
    assert caught.value.location == "$.annotations[0].bounding_box"
    with pytest.raises(InvalidDocument) as caught:
        CODEC.read(json.dumps({"image": IMAGE}).encode())
    assert (caught.value.location, caught.value.reason) == ("$", "has no 'annotations'")
