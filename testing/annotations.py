"""Contract of `ports.annotations.AnnotationDesk`."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import attrs
import pytest

from ..domain.annotation import (
    AnyAnnotation,
    Author,
    Frame,
    PropertyValue,
    SubAnnotations,
    VideoAnnotation,
)
from ..domain.dataset import Dataset
from ..domain.document import ItemPropertyValue
from ..domain.errors import ItemNotFound
from ..domain.geometry import Box
from ..domain.item import Item, StatusChange
from ..domain.shapes import BoundingBox, Polygon, Tag, Unsupported
from ..ports.annotations import ImportMode
from ..ports.hub import AnnotationHub
from .scenario import HubContract, Workbench, car, uuid

OVERWRITE, APPEND = ImportMode.OVERWRITE, ImportMode.APPEND
UNKNOWN_ID = "00000000-0000-4000-8000-00000000dead"

SQUARE = ((0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0))

RICH: tuple[AnyAnnotation, ...] = (
    attrs.evolve(
        car(uuid(1)),
        subs=SubAnnotations(instance_id=7, attributes=("red", "parked"), text="AB-12 ☀️"),
        properties=(PropertyValue("damage", "scratch", 0), PropertyValue("owner", None)),
        annotators=(Author("Ada", "ada@example.org"),),
        reviewers=(Author("Bo", "bo@example.org"),),
    ),
    attrs.evolve(car(uuid(2), name="road"), shape=Polygon((SQUARE,), Box(0.0, 0.0, 10.0, 10.0))),
    attrs.evolve(car(uuid(3), name="night"), shape=Tag(), slot_names=()),
    VideoAnnotation(
        "walker",
        {
            3: Frame(BoundingBox(Box(1.0, 2.0, 3.0, 4.0)), keyframe=True),
            5: Frame(BoundingBox(Box(2.0, 2.0, 3.0, 4.0)), subs=SubAnnotations(instance_id=4)),
        },
        id=uuid(4),
        slot_names=("0",),
        ranges=((3, 20),),
        hidden_areas=((8, 10),),
        interpolated=True,
        interpolate_algorithm="linear-1.1",
    ),
)
"""Annotations of several kinds with all that they can carry."""


class AnnotationDeskContract(HubContract):
    """What every annotation desk does."""

    @pytest.fixture
    def item(self, dataset: Dataset, bench: Workbench) -> Item:
        """A new item without annotations."""
        return bench.push(dataset, "/day1/a.png")[0]

    def test_new_item_has_no_annotations(self, hub: AnnotationHub, dataset: Dataset, item: Item) -> None:
        document = hub.get_annotations(dataset, item.id)
        assert (tuple(document.annotations), document.properties) == ((), ())
        assert (document.item.name, document.item.path) == ("a.png", "/day1")
        assert document.item.source_info.item_id == item.id
        assert [slot.name for slot in document.item.slots] == ["0"]

    def test_annotations_come_back_as_given(self, hub: AnnotationHub, dataset: Dataset, item: Item) -> None:
        properties = (ItemPropertyValue("weather", "rain"), ItemPropertyValue("weather", "fog"))
        hub.import_annotations(dataset, item.id, RICH, properties, OVERWRITE)
        document = hub.get_annotations(dataset, item.id)
        assert tuple(document.annotations) == RICH
        assert document.properties == properties
        assert document.item.full_path == "/day1/a.png"

    def test_unknown_things_are_kept(self, hub: AnnotationHub, dataset: Dataset, item: Item) -> None:
        odd = attrs.evolve(
            car(uuid(1)),
            shape=Unsupported("link", {"from": 1, "to": {"deep": [None, 1.5, "☀️"]}}),
            extra={("seen_by_robot",): {"sure": 0.25}},
        )
        value = ItemPropertyValue("weather", "rain", extra={("forecast",): [1, 2]})
        hub.import_annotations(dataset, item.id, [odd, car(uuid(2))], [value], OVERWRITE)
        hub.import_annotations(dataset, item.id, [car(uuid(3))], [], APPEND)
        document = hub.get_annotations(dataset, item.id)
        assert tuple(document.annotations) == (odd, car(uuid(2)), car(uuid(3)))
        assert document.properties == (value,)

    def test_overwrite_replaces_everything(self, hub: AnnotationHub, dataset: Dataset, item: Item) -> None:
        before = [car(uuid(1)), car(uuid(2))]
        hub.import_annotations(dataset, item.id, before, [ItemPropertyValue("weather", "rain")], OVERWRITE)
        hub.import_annotations(dataset, item.id, [car(uuid(3))], [], OVERWRITE)
        document = hub.get_annotations(dataset, item.id)
        assert tuple(document.annotations) == (car(uuid(3)),)
        assert document.properties == ()

    def test_overwrite_with_nothing_clears(self, hub: AnnotationHub, dataset: Dataset, item: Item) -> None:
        hub.import_annotations(dataset, item.id, [car(uuid(1))], [], OVERWRITE)
        hub.import_annotations(dataset, item.id, [], [], OVERWRITE)
        assert tuple(hub.get_annotations(dataset, item.id).annotations) == ()

    def test_append_extends(self, hub: AnnotationHub, dataset: Dataset, item: Item) -> None:
        rain, fog = ItemPropertyValue("weather", "rain"), ItemPropertyValue("weather", "fog")
        hub.import_annotations(dataset, item.id, [car(uuid(2))], [rain], APPEND)
        hub.import_annotations(dataset, item.id, [car(uuid(1)), car(uuid(3))], [fog], APPEND)
        document = hub.get_annotations(dataset, item.id)
        assert [one.id for one in document.annotations] == [uuid(2), uuid(1), uuid(3)]
        assert document.properties == (rain, fog)

    def test_append_replaces_the_same_id(self, hub: AnnotationHub, dataset: Dataset, item: Item) -> None:
        hub.import_annotations(dataset, item.id, [car(uuid(1)), car(uuid(2)), car(uuid(3))], [], OVERWRITE)
        moved = car(uuid(2), x=99.0, name="lorry")
        hub.import_annotations(dataset, item.id, [moved, car(uuid(4))], [], APPEND)
        annotations = hub.get_annotations(dataset, item.id).annotations
        assert sorted(str(one.id) for one in annotations) == [uuid(number) for number in (1, 2, 3, 4)]
        assert {one.id: one for one in annotations}[uuid(2)] == moved

    def test_appending_twice_adds_once(self, hub: AnnotationHub, dataset: Dataset, item: Item) -> None:
        for _ in range(2):
            hub.import_annotations(dataset, item.id, RICH, [ItemPropertyValue("weather", "rain")], APPEND)
        document = hub.get_annotations(dataset, item.id)
        assert tuple(document.annotations) == RICH
        assert document.properties == (ItemPropertyValue("weather", "rain"),)

    @pytest.mark.parametrize("mode", list(ImportMode))
    def test_missing_ids_are_given(self, hub: AnnotationHub, dataset: Dataset, item: Item, mode: ImportMode) -> None:
        hub.import_annotations(dataset, item.id, [car(), car(uuid(7), x=5.0), car(), RICH[3]], [], mode)
        annotations = hub.get_annotations(dataset, item.id).annotations
        ids = [one.id for one in annotations]
        assert all(ids) and len(set(ids)) == 4
        assert ids[1] == uuid(7)
        assert [attrs.evolve(one, id=None) for one in annotations] == [
            car(), car(x=5.0), car(), attrs.evolve(RICH[3], id=None),
        ]  # fmt: skip

    def test_appended_ones_without_id_are_new_ones(self, hub: AnnotationHub, dataset: Dataset, item: Item) -> None:
        for _ in range(3):
            hub.import_annotations(dataset, item.id, [car()], [], APPEND)
        annotations = hub.get_annotations(dataset, item.id).annotations
        assert len({one.id for one in annotations}) == len(annotations) == 3

    @pytest.mark.parametrize("mode", list(ImportMode))
    def test_new_item_becomes_annotate(
        self, hub: AnnotationHub, dataset: Dataset, bench: Workbench, mode: ImportMode
    ) -> None:
        new, done, untouched = bench.push(dataset, "/new.png", "/done.png", "/untouched.png")
        hub.change_status(dataset, [done.id], StatusChange.COMPLETE)
        for one in (new, done):
            hub.import_annotations(dataset, one.id, [car()], [], mode)
        assert bench.statuses(dataset) == {
            "/new.png": "annotate",
            "/done.png": "complete",
            "/untouched.png": "new",
        }
        assert tuple(hub.get_annotations(dataset, untouched.id).annotations) == ()

    def test_item_must_exist(
        self, hub: AnnotationHub, dataset: Dataset, second: Dataset, item: Item, bench: Workbench
    ) -> None:
        (gone,) = bench.push(dataset, "/gone.png")
        hub.delete_items(dataset, [gone.id])
        for where, item_id in ((dataset, UNKNOWN_ID), (dataset, gone.id), (second, item.id)):
            with pytest.raises(ItemNotFound):
                hub.get_annotations(where, item_id)
            with pytest.raises(ItemNotFound):
                hub.import_annotations(where, item_id, [car()], [], OVERWRITE)

    def test_deleted_annotations_do_not_return(
        self, hub: AnnotationHub, dataset: Dataset, item: Item, bench: Workbench
    ) -> None:
        hub.import_annotations(dataset, item.id, [car()], [], OVERWRITE)
        hub.delete_items(dataset, [item.id])
        (again,) = bench.push(dataset, "/day1/a.png")
        assert tuple(hub.get_annotations(dataset, again.id).annotations) == ()
        assert bench.statuses(dataset) == {"/day1/a.png": "new"}

    def test_import_is_atomic(self, hub: AnnotationHub, dataset: Dataset, item: Item) -> None:
        few = [car(uuid(number), name="few") for number in range(2)]
        many = [car(uuid(number), name="many") for number in range(20)]
        hub.import_annotations(dataset, item.id, few, [], OVERWRITE)

        def replace(number: int) -> None:
            hub.import_annotations(dataset, item.id, many if number % 2 else few, [], OVERWRITE)

        with ThreadPoolExecutor(3) as pool:
            writing = [pool.submit(replace, number) for number in range(30)]
            seen = [tuple(hub.get_annotations(dataset, item.id).annotations) for _ in range(30)]
            for future in writing:
                future.result()
        assert {(annotations[0].class_name, len(annotations)) for annotations in seen} <= {("few", 2), ("many", 20)}

    def test_appends_at_once_lose_nothing(self, hub: AnnotationHub, dataset: Dataset, item: Item) -> None:
        def append(number: int) -> None:
            hub.import_annotations(dataset, item.id, [car(uuid(number))], [], APPEND)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(append, range(24)))
        ids = {one.id for one in hub.get_annotations(dataset, item.id).annotations}
        assert ids == {uuid(number) for number in range(24)}
