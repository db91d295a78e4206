"""Property values of an item, from wire values and to JSON trees (section 8.1)."""

from __future__ import annotations

from collections.abc import Sequence

from ....domain.document import ItemPropertyValue
from ....domain.item import NO_EXTRA
from . import wire
from .annotations import authors_tree, read_authors
from .extras import Extras, Tree, put_back


def read_properties(sources: Sequence[wire.ItemProperty] | None, extras: Extras) -> tuple[ItemPropertyValue, ...]:
    """Make the values of item properties."""
    return tuple(
        ItemPropertyValue(
            source.name,
            source.value,
            read_authors(source.annotators),
            read_authors(source.reviewers),
            extras.get(("properties", position), NO_EXTRA),
        )
        for position, source in enumerate(sources or ())
    )


def property_tree(value: ItemPropertyValue) -> Tree:
    """The JSON of an item property value."""
    tree: Tree = {"name": value.name, "value": value.value, **authors_tree(value)}
    put_back(tree, value.extra)
    return tree
