"""Writing: documents to bytes, in the hub's key order, compact, the same bytes for the same document."""

from __future__ import annotations

import msgspec

from ....domain.document import AnnotationDocument
from ....domain.errors import InvalidInput
from .annotations import annotation_tree
from .extras import Tree, put_back
from .item_properties import property_tree
from .items import item_tree


def write_document(document: AnnotationDocument) -> bytes:
    """Write Darwin JSON 2.0, UTF-8.

    Raises:
        InvalidInput: the document holds what JSON cannot: a coordinate that is not finite, a lone surrogate.
    """
    tree: Tree = {"version": document.version}
    if document.schema_ref is not None:
        tree["schema_ref"] = document.schema_ref
    tree["item"] = item_tree(document.item)
    tree["annotations"] = [annotation_tree(annotation) for annotation in document.annotations]
    tree["properties"] = [property_tree(value) for value in document.properties]
    put_back(tree, document.extra)
    return encode(tree, f"document of '{document.item.name}'")


def encode(tree: Tree, what: str) -> bytes:
    """Encode a tree as compact JSON.

    Raises:
        InvalidInput: it holds a value JSON has no form for.
    """
    try:
        return msgspec.json.encode(tree)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(
            what, f"cannot be written as JSON: {error}", "Correct the value and write again"
        ) from error
