from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from groundtruth.adapters.local import LocalHub
from groundtruth.adapters.memory import FakeClock
from groundtruth.domain.dataset import Dataset
from groundtruth.domain.errors import IntegrityError, ObjectNotFound, ReleaseNotFound
from groundtruth.domain.item import Item, StatusChange
from groundtruth.domain.maintenance import Damage
from groundtruth.domain.release import ExportOptions
from groundtruth.ports.annotations import ImportMode
from groundtruth.testing.scenario import PIXEL, Workbench, car, uuid

HOUR = 3600.0


def path_of(hub: LocalHub, item: Item) -> Path:
    digest = item.slots[0].source_files[0].digest
    assert digest is not None
    return hub.root / "blobs" / "sha256" / digest.value[:2] / digest.value


def damage(hub: LocalHub, statement: str, *values: object) -> None:
    """Change the catalogue behind the hub's back."""
    with closing(sqlite3.connect(hub.root / "catalogue.sqlite3")) as connection, connection:
        assert connection.execute(statement, values).rowcount > 0


def findings(hub: LocalHub) -> dict[str, tuple[Damage, tuple[str, ...]]]:
    return {one.object: (one.damage, one.used_by) for one in hub.check().findings}


# --- check ------------------------------------------------------------------------------------------


def test_sound_hub(hub: LocalHub, dataset: Dataset, bench: Workbench) -> None:
    items = bench.push(dataset, *(f"/{number}.png" for number in range(5)))
    hub.import_annotations(dataset, items[0].id, [car()], [], ImportMode.OVERWRITE)
    bench.export(dataset, "1")
    check = hub.check()
    assert check.is_clean
    assert (check.objects, check.documents, check.unreferenced) == (5, 6, 0)
    assert check.size == sum(item.size for item in items)


def test_damaged_blobs_and_who_needs_them(hub: LocalHub, dataset: Dataset, bench: Workbench) -> None:
    released, shared, _, fresh = (
        bench.push(dataset, *(f"/day 1/{name}.png" for name in ("released", "shared", "fine")))
        + bench.push(dataset, bench.item("/copy.png", PIXEL + b"/day 1/shared.png"))
    )[:4]
    bench.export(dataset, "0.1")
    bench.export(dataset, "0.2")
    (fresh,) = bench.push(dataset, "/fresh.png")
    hub.delete_items(dataset, [released.id])
    path_of(hub, released).write_bytes(path_of(hub, released).read_bytes()[::-1])
    os.truncate(path_of(hub, shared), 3)
    path_of(hub, fresh).unlink()
    team = "example-team/street-scenes"
    digests = [path_of(hub, item).name for item in (released, shared, fresh)]
    assert findings(hub) == {
        f"blob sha256:{digests[0]}": (Damage.CORRUPT, (f"{team}:0.1", f"{team}:0.2")),
        f"blob sha256:{digests[1]}": (
            Damage.TRUNCATED,
            (f"{team}/copy.png", f"{team}/day 1/shared.png", f"{team}:0.1", f"{team}:0.2"),
        ),
        f"blob sha256:{digests[2]}": (Damage.MISSING, (f"{team}/fresh.png",)),
    }
    assert not hub.check().is_clean


def test_blob_that_grew(hub: LocalHub, dataset: Dataset, bench: Workbench) -> None:
    (item,) = bench.push(dataset, "/a.png")
    with path_of(hub, item).open("ab") as file:
        file.write(b"more")
    (finding,) = hub.check().findings
    assert finding.damage is Damage.CORRUPT
    assert f"{item.size + 4} bytes, expected {item.size}" in finding.detail


def test_damaged_document_is_found_and_never_given_out(hub: LocalHub, dataset: Dataset, bench: Workbench) -> None:
    items = bench.push(dataset, "/a.png", "/b.png", "/c.png")
    release = bench.export(dataset, "1")
    name = f"{items[1].id}.json"
    which = "(SELECT document FROM release_documents WHERE name = ?)"
    damage(hub, f"UPDATE documents SET body = zeroblob(length(body)) WHERE id = {which}", name)
    (finding,) = hub.check().findings
    assert (finding.damage, finding.used_by) == (Damage.CORRUPT, ("example-team/street-scenes:1",))
    documents = hub.documents(release)
    assert next(documents).name == f"{items[0].id}.json"
    with pytest.raises(IntegrityError, match=name):
        next(documents)
    # Released once more, the good document takes the place of the damaged one.
    bench.export(dataset, "2")
    assert hub.check().is_clean
    assert len(bench.documents(release)) == 3


