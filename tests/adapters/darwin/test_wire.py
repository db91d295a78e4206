"""The import form: what is said in it, that it comes back, and that nothing odd gets through."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundtruth.adapters.darwin.vocabulary import KnownProperty, UnknownId, Vocabulary
from groundtruth.adapters.darwin.wire import Loss, decode, encode, parts
from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.domain import shapes
from groundtruth.domain.annotation import (
    Annotation,
    AnyAnnotation,
    Author,
    Frame,
    PropertyValue,
    SubAnnotations,
    VideoAnnotation,
    is_supported,
)
from groundtruth.domain.classes import AnnotationClass, AttributeDefinition, Granularity, PropertyDefinition
from groundtruth.domain.document import ItemPropertyValue
from groundtruth.domain.errors import InvalidDocument, InvalidInput
from groundtruth.domain.geometry import Box, RunLengths, bounding_box
from groundtruth.domain.main_types import MAIN_TYPES

CODEC = DarwinJsonCodec()
BOX = Box(1.0, 2.0, 3.0, 4.0)


def say(*annotations: AnyAnnotation, words: Vocabulary, values: Iterable[ItemPropertyValue] = ()) -> Any:
    """The JSON body that stands for annotations, decoded."""
    encoded = encode(annotations, values, words, CODEC)
    return json.loads(json.dumps({"annotations": encoded.annotations, "properties": encoded.properties}))


# --- what is said -----------------------------------------------------------------------------------

CAR, ROAD, WALKER = (
    AnnotationClass("car", "bounding_box", 1),
    AnnotationClass("road", "polygon", 2),
    AnnotationClass("walker", "bounding_box", 3),
)
DAMAGE = KnownProperty(
    "p-damage",
    PropertyDefinition("damage", "multi_select", Granularity.SECTION, "car", "bounding_box"),
    {"scratch": "v-scratch", "dent": "v-dent"},
)
NOTE = KnownProperty("p-note", PropertyDefinition("note", "text", Granularity.ANNOTATION, "car", "bounding_box"))
WEATHER = KnownProperty(
    "p-weather", PropertyDefinition("weather", "multi_select", Granularity.ITEM), {"rain": "v-rain"}, (7,)
)
REMARK = KnownProperty("p-remark", PropertyDefinition("remark", "text", Granularity.ITEM), dataset_ids=(7,))
WORDS = Vocabulary(
    (CAR, ROAD, WALKER),
    (AttributeDefinition("a-red", "red", 1), AttributeDefinition("a-lost", "lost", 3)),
    (DAMAGE, NOTE, WEATHER, REMARK),
)


def test_a_still_annotation_is_said_in_ids() -> None:
    car = Annotation(
        "car",
        shapes.BoundingBox(BOX),
        "id-1",
        ("0",),
        SubAnnotations(7, ("red",), "hi", {"confidence": 0.5}, {"angle": 1.0, "length": 2.0}),
        (
            PropertyValue("damage", "scratch", 0),
            PropertyValue("damage", "dent", 0),
            PropertyValue("note", "old"),
            PropertyValue("damage", None),
        ),
        (Author("Ada", "ada@example.org"),),
        (Author("Bo", "bo@example.org"),),
    )
    weather = ItemPropertyValue("weather", "rain", reviewers=(Author("Bo", "bo@example.org"),))
    assert say(car, words=WORDS, values=[weather, ItemPropertyValue("remark", "foggy")]) == {
        "annotations": [
            {
                "annotation_class_id": 1,
                "data": {
                    "bounding_box": {"x": 1.0, "y": 2.0, "w": 3.0, "h": 4.0},
                    "text": {"text": "hi"},
                    "attributes": {"attributes": ["a-red"]},
                    "instance_id": {"value": 7},
                    "directional_vector": {"angle": 1.0, "length": 2.0},
                    "inference": {"confidence": 0.5},
                },
                "context_keys": {"slot_names": ["0"]},
                "id": "id-1",
                "actors": [
                    {"email": "ada@example.org", "role": "annotator"},
                    {"email": "bo@example.org", "role": "reviewer"},
                ],
                "annotation_properties": {
                    "0": {"p-damage": ["v-scratch", "v-dent"]},
                    "global": {"p-note": [{"text": "old"}], "p-damage": []},
                },
            }
        ],
        "properties": [
            {
                "property_id": "p-weather",
                "value": {"id": "v-rain"},
                "actors": [{"email": "bo@example.org", "role": "reviewer"}],
            },
            {"property_id": "p-remark", "value": {"text": "foggy"}, "actors": []},
        ],
    }


def test_polygons_have_a_path_and_additional_ones_and_no_box() -> None:
    paths = [[(0, 0), (9, 0), (9, 9)], [(2, 2), (3, 2), (3, 3)], [(5, 5), (6, 5), (6, 6)]]
    one, many = (Annotation("road", shapes.Polygon(some, BOX), "id") for some in (paths[:1], paths))
    first, second = (element["data"]["polygon"] for element in say(one, many, words=WORDS)["annotations"])
    assert list(first) == ["path"]
    assert [second["path"], *second["additional_paths"]] == [
        [{"x": float(x), "y": float(y)} for x, y in path] for path in paths
    ]
    (back, _), _ = decode(say(one, many, words=WORDS), WORDS, CODEC)
    assert back == attrs.evolve(one, shape=shapes.Polygon(paths[:1], bounding_box([paths[0]])))  # type: ignore[list-item]


def test_keyframes_repeat_sub_annotations_only_when_they_change() -> None:
    subs = [SubAnnotations(1), SubAnnotations(1), SubAnnotations(1, ("lost",)), SubAnnotations(1, ("lost",)), None]
    video = VideoAnnotation(
        "walker",
        {index * 10: Frame(shapes.BoundingBox(BOX), True, sub or SubAnnotations()) for index, sub in enumerate(subs)},
        "id",
        ("0",),
        ((0, 50), (60, None)),
        ((8, 10),),
        True,
        "linear-1.1",
    )
    data = say(video, words=WORDS)["annotations"][0]["data"]
    box = {"bounding_box": {"x": 1.0, "y": 2.0, "w": 3.0, "h": 4.0}, "keyframe": True}
    one, none = {"instance_id": {"value": 1}}, {"attributes": []}
    lost = {"attributes": {"attributes": ["a-lost"]}}
    assert data == {
        "frames": {
            "0": {**box, **one, "attributes": none},
            "10": box,
            "20": {**box, **one, **lost},
            "30": box,
            "40": {**box, "attributes": none},
        },
        "segments": [[0, 50], [60, None]],
        "hidden_areas": [[8, 10]],
        "interpolated": True,
    }
    (back,), _ = decode(say(video, words=WORDS), WORDS, CODEC)
    assert back == attrs.evolve(video, interpolate_algorithm=None, only_keyframes=True)


def test_only_keyframes_are_said_each_with_the_shape_that_holds() -> None:
    near, far = shapes.BoundingBox(BOX), shapes.BoundingBox(Box(9.0, 9.0, 1.0, 1.0))
    frames = {
        2: Frame(None, True),
        3: Frame(near, True),
        4: Frame(far),
        6: Frame(None, True, SubAnnotations(text="stops")),
    }
    encoded = encode([VideoAnnotation("walker", frames, "id")], [], WORDS, CODEC)
    (back,), _ = decode({"annotations": encoded.annotations}, WORDS, CODEC)
    assert isinstance(back, VideoAnnotation)
    assert back.frames == {3: Frame(near, True), 6: Frame(far, True, SubAnnotations(text="stops"))}
    assert [str(one) for one in encoded.dropped] == ["an annotation of class 'walker' has no bounding_box in frame 2"]


def test_a_video_that_marks_no_keyframe_keeps_every_frame() -> None:
    frames = {index: Frame(shapes.BoundingBox(BOX)) for index in (3, 4, 5)}
    (back,), _ = decode(say(VideoAnnotation("walker", frames, "id"), words=WORDS), WORDS, CODEC)
    assert isinstance(back, VideoAnnotation)
    assert list(back.frames) == [3, 4, 5]


def test_what_cannot_be_said_is_told_once() -> None:
    car = Annotation("car", shapes.BoundingBox(BOX), subs=SubAnnotations(attributes=("red", "big", "odd")))
    truck = Annotation("truck", shapes.BoundingBox(BOX))
    link = Annotation("car", shapes.Unsupported("link", {"from": 1}))
    extra = attrs.evolve(car, extra={("seen_by",): "robot", ("name",): " car ", ("global_sub_types",): {}})
    flat = Annotation("road", shapes.Polygon([]))
    rusty = attrs.evolve(car, properties=(PropertyValue("damage", "rust"), PropertyValue("age", "3")))
    values = [
        ItemPropertyValue("weather", "hail"),
        ItemPropertyValue("light", "dim"),
        ItemPropertyValue("remark", None),
    ]
    encoded = encode([car, car, truck, link, extra, flat, rusty], values, WORDS, CODEC)
    assert [one["data"]["attributes"] for one in encoded.annotations] == [{"attributes": ["a-red"]}] * 4
    assert encoded.properties == []
    assert {(one.loss, str(one)) for one in encoded.dropped} == {
        (Loss.ATTRIBUTE, "attribute 'big' of class 'car' is not known to the hub"),
        (Loss.ATTRIBUTE, "attribute 'odd' of class 'car' is not known to the hub"),
        (Loss.CLASS, "class 'truck' (bounding_box) is not known to the hub"),
        (Loss.SHAPE, "an annotation of class 'car' has the type 'link', which cannot be imported"),
        (Loss.FIELD, "an annotation of class 'car' has the unknown field 'seen_by'"),
        (Loss.SHAPE, "an annotation of class 'road' is a polygon without a path"),
        (Loss.VALUE, "value 'rust' of property 'damage' of class 'car' is not known to the hub"),
        (Loss.PROPERTY, "property 'age' of class 'car' is not known to the hub"),
        (Loss.VALUE, "value 'hail' of item property 'weather' is not known to the hub"),
        (Loss.PROPERTY, "item property 'light' is not known to the hub"),
        (Loss.FIELD, "item property 'remark' has no value"),
    }
    assert len(set(encoded.dropped)) == len(encoded.dropped)


def test_a_shape_that_cannot_be_written_is_refused() -> None:
    with pytest.raises(InvalidInput, match="finite"):
        encode([Annotation("car", shapes.BoundingBox(Box(float("inf"), 0.0, 1.0, 1.0)))], [], WORDS, CODEC)


# --- there and back ---------------------------------------------------------------------------------

words = st.sampled_from(["a", "0", "é\u2028", "\U0001f600", '\\"']) | st.text("abc\x00", min_size=1, max_size=2)
numbers = st.sampled_from([0.0, -0.0, 4.25, -3.1e-9, 1e300]) | st.floats(allow_nan=False, allow_infinity=False)
whole = st.sampled_from([0, 1, -7, 2**40])
counts = st.sampled_from([0, 1, 2, 10, 2**40])
objects = st.dictionaries(words, st.none() | st.booleans() | whole | words, max_size=2)
boxes = st.builds(Box, numbers, numbers, numbers, numbers)
pairs = st.tuples(numbers, numbers)
paths = st.lists(pairs, max_size=2)
nodes = st.lists(st.builds(shapes.Node, words, numbers, numbers, st.booleans()), max_size=2)
cells = st.builds(shapes.TableCell, words, whole, whole, whole, whole, st.booleans(), boxes)
spans = st.lists(st.tuples(counts, counts), max_size=2).map(tuple)
runs = st.lists(st.tuples(counts, counts), min_size=1, max_size=3).map(
    lambda some: RunLengths.from_pairs([number for pair in some for number in pair])
)
SHAPES: dict[str, st.SearchStrategy[Any]] = {
    "bounding_box": st.builds(shapes.BoundingBox, boxes),
    "polygon": st.builds(shapes.Polygon, st.lists(paths, min_size=1, max_size=3)),
    "ellipse": st.builds(shapes.Ellipse, pairs, pairs, numbers),
    "line": st.builds(shapes.Line, paths),
    "keypoint": st.builds(shapes.Keypoint, numbers, numbers),
    "skeleton": st.builds(shapes.Skeleton, nodes),
    "eye": st.builds(shapes.Eye, nodes),
    "cuboid": st.builds(shapes.Cuboid, boxes, boxes),
    "tag": st.just(shapes.Tag()),
    "mask": st.just(shapes.Mask()),
    "string": st.builds(shapes.TextRun, st.lists(st.builds(shapes.TextSource, words, st.none() | spans), max_size=2)),
    "graph": st.builds(
        shapes.Graph,
        st.lists(st.builds(shapes.GraphNode, words, words), max_size=2),
        st.lists(st.builds(shapes.GraphEdge, words, words), max_size=2),
    ),
    "table": st.builds(shapes.Table, boxes, st.lists(cells, max_size=2)),
    "simple_table": st.builds(
        shapes.SimpleTable, boxes, st.lists(numbers, max_size=2), st.lists(numbers, max_size=2)
    ),
    "raster_layer": st.builds(
        shapes.RasterLayer, runs, st.dictionaries(words, whole, min_size=1, max_size=2), st.integers(1, 2**40)
    ),
}
assert SHAPES.keys() == set(MAIN_TYPES)

maybe = st.none() | words
names = st.sampled_from(["car", "Straße", "b"])
subs = st.builds(
    SubAnnotations,
    st.none() | whole,
    st.none() | st.lists(words, max_size=2).map(tuple),
    maybe,
    st.none() | objects,
    st.none() | objects,
    st.none() | objects,
)
authors = st.none() | st.lists(st.builds(Author, st.just(""), words), min_size=1, max_size=2).map(tuple)
values = st.builds(PropertyValue, st.sampled_from(["note", "look"]), words, st.just("global") | counts)
common: dict[str, Any] = {
    "class_name": names,
    "id": maybe,
    "slot_names": st.lists(words, max_size=2).map(tuple),
    "properties": st.lists(values, max_size=3).map(tuple),
    "annotators": authors,
    "reviewers": authors,
}
kinds = st.sampled_from(sorted(SHAPES))
still = kinds.flatmap(lambda kind: st.builds(Annotation, shape=SHAPES[kind], subs=subs, **common))


@st.composite
def videos(draw: st.DrawFn) -> VideoAnnotation:
    """A video that lists keyframes only, as far as the form can say it."""
    frame = st.builds(Frame, SHAPES[draw(kinds)], st.just(True), subs)
    frames = draw(st.dictionaries(counts, frame, min_size=1, max_size=3))
    open_spans = st.lists(st.tuples(whole, st.none() | whole), max_size=2).map(tuple)
    made = st.builds(
        VideoAnnotation,
        frames=st.just(dict(sorted(frames.items()))),
        ranges=open_spans,
        hidden_areas=open_spans,
        interpolated=st.booleans(),
        only_keyframes=st.just(True),
        **common,
    )
    return draw(made)


item_values = st.builds(ItemPropertyValue, st.sampled_from(["sky", "story"]), words, authors, authors)


def vocabulary_of(annotations: list[AnyAnnotation], items: list[ItemPropertyValue]) -> Vocabulary:
    """Everything these name, with ids."""
    pairs = dict.fromkeys((one.class_name, one.kind) for one in annotations)
    classes = {pair: AnnotationClass(*pair, id=number) for number, pair in enumerate(pairs, 1)}
    attributes: dict[tuple[int, str], None] = {}
    for one in annotations:
        holders = one.frames.values() if isinstance(one, VideoAnnotation) else (one,)
        owner = classes[one.class_name, one.kind].id or 0
        attributes.update(((owner, name), None) for holder in holders for name in holder.subs.attributes or ())
    said = {value.value for one in annotations for value in one.properties} | {value.value for value in items}
    ids = {value: f"v-{value}" for value in said if value is not None}
    properties = [
        known
        for owner in (None, *classes.values())
        for known in (
            _known("note" if owner else "story", owner, "text", {}),
            _known("look" if owner else "sky", owner, "multi_select", ids),
        )
    ]
    named = [AttributeDefinition(f"a-{owner}-{name}", name, owner) for owner, name in attributes]
    return Vocabulary(tuple(classes.values()), tuple(named), tuple(properties))


def _known(name: str, owner: AnnotationClass | None, kind: str, ids: dict[str, str]) -> KnownProperty:
    granularity = Granularity.SECTION if owner else Granularity.ITEM
    class_key = (owner.name, owner.kind) if owner else (None, None)
    return KnownProperty(f"p-{class_key}-{name}", PropertyDefinition(name, kind, granularity, *class_key), ids)


def _as_said(annotation: AnyAnnotation) -> AnyAnnotation:
    """What is left of an annotation by the losses the form is documented to have."""
    order = list(dict.fromkeys(value.frame_index for value in annotation.properties))
    properties = [
        value
        for index in order
        for name in dict.fromkeys(one.name for one in annotation.properties if one.frame_index == index)
        for value in dict.fromkeys(
            (one.name, one.value) for one in annotation.properties if (one.frame_index, one.name) == (index, name)
        )
        for value in [PropertyValue(value[0], value[1], index)]
    ]
    annotation = attrs.evolve(annotation, properties=tuple(properties))
    if isinstance(annotation, Annotation):
        return attrs.evolve(annotation, shape=_boxed(annotation.shape))
    frames = {
        index: attrs.evolve(
            frame,
            shape=frame.shape and _boxed(frame.shape),
            subs=attrs.evolve(frame.subs, attributes=frame.subs.attributes or None),
        )
        for index, frame in annotation.frames.items()
    }
    return attrs.evolve(annotation, frames=frames)


def _boxed(shape: Any) -> Any:
    if isinstance(shape, shapes.Polygon) and any(map(len, shape.paths)):
        return attrs.evolve(shape, box=bounding_box(shape.paths))
    return shape


@settings(max_examples=40)
@given(st.lists(still | videos(), max_size=3), st.lists(item_values, max_size=2))
def test_what_can_be_said_comes_back(annotations: list[AnyAnnotation], items: list[ItemPropertyValue]) -> None:
    vocabulary = vocabulary_of(annotations, items)
    encoded = encode(annotations, items, vocabulary, CODEC)
    assert encoded.dropped == ()
    body = json.loads(json.dumps({"annotations": encoded.annotations, "properties": encoded.properties}))
    back, back_items = decode(body, vocabulary, CODEC)
    assert list(back) == [_as_said(one) for one in annotations]
    assert list(back_items) == items


def test_real_documents_come_back(vectors: Path) -> None:
    checked = 0
    for path in sorted((vectors / "darwin" / "annotations").glob("*/*.json")):
        if path.name.endswith(".facts.json"):
            continue
        try:
            annotations = list(CODEC.read(path.read_bytes()).annotations)
        except InvalidDocument:
            continue
        supported = [one for one in annotations if is_supported(one)]
        known = [
            AnnotationClass(*pair, id=number)
            for number, pair in enumerate({(one.class_name, one.kind) for one in supported}, 1)
        ]
        vocabulary = Vocabulary(tuple(known))
        encoded = encode(annotations, [], vocabulary, CODEC)
        back, _ = decode({"annotations": encoded.annotations}, vocabulary, CODEC)
        assert [(one.id, one.class_name, one.kind) for one in back] == [
            (one.id, one.class_name, one.kind) for one in supported
        ], path.name
        again = encode(back, [], vocabulary, CODEC)
        assert again.annotations == encoded.annotations, path.name
        checked += len(supported)
    assert checked > 50


# --- what is refused --------------------------------------------------------------------------------

GOOD = {"annotation_class_id": 1, "data": {"bounding_box": {"x": 1, "y": 2, "w": 3, "h": 4}}}
POLYGON = {"annotation_class_id": 2, "data": {"polygon": {"path": [{"x": 1, "y": 2}]}}}


def _data(**data: Any) -> dict[str, Any]:
    return {"annotations": [GOOD, {**GOOD, "data": {**GOOD["data"], **data}}]}


def _video(**frame: Any) -> dict[str, Any]:
    return {"annotations": [{"annotation_class_id": 1, "data": {"frames": {"5": {**GOOD["data"], **frame}}}}]}


@pytest.mark.parametrize(
    ("raw", "place"),
    [
        (3, "$"),
        ({"annotations": 3}, "$.annotations"),
        ({"annotations": [{"data": {}}]}, "$.annotations[0]"),
        ({"annotations": [{**GOOD, "annotation_class_id": "1"}]}, "$.annotations[0].annotation_class_id"),
        ({"annotations": [{**GOOD, "annotation_class_id": 99}]}, "$.annotations[0].annotation_class_id"),
        ({"annotations": [{**GOOD, "data": []}]}, "$.annotations[0].data"),
        ({"annotations": [{**GOOD, "data": {}}]}, "$.annotations[0].data"),
        ({"annotations": [{**GOOD, "data": {"tag": {}}}]}, "$.annotations[0].data"),
        ({"annotations": [{**GOOD, "context_keys": {"slot_names": "0"}}]},
         "$.annotations[0].context_keys.slot_names"),
        ({"annotations": [{**GOOD, "actors": [{"role": "x"}]}]}, "$.annotations[0].actors[0]"),
        (_data(bounding_box={"x": "1", "y": 2, "w": 3, "h": 4}), "$.annotations[1].data.bounding_box.x"),
        (_data(text=3), "$.annotations[1].data.text"),
        (_data(attributes=["a-red"]), "$.annotations[1].data.attributes"),
        (_data(attributes={"attributes": ["a-red", 7]}), "$.annotations[1].data.attributes.attributes[1]"),
        (_data(attributes={"attributes": ["gone"]}), "$.annotations[1].data.attributes.attributes[0]"),
        (_data(instance_id={"value": "7"}), "$.annotations[1].data.instance_id.value"),
        ({"annotations": [{**POLYGON, "data": {"polygon": {"path": [{"x": 1}]}}}]},
         "$.annotations[0].data.polygon.path[0]"),
        ({"annotations": [{**POLYGON, "data": {"polygon": {"path": [], "additional_paths": [[], [{"x": 1}]]}}}]},
         "$.annotations[0].data.polygon.additional_paths[1][0]"),
        ({"annotations": [{**POLYGON, "data": {"polygon": {"path": [], "additional_paths": 7}}}]},
         "$.annotations[0].data.polygon.additional_paths"),
        ({"annotations": [{**GOOD, "data": {"frames": 7}}]}, "$.annotations[0].data.frames"),
        ({"annotations": [{**GOOD, "data": {"frames": {}}}]}, "$.annotations[0].data.frames"),
        ({"annotations": [{**GOOD, "data": {"frames": {"5": 1}}}]}, '$.annotations[0].data.frames["5"]'),
        (_video(keyframe="yes"), '$.annotations[0].data.frames["5"].keyframe'),
        ({"annotations": [{**GOOD, "data": {"frames": {"5": GOOD["data"]}, "segments": [7]}}]},
         "$.annotations[0].data.segments[0]"),
        ({"annotations": [{**GOOD, "data": {"frames": {"5": GOOD["data"], "6": {"tag": {}}}}}]},
         '$.annotations[0].data.frames["6"]'),
        ({"annotations": [{**GOOD, "annotation_properties": {"x": {}}}]}, "$.annotations[0].annotation_properties"),
        ({"annotations": [{**GOOD, "annotation_properties": {"0": {"p-gone": []}}}]},
         '$.annotations[0].annotation_properties["0"]["p-gone"]'),
        ({"annotations": [{**GOOD, "annotation_properties": {"0": {"p-weather": []}}}]},
         '$.annotations[0].annotation_properties["0"]["p-weather"]'),
        ({"annotations": [{**GOOD, "annotation_properties": {"0": {"p-damage": ["v-dent", "gone"]}}}]},
         '$.annotations[0].annotation_properties["0"]["p-damage"][1]'),
        ({"annotations": [{**GOOD, "annotation_properties": {"0": {"p-damage": [{"text": "x"}]}}}]},
         '$.annotations[0].annotation_properties["0"]["p-damage"][0]'),
        ({"annotations": [{**GOOD, "annotation_properties": {"0": {"p-note": ["v-dent"]}}}]},
         '$.annotations[0].annotation_properties["0"]["p-note"][0]'),
        ({"properties": [{"value": {}}]}, "$.properties[0]"),
        ({"properties": [{"property_id": "p-damage"}]}, "$.properties[0].property_id"),
        ({"properties": [{"property_id": "p-weather", "value": {"id": "gone"}}]}, "$.properties[0].value"),
    ],
)  # fmt: skip
def test_faults_are_found_where_they_are(raw: Any, place: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        decode(raw, WORDS, CODEC, "body")
    assert (caught.value.location, caught.value.source) == (place, "body")
    assert caught.value.reason
    gone = any(word in json.dumps(raw) for word in ("gone", "99"))
    assert isinstance(caught.value, UnknownId) == gone


def test_nothing_at_all_is_nothing() -> None:
    assert decode({}, WORDS, CODEC) == ((), ())
    assert decode({"annotations": None, "properties": None}, WORDS, CODEC) == ((), ())


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=3)
    | st.sampled_from(["a-red", "p-damage", "v-dent", "p-note", "\ud800", "9" * 5000, "²", "5"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=2)
            | st.sampled_from(
                [
                    *(
                        "polygon",
                        "path",
                        "paths",
                        "additional_paths",
                        "bounding_box",
                        "frames",
                        "sections",
                        "segments",
                    ),
                    *(
                        "attributes",
                        "text",
                        "instance_id",
                        "value",
                        "keyframe",
                        "tag",
                        "x",
                        "y",
                        "w",
                        "h",
                        "5",
                        "²",
                        "-1",
                    ),
                    *(
                        "raster_layer",
                        "dense_rle",
                        "total_pixels",
                        "mask_annotation_ids_mapping",
                        "name",
                        "id",
                        "ranges",
                    ),
                    *("\ud800", "9" * 5000, "hidden_areas", "interpolated", "global_sub_types", "complex_polygon"),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
elements = st.fixed_dictionaries(
    {"annotation_class_id": st.sampled_from([1, 2, 3]), "data": st.dictionaries(st.text(max_size=1), json_values)}
    | {"data": json_values},
    optional={
        "id": json_values,
        "context_keys": st.fixed_dictionaries({}, optional={"slot_names": json_values}),
        "actors": json_values,
        "annotation_properties": st.dictionaries(
            st.sampled_from(["0", "global", "²", "-1", "9" * 5000]),
            st.dictionaries(st.sampled_from(["p-damage", "p-note", "p-weather"]), json_values, max_size=1),
            max_size=1,
        ),
    },
)


@settings(max_examples=100)
@given(json_values | st.fixed_dictionaries({"annotations": st.lists(elements, max_size=2) | json_values}))
def test_whatever_arrives_is_read_or_refused(raw: Any) -> None:
    try:
        annotations, _ = decode(raw, WORDS, CODEC)
    except InvalidDocument as error:
        assert error.location.startswith("$")
    else:
        assert {one.class_name for one in annotations} <= {"car", "road", "walker"}


# --- in pieces --------------------------------------------------------------------------------------


def test_large_imports_are_cut_into_pieces() -> None:
    elements = [msgspec.Raw(b'"' + b"x" * 8 + b'"') for _ in range(7)]
    assert [len(piece) for piece in parts(elements, limit=34)] == [3, 3, 1]
    assert [len(piece) for piece in parts(elements, limit=34, first=20)] == [1, 3, 3]
    assert [len(piece) for piece in parts(elements, limit=34, first=50)] == [0, 3, 3, 1]
    assert [len(piece) for piece in parts([], limit=34)] == [0]
    with pytest.raises(InvalidInput, match="takes 11 bytes"):
        list(parts(elements, limit=11))
