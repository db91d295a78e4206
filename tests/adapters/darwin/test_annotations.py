"""Annotations on a hub that speaks Darwin's API: in its import form, and whole where both sides are groundtruth's."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest

from groundtruth.adapters.darwin.annotations import DarwinAnnotations
from groundtruth.adapters.darwin.api import TooLarge
from groundtruth.adapters.darwin.classes import DarwinClasses
from groundtruth.adapters.memory import MemoryProgress
from groundtruth.adapters.memory.web import MemoryReply, MemoryRequest
from groundtruth.domain.annotation import Annotation, AnyAnnotation, Author, PropertyValue, SubAnnotations
from groundtruth.domain.classes import AnnotationClass, Granularity, PropertyChoice, PropertyDefinition
from groundtruth.domain.dataset import Dataset
from groundtruth.domain.document import ItemPropertyValue
from groundtruth.domain.errors import InvalidDocument, InvalidInput, ItemNotFound
from groundtruth.domain.geometry import Box
from groundtruth.domain.item import Item, ItemUpdate
from groundtruth.domain.shapes import BoundingBox, Skeleton, Unsupported
from groundtruth.ports.annotations import ImportMode
from groundtruth.ports.progress import Warned
from groundtruth.testing.annotations import RICH
from groundtruth.testing.scenario import car, uuid
from support.darwin_views import CODEC, Views, json_reply

OVERWRITE, APPEND = ImportMode.OVERWRITE, ImportMode.APPEND

DAMAGE = PropertyDefinition(
    "damage", "multi_select", Granularity.SECTION, "car", "bounding_box", choices=(PropertyChoice("scratch"),)
)
OWNER = PropertyDefinition("owner", "text", Granularity.ANNOTATION, "car", "bounding_box")
WEATHER = PropertyDefinition("weather", "multi_select", Granularity.ITEM, choices=(PropertyChoice("rain"),))
REMARK = PropertyDefinition("remark", "text", Granularity.ITEM)


@attrs.define
class Desk:
    """The adapter over the handlers, and a dataset with an item."""

    views: Views
    native: bool
    dataset: Dataset
    item: Item
    progress: MemoryProgress = attrs.field(factory=MemoryProgress)
    annotations: DarwinAnnotations = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        api = self.views.api(self.progress, self.native)
        self.annotations = DarwinAnnotations(api, CODEC, DarwinClasses(api), self.progress)

    def put(
        self,
        annotations: Sequence[AnyAnnotation],
        values: Sequence[ItemPropertyValue] = (),
        mode: ImportMode = OVERWRITE,
    ) -> None:
        self.annotations.import_annotations(self.dataset, self.item.id, annotations, values, mode)

    def stored(self) -> tuple[AnyAnnotation, ...]:
        return tuple(self.views.hub.get_annotations(self.dataset, self.item.id).annotations)

    def warnings(self) -> list[str]:
        return [event.message for event in self.progress.events if isinstance(event, Warned)]

    def imports(self) -> int:
        return sum(path.endswith("/import") for _, path in self.views.asked)


def make(tmp_path: Path, native: bool) -> Desk:
    views = Views(tmp_path)
    dataset = views.dataset()
    return Desk(views, native, dataset, views.push(dataset, "/day1/a.png")[0])


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A hub that is treated as any other."""
    return make(tmp_path, native=False)


@pytest.fixture(params=[True, False])
def any_desk(tmp_path: Path, request: pytest.FixtureRequest) -> Desk:
    return make(tmp_path, request.param)


@pytest.fixture
def native(tmp_path: Path) -> Desk:
    return make(tmp_path, native=True)


# --- whole documents --------------------------------------------------------------------------------


def test_a_hub_of_ours_loses_nothing(native: Desk) -> None:
    odd = attrs.evolve(car(uuid(9)), shape=Unsupported("link", {"to": 1}), extra={("seen",): [1]})
    values = (ItemPropertyValue("weather", "rain", extra={("sure",): 0.5}),)
    native.put((*RICH, odd), values)
    assert native.stored() == (*RICH, odd)
    document = native.annotations.get_annotations(native.dataset, native.item.id)
    assert (tuple(document.annotations), document.properties) == ((*RICH, odd), values)
    assert document.item.full_path == "/day1/a.png"
    assert native.warnings() == []


# --- the import form --------------------------------------------------------------------------------


