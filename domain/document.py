"""Annotation document: an item with all its annotations, the unit in which releases are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from .item import NO_EXTRA, ItemDescription, JsonPath

if TYPE_CHECKING:
    # A document whose annotations nobody looks at needs none of the shapes.
    from .annotation import AnyAnnotation, Author


@attrs.frozen
class ItemPropertyValue:
    """A property of the item itself set to a value."""

    name: str
    value: str | None
    annotators: tuple[Author, ...] | None = None
    reviewers: tuple[Author, ...] | None = None
    extra: Mapping[JsonPath, Any] = attrs.field(default=NO_EXTRA, repr=False)


@attrs.frozen
class AnnotationDocument:
    """An item, its annotations in the document's own order, and the values of its item properties.

    `annotations` may be a lazy sequence: its elements are made when they are asked for.
    """

    item: ItemDescription
    annotations: Sequence[AnyAnnotation] = ()
    properties: tuple[ItemPropertyValue, ...] = ()
    version: str = "2.0"
    schema_ref: str | None = None
    extra: Mapping[JsonPath, Any] = attrs.field(default=NO_EXTRA, repr=False)

    @property
    def name(self) -> str:
        """Name of the item."""
        return self.item.name

    def classes(self) -> list[tuple[str, str]]:
        """Distinct (class name, kind) pairs of the annotations, sorted."""
        return sorted({(annotation.class_name, annotation.kind) for annotation in self.annotations})

    def attributes(self) -> list[tuple[str, str, str]]:
        """Distinct (class name, kind, attribute) of the annotations, sorted."""
        return sorted(
            {(one.class_name, one.kind, attribute) for one in self.annotations for attribute in one.attributes()}
        )
