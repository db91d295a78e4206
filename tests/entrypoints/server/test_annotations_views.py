"""Annotations as Darwin's clients send them and ask for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from groundtruth.domain.annotation import Annotation, Author, PropertyValue, SubAnnotations, VideoAnnotation
from groundtruth.domain.classes import AnnotationClass, Granularity, PropertyChoice, PropertyDefinition
from groundtruth.domain.dataset import Dataset
from groundtruth.domain.document import AnnotationDocument, ItemPropertyValue
from groundtruth.domain.errors import InvalidDocument, InvalidInput, ItemNotFound
from groundtruth.domain.geometry import Box
from groundtruth.domain.item import Item, ItemDescription
from groundtruth.domain.shapes import BoundingBox, Polygon, RasterLayer, Tag
from groundtruth.domain.upload import NewItem, NewSlot
from groundtruth.entrypoints.server.darwin.classes import RASTER_LAYER
from groundtruth.ports.annotations import ImportMode
from groundtruth.testing.annotations import RICH
from groundtruth.testing.scenario import Workbench, car, uuid
from support.darwin_views import CODEC, Views

CAR, ROAD, NIGHT = (
    AnnotationClass("car", "bounding_box"),
    AnnotationClass("road", "polygon"),
    AnnotationClass("night", "tag"),
)
DAMAGE = PropertyDefinition(
    "damage", "multi_select", Granularity.SECTION, "car", "bounding_box", choices=(PropertyChoice("dent"),)
)
NOTE = PropertyDefinition("note", "text", Granularity.ANNOTATION, "car", "bounding_box")
WEATHER = PropertyDefinition("weather", "multi_select", Granularity.ITEM, choices=(PropertyChoice("rain"),))
REMARK = PropertyDefinition("remark", "text", Granularity.ITEM)

BOX = {"x": 1, "y": 2, "w": 30, "h": 20}


@pytest.fixture
def views(tmp_path: Path) -> Views:
    return Views(tmp_path)


@pytest.fixture
def dataset(views: Views) -> Dataset:
    dataset = views.dataset()
    views.hub.add_classes(dataset, [CAR, ROAD, NIGHT])
    views.hub.add_properties(dataset, [DAMAGE, NOTE, WEATHER, REMARK])
    return dataset


@pytest.fixture
def item(views: Views, dataset: Dataset) -> Item:
    return views.push(dataset, "/day1/a.png")[0]


def path(item: Item, what: str) -> str:
    return f"v2/teams/acme/items/{item.id}/{what}"


def ids(views: Views, dataset: Dataset) -> dict[str, Any]:
    """Ids of classes and properties by name, and of values."""
    found: dict[str, Any] = {one.name: one.id for one in views.hub.list_classes(dataset)}
    for one in views.ask("GET", "v2/teams/acme/properties")["properties"]:
        found[one["name"]] = one["id"]
        found |= {value["value"]: value["id"] for value in one["property_values"]}
    return found


def test_an_import_as_the_client_sends_it(views: Views, dataset: Dataset, item: Item) -> None:
    known = ids(views, dataset)
    body = {
        "overwrite": "true",
        "annotations": [
            {
                "id": uuid(1),
                "annotation_class_id": known["car"],
                "context_keys": {"slot_names": ["0"]},
                "data": {"bounding_box": BOX, "text": {"text": "hi"}, "instance_id": {"value": 7}},
                "actors": [
                    {"email": "a@b.c", "role": "annotator"},
                    {"email": "r@b.c", "role": "reviewer"},
                ],
                "annotation_properties": {
                    "0": {known["damage"]: [known["dent"]]},
                    "global": {known["note"]: [{"text": "old"}]},
                },
            },
            {
                "id": None,
                "annotation_class_id": known["road"],
                "context_keys": {"slot_names": ["0"]},
                "data": {
                    "polygon": {
                        "path": [{"x": 0, "y": 0}, {"x": 9, "y": 0}, {"x": 9, "y": 9}],
                        "additional_paths": [[{"x": 2, "y": 1}, {"x": 3, "y": 1}, {"x": 3, "y": 2}]],
                    }
                },
            },
            {
                "id": uuid(3),
                "annotation_class_id": known["car"],
                "context_keys": {"slot_names": ["0"]},
                "data": {
                    "frames": {
                        "3": {"bounding_box": BOX, "keyframe": True, "attributes": {"attributes": []}},
                        "12": {"bounding_box": BOX, "keyframe": True},
                    },
                    "segments": [[3, 20]],
                    "interpolated": True,
                    "hidden_areas": [[8, 10]],
                },
            },
            {
                "id": uuid(4),
                "annotation_class_id": RASTER_LAYER.id,
                "context_keys": {"slot_names": ["0"]},
                "data": {
                    "raster_layer": {
                        "dense_rle": [0, 5, 1, 3],
                        "mask_annotation_ids_mapping": {uuid(9): 1},
                        "total_pixels": 8,
                    }
                },
            },
        ],
        "properties": [
            {"property_id": known["weather"], "value": {"id": known["rain"]}, "actors": []},
            {"property_id": known["remark"], "value": {"text": "foggy"}, "actors": []},
        ],
    }
    assert views.ask("POST", path(item, "import"), body) == {}
    document = views.hub.get_annotations(dataset, item.id)
    first, second, third, fourth = document.annotations
    assert first == Annotation(
        "car",
        BoundingBox(Box(1.0, 2.0, 30.0, 20.0)),
        uuid(1),
        ("0",),
        SubAnnotations(7, None, "hi"),
        (PropertyValue("damage", "dent", 0), PropertyValue("note", "old")),
        (Author("", "a@b.c"),),
        (Author("", "r@b.c"),),
    )
    assert isinstance(second, Annotation) and isinstance(second.shape, Polygon) and second.id
    assert [path.tolist() for path in second.shape.paths] == [
        [[0.0, 0.0], [9.0, 0.0], [9.0, 9.0]], [[2.0, 1.0], [3.0, 1.0], [3.0, 2.0]],
    ]  # fmt: skip
    assert second.shape.box == Box(0.0, 0.0, 9.0, 9.0)
    assert isinstance(third, VideoAnnotation) and third.interpolated and third.only_keyframes
    assert (list(third.frames), third.ranges, third.hidden_areas) == ([3, 12], ((3, 20),), ((8, 10),))
    assert isinstance(fourth, Annotation) and isinstance(fourth.shape, RasterLayer)
    assert fourth.class_name == "__raster_layer__"
    assert document.properties == (ItemPropertyValue("weather", "rain"), ItemPropertyValue("remark", "foggy"))


@pytest.mark.parametrize(("overwrite", "kept"), [("true", 1), (True, 1), ("false", 2), (False, 2), (None, 2)])
def test_overwrite_is_said_in_many_ways(
    views: Views, dataset: Dataset, item: Item, overwrite: Any, kept: int
) -> None:
    views.hub.import_annotations(dataset, item.id, [car(uuid(1))], [], ImportMode.OVERWRITE)
    added = {"id": uuid(2), "annotation_class_id": ids(views, dataset)["car"], "data": {"bounding_box": BOX}}
    for _ in range(2):  # a client that hears nothing asks again
        views.ask("POST", path(item, "import"), {"overwrite": overwrite, "annotations": [added]})
    assert len(views.hub.get_annotations(dataset, item.id).annotations) == kept


def test_attributes_are_known_once_an_annotation_carried_them(views: Views, dataset: Dataset, item: Item) -> None:
    red = attrs.evolve(car(uuid(1)), subs=SubAnnotations(attributes=("red",)))
    views.hub.import_annotations(dataset, item.id, [red], [], ImportMode.OVERWRITE)
    (attribute,) = views.ask("GET", f"datasets/{dataset.id}/attributes")
    data = {"bounding_box": BOX, "attributes": {"attributes": [attribute["id"]]}}
    element = {"id": uuid(1), "annotation_class_id": attribute["class_id"], "data": data}
    views.ask("POST", path(item, "import"), {"overwrite": "true", "annotations": [element]})
    (stored,) = views.hub.get_annotations(dataset, item.id).annotations
    assert isinstance(stored, Annotation) and stored.subs == SubAnnotations(attributes=("red",))


def test_a_whole_document_is_imported_without_a_loss(views: Views, dataset: Dataset, item: Item) -> None:
    values = (ItemPropertyValue("weather", "rain", extra={("sure",): 0.5}), ItemPropertyValue("unheard of", None))
    odd = attrs.evolve(car(uuid(8)), extra={("seen_by",): {"robot": 1}})
    document = AnnotationDocument(ItemDescription("a.png"), (*RICH, odd), values)
    body = {"overwrite": "true", "document": json.loads(CODEC.write(document)), "dataset_id": dataset.id}
    views.ask("POST", path(item, "import"), body)
    stored = views.hub.get_annotations(dataset, item.id)
    assert (tuple(stored.annotations), stored.properties) == ((*RICH, odd), values)
    back = CODEC.read(json.dumps(views.ask("GET", path(item, "document"))).encode())
    assert (tuple(back.annotations), back.properties) == ((*RICH, odd), values)
    listed = views.ask("GET", path(item, "annotations"))
    assert [one["id"] for one in listed] == [one.id for one in (*RICH, odd)]
    assert listed[0]["bounding_box"] == {"x": 1.0, "y": 2.0, "w": 30.0, "h": 20.0}


def test_documents_have_addresses_that_can_be_used(views: Views, dataset: Dataset, item: Item) -> None:
    (source,) = views.ask("GET", path(item, "document"))["item"]["slots"][0]["source_files"]
    assert source["url"].startswith("https://hub.example/api/v2/teams/acme/files/")


def test_faults_name_their_place(views: Views, dataset: Dataset, item: Item) -> None:
    views.hub.import_annotations(dataset, item.id, [car(uuid(1))], [], ImportMode.OVERWRITE)
    good = {"annotation_class_id": ids(views, dataset)["car"], "data": {"bounding_box": BOX}}
    bad: list[tuple[Any, str]] = [
        ({"annotations": [good, {**good, "data": {"bounding_box": {"x": 1}}}]},
         "$.annotations[1].data.bounding_box"),
        ({"annotations": [{**good, "annotation_class_id": 99}]}, "$.annotations[0].annotation_class_id"),
        ({"document": 3}, "$.document"),
        ({"document": {"item": {"name": "a", "path": "/"}, "annotations": [{"name": "a", "tag": 3}]}},
         "$.document.annotations[0].tag"),
    ]  # fmt: skip
    for body, place in bad:
        with pytest.raises(InvalidDocument) as caught:
            views.ask("POST", path(item, "import"), {"overwrite": "true", **body})
        assert caught.value.location == place
    for body in (None, [], {"overwrite": "perhaps"}, {"dataset_id": []}):
        with pytest.raises(InvalidInput):
            views.ask("POST", path(item, "import"), body)
    assert tuple(views.hub.get_annotations(dataset, item.id).annotations) == (car(uuid(1)),)


def test_items_of_others_are_not_there(views: Views, dataset: Dataset, item: Item) -> None:
    theirs = views.dataset("theirs", team="zebra")
    (other,) = views.push(theirs, "/b.png")
    second = views.dataset("second")
    for what in ("annotations", "document", "properties"):
        with pytest.raises(ItemNotFound):
            views.ask("GET", path(other, what))
    with pytest.raises(ItemNotFound):
        views.ask("GET", path(item, "document"), query={"dataset_id": [str(second.id)]})
    for body, target in (({}, other), ({"dataset_id": second.id}, item)):
        with pytest.raises(ItemNotFound):
            views.ask("POST", path(target, "import"), {"overwrite": "true", **body})


def test_values_of_item_properties_are_listed(views: Views, dataset: Dataset, item: Item) -> None:
    known = ids(views, dataset)
    empty = {"properties": [{"id": known[name], "name": name, "values": []} for name in ("remark", "weather")]}
    assert views.ask("GET", path(item, "properties")) == empty
    values = [
        ItemPropertyValue("weather", "rain"),
        ItemPropertyValue("remark", "hm"),
        ItemPropertyValue("weather", None),
    ]
    views.hub.import_annotations(dataset, item.id, [], values, ImportMode.OVERWRITE)
    listed = {one["name"]: one["values"] for one in views.ask("GET", path(item, "properties"))["properties"]}
    assert listed == {"weather": [{"id": known["rain"], "value": "rain"}], "remark": [{"text": "hm"}]}


def test_items_are_tagged_and_untagged(views: Views, dataset: Dataset, item: Item) -> None:
    bench = Workbench(views.hub, views.folder / "more")
    both = bench.item("/b.png")
    twice = NewItem("pair", slots=(*both.slots, attrs.evolve(both.slots[0], name="1")))
    pair, other = views.push(dataset, twice, "/other.png")
    views.hub.import_annotations(
        dataset, item.id, [car(uuid(1))], [ItemPropertyValue("weather", "rain")], ImportMode.OVERWRITE
    )
    tag = ids(views, dataset)["night"]
    body = {"filters": {"dataset_ids": [dataset.id], "item_ids": [item.id, pair.id]}, "annotation_class_id": tag}
    for _ in range(2):
        answer = views.ask("POST", "v2/teams/acme/items/slots/tags", body)
        assert answer == {"affected_item_count": 2}
    tags = {one.id: _tags(views, dataset, one) for one in (item, pair, other)}
    assert tags == {item.id: [("0",)], pair.id: [("0",), ("1",)], other.id: []}
    assert isinstance(both.slots[0], NewSlot)
    views.ask("DELETE", "v2/teams/acme/items/slots/tags", body)
    document = views.hub.get_annotations(dataset, item.id)
    assert (tuple(document.annotations), document.properties) == (
        (car(uuid(1)),),
        (ItemPropertyValue("weather", "rain"),),
    )
    assert _tags(views, dataset, pair) == []
    for wrong in (ids(views, dataset)["car"], 99, None):
        with pytest.raises(InvalidInput):
            views.ask("POST", "v2/teams/acme/items/slots/tags", {**body, "annotation_class_id": wrong})
    with pytest.raises(InvalidInput):
        views.ask("DELETE", "v2/teams/acme/items/slots/tags", {**body, "filters": {"dataset_ids": [dataset.id]}})


def _tags(views: Views, dataset: Dataset, item: Item) -> list[tuple[str, ...]]:
    annotations = views.hub.get_annotations(dataset, item.id).annotations
    return [one.slot_names for one in annotations if isinstance(one, Annotation) and isinstance(one.shape, Tag)]
