from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import attrs
import pytest

from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.adapters.local import LocalHub
from groundtruth.adapters.local.packing import pack
from groundtruth.adapters.local.schema import MIGRATIONS, VERSION
from groundtruth.domain.annotation import SubAnnotations
from groundtruth.domain.classes import AnnotationClass
from groundtruth.domain.dataset import Dataset
from groundtruth.domain.document import AnnotationDocument
from groundtruth.domain.item import ItemDescription, ItemQuery
from groundtruth.domain.reference import DatasetReference
from groundtruth.ports.annotations import ImportMode
from groundtruth.testing.scenario import Workbench, car

STATUSES = ("new", "annotate", "complete", "complete", "uploading")
OLD = "2025-01-01T00:00:00Z"
CONTENT = b"old 4x3"


@pytest.fixture
def old_hub(root: Path) -> Path:
    """A hub of the first version: items of every kind, the last but one archived; two are annotated."""
    root.mkdir()
    digest = hashlib.sha256(CONTENT)
    blob = root / "blobs" / "sha256" / digest.hexdigest()[:2] / digest.hexdigest()
    blob.parent.mkdir(parents=True)
    blob.write_bytes(CONTENT)
    with closing(sqlite3.connect(root / "catalogue.sqlite3")) as connection, connection:
        for statement in MIGRATIONS[0].split(";\n"):
            connection.execute(statement)
        connection.execute("PRAGMA user_version = 1")
        connection.execute("INSERT INTO datasets VALUES (7, 'team', 'Old', 'old', ?, NULL)", (OLD,))
        connection.execute("INSERT INTO blobs VALUES (1, ?, ?)", (digest.digest(), len(CONTENT)))
        connection.execute("INSERT INTO classes VALUES (3, 'team', 'car', 'bounding_box', ?)", (DEFINITION,))
        connection.execute("INSERT INTO dataset_classes VALUES (7, 3)")
        for number, status in enumerate(STATUSES):
            _insert(connection, number, status)
        connection.execute("UPDATE items SET archived = 1 WHERE seq = 3")
        values = ("1", 1, OLD, OLD, 0, 0, hashlib.sha256().digest())
        insert = (
            "INSERT INTO releases (dataset, name, complete, created_at, touched_at, item_count, class_count, digest)"
        )
        connection.execute(f"{insert} VALUES (7, ?, ?, ?, ?, ?, ?, ?)", values)
    return root


DEFINITION = json.dumps({"sub_types": [], "color": "auto", "description": None, "metadata": {}})


def _insert(connection: sqlite3.Connection, number: int, status: str) -> None:
    name = f"{number}.png"
    item = (number, f"id-{number}", 7, f"/{name}", name, "/", status, OLD, OLD)
    columns = "seq, id, dataset, full_path, name, folder, status, inserted_at, updated_at"
    connection.execute(f"INSERT INTO items ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", item)
    blob = None if status == "uploading" else 1
    slot = (number, 0, f"up-{number}", "0", name, "image", 0, blob)
    columns = "item, position, upload_id, name, file_name, type, fps, blob"
    connection.execute(f"INSERT INTO slots ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)", slot)
    if number in {1, 2}:
        annotation = attrs.evolve(car(), subs=SubAnnotations(attributes=("red", f"number {number}")))
        document = AnnotationDocument(ItemDescription(name), [annotation])
        packed = pack(DarwinJsonCodec().write(document))
        row = (number, packed.digest, packed.size, packed.body, json.dumps(document.classes()), 0, 0)
        connection.execute("INSERT INTO annotations VALUES (?, ?, ?, ?, ?, ?, ?)", row)


@pytest.fixture
def old(old_hub: Path, hub: LocalHub) -> Dataset:
    return hub.get_dataset(DatasetReference("team", "old"))


def test_old_hub_is_brought_up_to_date(hub: LocalHub, old: Dataset) -> None:
    assert (old.id, old.item_count, old.progress) == (7, 4, 0.25)
    assert [item.full_path for item in hub.list_items(old, ItemQuery(limit=2))] == ["/0.png", "/1.png"]
    (release,) = hub.list_releases(old)
    assert (release.class_names, release.url_token) == ((), False)
    with closing(sqlite3.connect(hub.root / "catalogue.sqlite3")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    assert hub.check().is_clean


def test_attributes_of_old_annotations_are_known(hub: LocalHub, old: Dataset, tmp_path: Path) -> None:
    hub.import_annotations(old, "id-0", [attrs.evolve(car(), subs=SubAnnotations(attributes=("new",)))], [], APPEND)
    hub.import_annotations(old, "id-1", [car()], [], APPEND)
    names = [one.name for one in hub.list_attributes(old)]
    assert names == ["new", "number 1", "number 2", "red"]
    hub.delete_items(old, ["id-1", "id-2"])
    assert [one.name for one in hub.list_attributes(old)] == names


APPEND = ImportMode.APPEND


def test_old_hub_goes_on(hub: LocalHub, old: Dataset, tmp_path: Path) -> None:
    bench = Workbench(hub, tmp_path / "pushed")
    bench.push(old, "/5.png", "/4.png")
    hub.add_classes(old, [AnnotationClass("bus", "tag")])
    release = bench.export(old, "2")
    assert (release.item_count, release.class_names) == (5, ("car",))
    assert hub.get_dataset(old.reference).item_count == 5
    hub.delete_items(old, [item.id for item in bench.listed(old).values()])
    assert hub.get_dataset(old.reference).item_count == 0
    assert hub.check().is_clean


def test_several_bring_it_up_to_date_at_once(old_hub: Path, open_hub: Callable[[], LocalHub]) -> None:
    hubs = [open_hub() for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        counts = list(pool.map(lambda hub: hub.list_datasets()[0].item_count, hubs))
    assert counts == [4] * 6