def test_what_darwin_can_be_told_comes_back(desk: Desk) -> None:
    desk.views.hub.add_classes(desk.dataset, [AnnotationClass("car", "bounding_box")])
    desk.views.hub.add_properties(desk.dataset, [DAMAGE, OWNER, WEATHER, REMARK])
    first, *others = RICH
    told = attrs.evolve(
        first,
        subs=attrs.evolve(first.subs, attributes=None),
        annotators=(Author("", "ada@example.org"),),
        reviewers=(Author("", "bo@example.org"),),
    )
    video = attrs.evolve(
        others[-1],
        frames={3: others[-1].frames[3]},
        only_keyframes=True,
        interpolate_algorithm=None,  # type: ignore[union-attr]
    )
    tag = attrs.evolve(others[1], slot_names=("0",))
    values = (ItemPropertyValue("remark", "foggy"), ItemPropertyValue("weather", "rain"))
    desk.put([told, others[0], tag, others[-1]], values)
    assert desk.stored() == (told, others[0], tag, video)
    document = desk.annotations.get_annotations(desk.dataset, desk.item.id)
    assert (tuple(document.annotations), document.properties) == (desk.stored(), values)
    assert (document.item.full_path, document.item.source_info.item_id) == ("/day1/a.png", desk.item.id)
    assert [slot.name for slot in document.item.slots] == ["0"]


def test_missing_classes_are_created(desk: Desk) -> None:
    elsewhere = desk.views.dataset("elsewhere")
    (bus,) = desk.views.hub.add_classes(elsewhere, [AnnotationClass("bus", "bounding_box")])
    desk.put([car(uuid(1)), car(uuid(2), name="bus")])
    assert [(one.name, one.kind) for one in desk.views.hub.list_classes(desk.dataset)] == [
        ("bus", "bounding_box"), ("car", "bounding_box"),
    ]  # fmt: skip
    assert desk.views.hub.list_classes(desk.dataset)[0].id == bus.id
    with pytest.raises(InvalidInput, match="nodes"):
        desk.put([attrs.evolve(car(), shape=Skeleton(()))])
    assert len(desk.stored()) == 2


def test_unknown_attributes_are_left_out_with_one_warning(desk: Desk) -> None:
    red = attrs.evolve(car(uuid(1)), subs=SubAnnotations(attributes=("red",)))
    desk.put([red, red])
    asked = len(desk.views.asked)
    desk.put([red])
    assert len(desk.views.asked) == asked + 1
    assert desk.warnings() == ["attribute 'red' of class 'car' is not known to the hub: left out"]
    assert [one.subs.attributes for one in desk.stored() if isinstance(one, Annotation)] == [()]
    # What others have added since is found.
    blue = attrs.evolve(red, subs=SubAnnotations(attributes=("blue",)))
    desk.views.hub.import_annotations(desk.dataset, desk.item.id, [blue], [], OVERWRITE)
    both = attrs.evolve(red, subs=SubAnnotations(attributes=("blue", "green")))
    desk.put([both])
    assert desk.stored() == (blue,)
    assert len(desk.warnings()) == 2


def test_unknown_shapes_are_left_out_with_a_warning(desk: Desk) -> None:
    desk.put([car(uuid(1)), attrs.evolve(car(uuid(2)), shape=Unsupported("link", {"to": 1}))])
    assert desk.stored() == (car(uuid(1)),)
    assert "cannot be imported" in desk.warnings()[0]


@pytest.mark.parametrize(
    ("annotation", "values", "reason"),
    [
        (attrs.evolve(car(), properties=(PropertyValue("age", "3"),)), (), "property 'age' of class 'car'"),
        (attrs.evolve(car(), properties=(PropertyValue("damage", "rust"),)), (), "value 'rust' of property 'damage'"),
        (car(), (ItemPropertyValue("light", "dim"),), "item property 'light'"),
    ],
)
def test_unknown_properties_are_refused_before_anything_is_sent(
    desk: Desk, annotation: AnyAnnotation, values: Sequence[ItemPropertyValue], reason: str
) -> None:
    desk.views.hub.add_classes(desk.dataset, [AnnotationClass("car", "bounding_box")])
    desk.views.hub.add_properties(desk.dataset, [DAMAGE])
    with pytest.raises(InvalidInput, match=reason):
        desk.put([annotation], values)
    assert desk.imports() == 0


