"""What the ids of a hub mean: classes, attributes, properties and their values, looked up both ways."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType

import attrs

from ...domain.classes import AnnotationClass, AttributeDefinition, PropertyDefinition, PropertyType
from ...domain.errors import InvalidDocument, exception

NO_IDS: Mapping[str, str] = MappingProxyType({})


@exception
class UnknownId(InvalidDocument):
    """A document names an id that the hub does not give to anything (any more)."""


@attrs.frozen
class KnownProperty:
    """A property as its hub knows it.

    `value_ids` maps the values that can be selected to their ids; a text property has none. `dataset_ids` are the
    datasets that show an item property; None: those of its root (it is nested), or of its class.
    """

    id: str
    definition: PropertyDefinition
    value_ids: Mapping[str, str] = NO_IDS
    dataset_ids: tuple[int, ...] | None = None

    @property
    def is_text(self) -> bool:
        """True if it holds text, and not one of listed values."""
        return self.definition.type == PropertyType.TEXT

    @cached_property
    def values(self) -> Mapping[str, str]:
        """Values by their ids."""
        return {value_id: value for value, value_id in self.value_ids.items()}


@attrs.frozen
class Vocabulary:
    """Classes, attributes and properties that annotations on a hub refer to by id. Every class has an id.

    `elsewhere` are classes that the dataset does not use (any more), whose ids annotations may still hold.
    """

    classes: tuple[AnnotationClass, ...] = ()
    attributes: tuple[AttributeDefinition, ...] = ()
    properties: tuple[KnownProperty, ...] = ()
    elsewhere: tuple[AnnotationClass, ...] = ()

    # --- to ids -------------------------------------------------------------------------------------

    def class_of(self, name: str, kind: str) -> AnnotationClass | None:
        """The class of that name and kind."""
        return self._classes_by_name.get((name, kind))

    def attribute_id(self, class_id: int | None, name: str) -> str | None:
        """The id of an attribute of a class."""
        return self._attribute_ids.get((class_id, name))

    def property_of(self, owner: AnnotationClass | None, name: str) -> KnownProperty | None:
        """The property of a class, or (owner None) of items."""
        known = self._properties_by_name
        if owner is None:
            return known.get((None, None, name))
        return known.get((owner.name, owner.kind, name)) or known.get((owner.name, None, name))

    # --- from ids -----------------------------------------------------------------------------------

    def class_with(self, class_id: int) -> AnnotationClass | None:
        """The class of that id."""
        return self._classes_by_id.get(class_id)

    def attribute_name(self, attribute_id: str) -> str | None:
        """The name of an attribute."""
        return self._attribute_names.get(attribute_id)

    def property_with(self, property_id: str) -> KnownProperty | None:
        """The property of that id."""
        return self._properties_by_id.get(property_id)

    # --- indices, made when first asked for ---------------------------------------------------------

    @cached_property
    def _classes_by_name(self) -> Mapping[tuple[str, str], AnnotationClass]:
        return {(one.name, one.kind): one for one in self.classes}

    @cached_property
    def _classes_by_id(self) -> Mapping[int | None, AnnotationClass]:
        return {one.id: one for one in (*self.elsewhere, *self.classes)}

    @cached_property
    def _attribute_ids(self) -> Mapping[tuple[int | None, str], str]:
        return {(one.class_id, one.name): one.id for one in self.attributes}

    @cached_property
    def _attribute_names(self) -> Mapping[str, str]:
        return {one.id: one.name for one in self.attributes}

    @cached_property
    def _properties_by_name(self) -> Mapping[tuple[str | None, str | None, str], KnownProperty]:
        return {
            (one.definition.class_name, one.definition.class_kind, one.definition.name): one
            for one in self.properties
        }

    @cached_property
    def _properties_by_id(self) -> Mapping[str, KnownProperty]:
        return {one.id: one for one in self.properties}
