"""Contract of `ports.releases.ReleaseDesk`."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import attrs
import pytest

from ..domain.annotation import Author
from ..domain.classes import AnnotationClass, Granularity, PropertyChoice, PropertyDefinition
from ..domain.dataset import Dataset
from ..domain.document import ItemPropertyValue
from ..domain.errors import InvalidName, NameTaken, NothingToExport, ReleaseNotFound
from ..domain.item import ItemStatus, StatusChange
from ..domain.release import ExportOptions, Release, ReleaseStatus
from ..ports.annotations import ImportMode
from ..ports.hub import AnnotationHub
from .scenario import HOSTILE_NAMES, HubContract, Workbench, car, uuid

OVERWRITE = ImportMode.OVERWRITE
ADA = (Author("Ada", "ada@example.org"),)


class ReleaseCreationContract(HubContract):
    """How every desk makes releases."""

    def test_new_dataset_has_no_release(self, hub: AnnotationHub, dataset: Dataset) -> None:
        assert list(hub.list_releases(dataset)) == []

    def test_release_tells_what_it_is(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        bench.push(dataset, "/a.png", "/b.png")
        release = bench.export(dataset, "0.1")
        assert (release.name, release.team, release.dataset) == ("0.1", dataset.team, dataset.slug)
        assert (release.status, release.item_count, release.latest) == (ReleaseStatus.COMPLETE, 2, True)
        assert release.created_at.tzinfo is not None
        assert release.created_at.microsecond == 0
        assert list(hub.list_releases(dataset)) == [release]

    def test_newest_comes_first_and_is_latest(
        self,
        hub: AnnotationHub,
        dataset: Dataset,
        second: Dataset,
        bench: Workbench,
        later: Callable[[], None],
    ) -> None:
        bench.push(dataset, "/a.png")
        bench.push(second, "/a.png")
        for name in ("b", "c", "a"):
            bench.export(dataset, name)
            later()
        bench.export(second, "other")
        assert [(one.name, one.latest) for one in hub.list_releases(dataset)] == [
            ("a", True), ("c", False), ("b", False),
        ]  # fmt: skip
        assert [(one.name, one.latest) for one in hub.list_releases(second)] == [("other", True)]

    def test_name_is_taken_once(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        bench.push(dataset, "/a.png")
        release = bench.export(dataset, "1")
        before = bench.frozen(release)
        bench.push(dataset, "/b.png")
        with pytest.raises(NameTaken):
            hub.create_release(dataset, "1", ExportOptions())
        assert list(hub.list_releases(dataset)) == [release]
        assert bench.frozen(release) == before

    def test_name_is_taken_in_its_dataset_only(self, dataset: Dataset, second: Dataset, bench: Workbench) -> None:
        bench.push(dataset, "/a.png")
        bench.push(second, "/b.png")
        one, two = bench.export(dataset, "1"), bench.export(second, "1")
        assert (list(bench.documents(one)), list(bench.documents(two))) == (["/a.png"], ["/b.png"])

    def test_names_differ_by_case(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        bench.push(dataset, "/a.png")
        bench.export(dataset, "final")
        bench.export(dataset, "Final")
        assert sorted(one.name for one in hub.list_releases(dataset)) == ["Final", "final"]

    @pytest.mark.parametrize("name", ["", "latest", "a/b", "..", "ü", "a b", "x" * 101])
    def test_name_must_be_one(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench, name: str) -> None:
        bench.push(dataset, "/a.png")
        with pytest.raises(InvalidName):
            hub.create_release(dataset, name, ExportOptions())
        assert list(hub.list_releases(dataset)) == []

    def test_nothing_to_export(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        with pytest.raises(NothingToExport):
            hub.create_release(dataset, "1", ExportOptions())
        (archived, _) = bench.push(dataset, "/archived.png", "/new.png")
        hub.change_status(dataset, [archived.id], StatusChange.ARCHIVED)
        with pytest.raises(NothingToExport):
            hub.create_release(dataset, "1", ExportOptions(statuses=(ItemStatus.COMPLETE,)))
        assert list(hub.list_releases(dataset)) == []
        assert list(bench.documents(bench.export(dataset, "1"))) == ["/new.png"]

    def test_archived_and_uploading_items_stay_out(
        self, hub: AnnotationHub, dataset: Dataset, bench: Workbench
    ) -> None:
        archived, _ = bench.push(dataset, "/archived.png", "/a.png")
        hub.change_status(dataset, [archived.id], StatusChange.ARCHIVED)
        half = bench.register(dataset, bench.item("/half", b"1", b"2")).uploads
        bench.put(half)
        hub.confirm(half[:1])
        release = bench.export(dataset, "1", ExportOptions(statuses=None))
        assert list(bench.documents(release)) == ["/a.png"]

    def test_statuses_choose_items(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        done, started, _ = bench.push(dataset, "/done.png", "/started.png", "/new.png")
        hub.import_annotations(dataset, started.id, [car()], [], OVERWRITE)
        hub.change_status(dataset, [done.id], StatusChange.COMPLETE)
        chosen = ExportOptions(statuses=(ItemStatus.COMPLETE, ItemStatus.ANNOTATE))
        assert sorted(bench.documents(bench.export(dataset, "1", chosen))) == ["/done.png", "/started.png"]
        assert len(bench.documents(bench.export(dataset, "2"))) == 3

    def test_one_of_several_at_once_gets_the_name(
        self, hub: AnnotationHub, dataset: Dataset, bench: Workbench
    ) -> None:
        bench.push(dataset, *(f"/{number}.png" for number in range(20)))

        def create(_: int) -> Release | NameTaken:
            try:
                return bench.export(dataset, "race")
            except NameTaken as error:
                return error

        with ThreadPoolExecutor(4) as pool:
            outcomes = list(pool.map(create, range(4)))
        (release,) = [outcome for outcome in outcomes if isinstance(outcome, Release)]
        assert list(hub.list_releases(dataset)) == [release]
        assert len(bench.documents(release)) == 20


class ReleaseContentContract(HubContract):
    """What every release holds."""

    def test_one_document_per_item(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        wanted = [f"/{name}" for name in HOSTILE_NAMES] + ["/day1/a.jpg", "/day2/a.jpg"]
        items = bench.push(dataset, *wanted)
        hub.import_annotations(dataset, items[0].id, [car(uuid(1), x=4.0)], [], OVERWRITE)
        release = bench.export(dataset, "1")
        names = [document.name for document in hub.documents(release)]
        assert len(set(names)) == len(names) == len(wanted) == release.item_count
        documents = bench.documents(release)
        assert sorted(documents) == sorted(wanted)
        assert {one["version"] for one in documents.values()} == {"2.0"}
        (annotation,) = documents[wanted[0]]["annotations"]
        assert (annotation["name"], annotation["id"]) == ("car", uuid(1))
        assert annotation["bounding_box"] == {"x": 4.0, "y": 2.0, "w": 30.0, "h": 20.0}
        assert documents[wanted[1]]["annotations"] == []

    def test_document_describes_its_item(self, dataset: Dataset, bench: Workbench) -> None:
        (item,) = bench.push(dataset, bench.item("/day1/pair", b"left", b"right"))
        document = bench.documents(bench.export(dataset, "1"))["/day1/pair"]["item"]
        assert document["source_info"]["item_id"] == item.id
        assert document["source_info"]["dataset"]["slug"] == dataset.slug
        assert document["source_info"]["team"]["slug"] == dataset.team
        slots = [(slot["slot_name"], slot["type"]) for slot in document["slots"]]
        assert slots == [("0", "image"), ("1", "image")]
        for slot in document["slots"]:
            (source,) = slot["source_files"]
            assert source["file_name"] == "pair"
            assert source["url"]

    def test_order_is_always_the_same(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        bench.push(dataset, *(f"/{number % 7}/{number}.png" for number in range(self.many)))
        release = bench.export(dataset, "1")
        first = [document.name for document in hub.documents(release)]
        assert first == [document.name for document in hub.documents(release)]
        assert len(first) == self.many

    def test_documents_are_lazy(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        bench.push(dataset, "/a.png", "/b.png", "/c.png")
        release = bench.export(dataset, "1")
        one, other = hub.documents(release), hub.documents(release)
        assert next(one) == next(other)
        assert next(one) == next(other)

    def test_release_never_changes(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        items = bench.push(dataset, "/a.png", "/b.png", "/c.png", "/d.png")
        hub.import_annotations(dataset, items[0].id, [car(uuid(1))], [], OVERWRITE)
        release = bench.export(dataset, "1")
        before = bench.frozen(release)
        hub.import_annotations(dataset, items[0].id, [car(uuid(2))], [], OVERWRITE)
        hub.change_status(dataset, [items[1].id], StatusChange.ARCHIVED)
        hub.delete_items(dataset, [items[2].id])
        bench.push(dataset, "/c.png", "/e.png")
        hub.add_classes(dataset, [AnnotationClass("late", "tag")])
        bench.export(dataset, "2")
        assert bench.frozen(release) == before
        assert attrs.evolve(release, latest=False) == hub.list_releases(dataset)[1]

    def test_digest_names_the_content(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        (item,) = bench.push(dataset, "/a.png")
        one, two = bench.export(dataset, "1"), bench.export(dataset, "2")
        assert bench.frozen(one) == bench.frozen(two)
        assert one.digest == two.digest
        hub.import_annotations(dataset, item.id, [car()], [], OVERWRITE)
        three = bench.export(dataset, "3")
        assert bench.frozen(three) != bench.frozen(one)
        assert three.digest is None or three.digest != one.digest

    def test_class_ids_choose_annotations(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        (item,) = bench.push(dataset, "/a.png")
        classes = [AnnotationClass("car", "bounding_box"), AnnotationClass("bus", "bounding_box")]
        (_, bus) = hub.add_classes(dataset, [*classes, AnnotationClass("bus", "polygon")])[:2]
        hub.import_annotations(dataset, item.id, [car(uuid(1)), car(uuid(2), name="bus")], [], OVERWRITE)
        assert bus.id is not None
        some = bench.export(dataset, "some", ExportOptions(class_ids=(bus.id,)))
        every = bench.export(dataset, "every")
        assert [one["id"] for one in bench.documents(some)["/a.png"]["annotations"]] == [uuid(2)]
        assert [one["id"] for one in bench.documents(every)["/a.png"]["annotations"]] == [uuid(1), uuid(2)]
        assert (some.class_names, every.class_names) == (("bus",), ("bus", "car"))
        assert some.class_count in {None, 1}
        assert every.class_count in {None, 2, 3}

    def test_authors_only_when_asked_for(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        (item,) = bench.push(dataset, "/a.png")
        signed = attrs.evolve(car(uuid(1)), annotators=ADA, reviewers=ADA)
        value = ItemPropertyValue("weather", "rain", annotators=ADA)
        hub.import_annotations(dataset, item.id, [signed], [value], OVERWRITE)
        silent, telling = bench.export(dataset, "1"), bench.export(dataset, "2", ExportOptions((), True))
        without, with_authors = bench.documents(silent)["/a.png"], bench.documents(telling)["/a.png"]
        assert "ada@example.org" not in json.dumps(without)
        assert without["annotations"][0]["id"] == uuid(1)
        assert without["properties"][0]["value"] == "rain"
        author = {"full_name": "Ada", "email": "ada@example.org"}
        assert with_authors["annotations"][0]["annotators"] == [author]
        assert with_authors["annotations"][0]["reviewers"] == [author]
        assert with_authors["properties"][0]["annotators"] == [author]

    def test_unknown_things_are_released(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        (item,) = bench.push(dataset, "/a.png")
        odd = attrs.evolve(car(uuid(1)), extra={("seen_by_robot",): {"sure": 0.25}})
        hub.import_annotations(dataset, item.id, [odd], [], OVERWRITE)
        (annotation,) = bench.documents(bench.export(dataset, "1"))["/a.png"]["annotations"]
        assert annotation["seen_by_robot"] == {"sure": 0.25}

    def test_metadata_holds_classes_and_properties(
        self, hub: AnnotationHub, dataset: Dataset, bench: Workbench
    ) -> None:
        bench.push(dataset, "/a.png")
        hub.add_classes(dataset, [AnnotationClass("car", "polygon")])
        bare = bench.export(dataset, "bare")
        damage = PropertyDefinition(
            "damage", "single_select", Granularity.SECTION, "car", "polygon", choices=(PropertyChoice("dent"),)
        )
        hub.add_properties(dataset, [damage])
        release = bench.export(dataset, "1")
        hub.add_properties(dataset, [attrs.evolve(damage, choices=(PropertyChoice("rust"),))])
        content = hub.metadata(release)
        assert content is not None
        (car_class,) = [one for one in json.loads(content)["classes"] if one["name"] == "car"]
        (found,) = car_class["properties"]
        assert (found["name"], [one["value"] for one in found["property_values"]]) == ("damage", ["dent"])
        assert hub.metadata(bare) is None

    def test_unknown_release(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        bench.push(dataset, "/a.png")
        release = bench.export(dataset, "1")
        for unknown in (attrs.evolve(release, name="2"), attrs.evolve(release, dataset="no-such-dataset")):
            with pytest.raises(ReleaseNotFound):
                list(hub.documents(unknown))
            with pytest.raises(ReleaseNotFound):
                hub.metadata(unknown)


class ReleaseDeskContract(ReleaseCreationContract, ReleaseContentContract):
    """What every release desk does."""
