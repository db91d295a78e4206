"""What of an item's annotations goes into a release."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import attrs

from ...domain.annotation import Annotation, AnyAnnotation, Frame
from ...domain.document import AnnotationDocument
from ...domain.shapes import Mask, RasterLayer, Shape

ClassKey = tuple[str, str]
"""Name and kind of a class."""


def unsigned(document: AnnotationDocument) -> AnnotationDocument:
    """The document without those who made it."""
    return attrs.evolve(
        document,
        annotations=[attrs.evolve(one, annotators=None, reviewers=None) for one in document.annotations],
        properties=tuple(attrs.evolve(one, annotators=None, reviewers=None) for one in document.properties),
    )


def of_classes(annotations: Sequence[AnyAnnotation], classes: Collection[ClassKey]) -> list[AnyAnnotation]:
    """Annotations of those classes, in order.

    Raster layers stay as long as one of their masks does, and forget the masks that do not.
    """
    chosen = [one for one in annotations if one.kind == RasterLayer.kind or (one.class_name, one.kind) in classes]
    masks = {one.id for one in chosen if one.kind == Mask.kind and one.id is not None}
    kept = [_with_masks(one, masks) if one.kind == RasterLayer.kind else one for one in chosen]
    return [one for one in kept if one.kind != RasterLayer.kind or _maps_something(one)]


def _with_masks(layer: AnyAnnotation, masks: Collection[str]) -> AnyAnnotation:
    if isinstance(layer, Annotation):
        return attrs.evolve(layer, shape=_pruned(layer.shape, masks))
    frames: Mapping[int, Frame] = {
        index: frame if frame.shape is None else attrs.evolve(frame, shape=_pruned(frame.shape, masks))
        for index, frame in layer.frames.items()
    }
    return attrs.evolve(layer, frames=frames)


def _pruned(shape: Shape, masks: Collection[str]) -> Shape:
    if not isinstance(shape, RasterLayer):
        return shape
    return attrs.evolve(shape, mask_values={key: value for key, value in shape.mask_values.items() if key in masks})


def _maps_something(layer: AnyAnnotation) -> bool:
    shapes = [layer.shape] if isinstance(layer, Annotation) else [frame.shape for frame in layer.frames.values()]
    return any(isinstance(shape, RasterLayer) and shape.mask_values for shape in shapes)
