"""The import form to annotations (reference: V7 Darwin, section 10.5)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import attrs
import msgspec
from msgspec import Struct

from ...domain.annotation import GLOBAL, Annotation, AnyAnnotation, Author, PropertyValue, VideoAnnotation
from ...domain.classes import SUB_TYPES, AnnotationClass
from ...domain.document import ItemPropertyValue
from ...domain.errors import GroundtruthError, InvalidDocument
from ...domain.geometry import bounding_box
from ...domain.shapes import Polygon, Shape
from ...ports.documents import DocumentCodec
from .vocabulary import KnownProperty, UnknownId, Vocabulary

Tree = dict[str, Any]

WHAT = "annotations"
ADVICE = "Correct them and import again"

_OWN = frozenset({"id", "name", "slot_names", "properties", "annotators", "reviewers", "only_keyframes", "segments"})
"""Keys of an annotation that do not come from its data."""


class _Actor(Struct):
    email: str
    role: str = "annotator"


class _Context(Struct):
    slot_names: list[str] | None = None


class _Text(Struct):
    text: str


class _Element(Struct):
    annotation_class_id: int
    data: dict[str, Any]
    id: str | None = None
    context_keys: _Context | None = None
    actors: list[_Actor] | None = None
    annotation_properties: dict[str, dict[str, list[str | _Text]]] | None = None


class _Value(Struct):
    id: str | None = None
    text: str | None = None


class _ItemValue(Struct):
    property_id: str
    value: _Value | None = None
    actors: list[_Actor] | None = None


class _Body(Struct):
    annotations: list[_Element] | None = None
    properties: list[_ItemValue] | None = None


def decode(
    raw: Any, vocabulary: Vocabulary, codec: DocumentCodec, source: str = ""
) -> tuple[tuple[AnyAnnotation, ...], tuple[ItemPropertyValue, ...]]:
    """Read decoded JSON `{"annotations": [...], "properties": [...]}`, either of which may be missing.

    Raises:
        UnknownId: a class, attribute, property or value that the vocabulary does not have.
        InvalidDocument: with `source`, the JSON path, and what was expected there.
    """
    try:
        body = msgspec.convert(raw, _Body)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `")
        raise _fault(reason[:1].lower() + reason[1:], place.rstrip("`") or "$", source) from error
    except (ValueError, OverflowError, RecursionError) as error:
        raise _fault(f"is no JSON ({type(error).__name__})", "$", source) from error
    return _Decoding(vocabulary, codec, source).run(body)


def _fault(reason: str, place: str, source: str) -> InvalidDocument:
    return InvalidDocument(WHAT, reason, ADVICE, source, place)


@attrs.frozen
class _Decoding:
    """One run: annotations become Darwin JSON, which the codec reads and checks."""

    vocabulary: Vocabulary
    codec: DocumentCodec
    source: str

    def run(self, body: _Body) -> tuple[tuple[AnyAnnotation, ...], tuple[ItemPropertyValue, ...]]:
        elements = body.annotations or []
        owners = [self._owner(element, position) for position, element in enumerate(elements)]
        trees = [self._tree(*pair, position) for position, pair in enumerate(zip(elements, owners, strict=True))]
        annotations = [
            self._finish(annotation, element, owner, f"$.annotations[{position}]")
            for position, (annotation, element, owner) in enumerate(
                zip(self._read(trees), elements, owners, strict=True)
            )
        ]
        values = [self._item_value(value, position) for position, value in enumerate(body.properties or ())]
        return tuple(annotations), tuple(values)

    def _owner(self, element: _Element, position: int) -> AnnotationClass:
        owner = self.vocabulary.class_with(element.annotation_class_id)
        if owner is None:
            place = f"$.annotations[{position}].annotation_class_id"
            raise UnknownId(WHAT, f"no class has the id {element.annotation_class_id}", ADVICE, self.source, place)
        return owner

    def _read(self, trees: list[Tree]) -> Sequence[AnyAnnotation]:
        document = {"version": "2.0", "item": {"name": "import", "path": "/"}, "annotations": trees}
        try:
            return tuple(self.codec.read(msgspec.json.encode(document)).annotations)
        except InvalidDocument as error:
            raise _fault(error.reason, _wire_place(error.location), self.source) from error
        except (GroundtruthError, TypeError, ValueError, OverflowError, RecursionError) as error:
            raise _fault(f"cannot be read: {error}", "$.annotations", self.source) from error

    # --- to Darwin JSON -----------------------------------------------------------------------------

    def _tree(self, element: _Element, owner: AnnotationClass, position: int) -> Tree:
        at = f"$.annotations[{position}].data"
        tree = {key: value for key, value in element.data.items() if key not in _OWN}
        if "sections" in tree:
            tree.setdefault("frames", tree.pop("sections"))
        if "frames" in tree:
            tree["frames"] = self._frames(tree["frames"], at)
            tree["ranges"] = element.data.get("segments", tree.get("ranges")) or []
            tree["only_keyframes"] = True
        else:
            tree = self._main(tree, at)
        if element.id is not None:
            tree["id"] = element.id
        tree["name"] = owner.name
        tree["slot_names"] = (element.context_keys and element.context_keys.slot_names) or []
        return tree

    def _frames(self, frames: Any, at: str) -> Any:
        """Each keyframe with all that holds there: one without sub-annotations has those of the one before."""
        if not isinstance(frames, dict):
            return frames
        complete: Tree = {}
        subs: Tree = {}
        for index in sorted(frames, key=_frame_number):
            frame = frames[index]
            if isinstance(frame, dict):
                given = {name: frame[name] for name in SUB_TYPES if name in frame}
                subs = given or subs
                frame = self._main({"keyframe": True, **frame, **subs}, f'{at}.frames["{index}"]')
                if not frame.get("attributes"):
                    frame.pop("attributes", None)
            complete[index] = frame
        return complete

    def _main(self, tree: Tree, at: str) -> Tree:
        """Write polygon and attributes as Darwin JSON does; what has a wrong type is left for the codec to refuse."""
        tree = dict(tree)
        if isinstance(polygon := tree.get("polygon"), dict) and "path" in polygon:
            more = polygon.get("additional_paths") or []
            if not isinstance(more, list):
                raise _fault("expected a list", f"{at}.polygon.additional_paths", self.source)
            known = ("path", "additional_paths", "paths")
            rest = {key: value for key, value in polygon.items() if key not in known}
            tree["polygon"] = {"paths": [polygon["path"], *more], **rest}
        if "attributes" in tree:
            tree["attributes"] = self._attributes(tree["attributes"], f"{at}.attributes")
        return tree

    def _attributes(self, payload: Any, at: str) -> list[str]:
        ids = payload.get("attributes") if isinstance(payload, dict) else None
        if not isinstance(ids, list):
            raise _fault('expected an object with a list, {"attributes": [...]}', at, self.source)
        names: list[str] = []
        for number, attribute_id in enumerate(ids):
            place = f"{at}.attributes[{number}]"
            if not isinstance(attribute_id, str):
                raise _fault("expected `str`", place, self.source)
            name = self.vocabulary.attribute_name(attribute_id)
            if name is None:
                raise UnknownId(WHAT, f"no attribute has the id '{attribute_id}'", ADVICE, self.source, place)
            names.append(name)
        return names

    # --- what Darwin JSON says in words -------------------------------------------------------------

    def _finish(self, annotation: AnyAnnotation, element: _Element, owner: AnnotationClass, at: str) -> AnyAnnotation:
        if isinstance(annotation, Annotation):
            annotation = attrs.evolve(annotation, shape=self._shape(annotation.shape, owner, f"{at}.data"))
        else:
            annotation = self._video(annotation, owner, f"{at}.data")
        return attrs.evolve(
            annotation,
            properties=self._properties(element, owner, f"{at}.annotation_properties"),
            annotators=_authors(element.actors, "annotator"),
            reviewers=_authors(element.actors, "reviewer"),
        )

    def _video(self, annotation: VideoAnnotation, owner: AnnotationClass, at: str) -> VideoAnnotation:
        frames = {
            index: attrs.evolve(frame, shape=self._shape(frame.shape, owner, f'{at}.frames["{index}"]'))
            if frame.shape is not None
            else frame
            for index, frame in annotation.frames.items()
        }
        if not any(frame.shape for frame in frames.values()):
            raise _fault(f"no frame has a '{owner.kind}'", f"{at}.frames", self.source)
        return attrs.evolve(annotation, frames=frames)

    def _shape(self, shape: Shape, owner: AnnotationClass, at: str) -> Shape:
        if shape.kind != owner.kind:
            reason = f"has no '{owner.kind}', which its class '{owner.name}' asks for"
            raise _fault(reason, at, self.source)
        if isinstance(shape, Polygon) and shape.box is None and any(map(len, shape.paths)):
            return attrs.evolve(shape, box=bounding_box(shape.paths))
        return shape

    def _properties(self, element: _Element, owner: AnnotationClass, at: str) -> tuple[PropertyValue, ...]:
        values: list[PropertyValue] = []
        for frame, properties in (element.annotation_properties or {}).items():
            number = _frame_number(frame)
            if frame != GLOBAL and number < 0:
                raise _fault(f"'{frame}' is neither a frame's number nor '{GLOBAL}'", at, self.source)
            index = GLOBAL if frame == GLOBAL else number
            for property_id, entries in properties.items():
                place = f'{at}["{frame}"]["{property_id}"]'
                known = self._property(property_id, owner, place)
                name = known.definition.name
                said = [self._value(known, entry, f"{place}[{n}]") for n, entry in enumerate(entries)]
                values.extend(PropertyValue(name, value, index) for value in said or [None])
        return tuple(values)

    def _item_value(self, value: _ItemValue, position: int) -> ItemPropertyValue:
        at = f"$.properties[{position}]"
        known = self._property(value.property_id, None, f"{at}.property_id")
        given = value.value or _Value()
        entry = _Text(given.text) if given.text is not None else given.id
        said = None if entry is None else self._value(known, entry, f"{at}.value")
        annotators, reviewers = _authors(value.actors, "annotator"), _authors(value.actors, "reviewer")
        return ItemPropertyValue(known.definition.name, said, annotators, reviewers)

    def _property(self, property_id: str, owner: AnnotationClass | None, at: str) -> KnownProperty:
        known = self.vocabulary.property_with(property_id)
        if known is None:
            raise UnknownId(WHAT, f"no property has the id '{property_id}'", ADVICE, self.source, at)
        if self.vocabulary.property_of(owner, known.definition.name) is not known:
            belongs = "items" if owner is None else f"class '{owner.name}'"
            raise _fault(f"property '{known.definition.name}' is not one of {belongs}", at, self.source)
        return known

    def _value(self, known: KnownProperty, entry: str | _Text, at: str) -> str:
        name = known.definition.name
        if isinstance(entry, _Text) != known.is_text:
            wanted = "a text" if known.is_text else "the id of a value"
            raise _fault(f"property '{name}' takes {wanted}", at, self.source)
        if isinstance(entry, _Text):
            return entry.text
        value = known.values.get(entry)
        if value is None:
            raise UnknownId(WHAT, f"property '{name}' has no value of the id '{entry}'", ADVICE, self.source, at)
        return value


def _authors(actors: list[_Actor] | None, role: str) -> tuple[Author, ...] | None:
    return tuple(Author("", actor.email) for actor in actors or () if actor.role == role) or None


def _frame_number(index: str) -> int:
    """The number of a frame; -1 for what is none. Python reads digits of any script and any number of them."""
    return int(index) if index.isascii() and index.isdigit() and len(index) < 19 else -1


# --- where the codec found a fault, in the form's own spelling --------------------------------------

_MOVED = (
    (re.compile(r"^(\$\.annotations\[\d+\])\.ranges"), r"\1.segments"),
    (re.compile(r"^(\$\.annotations\[\d+\])(?=[.\[])"), r"\1.data"),
    (re.compile(r"\.attributes\["), ".attributes.attributes["),
    (re.compile(r"\.polygon\.paths\[0\]"), ".polygon.path"),
)
_MORE_PATHS = re.compile(r"\.polygon\.paths\[(\d+)\]")


def _wire_place(location: str) -> str:
    for pattern, spelling in _MOVED:
        location = pattern.sub(spelling, location)
    return _MORE_PATHS.sub(lambda match: f".polygon.additional_paths[{int(match[1]) - 1}]", location)
