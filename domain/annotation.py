"""Annotation: a class, a shape (or one per frame of a video), and what is said about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from .item import NO_EXTRA, JsonPath
from .shapes import Shape, Unsupported

GLOBAL = "global"
"""Frame index of a property value that holds for the whole annotation."""


@attrs.frozen
class SubAnnotations:
    """What a main shape may carry (reference: V7 Darwin, section 8.4); None: not present.

    `directional_vector`, `inference` and `measures` are the hub's own objects, carried as they are.
    """

    instance_id: int | None = None
    attributes: tuple[str, ...] | None = None
    text: str | None = None
    inference: Mapping[str, Any] | None = None
    directional_vector: Mapping[str, Any] | None = None
    measures: Mapping[str, Any] | None = None


NO_SUBS = SubAnnotations()


@attrs.frozen
class PropertyValue:
    """A property of an annotation set to a value.

    `frame_index` is a frame number (0 for a still image) or `"global"`. Several values of a multi-select
    property are several PropertyValues. `value` None: the property is there without a value.
    """

    name: str
    value: str | None
    frame_index: int | str = GLOBAL
    extra: Mapping[JsonPath, Any] = attrs.field(default=NO_EXTRA, repr=False)


@attrs.frozen
class Author:
    """Someone who annotated or reviewed."""

    full_name: str
    email: str


@attrs.frozen
class Annotation:
    """An annotation of a still image, or of a whole item.

    `class_name` and the shape's kind together name the annotation class. `authors` and `reviewers` are None
    when the release was made without authorship.
    """

    class_name: str
    shape: Shape
    id: str | None = None
    slot_names: tuple[str, ...] = ()
    subs: SubAnnotations = NO_SUBS
    properties: tuple[PropertyValue, ...] = ()
    annotators: tuple[Author, ...] | None = None
    reviewers: tuple[Author, ...] | None = None
    extra: Mapping[JsonPath, Any] = attrs.field(default=NO_EXTRA, repr=False)

    @property
    def kind(self) -> str:
        """Type name of the shape."""
        return self.shape.kind

    def attributes(self) -> Iterator[str]:
        """Attributes it carries."""
        yield from self.subs.attributes or ()


@attrs.frozen
class Frame:
    """What an annotation is in one frame of a video.

    `shape` is None in a sub-keyframe: only the sub-annotations change there, and the shape of the frame
    before goes on.
    """

    shape: Shape | None
    keyframe: bool = False
    subs: SubAnnotations = NO_SUBS


Span = tuple[int, int | None]
"""Half-open span of frames `[start, end)`; an end of None is open."""


@attrs.frozen
class VideoAnnotation:
    """An annotation that lives through frames of a video (or slices of a volume).

    `frames` maps the index of a visible frame, from 0, to what the annotation is there, in ascending
    order. `ranges` are the spans in which it exists, `hidden_areas` the spans inside them in which it is
    not shown.
    """

    class_name: str
    frames: Mapping[int, Frame]
    id: str | None = None
    slot_names: tuple[str, ...] = ()
    ranges: tuple[Span, ...] = ()
    hidden_areas: tuple[Span, ...] = ()
    interpolated: bool = False
    interpolate_algorithm: str | None = None
    only_keyframes: bool = False
    properties: tuple[PropertyValue, ...] = ()
    annotators: tuple[Author, ...] | None = None
    reviewers: tuple[Author, ...] | None = None
    extra: Mapping[JsonPath, Any] = attrs.field(default=NO_EXTRA, repr=False)

    @property
    def kind(self) -> str:
        """Type name of the first frame that has a shape; empty when none has."""
        return next((frame.shape.kind for frame in self.frames.values() if frame.shape is not None), "")

    def attributes(self) -> Iterator[str]:
        """Attributes it carries in any frame; one may come several times."""
        for frame in self.frames.values():
            yield from frame.subs.attributes or ()

    def shape_at(self, index: int) -> Shape | None:
        """Shape recorded for a frame, sub-keyframes filled in from the frame before; no interpolation."""
        current: Shape | None = None
        for position, frame in self.frames.items():
            if position > index:
                break
            current = frame.shape if frame.shape is not None else current
        return current if index in self.frames else None


AnyAnnotation = Annotation | VideoAnnotation


def is_supported(annotation: AnyAnnotation) -> bool:
    """True if the shape is one this library has rules for (in a video: that of some frame)."""
    if isinstance(annotation, Annotation):
        return not isinstance(annotation.shape, Unsupported)
    return any(frame.shape and not isinstance(frame.shape, Unsupported) for frame in annotation.frames.values())
