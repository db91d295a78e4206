"""Releases as the server gives them out: records, exports and downloads."""

from __future__ import annotations

import io
import json
import shutil
import sqlite3
import subprocess
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.adapters.local import LocalHub
from groundtruth.adapters.media import HeaderProbe
from groundtruth.adapters.memory import FakeClock
from groundtruth.domain.access import Role
from groundtruth.domain.annotation import Author
from groundtruth.domain.classes import AnnotationClass, Granularity, PropertyChoice, PropertyDefinition
from groundtruth.domain.dataset import Dataset
from groundtruth.domain.item import Item, StatusChange
from groundtruth.entrypoints.server.darwin.ranges import asked_range, is_known, within
from groundtruth.ports.annotations import ImportMode
from groundtruth.testing.scenario import PIXEL, Workbench, car
from support.serving import Answer, Serving, serving

CODEC = DarwinJsonCodec()
EXPORTS = "v2/teams/acme/datasets/street-scenes/exports"
NOW = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=UTC)


@attrs.frozen
class World:
    served: Serving
    clock: FakeClock
    bench: Workbench
    dataset: Dataset
    items: list[Item]

    def export(self, name: str = "v1", **body: Any) -> Any:
        return self.served.post(EXPORTS, {"name": name, "annotation_filters": {}, **body})

    def records(self) -> Any:
        return self.served.get(EXPORTS)

    def download(self, address: str | None = None, **headers: str) -> Answer:
        return self.served.send("GET", address or self.records()[0]["download_url"], key=None, headers=headers)

    def documents(self, answer: Answer | None = None) -> dict[str, Any]:
        with zipfile.ZipFile(io.BytesIO((answer or self.download()).body)) as archive:
            assert archive.testzip() is None
            names = [name for name in archive.namelist() if "/" not in name]
            found = [json.loads(archive.read(name)) for name in names]
        return {document["item"]["name"]: document for document in found}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def world(tmp_path: Path, clock: FakeClock) -> Iterator[World]:
    """A dataset with an image that has a box, and one that has nothing."""
    with LocalHub(tmp_path / "hub", CODEC, HeaderProbe(), clock) as hub, serving(hub, CODEC, clock) as served:
        bench = Workbench(hub, tmp_path / "pushed")
        dataset = hub.create_dataset("acme", "Street Scenes")
        items = bench.push(dataset, "/a.png", "/day1/b.png")
        classes = hub.add_classes(
            dataset, [AnnotationClass("car", "bounding_box"), AnnotationClass("bus", "polygon")]
        )
        assert [one.id for one in classes] == [1, 2]
        author = (Author("Ada", "ada@example.org"),)
        hub.import_annotations(dataset, items[0].id, [car(annotators=author)], [], ImportMode.OVERWRITE)
        yield World(served, clock, bench, dataset, items)


# --- records ----------------------------------------------------------------------------------------


def test_record_is_as_the_reference_says(world: World) -> None:
    made = world.export("v1")
    (record,) = world.records()
    assert made == record
    assert record.pop("download_url").startswith(f"{world.served.url}/api/releases/acme/street-scenes/v1.zip?")
    digest = record["metadata"].pop("digest")
    assert digest == str(world.served.hub.list_releases(world.dataset)[0].digest)
    assert record == {
        "name": "v1",
        "version": 1,
        "status": "complete",
        "format": "darwin_json_2",
        "latest": True,
        "inserted_at": "2026-01-02T03:04:05Z",
        "metadata": {"num_images": 2, "annotation_classes": [{"id": 1, "name": "car"}]},
    }


def test_exactly_one_release_is_the_latest(world: World) -> None:
    for name in ("b", "c", "a"):
        world.export(name)
        world.clock.advance(2.0)
    records = world.records()
    assert [(record["name"], record["version"], record["latest"]) for record in records] == [
        ("a", 3, True),
        ("c", 2, False),
        ("b", 1, False),
    ]


def test_dataset_without_releases_and_unknown_dataset(world: World) -> None:
    assert world.records() == []
    assert world.served.send("GET", "v2/teams/acme/datasets/nothing/exports").status == 404
    assert world.served.send("POST", "v2/teams/acme/datasets/nothing/exports", {"name": "v1"}).status == 404


def test_other_teams_see_nothing(world: World) -> None:
    world.export()
    stranger = world.served.key("zebra")
    for method, body in (("GET", None), ("POST", {"name": "v2"})):
        assert world.served.send(method, EXPORTS, body, key=stranger).status == 404
        assert world.served.send(method, EXPORTS, body, key=None).status == 401
    annotator = world.served.key("acme", Role.ANNOTATOR)
    assert world.served.send("POST", EXPORTS, {"name": "v2"}, key=annotator).status == 403
    assert len(world.served.get(EXPORTS, key=annotator)) == 1


# --- making -----------------------------------------------------------------------------------------


