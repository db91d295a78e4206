"""Releases of a Darwin hub: the requests, what is made of the answers, and the archives."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import pytest

from groundtruth.adapters.darwin.api import Api, Rejected
from groundtruth.adapters.darwin.releases import DarwinReleases
from groundtruth.adapters.memory import FakeClock, MemoryProgress
from groundtruth.adapters.transfer import TransferEngine
from groundtruth.adapters.transfer.http import HttpSource
from groundtruth.adapters.web import CurlWeb
from groundtruth.domain.dataset import Dataset
from groundtruth.domain.digest import Digest
from groundtruth.domain.errors import (
    Conflict,
    DatasetNotFound,
    GroundtruthError,
    IntegrityError,
    InvalidInput,
    InvalidName,
    LinkExpired,
    NameTaken,
    NothingToExport,
    ReleaseNotFound,
    ReleasePending,
    Unavailable,
)
from groundtruth.domain.item import ItemStatus
from groundtruth.domain.policies import RetryPolicy
from groundtruth.domain.release import ExportOptions, Release, ReleaseStatus
from groundtruth.testing.website import Asked, Reply, Website

DATASET = Dataset(7, "My Set", "my-set", "acme")
EXPORTS = "/api/v2/teams/acme/datasets/my-set/exports"
CLASSES = [{"id": 12, "name": "car"}, {"id": 13, "name": "bus"}]
JSON = [("Content-Type", "application/json")]


def record(name: str = "v1", **changes: Any) -> dict[str, Any]:
    """A release as the hub sends it; `metadata` and `download_url` make it one that is complete."""
    return {
        "name": name,
        "version": 1,
        "status": "complete",
        "format": "darwin_json_2",
        "latest": True,
        "inserted_at": "2026-01-01T10:00:00Z",
        "download_url": "{store}/v1.zip?signature=secret",
        "metadata": {"num_images": 120, "annotation_classes": CLASSES},
        **changes,
    }


PENDING = {"status": "pending", "download_url": None, "metadata": {}, "latest": False}


def archive(*names: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as written:
        for name in names:
            written.writestr(name, name.encode() * 20)
    return target.getvalue()


WHOLE = archive("a.json", "b.json", ".v7/metadata.json")


@attrs.define
class Hub:
    """A hub that answers as it is told, and a store on another host. `posts` answers exports one after another."""

    records: Any = attrs.field(factory=list)
    posts: list[Callable[[], Reply]] = attrs.field(factory=list)
    zip: bytes = WHOLE
    store_status: list[int] = attrs.field(factory=list)
    site: Website = attrs.field(init=False)
    store: Website = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.site = Website(self.answer)
        self.store = Website(self.deliver)

    def answer(self, asked: Asked, _: object) -> Reply:
        if asked.target != EXPORTS:
            return Reply(404, JSON, b"{}")
        if asked.method == "POST":
            return self.posts.pop(0)() if self.posts else self.add(json.loads(asked.body)["name"])
        if self.records is None:
            return Reply(404, JSON, b'{"errors":{"detail":"not found"}}')
        return Reply(200, JSON, json.dumps(self.records).replace("{store}", self.store.root).encode())

    def add(self, name: str, status: int = 200, **changes: Any) -> Reply:
        self.records.insert(0, record(name, **changes))
        return Reply(status, JSON, b"{}")

    def deliver(self, asked: Asked, _: object) -> Reply:
        status = self.store_status.pop(0) if self.store_status else 200
        return Reply(status, [("Content-Type", "application/zip"), ("ETag", '"1"')], self.zip)

    def bodies(self) -> list[Any]:
        return [json.loads(asked.body) for asked in self.site.asked if asked.method == "POST"]


@pytest.fixture
def hub() -> Iterator[Hub]:
    hub = Hub()
    with hub.site, hub.store:
        yield hub


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "archives"


@contextlib.contextmanager
def desks(hub: Hub, folder: Path, arriving: bool) -> Iterator[Callable[[], DarwinReleases]]:
    """Makes desks, each as another process would."""
    clock, progress, retry = FakeClock(), MemoryProgress(), RetryPolicy(3, 0.01, 0.01)
    with CurlWeb() as web:

        def make() -> DarwinReleases:
            keys = {"acme": "k" * 7 + "." + "s" * 32}
            api = Api(hub.site.root, keys, web, clock=clock, retry=retry, progress=progress)
            source = HttpSource(web, api.authorize)
            transfer = TransferEngine([source], clock=clock, progress=progress, retry=retry, workers=1, incoming=None)
            return DarwinReleases(api, transfer, folder, source if arriving else None)

        yield make


@pytest.fixture(params=[False, True], ids=["fetched", "arriving"])
def open_desk(hub: Hub, folder: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[], DarwinReleases]]:
    """Makes a desk that fetches archives first, or one that reads them while they come."""
    with desks(hub, folder, request.param) as make:
        yield make


@pytest.fixture
def desk(open_desk: Callable[[], DarwinReleases]) -> DarwinReleases:
    return open_desk()


def only(desk: DarwinReleases) -> Release:
    (release,) = desk.list_releases(DATASET)
    return release


def names(desk: DarwinReleases, release: Release) -> list[str]:
    return [document.name for document in desk.documents(release)]


# --- listing ----------------------------------------------------------------------------------------


def test_complete_release(hub: Hub, desk: DarwinReleases) -> None:
    hub.records = [record()]
    release = only(desk)
    assert (release.name, release.team, release.dataset) == ("v1", "acme", "my-set")
    assert release.status is ReleaseStatus.COMPLETE
    assert release.created_at == datetime(2026, 1, 1, 10, tzinfo=UTC)
    assert (release.latest, release.item_count, release.class_count) == (True, 120, 2)
    assert (release.format, release.class_names) == ("darwin_json_2", ("bus", "car"))


def test_digest_is_the_hubs_where_it_tells_one(hub: Hub, desk: DarwinReleases) -> None:
    digest = Digest("ab" * 32)
    hub.records = [record(metadata={"num_images": 1, "annotation_classes": [], "digest": str(digest)})]
    assert only(desk).digest == digest


@pytest.mark.parametrize("change", [{"name": "v2"}, {"version": 2}, {"inserted_at": "2026-01-01T10:00:01Z"}])
def test_digest_stands_for_the_release_where_the_hub_tells_none(
    hub: Hub, desk: DarwinReleases, change: dict[str, Any]
) -> None:
    hub.records = [record()]
    first = only(desk)
    hub.records = [record(download_url="https://elsewhere/v1.zip?signature=other")]
    assert only(desk).digest == first.digest is not None
    hub.records = [record(**change)]
    assert only(desk).digest != first.digest


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T10:00:00.123456Z",
        "2026-01-01T10:00:00.5+00:00",
        "2026-01-01T11:00:00+01:00",
        "2026-01-01T10:00:00",
    ],
)
def test_times_of_all_kinds(hub: Hub, desk: DarwinReleases, text: str) -> None:
    hub.records = [record(inserted_at=text)]
    assert only(desk).created_at.replace(microsecond=0) == datetime(2026, 1, 1, 10, tzinfo=UTC)


def test_releases_that_are_not_ready(hub: Hub, desk: DarwinReleases) -> None:
    hub.records = [
        record("coming", version=4, **PENDING),
        record("broken", version=3, status="failed", download_url=None, metadata=None),
        record("gone", version=2, download_url=None),
        record("ready", version=1),
    ]
    found = {release.name: release for release in desk.list_releases(DATASET)}
    assert list(found) == ["coming", "broken", "gone", "ready"]
    assert [release.status.value for release in found.values()] == ["pending", "failed", "pending", "complete"]
    for name in ("coming", "broken", "gone"):
        release = found[name]
        assert (release.latest, release.item_count, release.class_count, release.digest) == (False, None, None, None)


def test_newest_comes_first(hub: Hub, desk: DarwinReleases) -> None:
    days = {"b": "2026-01-02", "c": "2026-01-03", "a": "2026-01-01"}
    hub.records = [record(name, version=None, inserted_at=f"{day}T00:00:00Z") for name, day in days.items()]
    assert [release.name for release in desk.list_releases(DATASET)] == ["c", "b", "a"]
    hub.records = [record(name, version=version) for version, name in enumerate("bca")]
    assert [release.name for release in desk.list_releases(DATASET)] == ["a", "c", "b"]


def test_format_that_is_not_told_is_the_old_one(hub: Hub, desk: DarwinReleases) -> None:
    hub.records = [record(format=None)]
    assert only(desk).format == "json"


def test_unknown_dataset_has_no_releases(hub: Hub, desk: DarwinReleases) -> None:
    hub.records = None
    assert desk.list_releases(DATASET) == []


@pytest.mark.parametrize(
    "odd",
    [
        record(metadata={"num_images": 3}),
        record(metadata=None),
        record(metadata={"num_images": "3", "annotation_classes": []}),
        record(metadata={"num_images": 1, "annotation_classes": [], "digest": "md5:1"}),
        record(inserted_at="yesterday"),
        record(inserted_at=None),
        record(status="sleeping"),
        {"name": "v1"},
        "v1",
    ],
)
def test_odd_records_are_an_error_of_the_hub(hub: Hub, desk: DarwinReleases, odd: Any) -> None:
    hub.records = [odd]
    with pytest.raises(IntegrityError):
        desk.list_releases(DATASET)


# --- making -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "more"),
    [
        (ExportOptions(), {}),
        (ExportOptions(format="darwin_json_2"), {"format": "darwin_json_2"}),
        (ExportOptions(class_ids=(12, 13)), {"filters": {"annotation_class_ids": [12, 13]}}),
        (
            ExportOptions((), True, True, (ItemStatus.NEW, ItemStatus.COMPLETE), "json"),
            {
                "include_authorship": True,
                "include_export_token": True,
                "format": "json",
                "filters": {"statuses": ["new", "complete"]},
            },
        ),
    ],
)
def test_export_is_asked_for_as_the_reference_says(
    hub: Hub, desk: DarwinReleases, options: ExportOptions, more: dict[str, Any]
) -> None:
    assert desk.create_release(DATASET, "v1", options).name == "v1"
    plain = {"name": "v1", "include_authorship": False, "include_export_token": False, "annotation_filters": {}}
    assert hub.bodies() == [{**plain, **more}]


def test_release_that_takes_its_time_is_pending(hub: Hub, desk: DarwinReleases) -> None:
    hub.posts = [lambda: hub.add("v1", **PENDING)]
    assert desk.create_release(DATASET, "v1", ExportOptions()).status is ReleaseStatus.PENDING


def test_name_that_is_taken(hub: Hub, desk: DarwinReleases) -> None:
    hub.records = [record()]
    with pytest.raises(NameTaken):
        desk.create_release(DATASET, "v1", ExportOptions())
    hub.posts = [lambda: Reply(422, JSON, b'{"errors":{"name":["has already been taken"]}}')]
    with pytest.raises(NameTaken):
        desk.create_release(DATASET, "v2", ExportOptions())


@pytest.mark.parametrize("errors", [{"detail": "no items"}, ["no items"], {"items": ["can't be blank"]}])
def test_nothing_to_export(hub: Hub, desk: DarwinReleases, errors: Any) -> None:
    hub.posts = [lambda: Reply(422, JSON, json.dumps({"errors": errors}).encode())]
    with pytest.raises(NothingToExport):
        desk.create_release(DATASET, "v1", ExportOptions())


@pytest.mark.parametrize(
    ("status", "errors"), [(422, {"format": ["is not known"]}), (422, {"filters": ["no"]}), (400, {"detail": "no"})]
)
def test_refusals_that_say_what_is_wrong(hub: Hub, desk: DarwinReleases, status: int, errors: Any) -> None:
    hub.posts = [lambda: Reply(status, JSON, json.dumps({"errors": errors}).encode())]
    with pytest.raises(Rejected):
        desk.create_release(DATASET, "v1", ExportOptions())


def test_dataset_that_is_not_there(hub: Hub, desk: DarwinReleases) -> None:
    hub.posts = [lambda: Reply(404, JSON, b"{}")]
    with pytest.raises(DatasetNotFound):
        desk.create_release(DATASET, "v1", ExportOptions())


def test_bad_names_are_not_sent(hub: Hub, desk: DarwinReleases) -> None:
    with pytest.raises(InvalidName):
        desk.create_release(DATASET, "latest", ExportOptions())
    assert hub.site.asked == []


def test_export_that_failed_after_it_was_made_is_not_asked_for_again(hub: Hub, desk: DarwinReleases) -> None:
    hub.posts = [lambda: hub.add("v1", status=503)]
    assert desk.create_release(DATASET, "v1", ExportOptions()).name == "v1"
    assert len(hub.bodies()) == 1


def test_export_that_failed_is_asked_for_again(hub: Hub, desk: DarwinReleases) -> None:
    hub.posts = [lambda: Reply(503), lambda: Reply(500)]
    assert desk.create_release(DATASET, "v1", ExportOptions()).name == "v1"
    assert len(hub.bodies()) == 3


def test_export_that_was_made_late(hub: Hub, desk: DarwinReleases) -> None:
    def too_late() -> Reply:
        hub.add("v1")
        return Reply(422, JSON, b'{"errors":{"name":["has already been taken"]}}')

    hub.posts = [lambda: Reply(503), too_late]
    assert desk.create_release(DATASET, "v1", ExportOptions()).name == "v1"


def test_export_that_fails_again_and_again(hub: Hub, desk: DarwinReleases) -> None:
    hub.posts = [lambda: Reply(503)] * 5
    with pytest.raises(Unavailable):
        desk.create_release(DATASET, "v1", ExportOptions())
    assert len(hub.bodies()) == 3


# --- documents --------------------------------------------------------------------------------------


def test_documents_and_metadata_are_downloaded_once(hub: Hub, desk: DarwinReleases, folder: Path) -> None:
    hub.records = [record()]
    release = only(desk)
    documents = list(desk.documents(release))
    assert [(document.name, document.data) for document in documents] == [
        ("a.json", b"a.json" * 20),
        ("b.json", b"b.json" * 20),
    ]
    assert desk.metadata(release) == b".v7/metadata.json" * 20
    assert len(hub.store.asked) == 1
    assert list(folder.iterdir()) == []


def test_no_key_is_sent_to_the_store(hub: Hub, desk: DarwinReleases) -> None:
    hub.records = [record()]
    names(desk, only(desk))
    assert "authorization" in hub.site.asked[0].headers
    assert all("authorization" not in asked.headers for asked in hub.store.asked)


def test_metadata_alone(hub: Hub, desk: DarwinReleases) -> None:
    hub.records = [record()]
    release = only(desk)
    assert desk.metadata(release) == b".v7/metadata.json" * 20
    assert names(desk, release) == ["a.json", "b.json"]
    assert len(hub.store.asked) == 1


def test_release_without_metadata(hub: Hub, desk: DarwinReleases) -> None:
    hub.records, hub.zip = [record()], archive("a.json")
    assert desk.metadata(only(desk)) is None


def test_archive_of_a_run_that_was_broken_off_is_used_by_the_next(
    hub: Hub, open_desk: Callable[[], DarwinReleases], folder: Path
) -> None:
    hub.records = [record()]
    first, second = open_desk(), open_desk()
    documents = first.documents(only(first))
    assert next(documents).name == "a.json"
    documents.close()
    assert len(list(folder.iterdir())) == 1
    assert names(second, only(second)) == ["a.json", "b.json"]
    assert len(hub.store.asked) == 1
    assert list(folder.iterdir()) == []


def test_archive_that_broke_off_is_gone_on_with(hub: Hub, desk: DarwinReleases) -> None:
    hub.records = [record()]
    hub.store_status = [503]
    assert names(desk, only(desk)) == ["a.json", "b.json"]


def test_old_archives_are_swept(hub: Hub, desk: DarwinReleases, folder: Path) -> None:
    hub.records = [record()]
    folder.mkdir()
    for name, age in (("release-old.zip", 90_000), ("release-new.zip", 3600), ("other.zip", 90_000)):
        (folder / name).write_bytes(b"")
        moment = datetime.now(UTC).timestamp() - age
        os.utime(folder / name, (moment, moment))
    names(desk, only(desk))
    assert sorted(path.name for path in folder.iterdir()) == ["other.zip", "release-new.zip"]


def test_address_that_expired_is_asked_for_again(hub: Hub, desk: DarwinReleases) -> None:
    hub.records = [record()]
    release = only(desk)
    hub.store_status = [403]
    assert names(desk, release) == ["a.json", "b.json"]
    hub.store_status = [403, 403]
    with pytest.raises(LinkExpired):
        names(desk, release)


@pytest.mark.parametrize("data", [b"<html>Log in</html>", WHOLE[:-30], b""])
def test_damaged_archive_is_fetched_anew_next_time(hub: Hub, desk: DarwinReleases, folder: Path, data: bytes) -> None:
    hub.records, hub.zip = [record()], data
    release = only(desk)
    with pytest.raises(IntegrityError, match="archive of release 'acme/my-set:v1'"):
        names(desk, release)
    assert list(folder.iterdir()) == []
    hub.zip = WHOLE
    assert names(desk, release) == ["a.json", "b.json"]


def test_damaged_document_is_reported_when_it_is_reached(hub: Hub, desk: DarwinReleases, folder: Path) -> None:
    data = bytearray(WHOLE)
    data[data.index(b"b.json") + 8] ^= 255
    hub.records, hub.zip = [record()], bytes(data)
    documents = desk.documents(only(desk))
    assert next(documents).name == "a.json"
    with pytest.raises(IntegrityError, match=r"b\.json"):
        next(documents)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        (PENDING, ReleasePending),
        ({"download_url": None}, ReleasePending),
        ({"status": "failed"}, Conflict),
        ({"format": "coco"}, InvalidInput),
        ({"download_url": "file:///etc/passwd"}, IntegrityError),
        ({"name": "v2"}, ReleaseNotFound),
    ],
)
def test_releases_that_cannot_be_read(
    hub: Hub, desk: DarwinReleases, changes: dict[str, Any], error: type[GroundtruthError]
) -> None:
    hub.records = [record()]
    release = only(desk)
    hub.records = [record(**changes)]
    with pytest.raises(error):
        names(desk, release)
    with pytest.raises(error):
        desk.metadata(release)
    assert hub.store.asked == []


def test_messages_hold_no_signature(hub: Hub, desk: DarwinReleases) -> None:
    hub.records, hub.store_status = [record()], [403, 403]
    with pytest.raises(LinkExpired) as caught:
        names(desk, only(desk))
    assert "secret" not in str(caught.value) + repr(caught.value)


# --- archives that are read while they come -----------------------------------------------------------

LONG = 400
"""Documents of an archive that does not come in one piece."""


def long_archive(seed: int = 0) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as written:
        for number in range(LONG):
            written.writestr(f"{number}.json", random.Random(seed + number).randbytes(2000))
    return target.getvalue()


@attrs.define
class Shop:
    """Gives out an archive. `cuts`: bytes after which the next answers end; `statuses` of the next ones."""

    hub: Hub
    tag: str = '"1"'
    ranges: bool = True
    cuts: list[int | None] = attrs.field(factory=list)
    statuses: list[int] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.hub.store._handler = self.deliver

    def deliver(self, asked: Asked, _: object) -> Reply:
        status = self.statuses.pop(0) if self.statuses else 200
        if status != 200:
            return Reply(status)
        data, headers, start = self.hub.zip, [("ETag", self.tag)], 0
        if self.ranges and asked.headers.get("if-range") == self.tag:
            start = int(asked.headers["range"].removeprefix("bytes=").rstrip("-"))
            headers.append(("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}"))
        return Reply(206 if start else 200, headers, data[start:], cut=self.cuts.pop(0) if self.cuts else None)

    @property
    def ranges_asked(self) -> list[str]:
        return [asked.headers.get("range", "") for asked in self.hub.store.asked]


@pytest.fixture
def shop(hub: Hub) -> Shop:
    hub.records, hub.zip = [record()], long_archive()
    return Shop(hub)


@pytest.fixture
def open_coming(hub: Hub, folder: Path) -> Iterator[Callable[[], DarwinReleases]]:
    """Makes a desk that reads archives while they come."""
    with desks(hub, folder, True) as make:
        yield make


@pytest.fixture
def coming(open_coming: Callable[[], DarwinReleases]) -> DarwinReleases:
    return open_coming()


ALL = [f"{number}.json" for number in range(LONG)]


@pytest.mark.parametrize("ranges", [True, False])
def test_connections_that_break(shop: Shop, coming: DarwinReleases, folder: Path, ranges: bool) -> None:
    shop.ranges, shop.cuts = ranges, [300_000, 300_000 if not ranges else 1000, 500_000, None]
    assert names(coming, only(coming)) == ALL
    assert shop.ranges_asked[0] == ""
    assert (shop.ranges_asked[1] != "") and list(folder.iterdir()) == []


def test_next_run_goes_on_where_one_stopped(shop: Shop, coming: DarwinReleases, folder: Path) -> None:
    release = only(coming)
    documents = coming.documents(release)
    assert [next(documents).name for _ in range(50)] == ALL[:50]
    documents.close()
    (left,) = folder.iterdir()
    size = left.stat().st_size
    assert names(coming, release) == ALL
    assert shop.ranges_asked == ["", f"bytes={size}-"]
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("ranges", [True, False])
def test_next_run_meets_another_archive(shop: Shop, coming: DarwinReleases, folder: Path, ranges: bool) -> None:
    release = only(coming)
    documents = coming.documents(release)
    next(documents)
    documents.close()
    shop.hub.zip, shop.tag, shop.ranges = long_archive(LONG), '"2"', ranges
    found = {document.name: document.data for document in coming.documents(release)}
    assert found == {f"{n}.json": random.Random(LONG + n).randbytes(2000) for n in range(LONG)}
    assert list(folder.iterdir()) == []


def test_archive_that_is_replaced_while_it_comes(shop: Shop, coming: DarwinReleases, folder: Path) -> None:
    release = only(coming)
    shop.cuts = [300_000]
    documents = coming.documents(release)
    next(documents)
    shop.hub.zip, shop.tag = long_archive(LONG), '"2"'
    with pytest.raises(IntegrityError, match="was replaced"):
        list(documents)
    assert names(coming, release) == ALL
    assert list(folder.iterdir()) == []


def test_damage_on_the_way_is_not_kept_for_the_next_run(shop: Shop, coming: DarwinReleases, folder: Path) -> None:
    release, good = only(coming), shop.hub.zip
    bad = bytearray(good)
    bad[400_000] ^= 255
    shop.hub.zip = bytes(bad)
    with pytest.raises(IntegrityError, match="is damaged"):
        names(coming, release)
    assert list(folder.iterdir()) == []
    shop.hub.zip = good
    assert names(coming, release) == ALL


@pytest.mark.parametrize("place", [0, 14, 2500, 400_000, -10])
def test_damage_on_the_way_is_mended_by_fetching_once_more(
    shop: Shop, coming: DarwinReleases, folder: Path, place: int
) -> None:
    good = shop.hub.zip
    bad = bytearray(good)
    bad[place] ^= 255
    answers = [bytes(bad)]

    def deliver(asked: Asked, connection: object) -> Reply:
        shop.hub.zip = answers.pop() if answers else good
        return shop.deliver(asked, connection)

    shop.hub.store._handler = deliver
    found = {document.name: document.data for document in coming.documents(only(coming))}
    assert found == {f"{n}.json": random.Random(n).randbytes(2000) for n in range(LONG)}
    assert shop.ranges_asked == ["", ""]
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("other", [archive("0.json"), archive(), long_archive(LONG)])
def test_another_archive_the_second_time(shop: Shop, coming: DarwinReleases, folder: Path, other: bytes) -> None:
    bad = bytearray(shop.hub.zip)
    bad[400_000] ^= 255
    answers = [other, bytes(bad)]

    def deliver(asked: Asked, connection: object) -> Reply:
        shop.hub.zip = answers.pop()
        return shop.deliver(asked, connection)

    shop.hub.store._handler = deliver
    with pytest.raises(IntegrityError, match="was replaced"):
        names(coming, only(coming))
    assert answers == []


def test_address_that_expires_in_the_middle(shop: Shop, coming: DarwinReleases) -> None:
    release = only(coming)
    shop.cuts, shop.statuses = [300_000, 200_000], [200, 403, 200, 200]
    documents = coming.documents(release)
    next(documents)
    shop.hub.records = [record(download_url="{store}/v1.zip?signature=fresh")]
    assert [document.name for document in documents] == ALL[1:]
    assert [asked.target.rpartition("=")[2] for asked in shop.hub.store.asked] == [
        "secret",
        "secret",
        "fresh",
        "fresh",
    ]


def test_release_that_vanishes_while_it_comes(shop: Shop, coming: DarwinReleases, folder: Path) -> None:
    release = only(coming)
    shop.cuts, shop.statuses = [300_000], [200, 403]
    documents = coming.documents(release)
    next(documents)
    shop.hub.records = []
    with pytest.raises(ReleaseNotFound):
        list(documents)
    assert len(list(folder.iterdir())) == 1


def test_store_that_stays_away(shop: Shop, coming: DarwinReleases, folder: Path) -> None:
    shop.cuts, shop.statuses = [300_000], [200, 503, 503, 503]
    release = only(coming)
    with pytest.raises(Unavailable):
        names(coming, release)
    assert names(coming, release) == ALL
    assert shop.ranges_asked[-1] != ""


def test_two_at_once(
    shop: Shop, coming: DarwinReleases, open_desk: Callable[[], DarwinReleases], folder: Path
) -> None:
    other = open_desk()
    release = only(coming)
    pairs = zip(coming.documents(release), other.documents(release), strict=True)
    assert [(one.name, two.data) for one, two in pairs] == [
        (f"{n}.json", random.Random(n).randbytes(2000)) for n in range(LONG)
    ]
    assert list(folder.iterdir()) == []


def test_connection_is_given_back_however_it_ends(shop: Shop, coming: DarwinReleases) -> None:
    release = only(coming)
    for number in range(80):  # more than there are connections
        documents = coming.documents(release)
        next(documents)
        if number % 2:
            documents.close()
        del documents
    assert names(coming, release) == ALL
