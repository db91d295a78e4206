"""Classes, attributes and properties of a hub that speaks Darwin's API, and only that."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from groundtruth.adapters.darwin.api import Rejected
from groundtruth.adapters.darwin.classes import ROUNDS, DarwinClasses
from groundtruth.adapters.memory.web import MemoryReply, MemoryRequest
from groundtruth.domain.annotation import SubAnnotations
from groundtruth.domain.classes import (
    AnnotationClass,
    AttributeDefinition,
    Granularity,
    PropertyChoice,
    PropertyDefinition,
)
from groundtruth.domain.dataset import Dataset
from groundtruth.domain.errors import Conflict, DatasetNotFound, InvalidInput, Unavailable
from groundtruth.ports.annotations import ImportMode
from groundtruth.testing.scenario import car, uuid, without_builtin
from support.darwin_views import Views, json_reply

CAR = AnnotationClass("car", "polygon", sub_types=("text", "attributes", "auto_annotate"), description="Four wheels")
TAKEN = json_reply({"errors": {"name": ["has already been taken"]}}, 422)


@pytest.fixture
def views(tmp_path: Path) -> Views:
    return Views(tmp_path)


@pytest.fixture
def dataset(views: Views) -> Dataset:
    return views.dataset()


@pytest.fixture
def classes(views: Views) -> DarwinClasses:
    return DarwinClasses(views.api())


def count(views: Views, method: str, end: str = "") -> int:
    return sum(asked[0] == method and asked[1].endswith(end) for asked in views.asked)


class Once:
    """Does something in the hub in place of the first request of a kind, and answers it."""

    def __init__(self, method: str, end: str, work: Any, reply: MemoryReply, times: int = 1) -> None:
        self.method, self.end, self.work, self.reply, self.times = method, end, work, reply, times

    def __call__(self, request: MemoryRequest) -> MemoryReply | None:
        path = request.url.partition("?")[0]
        if request.method != self.method or not path.endswith(self.end) or self.times == 0:
            return None
        self.times -= 1
        self.work()
        return self.reply


# --- classes ----------------------------------------------------------------------------------------


def test_classes_are_created_with_all_that_is_known_of_them(
    views: Views, dataset: Dataset, classes: DarwinClasses
) -> None:
    skeleton = {"nodes": [{"name": "a", "x": 0.5, "y": 0.5}], "edges": []}
    body = AnnotationClass("body", "skeleton", color="rgba(1,2,3,1.0)", metadata={"skeleton": skeleton})
    added = classes.add_classes(dataset, [CAR, body, CAR])
    # A sub-type that the hub does not have is left out.
    plain = attrs.evolve(CAR, sub_types=("text", "attributes"))
    assert [attrs.evolve(one, id=None) for one in added] == [plain, body, plain]
    assert without_builtin(classes.list_classes(dataset)) == [added[1], added[0]]
    assert list(views.hub.list_classes(dataset)) == [added[1], added[0]]


def test_classes_with_nodes_need_them(dataset: Dataset, classes: DarwinClasses) -> None:
    for kind in ("skeleton", "eye"):
        with pytest.raises(InvalidInput, match="told its nodes"):
            classes.add_classes(dataset, [AnnotationClass("body", kind)])


def test_a_type_the_hub_lacks_is_said(views: Views, dataset: Dataset, classes: DarwinClasses) -> None:
    views.answer = Once("GET", "/annotation_types", lambda: None, json_reply([{"id": 1, "name": "tag"}]))
    with pytest.raises(InvalidInput, match="'polygon', unknown to the hub"):
        classes.add_classes(dataset, [CAR])


def test_adding_what_is_there_costs_one_look(views: Views, dataset: Dataset, classes: DarwinClasses) -> None:
    views.hub.add_classes(dataset, [CAR])
    classes.add_classes(dataset, [CAR, AnnotationClass("__raster_layer__", "raster_layer")])
    assert views.asked == [("GET", "teams/acme/annotation_classes")]


def test_a_class_that_someone_else_creates_is_taken(views: Views, dataset: Dataset, classes: DarwinClasses) -> None:
    elsewhere = views.dataset("elsewhere")
    views.answer = Once("POST", "/annotation_classes", lambda: views.hub.add_classes(elsewhere, [CAR]), TAKEN)
    (added,) = classes.add_classes(dataset, [CAR])
    assert [added] == list(views.hub.list_classes(dataset)) == list(views.hub.list_classes(elsewhere))


def test_a_creation_that_broke_off_is_looked_for(views: Views, dataset: Dataset, classes: DarwinClasses) -> None:
    made = lambda: views.hub.add_classes(dataset, [CAR])  # noqa: E731
    views.answer = Once("POST", "/annotation_classes", made, MemoryReply(503))
    (added,) = classes.add_classes(dataset, [CAR])
    assert [added] == list(views.hub.list_classes(dataset))
    assert count(views, "POST") == 1


def test_a_creation_that_fails_for_good_is_an_error(views: Views, dataset: Dataset, classes: DarwinClasses) -> None:
    refusal = json_reply({"errors": {"name": ["is not nice"]}}, 422)
    views.answer = Once("POST", "/annotation_classes", lambda: None, refusal, times=99)
    with pytest.raises(Rejected, match="is not nice"):
        classes.add_classes(dataset, [CAR])
    assert count(views, "POST") == ROUNDS


def test_an_attachment_that_others_undo_is_made_again(views: Views, dataset: Dataset, classes: DarwinClasses) -> None:
    first = views.dataset("first")
    (made,) = views.hub.add_classes(first, [CAR])
    views.answer = Once("PUT", f"/annotation_classes/{made.id}", lambda: None, json_reply({}))
    classes.add_classes(dataset, [CAR])
    assert list(views.hub.list_classes(dataset)) == [made]
    views.answer = Once("PUT", f"/annotation_classes/{made.id}", lambda: None, json_reply({}), times=99)
    with pytest.raises(Conflict):
        classes.add_classes(views.dataset("third"), [CAR])


def test_records_of_an_unknown_kind_are_passed_over(views: Views, dataset: Dataset, classes: DarwinClasses) -> None:
    records = [
        {"id": 1, "name": "ok", "annotation_types": ["attributes", "tag"], "datasets": [{"id": dataset.id}]},
        {"id": 2, "name": "hologram", "annotation_types": ["hologram"], "datasets": [{"id": dataset.id}]},
        {"id": 3, "name": " ", "annotation_types": ["tag"], "datasets": [{"id": dataset.id}]},
        {"id": 4, "name": "away", "annotation_types": ["tag"], "datasets": None, "metadata": {"_color": 7}},
    ]
    views.answer = Once("GET", "/annotation_classes", lambda: None, json_reply({"annotation_classes": records}))
    assert list(classes.list_classes(dataset)) == [AnnotationClass("ok", "tag", 1, ("attributes",))]


# --- attributes -------------------------------------------------------------------------------------


def test_attributes_of_the_dataset(views: Views, dataset: Dataset, classes: DarwinClasses) -> None:
    (made,) = views.hub.add_classes(dataset, [AnnotationClass("car", "bounding_box")])
    (item,) = views.push(dataset, "/a.png")
    red = attrs.evolve(car(uuid(1)), subs=SubAnnotations(attributes=("red", "blue")))
    views.hub.import_annotations(dataset, item.id, [red], [], ImportMode.OVERWRITE)
    listed = classes.list_attributes(dataset)
    assert [(one.name, one.class_id) for one in listed] == [("blue", made.id), ("red", made.id)]
    views.answer = Once(
        "GET",
        "/attributes",
        lambda: None,
        json_reply([{"id": 7, "name": "x", "class_id": made.id}, {"id": "8", "name": "y", "class_id": 99}]),
    )
    assert list(classes.list_attributes(dataset)) == [AttributeDefinition("7", "x", made.id or 0)]
    views.hub.remove_dataset(dataset)
    with pytest.raises(DatasetNotFound):
        classes.list_attributes(dataset)


# --- properties -------------------------------------------------------------------------------------

DAMAGE = PropertyDefinition(
    "damage", "multi_select", Granularity.ANNOTATION, "car", "polygon", "What", True, (PropertyChoice("dent"),)
)
DEPTH = PropertyDefinition(
    "depth", "text", Granularity.ANNOTATION, "car", "polygon", parent_name="damage", trigger=("dent",)
)
WHY = PropertyDefinition("why", "text", Granularity.ANNOTATION, "car", "polygon", parent_name="depth")
WEATHER = PropertyDefinition("weather", "single_select", Granularity.ITEM, choices=(PropertyChoice("rain"),))
MORE = PropertyDefinition("more", "text", Granularity.ITEM, parent_name="weather", trigger=("rain",))


@pytest.fixture
def classed(views: Views, dataset: Dataset) -> Dataset:
    views.hub.add_classes(dataset, [AnnotationClass("car", "polygon")])
    return dataset


def test_parents_are_created_before_their_children(views: Views, classed: Dataset, classes: DarwinClasses) -> None:
    classes.add_properties(classed, [WHY, DEPTH, attrs.evolve(DAMAGE, class_kind=None), MORE, WEATHER])
    expected = {one.name: one for one in (WHY, DEPTH, DAMAGE, MORE, WEATHER)}
    assert {one.name: one for one in views.hub.list_properties(classed)} == expected
    assert {one.name: one for one in classes.list_properties(classed)} == expected
    assert [one.name for one in classes.list_properties(classed)] == ["more", "weather", "damage", "depth", "why"]
    assert (count(views, "POST"), count(views, "PUT")) == (5, 0)


def test_adding_what_is_there_changes_nothing(views: Views, classed: Dataset, classes: DarwinClasses) -> None:
    views.hub.add_properties(classed, [DAMAGE, DEPTH, WEATHER, MORE])
    classes.add_properties(classed, [DEPTH, DAMAGE, MORE, WEATHER, DEPTH])
    assert {method for method, _ in views.asked} == {"GET"}


def test_values_are_added_and_item_properties_shown(views: Views, classed: Dataset, classes: DarwinClasses) -> None:
    views.hub.add_properties(classed, [DAMAGE, WEATHER, MORE])
    second = views.dataset("second")
    more = attrs.evolve(DAMAGE, choices=(PropertyChoice("rust"), PropertyChoice("rust", "rgba(0,0,0,1.0)")))
    classes.add_properties(second, [more, MORE])  # shown where its root is
    assert {one.name for one in views.hub.list_properties(second)} == {"weather", "more"}
    known = {one.name: one for one in views.hub.list_properties(classed)}
    assert [one.value for one in known["damage"].choices] == ["dent", "rust"]
    assert [one.name for one in classes.list_properties(second)] == ["more", "weather"]


def test_a_property_that_someone_else_creates_is_completed(
    views: Views, classed: Dataset, classes: DarwinClasses
) -> None:
    other = attrs.evolve(DAMAGE, choices=(PropertyChoice("rust"),))
    views.answer = Once("POST", "/properties", lambda: views.hub.add_properties(classed, [other]), TAKEN)
    classes.add_properties(classed, [DAMAGE, DEPTH])
    known = {one.name: one for one in views.hub.list_properties(classed)}
    assert [one.value for one in known["damage"].choices] == ["rust", "dent"]
    assert known["depth"] == DEPTH


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ([attrs.evolve(DAMAGE, class_name="bus")], "class 'bus' that the hub does not have"),
        ([DEPTH], "a parent 'damage' that is nowhere"),
        ([DAMAGE, attrs.evolve(DEPTH, trigger=("rust",))], "depends on 'rust'"),
        ([attrs.evolve(DEPTH, parent_name="why"), WHY], "parents of each other: .*depth"),
    ],
)
def test_properties_that_cannot_be(
    classed: Dataset, classes: DarwinClasses, properties: list[PropertyDefinition], reason: str
) -> None:
    with pytest.raises(InvalidInput, match=reason):
        classes.add_properties(classed, properties)


def test_odd_records_are_read_as_far_as_they_go(views: Views, classed: Dataset, classes: DarwinClasses) -> None:
    class_id = views.hub.list_classes(classed)[0].id
    records: list[dict[str, Any]] = [
        {"id": "a", "name": "ring a", "type": "text", "annotation_class_id": class_id, "parent_property_id": "b"},
        {"id": "b", "name": "ring b", "type": "audio", "annotation_class_id": class_id, "parent_property_id": "a"},
        {"id": "c", "name": "no class", "type": "text", "annotation_class_id": 99},
        {"id": "d", "name": "item", "type": "single_select", "granularity": "item", "dataset_ids": [classed.id],
         "property_values": [{"id": "v", "value": None}, {"id": "w", "value": "x", "color": None}]},
    ]  # fmt: skip
    views.answer = Once("GET", "/properties", lambda: None, json_reply({"properties": records}))
    listed = {one.name: one for one in classes.list_properties(classed)}
    assert set(listed) == {"ring a", "ring b", "item"}
    assert (listed["ring a"].parent_name, listed["ring a"].granularity) == ("ring b", Granularity.SECTION)
    assert listed["item"].choices == (PropertyChoice("x"),)


# --- everything by id -------------------------------------------------------------------------------


def test_the_vocabulary_is_kept_until_something_changes(
    views: Views, classed: Dataset, classes: DarwinClasses
) -> None:
    views.hub.add_classes(views.dataset("other"), [AnnotationClass("bus", "tag")])
    words = classes.vocabulary(classed)
    assert words.class_of("car", "polygon") and not words.class_of("bus", "tag")
    bus = next(
        one for one in views.ask("GET", "teams/acme/annotation_classes")["annotation_classes"] if one["name"] == "bus"
    )
    found = words.class_with(bus["id"])
    assert found is not None and found.name == "bus"
    asked = len(views.asked)
    assert classes.vocabulary(classed) is words
    assert len(views.asked) == asked
    views.hub.add_properties(classed, [DAMAGE])
    assert classes.vocabulary(classed) is words
    assert classes.vocabulary(classed, fresh=True).properties
    classes.add_properties(classed, [WEATHER])
    assert len(classes.vocabulary(classed).properties) == 2
    classes.add_classes(classed, [AnnotationClass("tram", "tag")])
    assert classes.vocabulary(classed).class_of("tram", "tag")


def test_a_hub_that_is_away_is_no_empty_hub(views: Views, classed: Dataset, classes: DarwinClasses) -> None:
    views.answer = lambda request: MemoryReply(503)
    for ask in (classes.list_classes, classes.list_properties, classes.vocabulary):
        with pytest.raises(Unavailable):
            ask(classed)
    assert json.dumps(views.asked)
