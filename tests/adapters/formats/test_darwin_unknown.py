"""Keys the library does not know, and nulls: kept by the nearest value, and put back where they were."""

from __future__ import annotations

import json
from typing import Any

import attrs
import pytest

from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.domain import shapes
from groundtruth.domain.annotation import Annotation, AnyAnnotation, Author, PropertyValue
from groundtruth.domain.document import AnnotationDocument
from groundtruth.domain.item import ItemDescription

CODEC = DarwinJsonCodec()
PATH = [{"x": 0, "y": 0}, {"x": 4, "y": 0}, {"x": 4, "y": 3}]


def one(**fields: Any) -> Any:
    tree = {"item": {"name": "a.png", "path": "/"}, "annotations": [{"id": "1", "name": "car", **fields}]}
    (annotation,) = CODEC.read(json.dumps(tree).encode()).annotations
    return annotation


def rewritten(annotation: AnyAnnotation) -> dict[str, Any]:
    document = AnnotationDocument(ItemDescription("a.png"), (annotation,))
    return json.loads(CODEC.write(document))["annotations"][0]


def test_unknown_keys_are_kept_by_the_nearest_value() -> None:
    tree = {
        "version": "2.0",
        "new": 1,
        "item": {
            "name": "a", "path": "/", "new": 2,
            "source_info": {"new": 3, "team": {"new": 4}},
            "slots": [{"type": "image", "slot_name": "0", "new": 5, "source_files": [{"file_name": "f", "new": 6}]}],
        },
        "annotations": [
            {
                "name": "a", "slot_names": [],
                "properties": [{"name": "p", "value": "v", "frame_index": 0, "new": 7}],
                "polygon": {"paths": [[{"x": 1, "y": 2, "new": 8}]], "new": {"a": [9]}}, "new": None,
                "annotators": [{"full_name": "A", "email": "e", "new": 10}],
            },
            {"name": "b", "properties": [], "slot_names": [], "frames": {"3": {"tag": {"new": 11}, "keyframe": True}},
             "ranges": [], "hidden_areas": [], "interpolated": False},
        ],
        "properties": [{"name": "q", "value": None, "new": 12}],
    }  # fmt: skip
    document = CODEC.read(json.dumps(tree).encode())
    item, (first, second) = document.item, document.annotations
    assert document.extra == {("new",): 1}
    assert item.extra == {("new",): 2, ("source_info", "new"): 3, ("source_info", "team", "new"): 4}
    assert item.slots[0].extra == {("new",): 5}
    assert item.slots[0].source_files[0].extra == {("new",): 6}
    assert first.properties[0].extra == {("new",): 7}
    assert first.extra == {
        ("polygon", "paths", 0, 0, "new"): 8,
        ("polygon", "new"): {"a": [9]},
        ("new",): None,
        ("annotators", 0, "new"): 10,
    }
    assert second.extra == {("frames", "3", "tag", "new"): 11}
    assert document.properties[0].extra == {("new",): 12}
    assert json.loads(CODEC.write(document)) == tree


def test_unknown_main_type_keeps_its_place() -> None:
    annotation = one(note="n", hexagon={"r": 1}, other={"a": 1}, text={"text": "t"})
    assert annotation.shape == shapes.Unsupported("hexagon", {"r": 1})
    assert annotation.extra == {("note",): "n", ("other",): {"a": 1}}
    assert one(**rewritten(annotation)) == annotation


@pytest.mark.parametrize(
    "keys",
    [
        {"segments": {"a": 1}},
        {"sections": {"1": {"tag": {}}}, "frames": None},
        {"complex_polygon": {"path": []}, "polygon": None},
        {"keyframe": {"a": 1}},
        {"frames": {"1": {"ranges": {"a": 1}, "id": {}, "keyframe": False}}},
    ],
)
def test_known_name_in_an_odd_place_is_no_main_type(keys: dict[str, Any]) -> None:
    annotation = one(**keys)
    assert annotation.kind == ""
    assert rewritten(annotation).items() >= keys.items()
    assert one(**rewritten(annotation)) == annotation


def test_changes_win_over_what_was_kept() -> None:
    annotation = one(tag={}, reviewers=None, properties=None, note="n")
    changed = attrs.evolve(annotation, reviewers=(Author("R", "r"),), properties=(PropertyValue("p", "v"),))
    assert rewritten(changed)["reviewers"] == [{"full_name": "R", "email": "r"}]
    assert rewritten(changed)["properties"] == [{"name": "p", "value": "v", "frame_index": "global"}]
    assert rewritten(changed)["note"] == "n"


def test_what_belonged_to_a_shape_or_frame_goes_with_it() -> None:
    polygon = one(polygon={"paths": [PATH], "new": 1})
    assert "polygon" not in rewritten(attrs.evolve(polygon, shape=shapes.Tag()))
    clip = one(frames={"3": {"tag": {}, "new": 1}, "4": {"tag": {}}})
    assert list(rewritten(attrs.evolve(clip, frames={4: clip.frames[4]}))["frames"]) == ["4"]
    listed = one(tag={}, annotators=[{"full_name": "A", "email": "e", "new": 1}])
    assert "annotators" not in rewritten(attrs.evolve(listed, annotators=None))


def test_writing_does_not_change_what_was_kept() -> None:
    annotation = Annotation("a", shapes.Tag(), extra={("new",): {"a": 1}, ("new", "b"): 2})
    assert rewritten(annotation)["new"] == {"a": 1, "b": 2}
    assert annotation.extra[("new",)] == {"a": 1}
