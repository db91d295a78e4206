"""Documents are read at once and their values made when asked for; nobody can tell by anything but the time."""

from __future__ import annotations

import copy
import json
import pickle

import attrs
import pytest

from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.domain import shapes
from groundtruth.domain.annotation import Annotation
from groundtruth.domain.document import AnnotationDocument
from groundtruth.domain.geometry import Box
from groundtruth.domain.item import ItemDescription
from groundtruth.ports.documents import DocumentCodec

CODEC = DarwinJsonCodec()
PLAIN = AnnotationDocument(
    ItemDescription("a.png", extra={("new",): 1}),
    (
        Annotation("a", shapes.Tag()),
        Annotation("b", shapes.Line([(0, 1), (2, 3)]), extra={("line", "new"): 1}),
        Annotation("c", shapes.BoundingBox(Box(1, 2, 3, 4))),
    ),
    schema_ref="s",
)


@pytest.fixture
def document() -> AnnotationDocument:
    return CODEC.read(CODEC.write(PLAIN))


def test_codec_is_a_document_codec() -> None:
    codec: DocumentCodec = CODEC
    assert codec.read(codec.write(PLAIN)) == PLAIN


def test_annotations_are_a_sequence(document: AnnotationDocument) -> None:
    annotations = document.annotations
    assert len(annotations) == 3
    assert annotations[0] == PLAIN.annotations[0] and annotations[-1] == PLAIN.annotations[2]
    assert annotations[1:] == PLAIN.annotations[1:] and annotations[::-2] == PLAIN.annotations[::-2]
    assert list(annotations) == list(PLAIN.annotations)
    assert list(reversed(annotations)) == list(reversed(PLAIN.annotations))
    assert PLAIN.annotations[1] in annotations and annotations.index(PLAIN.annotations[2]) == 2
    with pytest.raises(IndexError):
        annotations[3]
    with pytest.raises(IndexError):
        annotations[-4]


def test_annotations_equal_any_sequence_of_equals(document: AnnotationDocument) -> None:
    same = CODEC.read(CODEC.write(PLAIN)).annotations
    assert document.annotations == same
    assert document.annotations == PLAIN.annotations and PLAIN.annotations == document.annotations
    assert document.annotations == list(PLAIN.annotations)
    assert document.annotations != PLAIN.annotations[:2] and document.annotations != PLAIN.annotations[::-1]
    assert document.annotations != 3
    with pytest.raises(TypeError):
        hash(document.annotations)


def test_document_equals_a_plain_one(document: AnnotationDocument) -> None:
    assert document == PLAIN and document == PLAIN
    assert document == CODEC.read(CODEC.write(PLAIN))
    other = attrs.evolve(PLAIN, version="2.1")
    assert document != other and other != document
    assert document != 3


def test_values_are_made_once_and_cannot_be_changed(document: AnnotationDocument) -> None:
    assert document.item is document.item
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        document.version = "3.0"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        document.nothing  # type: ignore[attr-defined]  # noqa: B018


def test_every_field_is_made(document: AnnotationDocument) -> None:
    for field in attrs.fields(AnnotationDocument):
        assert getattr(document, field.name) == getattr(PLAIN, field.name)


@pytest.mark.parametrize("touched", [False, True])
def test_copies(document: AnnotationDocument, touched: bool) -> None:
    if touched:
        assert document == PLAIN
    for twin in (pickle.loads(pickle.dumps(document)), copy.deepcopy(document), copy.copy(document)):
        assert twin == PLAIN and twin == PLAIN
        assert twin.annotations[1].extra == {("line", "new"): 1}
    evolved = attrs.evolve(document, item=ItemDescription("b.png"))
    assert evolved.item.name == "b.png" and evolved.annotations == PLAIN.annotations
    assert attrs.evolve(document, item=PLAIN.item) == PLAIN
    assert pickle.loads(pickle.dumps(document.annotations)) == PLAIN.annotations


def test_repr_computes_nothing_large(document: AnnotationDocument) -> None:
    assert repr(document.annotations) == "<3 annotations>"
    assert "a.png" in repr(document)


def test_classes(document: AnnotationDocument) -> None:
    assert document.classes() == [("a", "tag"), ("b", "line"), ("c", "bounding_box")]


def test_documents_with_rare_fields_read_alike() -> None:
    tree = json.loads(CODEC.write(PLAIN))
    plain = CODEC.read(json.dumps(tree).encode())
    tree["annotations"].append({"name": "d", "eye": {"nodes": []}})
    rare = CODEC.read(json.dumps(tree).encode())
    assert rare.annotations[:3] == plain.annotations
    assert rare.annotations[3].kind == "eye"
