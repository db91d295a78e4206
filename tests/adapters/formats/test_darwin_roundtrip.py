"""Whatever a document holds comes back: domain values, unknown keys at any depth, explicit nulls."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.domain import shapes
from groundtruth.domain.annotation import Annotation, Author, Frame, PropertyValue, SubAnnotations, VideoAnnotation
from groundtruth.domain.digest import Digest
from groundtruth.domain.document import AnnotationDocument, ItemPropertyValue
from groundtruth.domain.errors import InvalidDocument
from groundtruth.domain.geometry import Box, RunLengths
from groundtruth.domain.item import ItemDescription, Slot, SourceFile, SourceInfo, VideoSegment

CODEC = DarwinJsonCodec()

# --- documents --------------------------------------------------------------------------------------

words = st.sampled_from(["", "a", "0", " b ", "é\u2028", "\U0001f600", '\\"\x00', "name"]) | st.text(max_size=2)
maybe = st.none() | words
numbers = st.sampled_from([0.0, -0.0, 1.0, 4.25, -3.1e-9, 1e300]) | st.floats(allow_nan=False, allow_infinity=False)
whole = st.sampled_from([0, 1, -7, 2**40])
counts = st.sampled_from([0, 1, 2, 10, 2**40])
leaves = st.none() | st.booleans() | st.sampled_from([0, -(2**70), 2.5, "", "text"])
objects = st.dictionaries(words, leaves, max_size=2)
plain = leaves | objects | st.lists(leaves | objects, max_size=2)
unknown_keys = st.sampled_from(["~", "~a", "~b", "~10", "~2", "~é"])
extras = st.dictionaries(st.tuples(unknown_keys), plain, max_size=1)

boxes = st.builds(Box, numbers, numbers, numbers, numbers)
pairs = st.tuples(numbers, numbers)
paths = st.lists(pairs, max_size=2)
nodes = st.lists(st.builds(shapes.Node, words, numbers, numbers, st.booleans()), max_size=2)
cells = st.builds(shapes.TableCell, words, whole, whole, whole, whole, st.booleans(), boxes)
spans = st.lists(st.tuples(counts, counts), max_size=2).map(tuple)
runs = st.lists(st.tuples(counts, counts), min_size=1, max_size=5).map(
    lambda pairs: RunLengths.from_pairs([number for pair in pairs for number in pair])
)

known_shapes = st.one_of(
    st.builds(shapes.BoundingBox, boxes),
    st.builds(shapes.Polygon, st.lists(paths, max_size=2), st.none() | boxes),
    st.builds(shapes.Ellipse, pairs, pairs, numbers),
    st.builds(shapes.Line, paths),
    st.builds(shapes.Keypoint, numbers, numbers),
    st.builds(shapes.Skeleton, nodes),
    st.builds(shapes.Eye, nodes),
    st.builds(shapes.Cuboid, boxes, boxes),
    st.just(shapes.Tag()),
    st.just(shapes.Mask()),
    st.builds(shapes.TextRun, st.lists(st.builds(shapes.TextSource, words, st.none() | spans), max_size=2)),
    st.builds(
        shapes.Graph,
        st.lists(st.builds(shapes.GraphNode, words, words), max_size=2),
        st.lists(st.builds(shapes.GraphEdge, words, words), max_size=2),
    ),
    st.builds(shapes.Table, boxes, st.lists(cells, max_size=2)),
    st.builds(shapes.SimpleTable, boxes, st.lists(numbers, max_size=2), st.lists(numbers, max_size=2)),
    st.builds(shapes.RasterLayer, runs, st.dictionaries(words, whole, min_size=1, max_size=2), st.integers(1, 2**40)),
)
any_shapes = known_shapes | st.builds(shapes.Unsupported, st.sampled_from(["link", "hexagon"]), objects)

authors = st.none() | st.lists(st.builds(Author, words, words), max_size=2).map(tuple)
subs = st.builds(
    SubAnnotations,
    st.none() | whole,
    st.none() | st.lists(words, max_size=2).map(tuple),
    maybe,
    st.none() | objects,
    st.none() | objects,
    st.none() | objects,
)
property_values = st.builds(PropertyValue, words, maybe, st.just("global") | counts, extras)
common = {
    "class_name": words.map(str.strip),
    "id": maybe,
    "slot_names": st.lists(words, max_size=2).map(tuple),
    "properties": st.lists(property_values, max_size=2).map(tuple),
    "annotators": authors,
    "reviewers": authors,
    "extra": extras,
}
still = st.builds(Annotation, shape=any_shapes, subs=subs, **common)
open_spans = st.lists(st.tuples(whole, st.none() | whole), max_size=2).map(tuple)
frames = st.dictionaries(counts, st.builds(Frame, st.none() | any_shapes, st.booleans(), subs), max_size=3).map(
    lambda frames: dict(sorted(frames.items()))
)
video = st.builds(
    VideoAnnotation,
    frames=frames,
    ranges=open_spans,
    hidden_areas=open_spans,
    interpolated=st.booleans(),
    interpolate_algorithm=maybe,
    only_keyframes=st.booleans(),
    **common,
)
files = st.builds(SourceFile, words, maybe, maybe, st.none() | counts, st.none() | st.just(Digest("0a" * 32)), extras)
slots = st.builds(
    Slot,
    name=words,
    type=words,
    width=st.none() | whole,
    height=st.none() | whole,
    fps=st.none() | numbers,
    frame_count=st.none() | whole,
    source_files=st.lists(files, max_size=2).map(tuple),
    frame_urls=st.lists(words, max_size=2).map(tuple),
    segments=st.lists(st.builds(VideoSegment, words, st.none() | numbers), max_size=2).map(tuple),
    frame_manifests=st.lists(words, max_size=2).map(tuple),
    thumbnail_url=maybe,
    metadata=st.none() | objects,
    extra=extras,
)
items = st.builds(
    ItemDescription,
    words,
    words,
    st.builds(SourceInfo, maybe, maybe, maybe, maybe, maybe, maybe, maybe),
    st.lists(slots, max_size=2).map(tuple),
    extras,
)
documents = st.builds(
    AnnotationDocument,
    items,
    st.lists(still | video, max_size=2).map(tuple),
    st.lists(st.builds(ItemPropertyValue, words, maybe, authors, authors, extras), max_size=2).map(tuple),
    st.from_regex(r"\A[0-9]\.[0-9]([^\ud800-\udfff]{0,3})\Z"),
    maybe,
    extras,
)


@settings(max_examples=50)
@given(documents)
def test_reading_what_was_written_gives_an_equal_document(document: AnnotationDocument) -> None:
    written = CODEC.write(document)
    read = CODEC.read(written)
    assert read == document and document == read
    assert read.annotations == document.annotations and document.annotations == read.annotations
    assert CODEC.write(read) == written


# --- unknown keys and nulls put into the JSON of a document -----------------------------------------

OPAQUE = {"inference", "directional_vector", "measures", "metadata", "mask_annotation_ids_mapping", "frames"}
"""Objects whose keys are data: nothing in them is unknown."""

NULLABLE = (
    "annotators", "attributes", "fps", "frame_count", "frame_urls", "hidden_areas", "id", "instance_id",
    "interpolate_algorithm", "interpolated", "only_keyframes", "properties", "ranges", "reviewers", "schema_ref",
    "segments", "slot_names", "source_files", "storage_key", "text", "thumbnail_url", "url", "width", "workview_url",
)  # fmt: skip

BESIDE = {"id": "slot_names", "url": "file_name"}
"""Key beside which a key is one of an annotation, or of a source file, and not required."""


def _objects(tree: Any, key: str = "") -> list[dict[str, Any]]:
    """The objects of a document that have keys of their own, from the root down."""
    inner = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    keys = list(tree) if isinstance(tree, dict) else [key] * len(tree) if isinstance(tree, list) else []
    opaque = key in OPAQUE - {"frames"} or key.startswith("~") or key in {"link", "hexagon"}
    found = [tree] if isinstance(tree, dict) and key not in OPAQUE and not opaque else []
    if opaque:
        return found
    return found + [one for name, value in zip(keys, inner, strict=True) for one in _objects(value, name)]


@settings(max_examples=50)
@given(documents, st.data())
def test_unknown_keys_and_nulls_survive_anywhere(document: AnnotationDocument, data: st.DataObject) -> None:
    tree = json.loads(CODEC.write(document))
    for _ in range(data.draw(st.integers(1, 4))):
        target = data.draw(st.sampled_from(_objects(tree)))
        if data.draw(st.booleans()):
            target[data.draw(unknown_keys)] = data.draw(plain)
        elif present := [name for name in NULLABLE if name in target and BESIDE.get(name, name) in target]:
            target[data.draw(st.sampled_from(present))] = None
    read = CODEC.read(json.dumps(tree).encode())
    written = CODEC.write(read)
    assert json.loads(written) == tree
    assert CODEC.read(written) == read
    assert CODEC.write(CODEC.read(written)) == written


# --- documents damaged at random --------------------------------------------------------------------

NAMES = [
    *NULLABLE,
    "bounding_box",
    "frames",
    "keyframe",
    "mask",
    "path",
    "polygon",
    "raster_layer",
    "sections",
    "tag",
]
VALUES = [
    None,
    True,
    1,
    2.5,
    "",
    [],
    {},
    [None],
    [[1, 2]],
    {"x": 1, "y": 2},
    {"1": {"tag": {}}},
    {"path": [{"x": 1, "y": 2}]},
]


def _containers(tree: Any) -> list[Any]:
    inner = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return ([tree] if tree and isinstance(tree, dict | list) else []) + [c for one in inner for c in _containers(one)]


@settings(max_examples=100)
@given(documents, st.data())
def test_what_is_accepted_can_be_made_and_written(document: AnnotationDocument, data: st.DataObject) -> None:
    tree = json.loads(CODEC.write(document))
    for _ in range(data.draw(st.integers(1, 3))):
        target = data.draw(st.sampled_from(_containers(tree)))
        names = [*target, *NAMES] if isinstance(target, dict) else range(len(target))
        target[data.draw(st.sampled_from(names))] = data.draw(st.sampled_from(VALUES))
    try:
        read = CODEC.read(json.dumps(tree).encode())
    except InvalidDocument as fault:
        assert fault.location.startswith("$")
        return
    written = CODEC.write(read)
    assert list(read.annotations) == list(CODEC.read(written).annotations)
    assert CODEC.read(written) == read
