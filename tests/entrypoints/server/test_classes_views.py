"""Classes, types and attributes as Darwin's clients ask for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from groundtruth.domain.annotation import SubAnnotations
from groundtruth.domain.classes import CLASS_KINDS, SUB_TYPES, AnnotationClass
from groundtruth.domain.errors import DatasetNotFound, InvalidInput, NameTaken, NotFound
from groundtruth.entrypoints.server.darwin.classes import TYPES
from groundtruth.ports.annotations import ImportMode
from groundtruth.testing.scenario import car, uuid
from support.darwin_views import Views

ALL = "teams/acme/annotation_classes"


@pytest.fixture
def views(tmp_path: Path) -> Views:
    return Views(tmp_path)


def test_every_type_has_an_id_of_its_own_that_stays() -> None:
    assert TYPES.keys() == {*CLASS_KINDS, *SUB_TYPES}
    assert sorted(TYPES.values()) == list(range(1, len(TYPES) + 1))
    assert (TYPES["tag"], TYPES["polygon"], TYPES["link"], TYPES["text"], TYPES["measures"]) == (1, 2, 16, 17, 22)


def test_types_are_listed(views: Views) -> None:
    listed = views.ask("GET", "annotation_types")
    assert {one["name"]: one["id"] for one in listed} == TYPES


def test_raster_layers_have_a_class_in_every_dataset(views: Views) -> None:
    ids = [views.dataset(name).id for name in ("a", "b")]
    (layer,) = views.ask("GET", ALL)["annotation_classes"]
    assert (layer["name"], layer["annotation_types"]) == ("__raster_layer__", ["raster_layer"])
    assert [one["id"] for one in layer["datasets"]] == ids
    # A hub that has such a class itself has it once.
    (own,) = views.hub.add_classes(views.dataset("c"), [AnnotationClass("__raster_layer__", "raster_layer")])
    (layer,) = views.ask("GET", ALL)["annotation_classes"]
    assert (layer["id"], len(layer["datasets"])) == (own.id, 3)


def test_classes_of_all_datasets_are_listed_once(views: Views) -> None:
    first, second = views.dataset("a"), views.dataset("b")
    views.hub.add_classes(views.dataset("x", team="zebra"), [AnnotationClass("secret", "tag")])
    described = AnnotationClass(
        "car", "polygon", None, ("text", "attributes"), "rgba(1,2,3,1.0)", "Four wheels", {"polygon": {}}
    )
    (made,) = views.hub.add_classes(first, [described])
    views.hub.add_classes(second, [described, AnnotationClass("car", "tag")])
    listed = {tuple(one["annotation_types"]): one for one in views.ask("GET", ALL)["annotation_classes"]}
    assert set(listed) == {("polygon", "text", "attributes"), ("tag",), ("raster_layer",)}
    car_class = listed["polygon", "text", "attributes"]
    assert {name: car_class[name] for name in ("id", "name", "description", "metadata", "datasets")} == {
        "id": made.id,
        "name": "car",
        "description": "Four wheels",
        "metadata": {"_color": "rgba(1,2,3,1.0)", "polygon": {}},
        "datasets": [{"id": first.id}, {"id": second.id}],
    }


def test_a_class_is_created_as_the_client_does_it(views: Views) -> None:
    dataset = views.dataset()
    body = {
        "dataset_id": dataset.id,
        "name": "car",
        "metadata": {"_color": "auto"},
        "annotation_type_ids": [TYPES["polygon"], TYPES["text"]],
        "datasets": [{"id": dataset.id}],
    }
    made = views.ask("POST", "annotation_classes", body)
    assert (made["name"], made["annotation_types"], made["datasets"]) == (
        "car", ["polygon", "text"], [{"id": dataset.id}],
    )  # fmt: skip
    (stored,) = views.hub.list_classes(dataset)
    assert stored == AnnotationClass("car", "polygon", made["id"], ("text",))
    with pytest.raises(NameTaken):
        views.ask("POST", "annotation_classes", body)
    views.ask("POST", "annotation_classes", {**body, "annotation_type_ids": [TYPES["tag"]]})
    assert len(views.hub.list_classes(dataset)) == 2


def test_a_class_is_created_by_the_names_of_its_types(views: Views) -> None:
    dataset = views.dataset()
    skeleton = {"nodes": [{"name": "a", "x": 0, "y": 1}], "edges": []}
    body = {
        "name": "body",
        "annotation_types": ["skeleton"],
        "metadata": {"_color": "auto", "skeleton": skeleton},
        "datasets": [{"id": dataset.id}],
    }
    views.ask("POST", ALL, body)
    (stored,) = views.hub.list_classes(dataset)
    assert (stored.kind, stored.metadata) == ("skeleton", {"skeleton": skeleton})


GOOD = {"name": "car", "annotation_type_ids": [2], "datasets": [{"id": 1}]}


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {**GOOD, "name": 3},
        {**GOOD, "name": " "},
        {**GOOD, "annotation_type_ids": 2},
        {**GOOD, "annotation_type_ids": []},
        {**GOOD, "annotation_type_ids": [999]},
        {**GOOD, "annotation_type_ids": [2, 3]},
        {**GOOD, "annotation_type_ids": [17]},
        {**GOOD, "annotation_type_ids": [None]},
        {**GOOD, "metadata": []},
        {**GOOD, "metadata": {"_color": 3}},
        {**GOOD, "description": 3},
        {**GOOD, "datasets": []},
        {**GOOD, "datasets": [1]},
        {**GOOD, "datasets": [{}]},
        {**GOOD, "name": "__raster_layer__", "annotation_type_ids": [15]},
    ],
)
def test_what_is_no_class_is_refused(views: Views, body: Any) -> None:
    dataset = views.dataset()
    assert dataset.id == 1
    with pytest.raises((InvalidInput, NameTaken)):
        views.ask("POST", "annotation_classes", body)
    assert list(views.hub.list_classes(dataset)) == []


def test_a_class_cannot_be_put_into_the_dataset_of_another_team(views: Views) -> None:
    views.dataset()
    other = views.dataset("theirs", team="zebra")
    with pytest.raises(DatasetNotFound):
        views.ask("POST", "annotation_classes", {**GOOD, "datasets": [{"id": other.id}]})
    assert list(views.hub.list_classes(other)) == []


def test_a_class_is_attached_and_never_taken_away(views: Views) -> None:
    first, second, third = (views.dataset(name) for name in "abc")
    (made,) = views.hub.add_classes(first, [AnnotationClass("car", "polygon", color="rgba(1,2,3,1.0)")])
    for wanted in (second, third):
        answer = views.ask("PUT", f"annotation_classes/{made.id}", {"id": made.id, "datasets": [{"id": wanted.id}]})
        assert answer["id"] == made.id
    for dataset in (first, second, third):
        assert list(views.hub.list_classes(dataset)) == [made]
    for class_id in ("0", "x", str(10**30)):
        with pytest.raises(NotFound):
            views.ask("PUT", f"annotation_classes/{class_id}", {"datasets": []})


def test_attributes_are_those_of_the_datasets_classes(views: Views) -> None:
    dataset, other = views.dataset("a"), views.dataset("b")
    (made, _) = views.hub.add_classes(
        dataset, [AnnotationClass("car", "bounding_box"), AnnotationClass("bus", "bounding_box")]
    )
    (item,) = views.push(dataset, "/a.png")
    red = attrs.evolve(car(uuid(1)), subs=SubAnnotations(attributes=("red", "parked")))
    views.hub.import_annotations(dataset, item.id, [red], [], ImportMode.OVERWRITE)
    listed = views.ask("GET", f"datasets/{dataset.id}/attributes")
    assert [(one["name"], one["class_id"]) for one in listed] == [("parked", made.id), ("red", made.id)]
    assert all(isinstance(one["id"], str) for one in listed)
    assert views.ask("GET", f"datasets/{other.id}/attributes") == []
    with pytest.raises(NotFound):
        views.ask("GET", "datasets/77/attributes")
