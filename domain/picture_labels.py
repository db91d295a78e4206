"""What the annotations of a document say about one picture: a still image, or one frame of a video."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import attrs

from .annotation import Annotation, AnyAnnotation, VideoAnnotation
from .document import AnnotationDocument
from .errors import InvalidInput
from .item import Slot
from .shapes import Shape, Tag

__all__ = ["LabelledFrames", "PictureLabel", "frame_labels", "still_labels"]

MOST_FRAMES = 1_000_000
"""Frames of a video that are looked at; a document may claim any number."""


@attrs.frozen
class PictureLabel:
    """A class and its shape in one picture; `id` is that of the annotation."""

    class_name: str
    shape: Shape
    id: str | None = None


@attrs.frozen
class LabelledFrames:
    """Labels by frame, ascending, and how many frames were `unclear`: labelled, but not with all that is in them."""

    labels: Mapping[int, tuple[PictureLabel, ...]]
    unclear: int = 0


def still_labels(document: AnnotationDocument, slot: Slot, kinds: Collection[str]) -> tuple[PictureLabel, ...]:
    """Labels of these kinds that a slot with a still image has, in the order of the document."""
    found: list[PictureLabel] = []
    for one in _of_slot(document, slot):
        shape = one.shape if isinstance(one, Annotation) else one.shape_at(0)
        if shape is not None and shape.kind in kinds:
            found.append(PictureLabel(one.class_name, shape, one.id))
    return tuple(found)


def frame_labels(document: AnnotationDocument, slot: Slot, kinds: Collection[str]) -> LabelledFrames:
    """Labels of these kinds in every frame of a video that has any.

    Shapes are taken as recorded, nothing is interpolated. A frame in which an annotation exists without a recorded
    shape is unclear and left out, because what is not labelled there would count as not being there. Tags hold
    wherever they exist; those of the whole item in every frame.
    """
    tracks = [_track(one, slot, kinds) for one in _of_slot(document, slot)]
    tracks = [track for track in tracks if track.shapes or track.tag]
    candidates = sorted({frame for track in tracks for frame in track.frames(slot)})
    labels: dict[int, tuple[PictureLabel, ...]] = {}
    for frame in candidates:
        seen = [(track, track.shape_at(frame)) for track in tracks if track.exists_at(frame)]
        if seen and all(shape is not None for _, shape in seen):
            labels[frame] = tuple(PictureLabel(one.class_name, shape, one.id) for one, shape in seen if shape)
    unclear = sum(any(track.exists_at(frame) for track in tracks) for frame in candidates if frame not in labels)
    return LabelledFrames(labels, unclear)


def _of_slot(document: AnnotationDocument, slot: Slot) -> Iterator[AnyAnnotation]:
    """Annotations of a slot; those that name none are of the first."""
    slots = document.item.slots
    first = slots[0].name if slots else slot.name
    for one in document.annotations:
        if (one.slot_names[0] if one.slot_names else first) == slot.name:
            yield one


@attrs.frozen
class _Track:
    """An annotation through the frames of a video; spans None: it exists in all of them."""

    class_name: str
    id: str | None
    shapes: Mapping[int, Shape]
    tag: Shape | None
    spans: Sequence[tuple[int, int | None]] | None
    hidden: Sequence[tuple[int, int | None]] = ()

    def exists_at(self, frame: int) -> bool:
        exists = frame in self.shapes or _within(frame, self.spans) if self.spans is not None else True
        return exists and not _within(frame, self.hidden)

    def shape_at(self, frame: int) -> Shape | None:
        return self.tag or self.shapes.get(frame)

    def frames(self, slot: Slot) -> Iterator[int]:
        """Frames that this annotation makes worth looking at."""
        yield from self.shapes
        if self.tag is None:
            return
        count = min(slot.frame_count or len(slot.frame_urls), MOST_FRAMES + 1)
        for start, end in [(0, count)] if self.spans is None else self.spans:
            frames = range(start, count if end is None else min(end, count))
            if len(frames) > MOST_FRAMES:
                raise InvalidInput(f"annotation '{self.class_name}'", f"covers more than {MOST_FRAMES} frames")
            yield from frames


def _within(frame: int, spans: Sequence[tuple[int, int | None]]) -> bool:
    return any(start <= frame and (end is None or frame < end) for start, end in spans)


def _track(annotation: AnyAnnotation, slot: Slot, kinds: Collection[str]) -> _Track:
    name, identity = annotation.class_name, annotation.id
    if isinstance(annotation, Annotation):
        # Of what has no frames only a tag says something about each of them.
        tag = annotation.shape if isinstance(annotation.shape, Tag) and Tag.kind in kinds else None
        return _Track(name, identity, {}, tag, None)
    shapes = {frame: shape for frame, shape in _recorded(annotation) if shape.kind in kinds}
    tag = next((shape for shape in shapes.values() if isinstance(shape, Tag)), None)
    return _Track(name, identity, shapes, tag, annotation.ranges, annotation.hidden_areas)


def _recorded(annotation: VideoAnnotation) -> Iterator[tuple[int, Shape]]:
    """Recorded shapes; in a sub-keyframe that of the frame before goes on."""
    current: Shape | None = None
    for index, frame in annotation.frames.items():
        current = frame.shape if frame.shape is not None else current
        if current is not None:
            yield index, current
