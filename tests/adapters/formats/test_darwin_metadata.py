"""`.v7/metadata.json`: classes, their properties, and the properties of items."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.domain.classes import AnnotationClass, Granularity, PropertyChoice, PropertyDefinition
from groundtruth.domain.errors import InvalidDocument, InvalidInput
from groundtruth.domain.metadata import DatasetMetadata

CODEC = DarwinJsonCodec()

DAMAGE = {
    "name": "damage", "type": "single_select", "description": "", "required": False, "granularity": "annotation",
    "property_values": [{"value": "scratch", "color": "rgba(255,0,0,1.0)"}],
}  # fmt: skip
DEPTH = {
    "name": "depth", "type": "text", "description": "how deep", "required": True, "granularity": "section",
    "property_values": [],
    "parent_name": "damage", "trigger_condition": {"type": "value_match", "values": ["scratch"]},
}  # fmt: skip
WEATHER = {
    "name": "weather", "type": "multi_select", "description": "", "required": False, "granularity": "item",
    "property_values": [{"value": "rain", "color": "auto"}],
}  # fmt: skip
TREE = {
    "version": "1.0",
    "schema_ref": "https://darwin-public.s3.eu-west-1.amazonaws.com/darwin_json/metadata/1.0/schema.json",
    "classes": [
        {
            "name": "car", "type": "polygon", "description": None, "color": "rgba(255,0,0,1.0)",
            "sub_types": ["text"], "properties": [DAMAGE, DEPTH],
        },
        {"name": "car", "type": "tag", "description": "a car", "color": "auto", "sub_types": [], "properties": []},
    ],
    "properties": [WEATHER],
}  # fmt: skip

NO_VALUES = {"type": "value_match"}

METADATA = DatasetMetadata(
    (
        AnnotationClass("car", "polygon", sub_types=("text",), color="rgba(255,0,0,1.0)"),
        AnnotationClass("car", "tag", description="a car"),
    ),
    (
        PropertyDefinition(
            "damage", "single_select", Granularity.ANNOTATION, "car", "polygon",
            choices=(PropertyChoice("scratch", "rgba(255,0,0,1.0)"),),
        ),
        PropertyDefinition(
            "depth", "text", Granularity.SECTION, "car", "polygon", "how deep", True,
            parent_name="damage", trigger=("scratch",),
        ),
        PropertyDefinition("weather", "multi_select", Granularity.ITEM, choices=(PropertyChoice("rain"),)),
    ),
)  # fmt: skip


def read(tree: Any) -> DatasetMetadata:
    return CODEC.read_metadata(json.dumps(tree).encode(), "metadata.json")


def test_read() -> None:
    assert read(TREE) == METADATA


def test_write() -> None:
    assert json.loads(CODEC.write_metadata(METADATA)) == TREE
    assert CODEC.write_metadata(METADATA) == CODEC.write_metadata(read(TREE))


def test_what_may_be_missing() -> None:
    damage = {"name": "damage", "type": "text", "required": False, "property_values": []}
    tree = {"classes": [{"name": "car", "type": "tag", "properties": [damage]}], "properties": [damage]}
    assert read(tree) == DatasetMetadata(
        (AnnotationClass("car", "tag"),),
        (
            PropertyDefinition("damage", "text", Granularity.SECTION, "car", "tag"),
            PropertyDefinition("damage", "text", Granularity.ITEM),
        ),
    )


def test_any_value_of_the_parent() -> None:
    nested = {**DEPTH, "trigger_condition": {"type": "any_value"}}
    tree = {"classes": [{"name": "car", "type": "tag", "properties": [DAMAGE, nested]}]}
    _, depth = read(tree).properties
    assert depth.parent_name == "damage" and depth.trigger is None
    written = json.loads(CODEC.write_metadata(read(tree)))
    assert written["classes"][0]["properties"][1]["trigger_condition"] == {"type": "any_value"}


def test_what_a_hub_adds_to_a_class_is_kept() -> None:
    cls = {"name": "car", "type": "skeleton", "properties": [], "skeleton": {"nodes": []}, "metadata": {"a": 1}}
    metadata = read({"classes": [cls]})
    assert metadata.classes[0].metadata == {"skeleton": {"nodes": []}, "a": 1}
    assert CODEC.read_metadata(CODEC.write_metadata(metadata)) == metadata


@pytest.mark.parametrize(
    ("tree", "place", "reason"),
    [
        ([], "$", "expected `object`, got `array`"),
        ({}, "$", "has no 'classes'"),
        ({"classes": [{"name": "a", "type": "tag"}]}, "$.classes[0]", "has no 'properties'"),
        ({"classes": [{"name": "a", "type": "circle", "properties": []}]}, "$.classes[0]", "has the unknown type"),
        ({"classes": [{"name": " ", "type": "tag", "properties": []}]}, "$.classes[0]", "needs a name"),
        ({"classes": [], "properties": [{"name": "a"}]}, "$.properties[0]", "has no 'type'"),
        ({"classes": [], "properties": [DAMAGE]}, "$.properties[0]", "belongs to a class unless"),
        (
            {"classes": [{"name": "a", "type": "tag", "properties": [WEATHER]}]},
            "$.classes[0].properties[0]",
            "belongs to a class unless",
        ),
        ({"classes": [], "properties": [{**WEATHER, "granularity": "day"}]}, "$.properties[0].granularity", "'day'"),
        (
            {"classes": [{"name": "a", "type": "tag", "properties": [{**DEPTH, "trigger_condition": NO_VALUES}]}]},
            "$.classes[0].properties[0].trigger_condition",
            "a 'value_match' lists no values",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong(tree: Any, place: str, reason: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        read(tree)
    assert caught.value.location == place and reason in caught.value.reason
    assert str(caught.value).startswith(f"metadata document metadata.json at {place}")


def test_not_json() -> None:
    with pytest.raises(InvalidDocument, match=r"line 1, column 2 \(byte 1\)"):
        CODEC.read_metadata(b"{")
    with pytest.raises(InvalidDocument, match="not UTF-8"):
        CODEC.read_metadata(b'{"a": "\xff"}')


def test_property_of_a_class_that_is_not_there() -> None:
    orphan = PropertyDefinition("depth", class_name="bus", class_kind="tag")
    with pytest.raises(InvalidInput, match="belongs to the class 'bus'"):
        CODEC.write_metadata(DatasetMetadata(METADATA.classes, (orphan,)))


words = st.text(min_size=1, max_size=5)
choices = st.lists(st.builds(PropertyChoice, words, words), max_size=2).map(tuple)


@given(
    st.lists(words.filter(str.strip), max_size=3, unique=True),
    st.lists(st.tuples(words, choices, words, st.booleans()), max_size=3),
    st.none() | st.tuples(words),
)
def test_reading_what_was_written_gives_equal_metadata(names: list[str], properties: Any, trigger: Any) -> None:
    metadata = DatasetMetadata(
        tuple(AnnotationClass(name, "polygon", sub_types=("text",)) for name in names),
        tuple(
            PropertyDefinition(
                name, "text", Granularity.SECTION, cls, "polygon", text, required, picks, name, trigger
            )
            for cls in names
            for name, picks, text, required in properties
        ),
    )
    written = CODEC.write_metadata(metadata)
    assert CODEC.read_metadata(written) == metadata
    assert CODEC.write_metadata(CODEC.read_metadata(written)) == written
