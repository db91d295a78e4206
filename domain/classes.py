"""Annotation classes and properties: the vocabulary of a dataset (reference: V7 Darwin, section 9)."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

import attrs

from .errors import InvalidInput
from .main_types import MAIN_TYPES

CLASS_KINDS = (*MAIN_TYPES, "link")
"""Main types a class may have; `link` has no payload rules of its own."""

SUB_TYPES = ("text", "attributes", "instance_id", "directional_vector", "inference", "measures")


class PropertyType(enum.StrEnum):
    """How a property takes its value."""

    SINGLE_SELECT = "single_select"
    MULTI_SELECT = "multi_select"
    TEXT = "text"


class Granularity(enum.StrEnum):
    """What a property belongs to: a frame of an annotation, an annotation, or the item."""

    SECTION = "section"
    ANNOTATION = "annotation"
    ITEM = "item"


@attrs.frozen
class PropertyChoice:
    """A value that can be selected; `color` is `auto` or `rgba(...)`."""

    value: str
    color: str = "auto"


@attrs.frozen
class PropertyDefinition:
    """A property that annotations of a class, or items, can have.

    `class_name` is None for item properties. A nested property names its parent and the condition under
    which it is asked: `trigger` None means any value of the parent, else one of the values listed.
    """

    name: str
    type: str = PropertyType.SINGLE_SELECT
    granularity: Granularity = Granularity.SECTION
    class_name: str | None = None
    class_kind: str | None = None
    description: str = ""
    required: bool = False
    choices: tuple[PropertyChoice, ...] = ()
    parent_name: str | None = None
    trigger: tuple[str, ...] | None = None

    def __attrs_post_init__(self) -> None:
        if (self.class_name is None) != (self.granularity is Granularity.ITEM):
            raise InvalidInput(
                f"property '{self.name}'", "belongs to a class unless its granularity is 'item', and only then"
            )


@attrs.frozen
class AnnotationClass:
    """A class of annotations: name, main type, and the sub-types its annotations may carry.

    Classes belong to a team and are used by datasets; (name, kind) identifies one in its team.
    `metadata` is the hub's own (colour, skeleton layout).
    """

    name: str
    kind: str
    id: int | None = None
    sub_types: tuple[str, ...] = ()
    color: str = "auto"
    description: str | None = None
    metadata: Mapping[str, Any] = attrs.field(factory=dict[str, Any])

    def __attrs_post_init__(self) -> None:
        if not self.name.strip():
            raise InvalidInput("annotation class", "needs a name")
        if self.kind not in CLASS_KINDS:
            raise InvalidInput(
                f"annotation class '{self.name}'",
                f"has the unknown type '{self.kind}'",
                f"Types are: {', '.join(CLASS_KINDS)}",
            )


@attrs.frozen
class AttributeDefinition:
    """An attribute that annotations of a class may carry: a name, known to the hub under an id."""

    id: str
    name: str
    class_id: int
