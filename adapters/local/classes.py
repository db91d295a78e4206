"""Annotation classes and properties of the embedded hub."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from ...domain.classes import AnnotationClass, Granularity, PropertyChoice, PropertyDefinition
from ...domain.dataset import Dataset
from ...domain.errors import InvalidInput
from .catalogue import Catalogue
from .datasets import check_live

_CLASSES = """
SELECT classes.id, classes.name, classes.kind, classes.definition
FROM classes JOIN dataset_classes ON dataset_classes.class = classes.id
WHERE dataset_classes.dataset = ?
ORDER BY classes.name, classes.kind
"""

_PROPERTIES = """
SELECT properties.name, classes.name, classes.kind, properties.definition
FROM properties LEFT JOIN classes ON classes.id = properties.class
WHERE properties.class IN (SELECT class FROM dataset_classes WHERE dataset = ?1)
    OR properties.id IN (SELECT property FROM dataset_properties WHERE dataset = ?1)
ORDER BY coalesce(classes.name, ''), coalesce(classes.kind, ''), properties.name
"""

_FIND_CLASS = "SELECT id, name, kind, definition FROM classes WHERE team = ? AND name = ? AND kind = ?"
_FIND_PROPERTY = "SELECT id, definition FROM properties WHERE team = ? AND coalesce(class, 0) = ? AND name = ?"


def read_classes(connection: sqlite3.Connection, dataset: Dataset) -> list[AnnotationClass]:
    """Classes attached to a dataset, by name and kind."""
    return [_class(*row) for row in connection.execute(_CLASSES, (dataset.id,))]


def read_properties(connection: sqlite3.Connection, dataset: Dataset) -> list[PropertyDefinition]:
    """Properties of a dataset's classes and of its items, by class and name."""
    return [_property(*row) for row in connection.execute(_PROPERTIES, (dataset.id,))]


class Classes:
    """Implements `ports.annotations.ClassCatalogue`."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def list_classes(self, dataset: Dataset) -> Sequence[AnnotationClass]:
        """Classes attached to the dataset."""
        with self._catalogue.reading() as connection:
            check_live(connection, dataset)
            return read_classes(connection, dataset)

    def add_classes(self, dataset: Dataset, classes: Sequence[AnnotationClass]) -> Sequence[AnnotationClass]:
        """Attach classes, making those the team does not have."""
        with self._catalogue.writing() as connection:
            check_live(connection, dataset)
            return [_attach(connection, dataset, one) for one in classes]

    def list_properties(self, dataset: Dataset) -> Sequence[PropertyDefinition]:
        """Properties of the dataset."""
        with self._catalogue.reading() as connection:
            check_live(connection, dataset)
            return read_properties(connection, dataset)

    def add_properties(self, dataset: Dataset, properties: Sequence[PropertyDefinition]) -> None:
        """Make the properties that are not there; add choices to those that are."""
        with self._catalogue.writing() as connection:
            check_live(connection, dataset)
            for one in properties:
                _define(connection, dataset, one)


def _attach(connection: sqlite3.Connection, dataset: Dataset, wanted: AnnotationClass) -> AnnotationClass:
    key = (dataset.team, wanted.name, wanted.kind)
    definition = {
        "sub_types": wanted.sub_types,
        "color": wanted.color,
        "description": wanted.description,
        "metadata": dict(wanted.metadata),
    }
    insert = "INSERT OR IGNORE INTO classes (team, name, kind, definition) VALUES (?, ?, ?, ?)"
    connection.execute(insert, (*key, json.dumps(definition)))
    found = _class(*connection.execute(_FIND_CLASS, key).fetchone())
    connection.execute("INSERT OR IGNORE INTO dataset_classes VALUES (?, ?)", (dataset.id, found.id))
    return found


def _class(class_id: int, name: str, kind: str, definition: str) -> AnnotationClass:
    fields = json.loads(definition)
    return AnnotationClass(
        name,
        kind,
        class_id,
        tuple(fields["sub_types"]),
        fields["color"],
        fields["description"],
        fields["metadata"],
    )


def _define(connection: sqlite3.Connection, dataset: Dataset, wanted: PropertyDefinition) -> None:
    class_id = _class_of(connection, dataset, wanted)
    key = (dataset.team, class_id or 0, wanted.name)
    row = connection.execute(_FIND_PROPERTY, key).fetchone()
    if row is None:
        insert = "INSERT INTO properties (team, class, name, definition) VALUES (?, ?, ?, ?)"
        connection.execute(insert, (dataset.team, class_id, wanted.name, json.dumps(_fields(wanted))))
        row = connection.execute(_FIND_PROPERTY, key).fetchone()
    property_id, definition = row
    fields = json.loads(definition)
    choices = _more_choices(fields["choices"], wanted.choices)
    if choices != fields["choices"]:
        update = "UPDATE properties SET definition = ? WHERE id = ?"
        connection.execute(update, (json.dumps({**fields, "choices": choices}), property_id))
    if class_id is None:
        connection.execute("INSERT OR IGNORE INTO dataset_properties VALUES (?, ?)", (dataset.id, property_id))


def _class_of(connection: sqlite3.Connection, dataset: Dataset, wanted: PropertyDefinition) -> int | None:
    if wanted.class_name is None:
        return None
    for one in read_classes(connection, dataset):
        if one.name == wanted.class_name and wanted.class_kind in {None, one.kind}:
            return one.id
    raise InvalidInput(
        f"property '{wanted.name}'",
        f"belongs to a class '{wanted.class_name}' that the dataset does not have",
        "Add the class first",
    )


def _fields(definition: PropertyDefinition) -> dict[str, Any]:
    kept = ("type", "granularity", "description", "required", "parent_name", "trigger")
    fields = {name: getattr(definition, name) for name in kept}
    return {**fields, "choices": _more_choices([], definition.choices)}


def _more_choices(present: list[list[str]], added: Iterable[PropertyChoice]) -> list[list[str]]:
    choices = {value: [value, color] for value, color in present}
    for one in added:
        choices.setdefault(one.value, list(attrs.astuple(one)))
    return list(choices.values())


def _property(name: str, class_name: str | None, class_kind: str | None, definition: str) -> PropertyDefinition:
    fields = json.loads(definition)
    trigger = fields["trigger"]
    return PropertyDefinition(
        name,
        fields["type"],
        Granularity(fields["granularity"]),
        class_name,
        class_kind,
        fields["description"],
        fields["required"],
        tuple(PropertyChoice(*choice) for choice in fields["choices"]),
        fields["parent_name"],
        None if trigger is None else tuple(trigger),
    )