def test_lost_documents(hub: LocalHub, dataset: Dataset, bench: Workbench) -> None:
    bench.push(dataset, "/a.png", "/b.png", "/c.png")
    release = bench.export(dataset, "1")
    damage(hub, "DELETE FROM release_documents WHERE position = 1")
    assert findings(hub) == {
        "release example-team/street-scenes:1": (Damage.CORRUPT, ("example-team/street-scenes:1",))
    }
    with pytest.raises(IntegrityError, match="lacks 1 document"):
        list(hub.documents(release))
    damage(hub, "DELETE FROM release_documents")
    with pytest.raises(IntegrityError, match="lacks 3 documents"):
        list(hub.documents(release))


def test_document_without_its_row(hub: LocalHub, dataset: Dataset, bench: Workbench) -> None:
    bench.push(dataset, "/a.png", "/b.png")
    release = bench.export(dataset, "1")
    damage(hub, "DELETE FROM documents WHERE id = (SELECT max(id) FROM documents)")
    check = hub.check()
    assert str(hub.root / "catalogue.sqlite3") in {finding.object for finding in check.findings}
    with pytest.raises(IntegrityError):
        list(hub.documents(release))


def test_metadata_that_changed(hub: LocalHub, dataset: Dataset, bench: Workbench) -> None:
    bench.push(dataset, "/a.png")
    bench.export(dataset, "1")
    damage(hub, "UPDATE releases SET metadata = x'00'")
    assert set(findings(hub)) == {"release example-team/street-scenes:1"}


def test_damaged_annotations(hub: LocalHub, dataset: Dataset, bench: Workbench) -> None:
    (item,) = bench.push(dataset, "/a.png")
    hub.import_annotations(dataset, item.id, [car(uuid(1))], [], ImportMode.OVERWRITE)
    damage(hub, "UPDATE annotations SET body = CAST(x'00' || substr(body, 2) AS BLOB)")
    where = "example-team/street-scenes/a.png"
    assert findings(hub) == {f"annotations of {where}": (Damage.CORRUPT, (where,))}
    with pytest.raises(IntegrityError, match=item.id):
        hub.get_annotations(dataset, item.id)
    with pytest.raises(IntegrityError, match=r"/a\.png"):
        hub.create_release(dataset, "1", ExportOptions())
    assert list(hub.list_releases(dataset)) == []
    hub.import_annotations(dataset, item.id, [car(uuid(2))], [], ImportMode.OVERWRITE)
    assert hub.check().is_clean


# --- collect ----------------------------------------------------------------------------------------


def files(hub: LocalHub) -> int:
    return sum(1 for folder in ("blobs", "incoming") for path in (hub.root / folder).rglob("*") if path.is_file())


def test_nothing_is_freed_that_is_needed(hub: LocalHub, dataset: Dataset, bench: Workbench, clock: FakeClock) -> None:
    first, *_ = bench.push(dataset, "/deleted.png", "/archived.png", "/kept.png")
    release = bench.export(dataset, "1")
    hub.delete_items(dataset, [first.id])
    hub.change_status(dataset, [item.id for item in bench.listed(dataset).values()], StatusChange.ARCHIVED)
    half = bench.register(dataset, bench.item("/half", b"1", b"2")).uploads
    bench.put(half)
    hub.confirm(half[:1])
    clock.advance(2 * HOUR)
    before = bench.frozen(release)
    assert hub.collect() == hub.collect(dry_run=True)
    freed = hub.collect()
    assert (freed.objects, freed.documents, freed.leftovers, freed.size) == (0, 0, 0, 0)
    assert bench.frozen(release) == before
    hub.confirm(half)
    assert hub.check().is_clean
    assert files(hub) == 5


def test_deleted_items_free_their_bytes(hub: LocalHub, dataset: Dataset, bench: Workbench) -> None:
    gone = bench.push(dataset, *(bench.item(f"/{n}.png", b"x" * (n + 1)) for n in range(10)))
    (copy,) = bench.push(dataset, bench.item("/copy.png", b"x" * 10))
    hub.delete_items(dataset, [item.id for item in gone])
    assert hub.check().unreferenced == 9
    for dry_run in (True, True, False):
        freed = hub.collect(dry_run)
        assert (freed.objects, freed.documents, freed.size) == (9, 0, 45)
    assert files(hub) == 1
    assert hub.collect().objects == 0
    assert hub.check().is_clean
    assert path_of(hub, copy).exists()


