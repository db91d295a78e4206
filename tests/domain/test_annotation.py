from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.annotation import (
    Annotation,
    Frame,
    PropertyValue,
    SubAnnotations,
    VideoAnnotation,
    is_supported,
)
from groundtruth.domain.document import AnnotationDocument
from groundtruth.domain.geometry import Box
from groundtruth.domain.item import Item, ItemDescription, ItemQuery, ItemStatus
from groundtruth.domain.names import RemotePath
from groundtruth.domain.shapes import BoundingBox, Keypoint, Tag, Unsupported

HERE, THERE = BoundingBox(Box(0, 0, 1, 1)), BoundingBox(Box(5, 5, 1, 1))


def video(**frames: Frame) -> VideoAnnotation:
    """A video annotation with frames `f3=...`."""
    return VideoAnnotation("car", {int(name[1:]): frame for name, frame in frames.items()})


# --- videos -----------------------------------------------------------------------------------------


def test_a_sub_keyframe_has_the_shape_before_it() -> None:
    annotation = video(f2=Frame(HERE, True), f3=Frame(None, subs=SubAnnotations(text="x")), f7=Frame(THERE))
    expected = {0: None, 1: None, 2: HERE, 3: HERE, 4: None, 6: None, 7: THERE, 8: None}
    assert {index: annotation.shape_at(index) for index in expected} == expected


def test_a_sub_keyframe_without_a_shape_before_it_has_none() -> None:
    annotation = video(f1=Frame(None), f2=Frame(HERE))
    assert annotation.shape_at(1) is None
    assert annotation.kind == "bounding_box"


@given(st.dictionaries(st.integers(0, 30), st.sampled_from([HERE, THERE, None]), max_size=10), st.integers(-1, 31))
def test_shapes_are_the_last_ones_recorded(shapes: dict[int, BoundingBox | None], index: int) -> None:
    annotation = VideoAnnotation("car", {number: Frame(shapes[number]) for number in sorted(shapes)})
    before = [shapes[number] for number in sorted(shapes) if number <= index and shapes[number] is not None]
    assert annotation.shape_at(index) == (before[-1] if before and index in shapes else None)


def test_kinds() -> None:
    assert Annotation("car", HERE).kind == "bounding_box"
    assert video().kind == ""
    assert video(f0=Frame(None)).kind == ""
    assert video(f0=Frame(Tag())).kind == "tag"


@pytest.mark.parametrize(
    ("annotation", "supported"),
    [
        (Annotation("car", HERE), True),
        (Annotation("car", Unsupported("link")), False),
        (video(), False),
        (video(f0=Frame(None)), False),
        (video(f0=Frame(Unsupported("link")), f1=Frame(HERE)), True),
        (video(f0=Frame(Unsupported("link"))), False),
    ],
)
def test_support(annotation: Annotation | VideoAnnotation, supported: bool) -> None:
    assert is_supported(annotation) is supported


def test_values_hold_what_nobody_knows_without_showing_it() -> None:
    odd = Annotation("car", HERE, extra={("seen", 3): "secret"})
    assert odd != Annotation("car", HERE)
    assert "secret" not in repr(odd)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        odd.class_name = "bus"  # type: ignore[misc]
    assert PropertyValue("damage", None).frame_index == "global"


# --- documents and items ----------------------------------------------------------------------------


def test_a_document_knows_its_classes() -> None:
    annotations = [
        Annotation("car", HERE),
        Annotation("car", Tag()),
        Annotation("bus", HERE),
        Annotation("car", THERE),
    ]
    document = AnnotationDocument(ItemDescription("a.png"), annotations)
    assert document.classes() == [("bus", "bounding_box"), ("car", "bounding_box"), ("car", "tag")]
    assert AnnotationDocument(ItemDescription("a.png")).classes() == []


@pytest.mark.parametrize(
    ("path", "full_path"),
    [
        ("/", "/a.png"),
        ("", "/a.png"),
        ("/day1", "/day1/a.png"),
        ("/day1/", "/day1/a.png"),
        ("day1/left", "/day1/left/a.png"),
    ],
)
def test_a_described_item_has_the_full_path_the_hub_gives_it(path: str, full_path: str) -> None:
    assert ItemDescription("a.png", path).full_path == full_path
    assert Item("1", "a.png", RemotePath(path)).full_path == full_path


def test_a_query_asks_for_live_items_unless_told_otherwise() -> None:
    assert set(ItemQuery().statuses) == {
        ItemStatus.NEW, ItemStatus.ANNOTATE, ItemStatus.REVIEW, ItemStatus.COMPLETE,
    }  # fmt: skip
    assert ItemQuery().ids is None


def test_shapes_are_told_apart() -> None:
    assert Keypoint(1, 2) == Keypoint(1, 2) != Keypoint(2, 1)
    assert Unsupported("link", {"a": [1]}) == Unsupported("link", {"a": [1]})
