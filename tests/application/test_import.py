from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from groundtruth.adapters.memory import fake_image
from groundtruth.application.import_annotations import BATCH, TASK, ImportReport
from groundtruth.domain.errors import DiskFull, InvalidInput, Unavailable
from groundtruth.ports.annotations import ImportMode
from groundtruth.ports.progress import Started
from support.world import World, box, document

APPEND, OVERWRITE = ImportMode.APPEND, ImportMode.OVERWRITE
AUTHOR = {"email": "a@b.c", "full_name": "A"}


@pytest.fixture
def pushed(world: World) -> World:
    """A world with the items /a.png and /b.png."""
    world.put(a=fake_image(1, 1), b=fake_image(2, 1))
    world.push()
    return world


def load(world: World, *documents: bytes, **options: Any) -> ImportReport:
    world.files.tree = {Path(f"/in/{number}.json"): one for number, one in enumerate(documents)}
    return world.import_("/in", **options)


def on_hub(world: World, path: str = "/a.png"):
    return world.hub.get_annotations(world.dataset, world.items()[path].id)


def names(world: World, path: str = "/a.png") -> list[str]:
    return [one.class_name for one in on_hub(world, path).annotations]


def test_annotations_land_on_their_item(pushed: World) -> None:
    report = load(pushed, document("a.png", box("car"), box("bus")))
    assert (report.documents, report.annotations, report.is_complete) == (1, 2, True)
    assert report.classes_created == ["bus (bounding_box)", "car (bounding_box)"]
    assert (names(pushed), names(pushed, "/b.png")) == (["car", "bus"], [])


@pytest.mark.parametrize(("mode", "expected"), [(APPEND, ["car", "bus"]), (OVERWRITE, ["bus"]), (None, ["car"])])
def test_annotations_that_are_there(pushed: World, mode: ImportMode | None, expected: list[str]) -> None:
    load(pushed, document("a.png", box("car")))
    report = load(pushed, document("a.png", box("bus")), mode=mode)
    assert names(pushed) == expected
    assert report.is_complete is (mode is not None)
    assert mode or "--append" in report.failed[0].reason


def test_of_two_documents_of_an_item_none_is_lost(pushed: World) -> None:
    report = load(pushed, document("a.png", box("car")), document("a.png", box("bus")), mode=OVERWRITE)
    assert names(pushed) == ["car"]
    assert [issue.path for issue in report.failed] == ["/in/1.json"]
    load(pushed, document("a.png", box("bus")), document("a.png", box("van")), mode=APPEND)
    assert names(pushed) == ["car", "bus", "van"]


def test_classes_are_only_made_when_allowed(pushed: World) -> None:
    report = load(pushed, document("a.png", box()), create_classes=False)
    assert "car (bounding_box) is not in the dataset" in report.failed[0].reason
    assert pushed.hub.list_classes(pushed.dataset) == []


def metadata() -> bytes:
    values = [{"value": "red", "color": "auto"}]
    hue = {"name": "hue", "type": "single_select", "required": False, "property_values": values}
    car = {"name": "car", "type": "bounding_box", "properties": [hue]}
    return json.dumps({"version": "1.0", "classes": [car], "properties": []}).encode()


@pytest.mark.parametrize("create", [True, False])
def test_metadata_beside_the_documents_makes_classes_and_properties(pushed: World, create: bool) -> None:
    pushed.files.tree = {Path("/in/a.json"): document("a.png", box()), Path("/in/.v7/metadata.json"): metadata()}
    report = pushed.import_("/in", create_classes=create)
    assert report.classes_created == (["car (bounding_box)"] if create else [])
    assert [one.name for one in pushed.hub.list_properties(pushed.dataset)] == (["hue"] if create else [])
    assert [one.name for one in pushed.hub.list_classes(pushed.dataset)] == (["car"] if create else [])
    assert report.is_complete is create


def test_metadata_that_are_invalid_are_told_once(pushed: World) -> None:
    documents = {Path("/in/1.json"): document("a.png", box()), Path("/in/2.json"): document("b.png", box())}
    pushed.files.tree = {**documents, Path("/in/.v7/metadata.json"): b"{"}
    report = pushed.import_("/in")
    assert [issue.path for issue in report.failed] == ["/in/.v7/metadata.json"]
    assert report.documents == 2


