"""What annotations say about a picture."""

from __future__ import annotations

from groundtruth.domain.annotation import Annotation, Frame, VideoAnnotation
from groundtruth.domain.document import AnnotationDocument
from groundtruth.domain.geometry import Box
from groundtruth.domain.item import ItemDescription, Slot
from groundtruth.domain.picture_labels import LabelledFrames, frame_labels, still_labels
from groundtruth.domain.shapes import BoundingBox, Keypoint, Tag

SLOT = Slot("0", "image", 10, 10)
VIDEO = Slot("0", "video", 10, 10, 5.0, 6)
BOXES, TAGS = {"bounding_box"}, {"tag"}


def box(x: float = 0) -> BoundingBox:
    return BoundingBox(Box(x, 0, 1, 1))


def document(*annotations: Annotation | VideoAnnotation, slots: tuple[Slot, ...] = (SLOT,)) -> AnnotationDocument:
    return AnnotationDocument(ItemDescription("a", slots=slots), annotations)


def track(name: str, frames: dict[int, Frame], **fields: object) -> VideoAnnotation:
    return VideoAnnotation(name, frames, **fields)  # type: ignore[arg-type]


def boxes(*frames: int) -> dict[int, Frame]:
    return {frame: Frame(box(frame)) for frame in frames}


def named(found: LabelledFrames) -> dict[int, list[str]]:
    return {frame: [one.class_name for one in labels] for frame, labels in found.labels.items()}


def test_a_still_image_has_labels_of_the_kinds_asked_for_in_order() -> None:
    found = document(
        Annotation("b", box()), Annotation("t", Tag()), Annotation("a", box(1)), Annotation("k", Keypoint(1, 1))
    )
    assert [one.class_name for one in still_labels(found, SLOT, BOXES)] == ["b", "a"]
    assert [one.class_name for one in still_labels(found, SLOT, TAGS)] == ["t"]


def test_labels_belong_to_their_slot_and_without_one_to_the_first() -> None:
    left, right = Slot("left", "image"), Slot("right", "image")
    both = document(Annotation("a", box()), Annotation("b", box(), slot_names=("right",)), slots=(left, right))
    assert [one.class_name for one in still_labels(both, left, BOXES)] == ["a"]
    assert [one.class_name for one in still_labels(both, right, BOXES)] == ["b"]


def test_frames_with_a_label_are_found_in_order() -> None:
    found = document(track("b", boxes(2, 3), ranges=((2, 4),)), track("a", boxes(1, 3)), slots=(VIDEO,))
    assert named(frame_labels(found, VIDEO, BOXES)) == {1: ["a"], 2: ["b"], 3: ["b", "a"]}
    assert frame_labels(found, VIDEO, BOXES).unclear == 0


def test_a_frame_where_something_is_without_a_shape_is_left_out() -> None:
    keyframes = track("a", boxes(0, 4), ranges=((0, 5),), only_keyframes=True)
    found = frame_labels(document(keyframes, track("b", boxes(2, 4, 5)), slots=(VIDEO,)), VIDEO, BOXES)
    assert named(found) == {0: ["a"], 4: ["a", "b"], 5: ["b"]}
    assert found.unclear == 1


def test_what_is_hidden_is_not_there() -> None:
    hidden = track("a", boxes(0, 1, 2), ranges=((0, None),), hidden_areas=((1, 2),))
    assert named(frame_labels(document(hidden, slots=(VIDEO,)), VIDEO, BOXES)) == {0: ["a"], 2: ["a"]}
    both = frame_labels(document(hidden, track("b", boxes(1)), slots=(VIDEO,)), VIDEO, BOXES)
    assert named(both)[1] == ["b"]
    assert both.unclear == 0


def test_a_shape_goes_on_where_only_what_it_carries_changes() -> None:
    found = document(track("a", {0: Frame(box(7)), 1: Frame(None)}), slots=(VIDEO,))
    assert frame_labels(found, VIDEO, BOXES).labels[1][0].shape == box(7)


def test_a_tag_holds_wherever_it_exists() -> None:
    start = {1: Frame(Tag(), keyframe=True)}
    found = document(
        track("until 3", start, ranges=((1, 3),), only_keyframes=True), track("on", start, ranges=((2, None),)),
        track("once", {5: Frame(Tag())}), slots=(VIDEO,),
    )  # fmt: skip
    assert named(frame_labels(found, VIDEO, TAGS)) == {
        1: ["until 3", "on"], 2: ["until 3", "on"], 3: ["on"], 4: ["on"], 5: ["on", "once"],
    }  # fmt: skip


def test_a_tag_of_the_whole_item_holds_in_every_frame() -> None:
    found = frame_labels(
        document(Annotation("all", Tag()), Annotation("box", box()), slots=(VIDEO,)), VIDEO, TAGS | BOXES
    )
    assert named(found) == {frame: ["all"] for frame in range(6)}


def test_other_kinds_do_not_matter() -> None:
    point = track("k", {0: Frame(Keypoint(1, 1))}, ranges=((0, 6),))
    assert named(frame_labels(document(point, track("a", boxes(3)), slots=(VIDEO,)), VIDEO, BOXES)) == {3: ["a"]}
