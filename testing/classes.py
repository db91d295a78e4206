"""Contract of `ports.annotations.ClassCatalogue`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import attrs
import pytest

from ..domain.classes import AnnotationClass, Granularity, PropertyChoice, PropertyDefinition, PropertyType
from ..domain.dataset import Dataset
from ..ports.hub import AnnotationHub
from .scenario import HubContract, without_builtin

CAR = AnnotationClass("car", "polygon", sub_types=("text", "attributes"), color="rgba(255,0,0,1.0)")
CAR_BOX = AnnotationClass("car", "bounding_box")
TREE = AnnotationClass(
    "tree ☀️", "skeleton", description="A tree", metadata={"skeleton": {"nodes": [{"name": "root", "x": 0.5}]}}
)

DAMAGE = PropertyDefinition(
    "damage",
    PropertyType.SINGLE_SELECT,
    Granularity.ANNOTATION,
    "car",
    "polygon",
    description="What is broken",
    required=True,
    choices=(PropertyChoice("scratch", "rgba(255,0,0,1.0)"), PropertyChoice("dent")),
)
DEPTH = PropertyDefinition(
    "depth",
    PropertyType.TEXT,
    Granularity.ANNOTATION,
    "car",
    "polygon",
    parent_name="damage",
    trigger=("scratch", "dent"),
)
WEATHER = PropertyDefinition(
    "weather", PropertyType.MULTI_SELECT, Granularity.ITEM, choices=(PropertyChoice("rain"),)
)


class AnnotationClassContract(HubContract):
    """How every catalogue keeps classes."""

    def test_new_dataset_has_no_classes(self, hub: AnnotationHub, dataset: Dataset) -> None:
        assert without_builtin(hub.list_classes(dataset)) == []

    def test_classes_are_added_with_ids_in_order(self, hub: AnnotationHub, dataset: Dataset) -> None:
        wanted = [TREE, CAR, CAR_BOX]
        added = hub.add_classes(dataset, wanted)
        assert [attrs.evolve(one, id=None) for one in added] == wanted
        ids = [one.id for one in added]
        assert None not in ids and len(set(ids)) == 3
        assert without_builtin(hub.list_classes(dataset)) == [added[2], added[1], added[0]]

    def test_listed_by_name_and_kind(self, hub: AnnotationHub, dataset: Dataset) -> None:
        names = [("b", "tag"), ("a", "polygon"), ("b", "line"), ("a", "tag"), ("B", "tag")]
        hub.add_classes(dataset, [AnnotationClass(name, kind) for name, kind in names])
        listed = without_builtin(hub.list_classes(dataset))
        assert [(one.name, one.kind) for one in listed] == sorted(names)

    def test_adding_classes_again_changes_nothing(self, hub: AnnotationHub, dataset: Dataset) -> None:
        first = hub.add_classes(dataset, [CAR, TREE])
        again = hub.add_classes(dataset, [TREE, CAR, CAR])
        assert [one.id for one in again] == [first[1].id, first[0].id, first[0].id]
        assert len(without_builtin(hub.list_classes(dataset))) == 2

    def test_adding_nothing(self, hub: AnnotationHub, dataset: Dataset) -> None:
        assert list(hub.add_classes(dataset, [])) == []

    def test_class_of_the_team_is_attached(self, hub: AnnotationHub, dataset: Dataset, second: Dataset) -> None:
        (car, _) = hub.add_classes(dataset, [CAR, TREE])
        assert without_builtin(hub.list_classes(second)) == []
        (attached,) = hub.add_classes(second, [AnnotationClass("car", "polygon")])
        assert attached.id == car.id
        assert [one.id for one in without_builtin(hub.list_classes(second))] == [car.id]
        assert len(without_builtin(hub.list_classes(dataset))) == 2

    def test_classes_belong_to_a_team(self, hub: AnnotationHub, dataset: Dataset) -> None:
        if self.other_team is None:
            pytest.skip("the hub is bound to one team")
        elsewhere = hub.create_dataset(self.other_team, "elsewhere")
        (mine,) = hub.add_classes(dataset, [CAR])
        (theirs,) = hub.add_classes(elsewhere, [CAR])
        assert mine.id != theirs.id

    def test_adding_at_once_makes_one_class(self, hub: AnnotationHub, dataset: Dataset) -> None:
        with ThreadPoolExecutor(4) as pool:
            outcomes = list(pool.map(lambda _: hub.add_classes(dataset, [CAR])[0].id, range(8)))
        assert len(set(outcomes)) == 1
        assert len(without_builtin(hub.list_classes(dataset))) == 1


class PropertyContract(HubContract):
    """How every catalogue keeps property definitions."""

    @pytest.fixture
    def classed(self, hub: AnnotationHub, dataset: Dataset) -> Dataset:
        """A dataset with the classes that properties belong to."""
        hub.add_classes(dataset, [CAR, AnnotationClass("bus", "polygon")])
        return dataset

    def test_new_dataset_has_no_properties(self, hub: AnnotationHub, classed: Dataset) -> None:
        assert list(hub.list_properties(classed)) == []

    def test_properties_come_back_as_given(self, hub: AnnotationHub, classed: Dataset) -> None:
        hub.add_properties(classed, [WEATHER, DAMAGE, DEPTH])
        listed = list(hub.list_properties(classed))
        assert len(listed) == 3
        assert {one.name: one for one in listed} == {"damage": DAMAGE, "depth": DEPTH, "weather": WEATHER}

    def test_listed_by_class_and_name(self, hub: AnnotationHub, classed: Dataset) -> None:
        wanted = [
            attrs.evolve(DAMAGE, class_name=class_name, name=name)
            for class_name, name in (("car", "b"), ("bus", "z"), ("car", "a"), ("bus", "c"))
        ]
        hub.add_properties(classed, wanted)
        listed = [(one.class_name, one.name) for one in hub.list_properties(classed)]
        assert listed == [("bus", "c"), ("bus", "z"), ("car", "a"), ("car", "b")]

    def test_adding_properties_again_changes_nothing(self, hub: AnnotationHub, classed: Dataset) -> None:
        hub.add_properties(classed, [DAMAGE, WEATHER])
        before = list(hub.list_properties(classed))
        hub.add_properties(classed, [WEATHER, DAMAGE, DAMAGE])
        hub.add_properties(classed, [])
        assert list(hub.list_properties(classed)) == before

    def test_choices_are_added_and_never_taken_away(self, hub: AnnotationHub, classed: Dataset) -> None:
        hub.add_properties(classed, [DAMAGE, WEATHER])
        hub.add_properties(classed, [attrs.evolve(DAMAGE, choices=(PropertyChoice("rust"), PropertyChoice("dent")))])
        hub.add_properties(classed, [attrs.evolve(WEATHER, choices=())])
        values = {one.name: [choice.value for choice in one.choices] for one in hub.list_properties(classed)}
        assert values == {"damage": ["scratch", "dent", "rust"], "weather": ["rain"]}

    def test_same_name_at_two_classes(self, hub: AnnotationHub, classed: Dataset) -> None:
        other = attrs.evolve(DAMAGE, class_name="bus", choices=(PropertyChoice("other"),))
        hub.add_properties(classed, [DAMAGE, other])
        assert list(hub.list_properties(classed)) == [other, DAMAGE]

    def test_properties_follow_their_class(self, hub: AnnotationHub, classed: Dataset, second: Dataset) -> None:
        hub.add_properties(classed, [DAMAGE, WEATHER])
        assert list(hub.list_properties(second)) == []
        hub.add_classes(second, [CAR])
        assert list(hub.list_properties(second)) == [DAMAGE]
        hub.add_properties(second, [WEATHER])
        assert {one.name for one in hub.list_properties(second)} == {"damage", "weather"}

    def test_adding_at_once_loses_no_choice(self, hub: AnnotationHub, classed: Dataset) -> None:
        def add(number: int) -> None:
            hub.add_properties(classed, [attrs.evolve(WEATHER, choices=(PropertyChoice(f"kind {number}"),))])

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(add, range(12)))
        (weather,) = hub.list_properties(classed)
        assert {choice.value for choice in weather.choices} == {f"kind {number}" for number in range(12)}


class ClassCatalogueContract(AnnotationClassContract, PropertyContract):
    """What every catalogue of classes and properties does."""
