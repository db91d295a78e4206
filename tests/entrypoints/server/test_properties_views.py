"""Properties as Darwin's clients ask for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest

from groundtruth.domain.classes import AnnotationClass, Granularity, PropertyChoice, PropertyDefinition
from groundtruth.domain.errors import DatasetNotFound, InvalidInput, NameTaken, NotFound
from support.darwin_views import Views

ALL = "v2/teams/acme/properties"

DAMAGE = PropertyDefinition(
    "damage",
    "multi_select",
    Granularity.ANNOTATION,
    "car",
    "polygon",
    "What is broken",
    True,
    (PropertyChoice("scratch", "rgba(255,0,0,1.0)"), PropertyChoice("dent", "#123456")),
)
DEPTH = PropertyDefinition(
    "depth", "text", Granularity.ANNOTATION, "car", "polygon", parent_name="damage", trigger=("scratch",)
)
WEATHER = PropertyDefinition("weather", "single_select", Granularity.ITEM, choices=(PropertyChoice("rain"),))


@pytest.fixture
def views(tmp_path: Path) -> Views:
    views = Views(tmp_path)
    for name in ("a", "b"):
        views.hub.add_classes(views.dataset(name), [AnnotationClass("car", "polygon")])
    return views


def of(views: Views, name: str) -> Any:
    return next(one for one in views.ask("GET", ALL)["properties"] if one["name"] == name)


def class_id(views: Views) -> Any:
    return views.hub.list_classes(views.hub.list_datasets("acme")[0])[0].id


def test_properties_are_listed_with_ids_that_stay(views: Views) -> None:
    first, second = views.hub.list_datasets("acme")
    views.hub.add_properties(first, [DAMAGE, DEPTH, WEATHER])
    views.hub.add_properties(second, [attrs.evolve(WEATHER, choices=(PropertyChoice("fog"),))])
    damage, depth, weather = (of(views, name) for name in ("damage", "depth", "weather"))
    scratch, dent = damage.pop("property_values")
    assert {name: value for name, value in damage.items() if name not in {"id", "team_id", "slug", "position"}} == {
        "name": "damage",
        "type": "multi_select",
        "required": True,
        "description": "What is broken",
        "granularity": "annotation",
        "annotation_class_id": class_id(views),
        "dataset_ids": [],
        "parent_property_id": None,
        "trigger_condition": None,
    }
    assert (scratch["value"], scratch["color"], scratch["type"]) == ("scratch", "rgba(255,0,0,1.0)", "string")
    assert dent["color"] == "auto"  # clients refuse any other spelling
    assert depth["parent_property_id"] == damage["id"]
    assert depth["trigger_condition"] == {"type": "value_match", "property_value_ids": [scratch["id"]]}
    assert depth["property_values"] == []
    assert (weather["dataset_ids"], weather["annotation_class_id"]) == ([first.id, second.id], None)
    assert [one["value"] for one in weather["property_values"]] == ["rain", "fog"]
    assert of(views, "damage")["id"] == damage["id"]
    assert views.ask("GET", f"{ALL}/{depth['id']}") == depth
    with pytest.raises(NotFound):
        views.ask("GET", f"{ALL}/none")


def test_a_property_of_a_class_is_created(views: Views) -> None:
    body = {
        "name": "damage",
        "type": "multi_select",
        "required": True,
        "description": "What is broken",
        "granularity": "annotation",
        "annotation_class_id": class_id(views),
        "property_values": [
            {"type": "string", "value": "scratch", "color": "rgba(255,0,0,1.0)"},
            {"type": "string", "value": "dent", "color": "#123456"},
        ],
    }
    made = views.ask("POST", ALL, body)
    nested = {
        "name": "depth",
        "type": "text",
        "granularity": "annotation",
        "annotation_class_id": class_id(views),
        "parent_property_id": made["id"],
        "trigger_condition": {"type": "value_match", "property_value_ids": [made["property_values"][0]["id"]]},
    }
    views.ask("POST", ALL, nested)
    for dataset in views.hub.list_datasets("acme"):
        assert list(views.hub.list_properties(dataset)) == [DAMAGE, DEPTH]
    with pytest.raises(NameTaken):
        views.ask("POST", ALL, body)


def test_an_item_property_is_shown_where_it_is_said_else_everywhere(views: Views) -> None:
    first, second = views.hub.list_datasets("acme")
    body = {"name": "weather", "type": "single_select", "granularity": "item", "required": False}
    made = views.ask("POST", ALL, {**body, "dataset_ids": [second.id]})
    assert made["dataset_ids"] == [second.id]
    assert list(views.hub.list_properties(first)) == []
    # Darwin's own client first creates it, and then says where: until then it must be somewhere.
    assert views.ask("POST", ALL, {**body, "name": "light"})["dataset_ids"] == [first.id, second.id]


def test_values_are_added_and_what_is_there_stays(views: Views) -> None:
    first, _ = views.hub.list_datasets("acme")
    views.hub.add_properties(first, [DAMAGE])
    damage = of(views, "damage")
    body = {"name": "other", "type": "text", "required": False, "property_values": [{"value": "rust"}]}
    changed = views.ask("PUT", f"{ALL}/{damage['id']}", body)
    assert [one["value"] for one in changed["property_values"]] == ["scratch", "dent", "rust"]
    assert {**changed, "property_values": None} == {**damage, "property_values": None}
    (stored,) = views.hub.list_properties(first)
    assert stored == attrs.evolve(DAMAGE, choices=(*DAMAGE.choices, PropertyChoice("rust")))
    with pytest.raises(NotFound):
        views.ask("PUT", f"{ALL}/none", body)


def test_an_item_property_comes_to_another_dataset_with_all_below_it(views: Views) -> None:
    first, second = views.hub.list_datasets("acme")
    below = PropertyDefinition("more", "text", Granularity.ITEM, parent_name="weather")
    deep = PropertyDefinition("deeper", "text", Granularity.ITEM, parent_name="more")
    views.hub.add_properties(first, [WEATHER, below, deep])
    weather = of(views, "weather")
    body = {"name": "weather", "type": "single_select", "dataset_ids": [first.id, second.id], "property_values": []}
    assert views.ask("PUT", f"{ALL}/{weather['id']}", body)["dataset_ids"] == [first.id, second.id]
    assert {one.name for one in views.hub.list_properties(second)} == {"weather", "more", "deeper"}
    views.ask("PUT", f"{ALL}/{weather['id']}", {**body, "dataset_ids": None, "property_values": [{"value": "fog"}]})
    for dataset in (first, second):
        known = {one.name: one for one in views.hub.list_properties(dataset)}
        assert [one.value for one in known["weather"].choices] == ["rain", "fog"]


def test_a_value_is_what_it_is_called(views: Views) -> None:
    views.hub.add_properties(views.hub.list_datasets("acme")[0], [DAMAGE])
    damage = of(views, "damage")
    scratch = damage["property_values"][0]
    path = f"{ALL}/{damage['id']}/property_values"
    assert views.ask("PUT", f"{path}/{scratch['id']}", {"value": "scratch"}) == scratch
    for change in ({"value": "rust"}, {"color": "rgba(0,0,0,1.0)"}, {"value": 3}):
        with pytest.raises(InvalidInput):
            views.ask("PUT", f"{path}/{scratch['id']}", change)
    with pytest.raises(NotFound):
        views.ask("PUT", f"{path}/none", {})


GOOD: dict[str, Any] = {"name": "p", "type": "text", "granularity": "item"}


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {**GOOD, "name": ""},
        {**GOOD, "name": 3},
        {**GOOD, "type": "number"},
        {**GOOD, "granularity": "frame"},
        {**GOOD, "granularity": ["item"]},
        {**GOOD, "granularity": "section"},
        {**GOOD, "granularity": "section", "annotation_class_id": 999},
        {**GOOD, "granularity": "section", "annotation_class_id": "car"},
        {**GOOD, "required": "maybe"},
        {**GOOD, "description": 3},
        {**GOOD, "type": "single_select", "property_values": {}},
        {**GOOD, "type": "single_select", "property_values": ["a"]},
        {**GOOD, "type": "single_select", "property_values": [{"value": 3}]},
        {**GOOD, "type": "single_select", "property_values": [{"value": "a", "color": 3}]},
        {**GOOD, "dataset_ids": 7},
        {**GOOD, "dataset_ids": ["x"]},
        {**GOOD, "parent_property_id": "none", "trigger_condition": {"type": "any_value"}},
        {**GOOD, "parent_property_id": 3, "trigger_condition": {"type": "any_value"}},
        {**GOOD, "parent_property_id": "WEATHER", "trigger_condition": None},
        {**GOOD, "parent_property_id": "WEATHER", "trigger_condition": []},
        {**GOOD, "parent_property_id": "WEATHER", "trigger_condition": {"type": "some"}},
        {**GOOD, "parent_property_id": "WEATHER", "trigger_condition": {"type": "value_match"}},
        {**GOOD, "parent_property_id": "WEATHER",
         "trigger_condition": {"type": "value_match", "property_value_ids": []}},
        {**GOOD, "parent_property_id": "WEATHER",
         "trigger_condition": {"type": "value_match", "property_value_ids": ["none"]}},
        {**GOOD, "parent_property_id": "DAMAGE", "trigger_condition": {"type": "any_value"}},
    ],
)  # fmt: skip
def test_what_is_no_property_is_refused(views: Views, body: Any) -> None:
    first = views.hub.list_datasets("acme")[0]
    views.hub.add_properties(first, [WEATHER, DAMAGE])
    if isinstance(body, dict) and body.get("parent_property_id") in {"WEATHER", "DAMAGE"}:
        body = {**body, "parent_property_id": of(views, body["parent_property_id"].lower())["id"]}
    with pytest.raises(InvalidInput):
        views.ask("POST", ALL, body)
    assert {one.name for one in views.hub.list_properties(first)} == {"weather", "damage"}


def test_nothing_of_another_team_is_seen_or_changed(views: Views) -> None:
    theirs = views.dataset("theirs", team="zebra")
    views.hub.add_properties(theirs, [WEATHER])
    assert views.ask("GET", ALL)["properties"] == []
    weather = views.ask("GET", "v2/teams/zebra/properties", team="zebra")["properties"][0]
    with pytest.raises(NotFound):
        views.ask("PUT", f"{ALL}/{weather['id']}", {"property_values": []})
    with pytest.raises(DatasetNotFound):
        views.ask("POST", ALL, {**GOOD, "dataset_ids": [theirs.id]})
    first = views.hub.list_datasets("acme")[0]
    views.hub.add_properties(first, [WEATHER])
    assert of(views, "weather")["id"] != weather["id"]


def test_a_team_without_datasets_has_no_place_for_a_property(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no dataset"):
        Views(tmp_path).ask("POST", ALL, GOOD)