def test_removed_dataset_is_freed(hub: LocalHub, dataset: Dataset, bench: Workbench) -> None:
    kept = hub.create_dataset("example-team", "kept")
    items = bench.push(dataset, *(f"/{number}.png" for number in range(20)))
    bench.push(kept, "/0.png")
    hub.import_annotations(dataset, items[0].id, [car()], [], ImportMode.OVERWRITE)
    release = bench.export(dataset, "1")
    hub.remove_dataset(dataset)
    with pytest.raises(ReleaseNotFound):
        hub.metadata(release)
    assert hub.check().unreferenced == 19 + 20
    planned = hub.collect(dry_run=True)
    assert (planned.objects, planned.documents) == (19, 20)
    assert planned.size > 0
    assert hub.collect() == planned
    assert files(hub) == 1
    check = hub.check()
    assert (check.objects, check.documents, check.unreferenced, check.is_clean) == (1, 0, 0, True)
    assert hub.collect().size == 0


def test_catalogue_shrinks(
    hub: LocalHub, dataset: Dataset, bench: Workbench, open_hub: Callable[[], LocalHub]
) -> None:
    bench.push(dataset, *(f"/{number:04d}-{'x' * 200}.png" for number in range(1000)))
    bench.export(dataset, "1")
    hub.close()
    catalogue = hub.root / "catalogue.sqlite3"
    assert catalogue.stat().st_size > 1_000_000
    with open_hub() as again:
        again.remove_dataset(dataset)
        again.collect()
    assert catalogue.stat().st_size < 300_000
    assert open_hub().check().is_clean


def test_half_made_release_is_freed_when_nobody_makes_it(
    hub: LocalHub, dataset: Dataset, bench: Workbench, clock: FakeClock
) -> None:
    bench.push(dataset, "/a.png", "/b.png")
    bench.export(dataset, "1")
    damage(hub, "UPDATE releases SET complete = 0")
    assert list(hub.list_releases(dataset)) == []
    assert hub.collect().documents == 0
    assert hub.check().unreferenced == 0
    clock.advance(2 * HOUR)
    assert hub.check().is_clean
    assert hub.check().unreferenced == 2
    assert hub.collect(dry_run=True).documents == 2
    assert hub.collect().documents == 2
    bench.export(dataset, "1")
    assert hub.check().is_clean


def test_leftovers_are_freed_when_they_are_old(
    hub: LocalHub, dataset: Dataset, bench: Workbench, clock: FakeClock
) -> None:
    uploads = bench.register(dataset, bench.item("/open.png"), bench.item("/deleted.png")).uploads
    bench.put(uploads)
    hub.delete_items(dataset, [uploads[1].item_id])
    incoming = hub.root / "incoming"
    (incoming / f"{uploads[0].upload_id}.abc.part").write_bytes(b"half a zip")
    assert hub.collect().leftovers == 0
    clock.advance(2 * HOUR)
    assert hub.collect(dry_run=True).leftovers == 2
    assert hub.collect().leftovers == 2
    (kept,) = incoming.iterdir()
    assert kept.name.startswith(uploads[0].upload_id)
    clock.advance(48 * HOUR)
    assert hub.collect().leftovers == 1
    with pytest.raises(ObjectNotFound, match="gone"):
        hub.confirm(uploads[:1])
    bench.put(uploads[:1])
    hub.confirm(uploads[:1])
    assert hub.check().is_clean


def test_files_nobody_knows(hub: LocalHub, dataset: Dataset, bench: Workbench) -> None:
    (item,) = bench.push(dataset, "/a.png")
    known = path_of(hub, item)
    orphan = known.with_name(known.name[:2] + "0" * 62)
    orphan.write_bytes(b"from a confirmation that was interrupted")
    (known.parent / "notes.txt").write_text("not ours")
    far = hub.root / "blobs" / "sha256" / "ff" / ("f" * 64)
    far.parent.mkdir(exist_ok=True)
    far.write_bytes(b"another")
    check = hub.check()
    assert check.is_clean
    assert check.unreferenced == 2
    assert hub.collect(dry_run=True).objects == 2
    assert orphan.exists()
    assert hub.collect().objects == 2
    assert not orphan.exists()
    assert not far.exists()
    assert known.exists()
    assert (known.parent / "notes.txt").exists()


def test_row_whose_file_was_freed_is_filled_again(hub: LocalHub, dataset: Dataset, bench: Workbench) -> None:
    (item,) = bench.push(dataset, "/a.png")
    hub.delete_items(dataset, [item.id])
    # As if `collect` had been killed between deleting the file and its row.
    path_of(hub, item).unlink()
    assert hub.check().is_clean
    bench.push(dataset, "/a.png")
    assert hub.check().is_clean
    assert path_of(hub, item).exists()
