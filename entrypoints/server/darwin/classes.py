"""Annotation classes, their types and attributes (E7 to E11, section 3.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ....domain.access import Permission
from ....domain.classes import CLASS_KINDS, SUB_TYPES, AnnotationClass
from ....domain.dataset import Dataset
from ....domain.errors import InvalidInput, NameTaken, NotFound
from ....domain.shapes import RASTER_LAYER_CLASS
from ..call import Call, Route
from .datasets import by_id, integer_of
from .fields import integer, listed, mapping, mappings, optional_mapping, optional_text, text
from .records import number_of

TYPES: Mapping[str, int] = {
    "tag": 1, "polygon": 2, "bounding_box": 3, "line": 4, "keypoint": 5, "ellipse": 6, "cuboid": 7, "skeleton": 8,
    "eye": 9, "string": 10, "graph": 11, "table": 12, "simple_table": 13, "mask": 14, "raster_layer": 15, "link": 16,
    "text": 17, "attributes": 18, "instance_id": 19, "directional_vector": 20, "inference": 21, "measures": 22,
}  # fmt: skip
"""Ids of the types that annotations and what they carry can have. They never change: clients may keep them."""

_NAMES = {type_id: name for name, type_id in TYPES.items()}

RASTER_LAYER = AnnotationClass(RASTER_LAYER_CLASS, "raster_layer", 2**31 - 1)
"""The class that every dataset has, under an id that no hub reaches by counting."""


@attrs.frozen
class UsedClass:
    """A class of the team, and the datasets that use it, by id."""

    definition: AnnotationClass
    datasets: Mapping[int, Dataset]


def classes_of(call: Call, dataset: Dataset) -> tuple[AnnotationClass, ...]:
    """Classes whose ids annotations of a dataset may name."""
    return (*call.hub.list_classes(dataset), RASTER_LAYER)


def team_classes(call: Call) -> dict[int, UsedClass]:
    """Classes of all the team's datasets, by id; that of raster layers always, and in every dataset."""
    datasets = call.hub.list_datasets(call.team)
    users: dict[int, dict[int, Dataset]] = {}
    definitions: dict[int, AnnotationClass] = {}
    for dataset in datasets:
        for one in call.hub.list_classes(dataset):
            if one.id is not None:
                definitions[one.id] = one
                users.setdefault(one.id, {})[dataset.id] = dataset
    layers = [class_id for class_id, one in definitions.items() if one.name == RASTER_LAYER_CLASS]
    for class_id in layers or [RASTER_LAYER.id or 0]:
        definitions.setdefault(class_id, RASTER_LAYER)
        users[class_id] = {dataset.id: dataset for dataset in datasets}
    return {class_id: UsedClass(definitions[class_id], users[class_id]) for class_id in sorted(definitions)}


def class_record(used: UsedClass, team: str) -> dict[str, Any]:
    """A class as Darwin's clients know it."""
    one = used.definition
    ids = sorted(used.datasets)
    return {
        "id": one.id,
        "name": one.name,
        "team_id": number_of(team),
        "dataset_id": ids[0] if ids else None,
        "datasets": [{"id": dataset_id} for dataset_id in ids],
        "annotation_types": [one.kind, *one.sub_types],
        "description": one.description,
        "metadata": {"_color": one.color, **one.metadata},
        "images": [],
        "annotation_class_image_url": None,
    }


# --- requests -------------------------------------------------------------------------------------------------------


def list_types(call: Call) -> list[dict[str, Any]]:
    """Every type with its id."""
    return [{"id": type_id, "name": name} for name, type_id in TYPES.items()]


def list_classes(call: Call) -> dict[str, Any]:
    """All classes of the team."""
    return {"annotation_classes": [class_record(one, call.team) for one in team_classes(call).values()]}


