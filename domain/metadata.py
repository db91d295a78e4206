"""Companion of a release: its classes and property definitions (reference: V7 Darwin, section 9.6)."""

from __future__ import annotations

import attrs

from .classes import AnnotationClass, PropertyDefinition


@attrs.frozen
class DatasetMetadata:
    """Classes, and the properties of classes and of items."""

    classes: tuple[AnnotationClass, ...] = ()
    properties: tuple[PropertyDefinition, ...] = ()
