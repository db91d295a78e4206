"""Annotations to the import form (reference: V7 Darwin, section 10.5)."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
import msgspec

from ...domain.annotation import Annotation, AnyAnnotation, Author, Frame, VideoAnnotation, is_supported
from ...domain.classes import SUB_TYPES, AnnotationClass
from ...domain.document import AnnotationDocument, ItemPropertyValue
from ...domain.item import NO_EXTRA, ItemDescription, JsonPath
from ...domain.shapes import Polygon, Shape
from ...ports.documents import DocumentCodec
from .vocabulary import KnownProperty, Vocabulary

Tree = dict[str, Any]


class Loss(enum.StrEnum):
    """What kind of thing could not be said."""

    CLASS = "class"
    PROPERTY = "property"
    VALUE = "value"
    ATTRIBUTE = "attribute"
    SHAPE = "shape"
    FIELD = "field"


@attrs.frozen
class Dropped:
    """Something that could not be said to the hub, and why. The same thing at many annotations is one of these."""

    loss: Loss
    what: str
    reason: str

    def __str__(self) -> str:
        return f"{self.what} {self.reason}"


@attrs.frozen
class Encoded:
    """Annotations and item property values in the import form, and what is missing in it."""

    annotations: list[Tree]
    properties: list[Tree]
    dropped: tuple[Dropped, ...] = ()


def encode(
    annotations: Iterable[AnyAnnotation],
    values: Iterable[ItemPropertyValue],
    vocabulary: Vocabulary,
    codec: DocumentCodec,
) -> Encoded:
    """Say annotations and item property values in a hub's own ids.

    Raises:
        InvalidInput: a shape that cannot be written, such as one with an infinite coordinate.
    """
    return _Encoding(vocabulary, codec).run(annotations, values)


@attrs.define
class _Encoding:
    """One run. `dropped` is a set that keeps its order."""

    vocabulary: Vocabulary
    codec: DocumentCodec
    dropped: dict[Dropped, None] = attrs.field(factory=dict)

    def run(self, annotations: Iterable[AnyAnnotation], values: Iterable[ItemPropertyValue]) -> Encoded:
        chosen = [(one, bare, owner) for one in annotations for bare, owner in self._sayable(one)]
        trees = self._trees([bare for _, bare, _ in chosen])
        elements = [self._element(one, owner, tree) for (one, _, owner), tree in zip(chosen, trees, strict=True)]
        properties = [tree for value in values for tree in self._item_value(value)]
        return Encoded(elements, properties, tuple(self.dropped))

    def _drop(self, loss: Loss, what: str, reason: str) -> None:
        self.dropped[Dropped(loss, what, reason)] = None

    # --- what can be said ---------------------------------------------------------------------------

    def _sayable(self, annotation: AnyAnnotation) -> list[tuple[AnyAnnotation, AnnotationClass]]:
        """The annotation without what the form has no place for, and its class; empty if that leaves nothing."""
        what = f"an annotation of class '{annotation.class_name}'"
        if not is_supported(annotation):
            reason = (
                f"has the type '{annotation.kind}', which cannot be imported" if annotation.kind else "has no shape"
            )
            self._drop(Loss.SHAPE, what, reason)
            return []
        owner = self.vocabulary.class_of(annotation.class_name, annotation.kind)
        if owner is None:
            name = f"class '{annotation.class_name}' ({annotation.kind})"
            self._drop(Loss.CLASS, name, "is not known to the hub")
            return []
        self._drop_extra(what, annotation.extra)
        bare = attrs.evolve(annotation, extra=NO_EXTRA, properties=(), annotators=None, reviewers=None)
        if isinstance(bare, VideoAnnotation):
            bare = attrs.evolve(bare, frames=self._keyframes(bare, what))
        elif _is_empty(bare.shape):
            self._drop(Loss.SHAPE, what, "is a polygon without a path")
            return []
        return [(bare, owner)]

    def _drop_extra(self, what: str, extra: Mapping[JsonPath, Any]) -> None:
        for path, value in extra.items():
            if path != ("name",) and value not in (None, {}, []):
                self._drop(Loss.FIELD, what, f"has the unknown field '{'.'.join(map(str, path))}'")

    def _keyframes(self, annotation: VideoAnnotation, what: str) -> dict[int, Frame]:
        """Keyframes, each with the shape that holds there. A video that marks none has nothing else: all then."""
        marked = any(frame.keyframe for frame in annotation.frames.values())
        kept: dict[int, Frame] = {}
        shape: Shape | None = None
        for index, frame in sorted(annotation.frames.items()):
            shape = frame.shape if frame.shape is not None else shape
            if marked and not frame.keyframe:
                continue
            if shape is None or shape.kind != annotation.kind or _is_empty(shape):
                self._drop(Loss.SHAPE, what, f"has no {annotation.kind} in frame {index}")
            else:
                kept[index] = Frame(shape, True, frame.subs)
        return kept

    # --- saying it ----------------------------------------------------------------------------------

    def _trees(self, annotations: Sequence[AnyAnnotation]) -> list[Tree]:
        written = self.codec.write(AnnotationDocument(ItemDescription("import"), annotations))
        return msgspec.json.decode(written)["annotations"]

    def _element(self, annotation: AnyAnnotation, owner: AnnotationClass, tree: Tree) -> Tree:
        is_still = isinstance(annotation, Annotation)
        element: Tree = {
            "annotation_class_id": owner.id,
            "data": self._data(tree, owner) if is_still else self._video_data(tree, owner),
            "context_keys": {"slot_names": list(annotation.slot_names)},
        }
        if annotation.id is not None:
            element["id"] = annotation.id
        if actors := _actors(annotation.annotators, annotation.reviewers):
            element["actors"] = actors
        if properties := self._properties(annotation, owner):
            element["annotation_properties"] = properties
        return element

    def _data(self, tree: Tree, owner: AnnotationClass) -> Tree:
        payload = tree[owner.kind]
        data: Tree = {owner.kind: _polygon(payload) if owner.kind == Polygon.kind else payload}
        data.update((name, tree[name]) for name in SUB_TYPES if name in tree)
        if "attributes" in data:
            data["attributes"] = {"attributes": self._attribute_ids(data["attributes"], owner)}
        return data

    def _video_data(self, tree: Tree, owner: AnnotationClass) -> Tree:
        frames: Tree = {}
        before: Tree = {}
        for index, frame in tree["frames"].items():
            data = {**self._data(frame, owner), "keyframe": True}
            data.setdefault("attributes", {"attributes": []})
            subs = {name: data[name] for name in SUB_TYPES if name in data}
            frames[index] = {name: data[name] for name in data if name not in subs} if subs == before else data
            before = subs
        return {
            "frames": frames,
            "segments": tree["ranges"],
            "hidden_areas": tree["hidden_areas"],
            "interpolated": tree["interpolated"],
        }

    def _attribute_ids(self, names: Sequence[str], owner: AnnotationClass) -> list[str]:
        ids: list[str] = []
        for name in names:
            attribute_id = self.vocabulary.attribute_id(owner.id, name)
            if attribute_id is None:
                self._drop(Loss.ATTRIBUTE, f"attribute '{name}' of class '{owner.name}'", "is not known to the hub")
            else:
                ids.append(attribute_id)
        return ids

    # --- properties ---------------------------------------------------------------------------------

    def _properties(self, annotation: AnyAnnotation, owner: AnnotationClass) -> Tree:
        frames: dict[str, dict[str, list[Any]]] = {}
        for value in annotation.properties:
            what = f"property '{value.name}' of class '{owner.name}'"
            known = self.vocabulary.property_of(owner, value.name)
            if known is None:
                self._drop(Loss.PROPERTY, what, "is not known to the hub")
                continue
            said = frames.setdefault(str(value.frame_index), {}).setdefault(known.id, [])
            if value.value is not None:
                entry = self._value(known, value.value, what, {"text": value.value})
                if entry is not None and entry not in said:
                    said.append(entry)
        return frames

    def _item_value(self, value: ItemPropertyValue) -> list[Tree]:
        what = f"item property '{value.name}'"
        known = self.vocabulary.property_of(None, value.name)
        self._drop_extra(what, value.extra)
        if known is None:
            self._drop(Loss.PROPERTY, what, "is not known to the hub")
        elif value.value is None:
            self._drop(Loss.FIELD, what, "has no value")
        else:
            entry = self._value(known, value.value, what, {"text": value.value})
            if entry is not None:
                said = entry if known.is_text else {"id": entry}
                actors = _actors(value.annotators, value.reviewers)
                return [{"property_id": known.id, "value": said, "actors": actors}]
        return []

    def _value(self, known: KnownProperty, value: str, what: str, text: Tree) -> Any:
        if known.is_text:
            return text
        value_id = known.value_ids.get(value)
        if value_id is None:
            self._drop(Loss.VALUE, f"value '{value}' of {what}", "is not known to the hub")
        return value_id


def _is_empty(shape: Shape) -> bool:
    return isinstance(shape, Polygon) and not shape.paths


def _polygon(payload: Tree) -> Tree:
    first, *more = payload["paths"]
    return {"path": first, "additional_paths": more} if more else {"path": first}


def _actors(annotators: Sequence[Author] | None, reviewers: Sequence[Author] | None) -> list[Tree]:
    return [
        {"email": author.email, "role": role}
        for role, authors in (("annotator", annotators), ("reviewer", reviewers))
        for author in authors or ()
    ]