def test_values_of_item_properties_are_added_and_shown(desk: Desk) -> None:
    elsewhere = desk.views.dataset("elsewhere")
    desk.views.hub.add_properties(elsewhere, [WEATHER, REMARK])
    values = (ItemPropertyValue("weather", "fog"), ItemPropertyValue("remark", "hm"))
    desk.put([], values)
    assert desk.views.hub.get_annotations(desk.dataset, desk.item.id).properties == values
    known = {one.name: one for one in desk.views.hub.list_properties(desk.dataset)}
    assert set(known) == {"weather", "remark"}
    assert [one.value for one in known["weather"].choices] == ["rain", "fog"]


def test_an_annotation_of_no_slot_gets_the_first(desk: Desk) -> None:
    nowhere = attrs.evolve(car(uuid(1)), slot_names=())
    desk.put([nowhere])
    assert desk.stored() == (car(uuid(1)),)
    layout = {"version": 3, "slots_grid": [[["base", "red"]]]}
    desk.views.hub.update_items(desk.dataset, [desk.item.id], ItemUpdate(layout=layout))
    desk.put([nowhere])
    assert [one.slot_names for one in desk.stored()] == [("base",)]


def test_classes_and_properties_are_asked_for_once(desk: Desk) -> None:
    desk.put([car(uuid(1))])
    asked = len(desk.views.asked)
    for _ in range(5):
        desk.put([car(uuid(1))])
    assert len(desk.views.asked) == asked + 5


# --- again, and in pieces ---------------------------------------------------------------------------


@pytest.mark.parametrize("mode", list(ImportMode))
def test_an_import_that_broke_off_is_repeated_and_done_once(any_desk: Desk, mode: ImportMode) -> None:
    views = any_desk.views
    broken: list[bool] = []

    def break_off(request: MemoryRequest) -> MemoryReply | None:
        if not request.url.endswith("/import") or broken:
            return None
        broken.append(True)
        path = request.url.partition("/api/")[2]
        views.ask(request.method, path, json.loads(request.body))
        return MemoryReply(503)

    views.answer = break_off
    any_desk.put([car(), car(x=2.0), car(uuid(1))], mode=mode)
    assert broken
    ids = {one.id for one in any_desk.stored()}
    assert len(ids) == len(any_desk.stored()) == 3
    assert uuid(1) in ids


def limited(limit: int, sizes: list[int]) -> Any:
    def refuse(request: MemoryRequest) -> MemoryReply | None:
        if not request.url.endswith("/import"):
            return None
        sizes.append(len(request.body))
        return MemoryReply(413) if len(request.body) > limit else None

    return refuse


@pytest.mark.parametrize("mode", list(ImportMode))
def test_what_is_too_large_is_sent_in_pieces(any_desk: Desk, mode: ImportMode) -> None:
    any_desk.views.hub.add_properties(any_desk.dataset, [WEATHER])
    any_desk.put([car(uuid(999))], [])
    sizes: list[int] = []
    any_desk.views.answer = limited(30_000, sizes)
    many = [car(uuid(number)) for number in range(400)]
    any_desk.put(many, [ItemPropertyValue("weather", "rain")], mode)
    before = [car(uuid(999))] if mode is APPEND else []
    assert sorted(any_desk.stored(), key=lambda one: one.id or "") == [*many, *before]
    document = any_desk.views.hub.get_annotations(any_desk.dataset, any_desk.item.id)
    assert document.properties == (ItemPropertyValue("weather", "rain"),)
    assert sizes[0] > 30_000 >= sizes[-1]


def test_what_fits_is_sent_at_once(any_desk: Desk) -> None:
    sizes: list[int] = []
    any_desk.views.answer = limited(10**9, sizes)
    any_desk.put([car(uuid(number)) for number in range(400)])
    assert len(sizes) == 1


def test_an_annotation_larger_than_any_piece_is_refused(any_desk: Desk) -> None:
    any_desk.put([car(uuid(1))])
    sizes: list[int] = []
    any_desk.views.answer = limited(12_000, sizes)
    huge = attrs.evolve(car(uuid(2)), subs=SubAnnotations(text="x" * 20_000))
    with pytest.raises(InvalidInput, match="an annotation takes"):
        any_desk.put([huge, *(car(uuid(number)) for number in range(3, 50))])
    assert any_desk.stored() == (car(uuid(1)),)
    any_desk.views.answer = limited(0, sizes)
    with pytest.raises(TooLarge):
        any_desk.put([])