def test_statuses_choose_items(world: World) -> None:
    world.served.hub.change_status(world.dataset, [world.items[1].id], StatusChange.COMPLETE)
    world.export("v1", filters={"statuses": ["complete"]})
    assert list(world.documents()) == ["b.png"]
    world.export("v2", filters={"statuses": ["new", "annotate", "review", "complete"]})
    assert sorted(world.documents()) == ["a.png", "b.png"]


@pytest.mark.parametrize("place", ["filters", "annotation_filters"])
def test_class_ids_choose_annotations(world: World, place: str) -> None:
    world.export("v1", **{place: {"annotation_class_ids": [2]}})
    assert [one["annotations"] for one in world.documents().values()] == [[], []]
    world.export("v2", **{place: {"annotation_class_ids": [1, 2]}})
    assert [len(one["annotations"]) for one in world.documents().values()] == [1, 0]


def test_authors_only_when_asked_for(world: World) -> None:
    world.export("v1")
    assert b"ada@example.org" not in json.dumps(world.documents()).encode()
    world.export("v2", include_authorship=True)
    (annotation,) = world.documents()["a.png"]["annotations"]
    assert annotation["annotators"] == [{"full_name": "Ada", "email": "ada@example.org"}]


def test_formats(world: World) -> None:
    assert world.export("v1", format="darwin_json_2")["format"] == "darwin_json_2"
    for format_ in ("json", "coco", 7, ["darwin_json_2"]):
        answer = world.served.send("POST", EXPORTS, {"name": "v2", "format": format_})
        assert (answer.status, list(answer.errors)) == (422, ["format"])
    assert len(world.records()) == 1


def test_name_that_is_taken(world: World) -> None:
    world.export()
    answer = world.served.send("POST", EXPORTS, {"name": "v1"})
    assert (answer.status, answer.errors) == (422, {"name": ["has already been taken"]})


def test_nothing_to_export(world: World) -> None:
    answer = world.served.send("POST", EXPORTS, {"name": "v1", "filters": {"statuses": ["review"]}})
    assert answer.status == 422
    assert "no item that could be exported" in answer.errors["detail"]


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "v1",
        {},
        {"name": None},
        {"name": 7},
        {"name": "latest"},
        {"name": "../x"},
        {"name": "v1", "filters": []},
        {"name": "v1", "filters": {"statuses": "new"}},
        {"name": "v1", "filters": {"statuses": ["sleeping"]}},
        {"name": "v1", "filters": {"statuses": [["new"]]}},
        {"name": "v1", "filters": {"annotation_class_ids": ["car"]}},
        {"name": "v1", "filters": {"annotation_class_ids": [2**70]}},
        {"name": "v1", "filters": {"item_ids": ["x"]}},
        {"name": "v1", "annotation_filters": {"item_ids": ["x"]}},
        {"name": "v1", "include_authorship": "perhaps"},
        {"name": "v1", "include_export_token": 7},
    ],
)
def test_bad_bodies_make_no_release(world: World, body: Any) -> None:
    answer = world.served.send("POST", EXPORTS, json.dumps(body).encode())
    assert answer.status == 422, answer
    assert answer.errors
    assert world.records() == []


# --- downloading ------------------------------------------------------------------------------------


def test_archive_holds_documents_and_metadata(world: World) -> None:
    prop = PropertyDefinition(
        "damage", "single_select", Granularity.ANNOTATION, "car", "bounding_box", choices=(PropertyChoice("dent"),)
    )
    world.served.hub.add_properties(world.dataset, [prop])
    world.export()
    answer = world.download()
    assert (answer.status, answer.headers["content-type"]) == (200, "application/zip")
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        names = archive.namelist()
        metadata = json.loads(archive.read(".v7/metadata.json"))
    assert sorted(names) == sorted([".v7/metadata.json", *(f"{item.id}.json" for item in world.items)])
    assert "damage" in json.dumps(metadata)


@pytest.mark.skipif(shutil.which("unzip") is None, reason="Info-ZIP is not installed")
def test_unzip_takes_the_archive(world: World, tmp_path: Path) -> None:
    world.export()
    (tmp_path / "v1.zip").write_bytes(world.download().body)
    subprocess.run(["unzip", "-q", "v1.zip", "-d", "out"], cwd=tmp_path, check=True)
    assert len(list((tmp_path / "out").glob("*.json"))) == 2


def test_files_are_addresses_that_need_a_key(world: World) -> None:
    world.export()
    (slot,) = world.documents()["a.png"]["item"]["slots"]
    url = slot["source_files"][0]["url"]
    assert url.startswith(f"{world.served.url}/api/v2/teams/acme/files/")
    assert "token" not in url
    assert world.served.send("GET", url).body == PIXEL + b"/a.png"
    assert world.served.send("GET", url, key=None).status == 401
    assert world.served.send("GET", url, key=world.served.key("zebra")).status == 404


