"""Annotations of items: import them (E25), list them and property values (E26, E27), tag and untag items.

Beyond Darwin's protocol: an import may carry a whole document, and an item's document can be had.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import msgspec
from starlette.responses import Response

from ....adapters.darwin.vocabulary import Vocabulary
from ....adapters.darwin.wire import decode
from ....domain.access import Permission
from ....domain.annotation import Annotation, AnyAnnotation
from ....domain.classes import AnnotationClass
from ....domain.dataset import Dataset
from ....domain.document import ItemPropertyValue
from ....domain.errors import InvalidDocument, InvalidInput, ItemNotFound
from ....domain.item import Item
from ....domain.shapes import Tag
from ....ports.annotations import ImportMode
from ..call import Call, Route
from .addresses import FileAddresses
from .classes import classes_of, team_classes
from .fields import flag, integer, mapping
from .filters import selection_of_body
from .properties import known_properties, value_id
from .properties import property_id as id_of
from .stages import derived

SOURCE = "the body"


def vocabulary_of(call: Call, dataset: Dataset) -> Vocabulary:
    """What the ids mean that annotations of a dataset hold."""
    return Vocabulary(
        classes_of(call, dataset),
        tuple(call.hub.list_attributes(dataset)),
        tuple(known_properties(call, [dataset]).values()),
    )


def _dataset(call: Call, wanted: Any = None) -> Dataset:
    """The dataset of the item that the path names.

    Raises:
        ItemNotFound: there is no such item, or it is not in the dataset that the client takes it to be in.
    """
    dataset = call.hub.dataset_of(call.team, call.path["item_id"])
    if wanted is not None and integer(wanted, "dataset_id") != dataset.id:
        raise ItemNotFound("item", call.path["item_id"])
    return dataset


# --- imports --------------------------------------------------------------------------------------------------------


def import_annotations(call: Call) -> dict[str, Any]:
    """Replace the item's annotations, or add to them."""
    body = mapping(call.body)
    dataset = _dataset(call, body.get("dataset_id"))
    mode = ImportMode.OVERWRITE if flag(body, "overwrite") else ImportMode.APPEND
    if body.get("document") is not None:
        annotations, properties = _read_document(call, body["document"])
    else:
        annotations, properties = decode(body, vocabulary_of(call, dataset), call.codec, SOURCE)
    call.hub.import_annotations(dataset, call.path["item_id"], annotations, properties, mode)
    return {}


def _read_document(call: Call, tree: Any) -> tuple[Sequence[AnyAnnotation], Sequence[ItemPropertyValue]]:
    try:
        document = call.codec.read(msgspec.json.encode(tree), SOURCE)
    except InvalidDocument as error:
        raise attrs.evolve(error, location=f"$.document{error.location.removeprefix('$')}") from error
    return document.annotations, document.properties


# --- what is there --------------------------------------------------------------------------------------------------


class _Written(msgspec.Struct):
    annotations: msgspec.Raw


def list_annotations(call: Call) -> Response:
    """The item's annotations as Darwin JSON has them."""
    written = call.codec.write(call.hub.get_annotations(_dataset(call), call.path["item_id"]))
    annotations = msgspec.json.decode(written, type=_Written).annotations
    return Response(bytes(annotations), media_type="application/json")


def get_document(call: Call) -> Response:
    """The item's document, with addresses of its files that holders of a key can use."""
    dataset = _dataset(call, next(iter(call.query.get("dataset_id", ())), None))
    written = call.codec.write(call.hub.get_annotations(dataset, call.path["item_id"]))
    addresses = FileAddresses(call.links, call.team, call.hub.source.schemes)
    return Response(addresses.rewrite(written), media_type="application/json")


def list_item_properties(call: Call) -> dict[str, Any]:
    """The dataset's item properties, each with the values that the item has."""
    dataset = _dataset(call)
    known = [one for one in known_properties(call, [dataset]).values() if one.definition.class_name is None]
    document = call.hub.get_annotations(dataset, call.path["item_id"])
    values: dict[str, list[dict[str, Any]]] = {one.id: [] for one in known}
    names = {one.definition.name: one for one in known}
    for value in document.properties:
        one = names.get(value.name)
        if one is not None and value.value is not None:
            said = (
                {"text": value.value} if one.is_text else {"id": value_id(one.id, value.value), "value": value.value}
            )
            values[one.id].append(said)
    return {
        "properties": [
            {"id": id_of(call.team, one.definition), "name": one.definition.name, "values": values[one.id]}
            for one in known
        ]
    }


# --- tags -----------------------------------------------------------------------------------------------------------


def tag_items(call: Call) -> dict[str, Any]:
    """Put a tag on every slot of the items selected that has none of it."""
    tag = _tag_class(call)
    selected = list(selection_of_body(call).items(call))
    for dataset in {dataset.id: dataset for dataset, _ in selected}.values():
        call.hub.add_classes(dataset, [tag])
    for dataset, item in selected:
        tagged = _tagged(call, dataset, item, tag)
        lacking = [slot.name for slot in item.slots if slot.name not in tagged]
        # Ids that are always the same: whoever tags at the same time adds the same ones.
        added = [Annotation(tag.name, Tag(), derived("tag", item.id, tag.id, slot), (slot,)) for slot in lacking]
        if added:
            call.hub.import_annotations(dataset, item.id, added, (), ImportMode.APPEND)
    return {"affected_item_count": len(selected)}


def untag_items(call: Call) -> dict[str, Any]:
    """Take a tag off the items selected."""
    tag = _tag_class(call)
    selected = list(selection_of_body(call).items(call))
    for dataset, item in selected:
        document = call.hub.get_annotations(dataset, item.id)
        kept = [one for one in document.annotations if not _is_tag(one, tag)]
        if len(kept) < len(document.annotations):
            call.hub.import_annotations(dataset, item.id, kept, document.properties, ImportMode.OVERWRITE)
    return {"affected_item_count": len(selected)}


def _tag_class(call: Call) -> AnnotationClass:
    class_id = integer(mapping(call.body).get("annotation_class_id"), "annotation_class_id")
    used = team_classes(call).get(class_id)
    if used is None or used.definition.kind != Tag.kind:
        raise InvalidInput(f"annotation class {class_id}", "is not a tag of the team")
    return used.definition


def _tagged(call: Call, dataset: Dataset, item: Item, tag: AnnotationClass) -> frozenset[str]:
    present = call.hub.get_annotations(dataset, item.id).annotations
    return frozenset(slot for one in present if _is_tag(one, tag) for slot in one.slot_names)


def _is_tag(annotation: AnyAnnotation, tag: AnnotationClass) -> bool:
    return isinstance(annotation, Annotation) and (annotation.class_name, annotation.kind) == (tag.name, tag.kind)


_ITEM = "v2/teams/{team}/items/{item_id}"
_TAGS = "v2/teams/{team}/items/slots/tags"

ROUTES = (
    Route("POST", f"{_ITEM}/import", import_annotations, Permission.ANNOTATE),
    Route("GET", f"{_ITEM}/annotations", list_annotations, Permission.READ),
    Route("GET", f"{_ITEM}/document", get_document, Permission.READ),
    Route("GET", f"{_ITEM}/properties", list_item_properties, Permission.READ),
    Route("POST", _TAGS, tag_items, Permission.ANNOTATE),
    Route("DELETE", _TAGS, untag_items, Permission.ANNOTATE),
)