# --- what is there ----------------------------------------------------------------------------------


def test_items_that_are_not_there(any_desk: Desk) -> None:
    second = any_desk.views.dataset("second")
    any_desk.views.hub.add_classes(any_desk.dataset, [AnnotationClass("car", "bounding_box")])
    for dataset, item_id in ((any_desk.dataset, uuid(77)), (second, any_desk.item.id)):
        with pytest.raises(ItemNotFound):
            any_desk.annotations.get_annotations(dataset, item_id)
    with pytest.raises(ItemNotFound):
        any_desk.annotations.import_annotations(any_desk.dataset, uuid(77), [car(uuid(1))], [], OVERWRITE)


def test_answers_in_the_import_form_are_read(desk: Desk) -> None:
    (made,) = desk.views.hub.add_classes(desk.dataset, [AnnotationClass("car", "bounding_box")])
    data = {"bounding_box": {"x": 1, "y": 2, "w": 30, "h": 20}}
    element: dict[str, Any] = {"id": uuid(1), "annotation_class_id": made.id, "data": data, "version": 3}
    element["context_keys"] = {"slot_names": ["0"]}
    planned = {"/annotations": [element], "/properties": {"properties": []}}
    desk.views.answer = lambda request: next(
        (json_reply(data) for end, data in planned.items() if request.url.endswith(end) and "/items/" in request.url),
        None,
    )
    get = desk.annotations.get_annotations
    assert tuple(get(desk.dataset, desk.item.id).annotations) == (car(uuid(1)),)
    # A class that came about since: found by a second look.
    (later,) = desk.views.hub.add_classes(desk.dataset, [AnnotationClass("bus", "bounding_box")])
    element["annotation_class_id"] = later.id
    assert tuple(get(desk.dataset, desk.item.id).annotations) == (car(uuid(1), name="bus"),)
    element["annotation_class_id"] = 99
    with pytest.raises(InvalidDocument, match="no class has the id 99"):
        get(desk.dataset, desk.item.id)


def test_values_of_item_properties_are_read_in_every_form(desk: Desk) -> None:
    desk.views.hub.add_properties(desk.dataset, [WEATHER, REMARK])
    known = {one["name"]: one for one in desk.views.ask("GET", "v2/teams/acme/properties")["properties"]}
    rain = known["weather"]["property_values"][0]["id"]
    state = [
        {"id": known["weather"]["id"], "values": [rain, {"id": rain}, {"value": "rain"}]},
        {"id": known["remark"]["id"], "values": ["a", {"text": "b"}]},
        {"id": "unknown", "values": None},
    ]
    answer: dict[str, Any] = {"properties": state}
    desk.views.answer = lambda request: (
        json_reply(answer) if request.url.endswith(f"{desk.item.id}/properties") else None
    )
    values = desk.annotations.get_annotations(desk.dataset, desk.item.id).properties
    assert [(one.name, one.value) for one in values] == [
        ("weather", "rain"), ("weather", "rain"), ("weather", "rain"), ("remark", "a"), ("remark", "b"),
    ]  # fmt: skip
    for bad in ({"properties": 3}, {"properties": [{"id": "gone", "values": [1]}]},
                {"properties": [{"id": known["weather"]["id"], "values": [["x"]]}]}):  # fmt: skip
        answer = bad
        with pytest.raises(InvalidDocument):
            desk.annotations.get_annotations(desk.dataset, desk.item.id)


@pytest.mark.parametrize("answer", [3, {"annotations": 3}, [3], [{"name": 3}], [{"data": 3}], [{"data": {}}, {}]])
def test_answers_that_make_no_sense_are_refused(desk: Desk, answer: Any) -> None:
    desk.views.answer = lambda request: (
        json_reply(answer) if request.url.endswith(f"{desk.item.id}/annotations") else None
    )
    with pytest.raises(InvalidDocument):
        desk.annotations.get_annotations(desk.dataset, desk.item.id)


def test_shapes_stay_what_they_are(desk: Desk) -> None:
    exact = attrs.evolve(car(uuid(1)), shape=BoundingBox(Box(0.1, 1e-9, 1 / 3, 2.0)))
    desk.put([exact])
    assert desk.stored() == (exact,)
