"""Annotations from wire values, and to JSON trees (reference: V7 Darwin, sections 8.2 to 8.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import compress
from operator import attrgetter
from typing import Any

import msgspec

from ....domain.annotation import (
    GLOBAL,
    NO_SUBS,
    Annotation,
    AnyAnnotation,
    Author,
    Frame,
    PropertyValue,
    SubAnnotations,
    VideoAnnotation,
)
from ....domain.item import NO_EXTRA, JsonPath
from ....domain.main_types import MAIN_TYPES
from ....domain.shapes import Shape, Unsupported
from . import wire
from .extras import Extras, Tree, put_back
from .kinds import payloads
from .shapes import KNOWN_KEYS, read_shape, write_shape

Extra = Mapping[JsonPath, Any]
Properties = tuple[PropertyValue, ...]

_SUBS = ("instance_id", "attributes", "text", "inference", "directional_vector", "measures")
_VIDEO = ("ranges", "hidden_areas", "interpolated", "interpolate_algorithm", "only_keyframes")
_HOMELESS = ("global_sub_types",)
"""Known to the format, without a place in the domain: carried as extras."""

_subs: Callable[[Any], tuple[Any, ...]] = attrgetter(*_SUBS)
_not_still: Callable[[Any], tuple[Any, ...]] = attrgetter(*_VIDEO, *_HOMELESS)
_NOTHING = (None,) * len((*_VIDEO, *_HOMELESS))
_NO_SUBS = (None,) * len(_SUBS)

_POLYGON = ("polygon", "bounding_box")
_USUAL = frozenset({(kind,) for kind in MAIN_TYPES if kind != "mask"} | {_POLYGON})
"""Main types that leave nothing over."""


# --- reading ----------------------------------------------------------------------------------------


def read_annotation(source: wire.AnyAnnotation, position: int, extras: Extras) -> AnyAnnotation:
    """Make the annotation at `position` of its document. It was validated, so that nothing can fail."""
    at: JsonPath = ("annotations", position)
    extra = extras.get(at, NO_EXTRA) if extras else NO_EXTRA
    name = source.name.strip()
    if name != source.name:
        extra = {**extra, ("name",): source.name}
    properties = _read_properties(source.properties, at, extras) if source.properties else ()
    return (_read_still if source.frames is None else _read_video)(source, name, properties, extra)


def _read_still(source: wire.AnyAnnotation, name: str, properties: Properties, extra: Extra) -> Annotation:
    shape, extra = _read_main(source, extra)
    if _not_still(source) != _NOTHING:
        extra = _with_rest(source, (*_VIDEO, *_HOMELESS), extra)
    return Annotation(
        name,
        shape or Unsupported(""),
        source.id,
        tuple(source.slot_names or ()),
        _read_subs(source),
        properties,
        read_authors(source.annotators),
        read_authors(source.reviewers),
        extra,
    )


def _read_video(source: wire.AnyAnnotation, name: str, properties: Properties, extra: Extra) -> VideoAnnotation:
    frames, extra = _read_frames(source.frames, extra)
    return VideoAnnotation(
        name,
        frames,
        source.id,
        tuple(source.slot_names or ()),
        tuple(source.ranges or ()),
        tuple(source.hidden_areas or ()),
        bool(source.interpolated),
        source.interpolate_algorithm,
        bool(source.only_keyframes),
        properties,
        read_authors(source.annotators),
        read_authors(source.reviewers),
        _with_rest(source, (*MAIN_TYPES, *_SUBS, *_HOMELESS), extra),
    )


def _read_frames(sources: Mapping[int, wire.Frame], extra: Extra) -> tuple[dict[int, Frame], Extra]:
    kept: dict[JsonPath, Any] = {}
    by_frame: dict[str, dict[JsonPath, Any]] = {}
    for path, value in extra.items():
        match path:
            case ("frames", str(index), *rest) if rest:
                by_frame.setdefault(index, {})[tuple(rest)] = value
            case _:
                kept[path] = value
    frames: dict[int, Frame] = {}
    for index in sorted(sources):
        source, key = sources[index], str(index)
        shape, rest = _read_main(source, by_frame.get(key, NO_EXTRA))
        frames[index] = Frame(shape, source.keyframe, _read_subs(source))
        kept.update((("frames", key, *path), value) for path, value in rest.items())
    return frames, kept or NO_EXTRA


def _read_main(holder: wire.Holder, extra: Extra) -> tuple[Shape | None, Extra]:
    """The shape of an annotation or frame, and the extras left.

    The first main type counts; others become extras. An unknown key that holds an object is taken for a
    main type this library does not know.
    """
    found = tuple(compress(MAIN_TYPES, payloads(holder)))
    if found in _USUAL:
        return read_shape(found[0], holder), extra
    if not found:
        return _read_unknown(extra)
    kind = found[0]
    extra = _with_rest(holder, found[2:] if found[:2] == _POLYGON else found[1:], extra)
    if kind == "mask" and holder.mask.sparse_rle is None:
        extra = {**extra, ("mask", "sparse_rle"): None}
    return read_shape(kind, holder), extra


def _read_unknown(extra: Extra) -> tuple[Shape | None, Extra]:
    for path, value in extra.items():
        if len(path) == 1 and path[0] not in KNOWN_KEYS and isinstance(value, dict):
            return Unsupported(str(path[0]), value), {other: kept for other, kept in extra.items() if other != path}
    return None, extra


def _with_rest(holder: wire.Holder, names: Iterable[str], extra: Extra) -> Extra:
    """Add what the holder has under `names` to its extras, together with the extras below it."""
    for name in names:
        value = getattr(holder, name)
        if value is not None:
            tree = msgspec.json.decode(msgspec.json.encode(value))
            if inner := {path[1:]: kept for path, kept in extra.items() if path[0] == name}:
                put_back(tree, inner)
            extra = {path: kept for path, kept in extra.items() if path[0] != name} | {(name,): tree}
    return extra


def _read_subs(holder: wire.Holder) -> SubAnnotations:
    values = _subs(holder)
    if values == _NO_SUBS:
        return NO_SUBS
    instance_id, attributes, text, inference, directional_vector, measures = values
    return SubAnnotations(
        instance_id and instance_id.value,
        None if attributes is None else tuple(attributes),
        text and text.text,
        inference,
        directional_vector,
        measures,
    )


def _read_properties(sources: Iterable[wire.PropertyValue], at: JsonPath, extras: Extras) -> Properties:
    values: list[PropertyValue] = []
    for position, source in enumerate(sources):
        extra = extras.get((*at, "properties", position), NO_EXTRA) if extras else NO_EXTRA
        if source.type is not None:
            extra = {**extra, ("type",): source.type}
        index = GLOBAL if source.frame_index is None else source.frame_index
        values.append(PropertyValue(source.name, source.value, index, extra))
    return tuple(values)


def read_authors(sources: Iterable[wire.Author] | None) -> tuple[Author, ...] | None:
    """Make authors; None stays None."""
    return None if sources is None else tuple(Author(source.full_name, source.email) for source in sources)


# --- writing ----------------------------------------------------------------------------------------


def annotation_tree(annotation: AnyAnnotation) -> Tree:
    """The JSON of an annotation.

    Raises:
        InvalidInput: a shape cannot be written (see `write_shape`).
    """
    tree: Tree = {} if annotation.id is None else {"id": annotation.id}
    tree["name"] = annotation.class_name
    tree["properties"] = [_property_tree(value) for value in annotation.properties]
    tree["slot_names"] = list(annotation.slot_names)
    tree |= _video_tree(annotation) if isinstance(annotation, VideoAnnotation) else _still_tree(annotation)
    tree |= authors_tree(annotation)
    if annotation.extra:
        put_back(tree, annotation.extra)
        padded = annotation.extra.get(("name",))
        if isinstance(padded, str) and padded.strip() == annotation.class_name:
            tree["name"] = padded
    return tree


def _still_tree(annotation: Annotation) -> Tree:
    return {**write_shape(annotation.shape), **_subs_tree(annotation.subs)}


def _video_tree(annotation: VideoAnnotation) -> Tree:
    tree: Tree = {
        "frames": {str(index): _frame_tree(frame) for index, frame in sorted(annotation.frames.items())},
        "ranges": list(annotation.ranges),
        "hidden_areas": list(annotation.hidden_areas),
        "interpolated": annotation.interpolated,
    }
    if annotation.interpolate_algorithm is not None:
        tree["interpolate_algorithm"] = annotation.interpolate_algorithm
    if annotation.only_keyframes:
        tree["only_keyframes"] = True
    return tree


def _frame_tree(frame: Frame) -> Tree:
    shape = {} if frame.shape is None else write_shape(frame.shape)
    return {**shape, **_subs_tree(frame.subs), "keyframe": frame.keyframe}


def _subs_tree(subs: SubAnnotations) -> Tree:
    tree: Tree = {}
    if subs.instance_id is not None:
        tree["instance_id"] = {"value": subs.instance_id}
    if subs.attributes is not None:
        tree["attributes"] = list(subs.attributes)
    if subs.text is not None:
        tree["text"] = {"text": subs.text}
    for name in ("inference", "directional_vector", "measures"):
        value = getattr(subs, name)
        if value is not None:
            tree[name] = dict(value)
    return tree


def _property_tree(value: PropertyValue) -> Tree:
    tree: Tree = {"name": value.name, "value": value.value, "frame_index": value.frame_index}
    if value.extra:
        put_back(tree, value.extra)
    return tree


def authors_tree(holder: Any) -> Tree:
    """The keys of annotators and reviewers, each left out when None."""
    return {
        role: [{"full_name": author.full_name, "email": author.email} for author in authors]
        for role in ("annotators", "reviewers")
        if (authors := getattr(holder, role)) is not None
    }