def test_files_of_a_release_with_tokens_need_no_key_for_some_time(world: World) -> None:
    world.export("v1", include_export_token=True)
    answer = world.download()
    (slot,) = world.documents(answer)["a.png"]["item"]["slots"]
    url = slot["source_files"][0]["url"]
    assert world.served.send("GET", url, key=None).body == PIXEL + b"/a.png"
    world.clock.advance(1e6)
    assert world.served.send("GET", url, key=None).status == 403
    world.export("v2", include_export_token=False)
    assert b"token" not in world.download().body


def test_address_is_good_for_this_release_and_some_time(world: World) -> None:
    world.export("v1")
    address = world.export("v2", include_export_token=True)["download_url"]
    assert world.download(address).status == 200
    for changed in (
        address.replace("v2.zip", "v1.zip"),
        address.replace("acme", "zebra"),
        address.replace("expires=", "expires=9"),
        address.replace("signature=", "signature=x"),
        address.replace("token=", "token=9"),
        address.partition("?")[0],
        address.partition("&")[0],
    ):
        assert world.download(changed).status == 403, changed
    world.clock.advance(1e6)
    assert world.download(address).status == 403


def test_release_of_a_removed_dataset_is_gone(world: World) -> None:
    address = world.export()["download_url"]
    world.served.hub.remove_dataset(world.dataset)
    assert world.download(address).status == 404


def test_same_release_same_bytes(world: World) -> None:
    world.export()
    first = world.download()
    world.served.hub.delete_items(world.dataset, [world.items[0].id])
    world.clock.advance(10.0)
    second = world.download()
    assert (second.body, second.headers["etag"]) == (first.body, first.headers["etag"])
    assert world.download(**{"If-None-Match": f'"other", {first.headers["etag"]}'}).status == 304
    world.export("v2")
    assert world.download().headers["etag"] != first.headers["etag"]


@pytest.mark.parametrize("token", [False, True])
def test_parts_make_up_the_whole(world: World, token: bool) -> None:
    address = world.export(include_export_token=token)["download_url"]
    whole = world.download(address)
    size, tag = len(whole.body), whole.headers["etag"]
    for asked, span in ((f"bytes=0-{size // 2}", (0, size // 2)), (f"bytes={size // 2}-", (size // 2, size - 1))):
        part = world.download(address, Range=asked, **{"If-Range": tag})
        assert (part.status, part.headers["content-range"]) == (206, f"bytes {span[0]}-{span[1]}/{size}")
        assert part.headers["content-length"] == str(len(part.body))
        assert (part.body, part.headers["etag"]) == (whole.body[span[0] : span[1] + 1], tag)
    assert world.download(address, Range="bytes=-10").body == whole.body[-10:]


def test_parts_that_cannot_be_had(world: World) -> None:
    address = world.export()["download_url"]
    whole = world.download(address).body
    beyond = world.download(address, Range=f"bytes={len(whole)}-")
    assert (beyond.status, beyond.headers["content-range"]) == (416, f"bytes */{len(whole)}")
    assert world.download(address, Range="bytes=5-", **{"If-Range": '"another"'}).body == whole
    assert world.download(address, Range="bytes=0-1,4-5").body == whole


def test_damaged_document_is_no_whole_archive(world: World, tmp_path: Path) -> None:
    address = world.export()["download_url"]
    with sqlite3.connect(tmp_path / "hub" / "catalogue.sqlite3") as catalogue:
        catalogue.execute("UPDATE documents SET body = zeroblob(length(body))")
    catalogue.close()
    answer = world.download(address)
    assert (answer.status, answer.errors["detail"]) == (410, "the hub's copy is damaged")


# --- ranges -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "size", "expected"),
    [
        ("bytes=0-0", 10, range(1)),
        ("bytes=3-", 10, range(3, 10)),
        ("bytes=3-99", 10, range(3, 10)),
        ("bytes=-3", 10, range(7, 10)),
        ("bytes=-30", 10, range(10)),
        ("bytes=10-", 10, None),
        ("bytes=-0", 10, None),
        ("bytes=0-", 0, None),
    ],
)
def test_ranges(text: str, size: int, expected: range | None) -> None:
    asked = asked_range({"range": text}, '"t"')
    assert asked is not None
    assert within(asked, size) == expected


@pytest.mark.parametrize("text", ["", "bytes=-", "bytes=5-3", "bytes=a-b", "items=0-1", "bytes=0-1,3-4", "bytes=٣-"])
def test_what_is_no_range_asks_for_everything(text: str) -> None:
    assert asked_range({"range": text}, '"t"') is None


@given(st.text(max_size=30), st.integers(0, 1000))
def test_any_header_is_answered(text: str, size: int) -> None:
    asked = asked_range({"range": text, "if-range": '"t"'}, '"t"')
    span = asked and within(asked, size)
    assert not span or (0 <= span.start < span.stop <= size)
    assert is_known({"if-none-match": text}, '"t"') in {True, False}
