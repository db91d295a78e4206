"""Classes and properties as a Darwin hub sends and takes them (reference: V7 Darwin, sections 9.1 to 9.5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
from msgspec import Struct

from ...domain.classes import (
    CLASS_KINDS,
    SUB_TYPES,
    AnnotationClass,
    Granularity,
    PropertyChoice,
    PropertyDefinition,
    PropertyType,
)
from ...domain.errors import InvalidInput
from ...domain.shapes import RASTER_LAYER_CLASS
from .vocabulary import KnownProperty

Tree = dict[str, Any]


class _Dataset(Struct):
    id: int


class ClassRecord(Struct):
    """An annotation class."""

    id: int
    name: str
    annotation_types: list[str] = []
    datasets: list[_Dataset] | None = None
    description: str | None = None
    metadata: dict[str, Any] | None = None


class ClassList(Struct):
    """All classes of a team."""

    annotation_classes: list[ClassRecord]


@attrs.frozen
class TeamClass:
    """A class, and the ids of the datasets that use it."""

    definition: AnnotationClass
    dataset_ids: tuple[int, ...]

    def is_in(self, dataset_id: int | None) -> bool:
        """True if a dataset has it (None: any); the one of raster layers is everywhere."""
        return dataset_id is None or dataset_id in self.dataset_ids or self.definition.name == RASTER_LAYER_CLASS


def read_class(record: ClassRecord) -> TeamClass | None:
    """The class a record stands for; None if it is of a type this library does not know."""
    kind = next((one for one in record.annotation_types if one in CLASS_KINDS), None)
    if kind is None or not record.name.strip():
        return None
    metadata = dict(record.metadata or {})
    color = metadata.pop("_color", None)
    definition = AnnotationClass(
        record.name,
        kind,
        record.id,
        tuple(one for one in record.annotation_types if one != kind),
        color if isinstance(color, str) else "auto",
        record.description,
        metadata,
    )
    return TeamClass(definition, tuple(one.id for one in record.datasets or ()))


def class_body(wanted: AnnotationClass, dataset_id: int, type_ids: Mapping[str, int]) -> Tree:
    """What creates a class (E9). Sub-types that the hub does not have are left out.

    Raises:
        InvalidInput: the hub does not have its type.
    """
    if wanted.kind not in type_ids:
        raise InvalidInput(f"annotation class '{wanted.name}'", f"has the type '{wanted.kind}', unknown to the hub")
    types = [wanted.kind, *(one for one in wanted.sub_types if one in type_ids)]
    body: Tree = {
        "dataset_id": dataset_id,
        "name": wanted.name,
        "metadata": {"_color": wanted.color, **wanted.metadata},
        "annotation_type_ids": [type_ids[one] for one in types],
        "datasets": [{"id": dataset_id}],
    }
    return body if wanted.description is None else {**body, "description": wanted.description}


# --- properties -------------------------------------------------------------------------------------


class _ValueRecord(Struct):
    id: str
    value: str | None = None
    color: str | None = None


class _Trigger(Struct):
    type: str
    property_value_ids: list[str] | None = None


class PropertyRecord(Struct):
    """A property."""

    id: str
    name: str
    type: str
    required: bool | None = None
    description: str | None = None
    granularity: Granularity | None = None
    annotation_class_id: int | None = None
    dataset_ids: list[int] | None = None
    property_values: list[_ValueRecord] | None = None
    parent_property_id: str | None = None
    trigger_condition: _Trigger | None = None


class PropertyList(Struct):
    """All properties of a team."""

    properties: list[PropertyRecord]


def read_properties(records: Sequence[PropertyRecord], classes: Iterable[AnnotationClass]) -> list[KnownProperty]:
    """The properties that records stand for; those of classes that are not there (any more) are left out."""
    owners = {one.id: one for one in classes}
    by_id = {record.id: record for record in records}
    known: list[KnownProperty] = []
    for record in records:
        owner = owners.get(record.annotation_class_id)
        if (owner is None) != (record.granularity is Granularity.ITEM):
            continue
        root = _root(record, by_id)
        ids = {one.value: one.id for one in record.property_values or () if one.value is not None}
        datasets = tuple(root.dataset_ids or ()) if owner is None else None
        known.append(KnownProperty(record.id, _definition(record, owner, by_id), ids, datasets))
    return known


def _root(record: PropertyRecord, by_id: Mapping[str, PropertyRecord]) -> PropertyRecord:
    for _ in by_id:  # no chain is longer, unless it is a ring
        parent = by_id.get(record.parent_property_id or "")
        if parent is None:
            break
        record = parent
    return record


def _definition(
    record: PropertyRecord, owner: AnnotationClass | None, by_id: Mapping[str, PropertyRecord]
) -> PropertyDefinition:
    parent = by_id.get(record.parent_property_id or "")
    trigger: tuple[str, ...] | None = None
    if parent is not None and record.trigger_condition and record.trigger_condition.property_value_ids:
        names = {one.id: one.value for one in parent.property_values or ()}
        wanted = record.trigger_condition.property_value_ids
        trigger = tuple(name for one in wanted if (name := names.get(one)) is not None)
    return PropertyDefinition(
        record.name,
        record.type,
        record.granularity or Granularity.SECTION,
        owner and owner.name,
        owner and owner.kind,
        record.description or "",
        bool(record.required),
        tuple(
            PropertyChoice(one.value, one.color or "auto")
            for one in record.property_values or ()
            if one.value is not None
        ),
        parent and parent.name,
        trigger,
    )


def property_body(wanted: PropertyDefinition, class_id: int | None, dataset_id: int) -> Tree:
    """What creates a property without a parent (E35)."""
    body: Tree = {
        "name": wanted.name,
        "type": str(wanted.type),
        "required": wanted.required,
        "description": wanted.description,
        "granularity": str(wanted.granularity),
    }
    if wanted.type != PropertyType.TEXT:
        body["property_values"] = _values(wanted.choices)
    if class_id is not None:
        return {**body, "annotation_class_id": class_id}
    return body if wanted.parent_name is not None else {**body, "dataset_ids": [dataset_id]}


def nesting_body(wanted: PropertyDefinition, parent: KnownProperty) -> Tree:
    """What says under which value of its parent a property is asked for.

    Raises:
        InvalidInput: the parent has no such value.
    """
    if wanted.trigger is None:
        return {"parent_property_id": parent.id, "trigger_condition": {"type": "any_value"}}
    missing = [value for value in wanted.trigger if value not in parent.value_ids]
    if missing:
        reason = f"depends on '{missing[0]}', which is no value of '{parent.definition.name}'"
        raise InvalidInput(f"property '{wanted.name}'", reason)
    ids = [parent.value_ids[value] for value in wanted.trigger]
    return {"parent_property_id": parent.id, "trigger_condition": {"type": "value_match", "property_value_ids": ids}}


def update_body(known: KnownProperty, choices: Iterable[PropertyChoice], dataset_id: int | None) -> Tree:
    """What adds values, and a dataset that shows an item property, to a property as it is (E36)."""
    definition = known.definition
    body: Tree = {
        "name": definition.name,
        "type": str(definition.type),
        "required": definition.required,
        "description": definition.description,
    }
    if not known.is_text:
        body["property_values"] = _values(choices)
    if dataset_id is not None:
        body["dataset_ids"] = [*(known.dataset_ids or ()), dataset_id]
    return body


def _values(choices: Iterable[PropertyChoice]) -> list[Tree]:
    return [{"type": "string", "value": one.value, "color": one.color} for one in choices]


class TypeRecord(Struct):
    """A type that annotations can have."""

    id: int
    name: str


def type_ids(records: Sequence[TypeRecord]) -> dict[str, int]:
    """Ids of the types this library knows."""
    return {one.name: one.id for one in records if one.name in CLASS_KINDS or one.name in SUB_TYPES}


class AttributeRecord(Struct):
    """An attribute."""

    id: str | int
    name: str
    class_id: int
