"""Contract of `ports.annotations.ClassCatalogue`."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import attrs
import pytest

from ..domain.annotation import Frame, SubAnnotations, VideoAnnotation
from ..domain.classes import AnnotationClass, Granularity, PropertyChoice, PropertyDefinition, PropertyType
from ..domain.dataset import Dataset
from ..domain.geometry import Box
from ..domain.shapes import BoundingBox
from ..ports.annotations import ImportMode
from ..ports.hub import AnnotationHub
from .scenario import HubContract, Workbench, car, without_builtin

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


class AttributeContract(HubContract):
    """How every catalogue knows attributes."""

    @pytest.fixture
    def boxes(self, hub: AnnotationHub, dataset: Dataset) -> Sequence[AnnotationClass]:
        """Classes of the dataset whose annotations may carry attributes."""
        names = [("bus", "bounding_box"), ("car", "bounding_box"), ("car", "polygon")]
        return hub.add_classes(dataset, [AnnotationClass(*name, sub_types=("attributes",)) for name in names])

    def known(self, hub: AnnotationHub, dataset: Dataset) -> list[tuple[int, str]]:
        """Class and name of the dataset's attributes, in the order listed."""
        return [(one.class_id, one.name) for one in hub.list_attributes(dataset)]

    def test_attributes_are_those_of_annotations(
        self, hub: AnnotationHub, dataset: Dataset, boxes: Sequence[AnnotationClass], bench: Workbench
    ) -> None:
        assert list(hub.list_attributes(dataset)) == []
        one, two = bench.push(dataset, "/a.png", "/b.png")
        red = attrs.evolve(car(), subs=SubAnnotations(attributes=("red", "parked ☀️")))
        bus = attrs.evolve(car(name="bus"), subs=SubAnnotations(attributes=("red",)))
        hub.import_annotations(dataset, one.id, [red, bus, car()], [], ImportMode.OVERWRITE)
        hub.import_annotations(dataset, two.id, [red], [], ImportMode.APPEND)
        bus_id, car_id = (boxes[place].id or 0 for place in (0, 1))
        assert self.known(hub, dataset) == [(bus_id, "red"), (car_id, "parked ☀️"), (car_id, "red")]
        listed = list(hub.list_attributes(dataset))
        assert len({one.id for one in listed}) == 3
        assert all(UUID(one.id) for one in listed)
        assert list(hub.list_attributes(dataset)) == listed

    def test_attributes_of_frames(
        self, hub: AnnotationHub, dataset: Dataset, boxes: Sequence[AnnotationClass], bench: Workbench
    ) -> None:
        (item,) = bench.push(dataset, "/a.mp4")
        shape = BoundingBox(Box(1.0, 2.0, 3.0, 4.0))
        frames = {
            0: Frame(shape, keyframe=True, subs=SubAnnotations(attributes=("slow",))),
            9: Frame(None, keyframe=True, subs=SubAnnotations(attributes=("fast", "slow"))),
        }
        moving = VideoAnnotation("car", frames, slot_names=("0",), ranges=((0, 20),))
        hub.import_annotations(dataset, item.id, [moving], [], ImportMode.OVERWRITE)
        car_id = boxes[1].id or 0
        assert self.known(hub, dataset) == [(car_id, "fast"), (car_id, "slow")]

    def test_attributes_are_never_forgotten(
        self, hub: AnnotationHub, dataset: Dataset, boxes: Sequence[AnnotationClass], bench: Workbench
    ) -> None:
        (item,) = bench.push(dataset, "/a.png")
        red = attrs.evolve(car(), subs=SubAnnotations(attributes=("red",)))
        hub.import_annotations(dataset, item.id, [red], [], ImportMode.OVERWRITE)
        before = list(hub.list_attributes(dataset))
        hub.import_annotations(dataset, item.id, [car()], [], ImportMode.OVERWRITE)
        hub.delete_items(dataset, [item.id])
        assert list(hub.list_attributes(dataset)) == before

    def test_attributes_belong_to_the_classes_of_a_team(
        self,
        hub: AnnotationHub,
        dataset: Dataset,
        second: Dataset,
        boxes: Sequence[AnnotationClass],
        bench: Workbench,
    ) -> None:
        (item,) = bench.push(dataset, "/a.png")
        red = attrs.evolve(car(), subs=SubAnnotations(attributes=("red",)))
        hub.import_annotations(dataset, item.id, [red], [], ImportMode.OVERWRITE)
        assert list(hub.list_attributes(second)) == []
        same = AnnotationClass("car", "bounding_box")
        hub.add_classes(second, [same])
        assert list(hub.list_attributes(second)) == list(hub.list_attributes(dataset))
        if self.other_team is not None:
            elsewhere = hub.create_dataset(self.other_team, "elsewhere")
            hub.add_classes(elsewhere, [same])
            assert list(hub.list_attributes(elsewhere)) == []


class ClassCatalogueContract(AnnotationClassContract, PropertyContract, AttributeContract):
    """What every catalogue of classes and properties does."""