def create_class(call: Call) -> dict[str, Any]:
    """Create a class from the ids of its types."""
    types: list[str] = []
    for position, value in enumerate(listed(mapping(call.body), "annotation_type_ids")):
        type_id = integer(value, f"annotation_type_ids[{position}]")
        if type_id not in _NAMES:
            raise InvalidInput(f"annotation type {type_id}", "is unknown", "GET annotation_types lists them")
        types.append(_NAMES[type_id])
    return _create(call, types)


def create_named_class(call: Call) -> dict[str, Any]:
    """Create a class from the names of its types."""
    types = listed(mapping(call.body), "annotation_types")
    if not all(isinstance(one, str) and (one in CLASS_KINDS or one in SUB_TYPES) for one in types):
        raise InvalidInput("annotation_types", "holds one that is unknown", "GET annotation_types lists them")
    return _create(call, types)


def _create(call: Call, types: Sequence[str]) -> dict[str, Any]:
    kinds = [one for one in types if one in CLASS_KINDS]
    if len(kinds) != 1:
        raise InvalidInput("annotation types", f"must have one main type, and have {len(kinds)}")
    metadata = dict(optional_mapping(call.body, "metadata") or {})
    color = text(metadata, "_color", "auto")
    metadata.pop("_color", None)
    wanted = AnnotationClass(
        text(call.body, "name"),
        kinds[0],
        sub_types=tuple(one for one in types if one not in kinds),
        color=color,
        description=optional_text(call.body, "description"),
        metadata=metadata,
    )
    datasets = _datasets(call)
    if not datasets:
        raise InvalidInput("datasets", "must name one at least", "A class here belongs to the datasets that use it")
    there = {(one.definition.name, one.definition.kind) for one in team_classes(call).values()}
    if (wanted.name, wanted.kind) in there:
        raise NameTaken(f"annotation class '{wanted.name}' ({wanted.kind})", "exists already")
    added = [call.hub.add_classes(dataset, [wanted])[0] for dataset in datasets]
    return class_record(UsedClass(added[0], {dataset.id: dataset for dataset in datasets}), call.team)


def _datasets(call: Call) -> list[Dataset]:
    """The datasets that a body names, each once."""
    body = mapping(call.body)
    ids = [one.get("id") for one in mappings(body, "datasets")] if body.get("datasets") is not None else []
    ids = [body.get("dataset_id"), *ids] if body.get("dataset_id") is not None else ids
    return [by_id(call, dataset_id) for dataset_id in dict.fromkeys(integer(one, "dataset id") for one in ids)]


def update_class(call: Call) -> dict[str, Any]:
    """Attach a class to datasets. It is not taken away from others: nothing is lost when two do this at once."""
    class_id = call.path["class_id"]
    used = next((one for number, one in team_classes(call).items() if str(number) == class_id), None)
    if used is None:
        raise NotFound("annotation class", class_id)
    datasets = {dataset.id: dataset for dataset in _datasets(call)}
    for dataset_id, dataset in datasets.items():
        if dataset_id not in used.datasets:
            call.hub.add_classes(dataset, [used.definition])
    return class_record(UsedClass(used.definition, {**used.datasets, **datasets}), call.team)


def list_attributes(call: Call) -> list[dict[str, Any]]:
    """Attributes of a dataset's classes."""
    dataset = by_id(call, integer_of(call, "dataset_id"))
    return [
        {"id": one.id, "name": one.name, "class_id": one.class_id, "type": "string"}
        for one in call.hub.list_attributes(dataset)
    ]


_CLASSES = "teams/{team}/annotation_classes"

ROUTES = (
    Route("GET", "annotation_types", list_types, Permission.READ),
    Route("GET", _CLASSES, list_classes, Permission.READ),
    Route("POST", _CLASSES, create_named_class, Permission.CONTRIBUTE),
    Route("POST", "annotation_classes", create_class, Permission.CONTRIBUTE),
    Route("PUT", "annotation_classes/{class_id}", update_class, Permission.CONTRIBUTE),
    Route("GET", "datasets/{dataset_id}/attributes", list_attributes, Permission.READ),
)
