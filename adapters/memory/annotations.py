"""Annotations, classes and properties of the fake hub."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import attrs

from ...domain.annotation import AnyAnnotation
from ...domain.classes import AnnotationClass, AttributeDefinition, PropertyDefinition
from ...domain.dataset import Dataset
from ...domain.document import AnnotationDocument, ItemPropertyValue
from ...domain.item import ItemDescription, ItemStatus
from ...ports.annotations import ImportMode
from .records import HubPart, PropertyKey


@attrs.define
class MemoryAnnotations(HubPart):
    """`AnnotationDesk` in memory."""

    def get_annotations(self, dataset: Dataset, item_id: str) -> AnnotationDocument:
        """The item with its present annotations."""
        self.state.faults.check("get_annotations", dataset, item_id)
        with self.state.lock:
            item = self.state.item(dataset, item_id)
            return AnnotationDocument(self.state.dataset(dataset).describe(item), item.annotations, item.properties)

    def import_annotations(
        self,
        dataset: Dataset,
        item_id: str,
        annotations: Sequence[AnyAnnotation],
        properties: Sequence[ItemPropertyValue],
        mode: ImportMode,
    ) -> None:
        """Replace or extend an item's annotations."""
        self.state.faults.check("import_annotations", dataset, item_id, annotations, properties, mode)
        given = tuple(annotations)
        with self.state.lock:
            item = self.state.item(dataset, item_id)
            appending = mode is ImportMode.APPEND
            item.annotations = self._merged(item.annotations if appending else (), given)
            document = AnnotationDocument(ItemDescription(item.name), item.annotations)
            self.state.team(self.state.dataset(dataset).team).attributes.update(document.attributes())
            item.properties = _merged_values(item.properties if appending else (), properties)
            item.status = ItemStatus.ANNOTATE if item.status is ItemStatus.NEW else item.status
            item.updated_at = self.state.timestamp()

    def _merged(self, before: Sequence[AnyAnnotation], given: Sequence[AnyAnnotation]) -> tuple[AnyAnnotation, ...]:
        merged = {one.id: one for one in before}
        reserved = {one.id for one in given} | set(merged)
        for one in given:
            annotation = one
            while annotation.id is None or (one.id is None and annotation.id in reserved):
                annotation = attrs.evolve(one, id=self.state.new_id())
            merged[annotation.id] = annotation
        return tuple(merged.values())


@attrs.define
class MemoryClasses(HubPart):
    """`ClassCatalogue` in memory."""

    def list_classes(self, dataset: Dataset) -> Sequence[AnnotationClass]:
        """Classes the dataset uses, by name and kind."""
        self.state.faults.check("list_classes", dataset)
        with self.state.lock:
            owner = self.state.dataset(dataset)
            known = self.state.team(owner.team).classes
            return [known[key] for key in sorted(owner.classes)]

    def add_classes(self, dataset: Dataset, classes: Sequence[AnnotationClass]) -> Sequence[AnnotationClass]:
        """Make sure the dataset has these classes; return them with ids, in order."""
        self.state.faults.check("add_classes", dataset, classes)
        added: list[AnnotationClass] = []
        with self.state.lock:
            owner = self.state.dataset(dataset)
            known = self.state.team(owner.team).classes
            for one in classes:
                key = (one.name, one.kind)
                if key not in known:
                    known[key] = attrs.evolve(one, id=self.state.number())
                owner.classes.add(key)
                added.append(known[key])
        return added

    def list_attributes(self, dataset: Dataset) -> Sequence[AttributeDefinition]:
        """Attributes of the dataset's classes, by class and name."""
        self.state.faults.check("list_attributes", dataset)
        with self.state.lock:
            owner = self.state.dataset(dataset)
            team = self.state.team(owner.team)
            found = [(*key, team.classes[key[:2]].id) for key in sorted(team.attributes) if key[:2] in owner.classes]
        return [
            AttributeDefinition(_attribute_id(owner.team, class_name, kind, name), name, class_id or 0)
            for class_name, kind, name, class_id in found
        ]

    def list_properties(self, dataset: Dataset) -> Sequence[PropertyDefinition]:
        """Property definitions of the dataset's classes and items, by class and name."""
        self.state.faults.check("list_properties", dataset)
        with self.state.lock:
            owner = self.state.dataset(dataset)
            of_classes = [
                one
                for (name, kind, _), one in self.state.team(owner.team).properties.items()
                if (name, kind) in owner.classes
            ]
            found = [*of_classes, *owner.item_properties.values()]
        return sorted(found, key=lambda one: (one.class_name or "", one.class_kind or "", one.name))

    def add_properties(self, dataset: Dataset, properties: Sequence[PropertyDefinition]) -> None:
        """Make sure these properties exist."""
        self.state.faults.check("add_properties", dataset, properties)
        with self.state.lock:
            owner = self.state.dataset(dataset)
            of_team = self.state.team(owner.team).properties
            for one in properties:
                _add_property(owner.item_properties if one.class_name is None else of_team, one)


def _attribute_id(*parts: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, "\n".join(parts)))


def _merged_values(
    before: Sequence[ItemPropertyValue], given: Sequence[ItemPropertyValue]
) -> tuple[ItemPropertyValue, ...]:
    merged = {(one.name, one.value): one for one in before}
    merged.update({(one.name, one.value): one for one in given})
    return tuple(merged.values())


def _add_property(known: dict[PropertyKey, PropertyDefinition], one: PropertyDefinition) -> None:
    key = (one.class_name, one.class_kind, one.name)
    if key not in known:
        known[key] = one
        return
    choices = {choice.value: choice for choice in (*reversed(one.choices), *reversed(known[key].choices))}
    kept = [choice.value for choice in known[key].choices]
    new = [choice.value for choice in one.choices if choice.value not in set(kept)]
    known[key] = attrs.evolve(known[key], choices=tuple(choices[value] for value in [*kept, *dict.fromkeys(new)]))