def test_what_cannot_be_imported_is_told(pushed: World) -> None:
    pushed.files.tree = {
        Path("/in/1.json"): document("nothing.png", box()),
        Path("/in/2.json"): b"{",
        Path("/in/3.json"): document("a.png", box(), path="/deeper"),
        Path("/in/4.json"): document("b.png", box()),
        Path("/in/notes.txt"): b"",
        Path("/named.txt"): b"",
    }
    report = pushed.import_("/in", "/named.txt", "/nowhere")
    assert sorted(issue.path for issue in report.failed) == [
        "/in/1.json", "/in/2.json", "/in/3.json", "/named.txt", "/nowhere",
    ]  # fmt: skip
    assert (report.documents, names(pushed, "/b.png")) == (1, ["car"])


def test_a_document_without_annotations_changes_nothing(pushed: World) -> None:
    load(pushed, document("a.png", box()))
    report = load(pushed, document("a.png"), mode=OVERWRITE)
    assert (report.unchanged, report.is_complete, names(pushed)) == (["/in/0.json"], True, ["car"])


def test_a_document_without_annotations_clears_its_item_on_request(pushed: World) -> None:
    load(pushed, document("a.png", box()))
    load(pushed, document("a.png"), mode=OVERWRITE, delete_for_empty=True)
    assert names(pushed) == []


@pytest.mark.parametrize("mode", [None, APPEND])
def test_clearing_needs_overwriting(pushed: World, mode: ImportMode | None) -> None:
    with pytest.raises(InvalidInput, match="--overwrite"):
        load(pushed, document("a.png"), mode=mode, delete_for_empty=True)


@pytest.mark.parametrize("kept", [True, False])
def test_authors_are_kept_on_request(pushed: World, kept: bool) -> None:
    body = json.loads(document("a.png", box(annotators=[AUTHOR], reviewers=[AUTHOR])))
    body["properties"] = [{"name": "sky", "value": "grey", "annotators": [AUTHOR], "reviewers": [AUTHOR]}]
    report = load(pushed, json.dumps(body).encode(), annotators=kept, reviewers=kept)
    assert report.is_complete
    found = on_hub(pushed)
    for one in (found.annotations[0], found.properties[0]):
        assert bool(one.annotators) is bool(one.reviewers) is kept


def test_properties_of_an_item_are_not_doubled_by_accident(pushed: World) -> None:
    body = {**json.loads(document("a.png")), "properties": [{"name": "sky", "value": "grey"}]}
    assert load(pushed, json.dumps(body).encode()).is_complete
    assert not load(pushed, json.dumps(body).encode()).is_complete


def test_shapes_without_rules_survive(pushed: World) -> None:
    report = load(pushed, document("a.png", {"name": "odd", "hologram": {"depth": 3}, "slot_names": ["0"]}))
    assert (report.annotations, report.classes_created) == (1, [])
    assert b'"hologram":{"depth":3}' in pushed.codec.write(on_hub(pushed))


def test_more_documents_than_a_batch(world: World) -> None:
    count = 2 * BATCH + 10
    world.put(**{f"i{number:04d}": fake_image(number + 1, 1) for number in range(count)})
    world.push()
    report = load(world, *(document(f"i{number:04d}.png", box()) for number in range(count)))
    assert (report.documents, report.is_complete) == (count, True)
    assert world.progress.count(TASK) == count == world.progress.of(Started)[-1].total


def test_one_document_that_fails_stops_no_other(pushed: World) -> None:
    pushed.hub.faults.fail("import_annotations", Unavailable())
    report = load(pushed, document("a.png", box()), document("b.png", box()))
    assert ([issue.path for issue in report.failed], report.documents) == (["/in/0.json"], 1)


def test_a_full_disk_stops_the_import(pushed: World) -> None:
    pushed.hub.faults.fail("import_annotations", DiskFull("/hub"))
    with pytest.raises(DiskFull):
        load(pushed, document("a.png", box()), document("b.png", box()))
