"""Annotations of items, and the classes and properties they use."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Protocol

from ..domain.annotation import AnyAnnotation
from ..domain.classes import AnnotationClass, AttributeDefinition, PropertyDefinition
from ..domain.dataset import Dataset
from ..domain.document import AnnotationDocument, ItemPropertyValue


class ImportMode(enum.StrEnum):
    """What happens to annotations that an item has already."""

    OVERWRITE = "overwrite"
    APPEND = "append"


class AnnotationDesk(Protocol):
    """Read and write the annotations of one item at a time."""

    def get_annotations(self, dataset: Dataset, item_id: str) -> AnnotationDocument:
        """The item with its present annotations and item property values.

        Raises:
            ItemNotFound: no such item.
        """
        ...

    def import_annotations(
        self,
        dataset: Dataset,
        item_id: str,
        annotations: Sequence[AnyAnnotation],
        properties: Sequence[ItemPropertyValue],
        mode: ImportMode,
    ) -> None:
        """Replace or extend an item's annotations. Atomic for the item: all of it or nothing.

        Annotations without id get one; on append, an annotation whose id the item has replaces that one. An
        item in status `new` becomes `annotate`. Nothing unknown in the annotations is lost.

        Raises:
            ItemNotFound: no such item.
        """
        ...


class ClassCatalogue(Protocol):
    """Annotation classes and property definitions of a dataset."""

    def list_classes(self, dataset: Dataset) -> Sequence[AnnotationClass]:
        """Classes the dataset uses, by name and kind, each with its id."""
        ...

    def add_classes(self, dataset: Dataset, classes: Sequence[AnnotationClass]) -> Sequence[AnnotationClass]:
        """Make sure the dataset has these classes; return them with ids, in order. Idempotent.

        A class is identified by (name, kind) in its team; one that exists there is attached to the dataset.
        """
        ...

    def list_attributes(self, dataset: Dataset) -> Sequence[AttributeDefinition]:
        """Attributes of the dataset's classes, by class and name.

        A hub that takes them by name knows every one that an annotation of the team's datasets ever carried.
        """
        ...

    def list_properties(self, dataset: Dataset) -> Sequence[PropertyDefinition]:
        """Property definitions of the dataset's classes and items, by class and name."""
        ...

    def add_properties(self, dataset: Dataset, properties: Sequence[PropertyDefinition]) -> None:
        """Make sure these properties exist; choices are added to those that exist, never taken away. Idempotent."""
        ...
