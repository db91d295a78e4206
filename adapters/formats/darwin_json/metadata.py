"""`.v7/metadata.json`: classes and property definitions of a release (reference: V7 Darwin, section 9.6)."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Struct

from ....domain.classes import AnnotationClass, Granularity, PropertyChoice, PropertyDefinition
from ....domain.errors import InvalidDocument, InvalidInput
from ....domain.metadata import DatasetMetadata
from . import faults
from .extras import Tree
from .reader import decode_untyped
from .writer import encode

VERSION = "1.0"
SCHEMA = "https://darwin-public.s3.eu-west-1.amazonaws.com/darwin_json/metadata/1.0/schema.json"

_WHAT = "metadata document"


class _Choice(Struct):
    value: str
    color: str = "auto"


class _Trigger(Struct):
    type: Literal["any_value", "value_match"]
    values: tuple[str, ...] = ()


class _Property(Struct, kw_only=True):
    name: str
    type: str
    required: bool
    property_values: tuple[_Choice, ...]
    description: str | None = None
    granularity: Granularity | None = None
    parent_name: str | None = None
    trigger_condition: _Trigger | None = None


class _Class(Struct, kw_only=True):
    name: str
    type: str
    properties: tuple[_Property, ...]
    description: str | None = None
    color: str | None = None
    sub_types: tuple[str, ...] = ()
    metadata: dict[str, Any] = {}


class _Metadata(Struct):
    classes: tuple[_Class, ...]
    properties: tuple[_Property, ...] = ()


# --- reading ----------------------------------------------------------------------------------------


def read_metadata(data: bytes, source: str = "") -> DatasetMetadata:
    """Read classes and properties. Unknown keys of a class are kept in its `metadata`, others are ignored.

    Raises:
        InvalidDocument: with `source`, the JSON path, and what was expected there.
    """
    tree = decode_untyped(data, source, _WHAT)
    try:
        metadata = msgspec.convert(tree, _Metadata)
    except msgspec.ValidationError as error:
        raise faults.invalid(error, source, _WHAT) from error
    classes: list[AnnotationClass] = []
    properties: list[PropertyDefinition] = []
    for position, cls in enumerate(metadata.classes):
        place = f"$.classes[{position}]"
        classes.append(_read_class(cls, tree["classes"][position], source, place))
        for number, definition in enumerate(cls.properties):
            properties.append(_read_property(definition, cls, source, f"{place}.properties[{number}]"))
    for number, definition in enumerate(metadata.properties):
        properties.append(_read_property(definition, None, source, f"$.properties[{number}]"))
    return DatasetMetadata(tuple(classes), tuple(properties))


def _read_class(cls: _Class, tree: Tree, source: str, place: str) -> AnnotationClass:
    unknown = {key: value for key, value in tree.items() if key not in _Class.__struct_fields__}
    try:
        return AnnotationClass(
            cls.name,
            cls.type,
            sub_types=cls.sub_types,
            color=cls.color or "auto",
            description=cls.description,
            metadata={**unknown, **cls.metadata},
        )
    except InvalidInput as error:
        raise InvalidDocument(_WHAT, error.message, error.advice, source, place) from error


def _read_property(definition: _Property, cls: _Class | None, source: str, place: str) -> PropertyDefinition:
    trigger = definition.trigger_condition
    if trigger is not None and trigger.type == "value_match" and not trigger.values:
        reason = "a 'value_match' lists no values"
        raise InvalidDocument(_WHAT, reason, faults.ADVICE, source, f"{place}.trigger_condition")
    try:
        return PropertyDefinition(
            definition.name,
            definition.type,
            definition.granularity or (Granularity.ITEM if cls is None else Granularity.SECTION),
            None if cls is None else cls.name,
            None if cls is None else cls.type,
            definition.description or "",
            definition.required,
            tuple(PropertyChoice(choice.value, choice.color) for choice in definition.property_values),
            definition.parent_name,
            trigger.values if trigger is not None and trigger.type == "value_match" else None,
        )
    except InvalidInput as error:
        raise InvalidDocument(_WHAT, error.message, error.advice, source, place) from error


# --- writing ----------------------------------------------------------------------------------------


def write_metadata(metadata: DatasetMetadata) -> bytes:
    """Write classes with their properties, and item properties, in the order given.

    Ids are left out: they belong to one hub.

    Raises:
        InvalidInput: a property of a class that is not among the classes.
    """
    owned: dict[tuple[str | None, str | None], list[Tree]] = {(cls.name, cls.kind): [] for cls in metadata.classes}
    owned[None, None] = []
    for definition in metadata.properties:
        owner = (definition.class_name, definition.class_kind)
        if owner not in owned:
            raise InvalidInput(
                f"property '{definition.name}'", f"belongs to the class '{owner[0]}' ({owner[1]}), which is not there"
            )
        owned[owner].append(_property_tree(definition))
    classes = [_class_tree(cls, owned[cls.name, cls.kind]) for cls in metadata.classes]
    tree = {"version": VERSION, "schema_ref": SCHEMA, "classes": classes, "properties": owned[None, None]}
    return encode(tree, "metadata")


def _class_tree(cls: AnnotationClass, properties: list[Tree]) -> Tree:
    tree: Tree = {
        "name": cls.name,
        "type": cls.kind,
        "description": cls.description,
        "color": cls.color,
        "sub_types": cls.sub_types,
        "properties": properties,
    }
    return {**tree, "metadata": dict(cls.metadata)} if cls.metadata else tree


def _property_tree(definition: PropertyDefinition) -> Tree:
    tree: Tree = {
        "name": definition.name,
        "type": str(definition.type),
        "description": definition.description,
        "required": definition.required,
        "granularity": str(definition.granularity),
        "property_values": [{"value": choice.value, "color": choice.color} for choice in definition.choices],
    }
    if definition.parent_name is not None:
        tree["parent_name"] = definition.parent_name
        tree["trigger_condition"] = _trigger_tree(definition.trigger)
    return tree


def _trigger_tree(trigger: tuple[str, ...] | None) -> Tree:
    return {"type": "any_value"} if trigger is None else {"type": "value_match", "values": trigger}
