"""Contract of `ports.uploads.UploadDesk`."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor

import attrs
import pytest

from ..domain.dataset import Dataset
from ..domain.errors import DatasetNotFound, NotReadable, ObjectNotFound
from ..domain.item import ItemQuery, ItemStatus, StatusChange
from ..domain.upload import BlockReason, NewItem, PendingUpload, UploadOptions
from ..ports.hub import AnnotationHub
from .scenario import PIXEL, HubContract, Workbench, nothing

UNKNOWN_UPLOAD = "00000000-0000-4000-8000-00000000beef"


class RegisterContract(HubContract):
    """How every desk announces items."""

    def test_registered_item_is_uploading(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        (upload,) = bench.register(dataset, bench.item("/day1/a.png")).uploads
        assert list(hub.list_items(dataset, ItemQuery())) == []
        (item,) = hub.list_items(dataset, ItemQuery((ItemStatus.UPLOADING,)))
        assert (item.id, item.full_path) == (upload.item_id, "/day1/a.png")
        assert upload.item_path == "/day1/a.png"

    def test_every_slot_is_answered_in_order(self, dataset: Dataset, bench: Workbench) -> None:
        items = [
            bench.item("/z", PIXEL + b"1", PIXEL + b"2", PIXEL + b"3"),
            bench.item("/m/b.png"),
            bench.item("/a", PIXEL + b"4", PIXEL + b"5"),
        ]
        registration = bench.register(dataset, *items)
        expected = [(item.full_path, slot) for item in items for slot in item.slots]
        assert [(upload.item_path, upload.slot) for upload in registration.uploads] == expected
        assert len({upload.upload_id for upload in registration.uploads}) == 6
        assert len({upload.item_id for upload in registration.uploads}) == 3
        assert registration.blocked == ()

    def test_nothing_to_register(self, dataset: Dataset, bench: Workbench) -> None:
        registration = bench.register(dataset)
        assert (registration.uploads, registration.blocked) == ((), ())

    def test_existing_item_is_blocked(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        before = bench.push(dataset, "/b.png", "/archived.png")
        hub.change_status(dataset, [before[1].id], StatusChange.ARCHIVED)
        items = [bench.item(path) for path in ("/archived.png", "/a.png", "/b.png", "/c.png")]
        registration = bench.register(dataset, *items)
        assert [upload.item_path for upload in registration.uploads] == ["/a.png", "/c.png"]
        assert [blocked.item for blocked in registration.blocked] == [items[0], items[2]]
        assert {blocked.reason for blocked in registration.blocked} == {BlockReason.ALREADY_EXISTS}
        assert bench.listed(dataset)["/b.png"] == before[0]

    def test_second_of_the_same_path_is_blocked(self, dataset: Dataset, bench: Workbench) -> None:
        first, second, other = bench.item("/a.png"), bench.item("/a.png", PIXEL + b"other"), bench.item("/x/a.png")
        registration = bench.register(dataset, first, second, other)
        assert [upload.slot for upload in registration.uploads] == [first.slots[0], other.slots[0]]
        (blocked,) = registration.blocked
        assert (blocked.item, blocked.reason) == (second, BlockReason.ALREADY_EXISTS)

    def test_incomplete_item_is_accepted_again(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        items = [bench.item("/a.png"), bench.item("/two", PIXEL + b"1", PIXEL + b"2")]
        first = bench.register(dataset, *items)
        bench.put(first.uploads[:2])
        hub.confirm(first.uploads[1:2])
        again = bench.register(dataset, *items)
        assert not again.blocked
        assert [upload.slot for upload in again.uploads] == [upload.slot for upload in first.uploads]
        assert bench.statuses(dataset) == {"/a.png": "uploading", "/two": "uploading"}
        bench.put(again.uploads)
        hub.confirm(again.uploads)
        assert bench.statuses(dataset) == {"/a.png": "new", "/two": "new"}

    def test_incomplete_item_may_change_its_slots(
        self, hub: AnnotationHub, dataset: Dataset, bench: Workbench
    ) -> None:
        bench.register(dataset, bench.item("/a", PIXEL + b"1", PIXEL + b"2"))
        again = bench.register(dataset, bench.item("/a", PIXEL + b"only"))
        assert len(again.uploads) == 1
        bench.put(again.uploads)
        hub.confirm(again.uploads)
        item = bench.listed(dataset)["/a"]
        assert (item.status, item.size) == (ItemStatus.NEW, len(PIXEL + b"only"))

    def test_deleted_item_can_be_pushed_again(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        (old,) = bench.push(dataset, bench.item("/a.png", PIXEL + b"old"))
        hub.delete_items(dataset, [old.id])
        (new,) = bench.push(dataset, bench.item("/a.png", PIXEL + b"newer"))
        assert (new.size, new.status) == (len(PIXEL + b"newer"), ItemStatus.NEW)

    def test_same_path_in_two_datasets(self, dataset: Dataset, second: Dataset, bench: Workbench) -> None:
        (one,) = bench.push(dataset, "/a.png")
        (two,) = bench.push(second, "/a.png")
        assert one.id != two.id

    def test_removed_dataset_takes_no_items(self, removed: Dataset, bench: Workbench) -> None:
        with pytest.raises(DatasetNotFound):
            bench.register(removed, bench.item("/a.png"))

    def test_many_items_in_one_call(self, dataset: Dataset, bench: Workbench) -> None:
        content = bench.slot(PIXEL)
        items = [NewItem(f"{number}.png", (content,)) for number in range(self.many)]
        registration = bench.register(dataset, *items)
        assert [upload.item_path for upload in registration.uploads] == [item.full_path for item in items]

    def test_options_hold_for_the_push(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        registration = hub.register(dataset, [bench.item("/a.dcm")], UploadOptions(handle_as_slices=True))
        assert len(registration.uploads) == 1


class PutContract(HubContract):
    """How every desk takes bytes."""

    def test_bytes_are_reported(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        content = PIXEL + bytes(3_000_000)
        (upload,) = bench.register(dataset, bench.item("/a.png", content)).uploads
        sent: list[int] = []
        hub.put(upload, sent.append)
        assert sum(sent) == len(content)

    def test_unknown_upload(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        upload = PendingUpload(UNKNOWN_UPLOAD, UNKNOWN_UPLOAD, "/a.png", bench.slot(PIXEL))
        with pytest.raises(ObjectNotFound):
            hub.put(upload, nothing)

    def test_upload_of_a_deleted_item_is_unknown(
        self, hub: AnnotationHub, dataset: Dataset, bench: Workbench
    ) -> None:
        (upload,) = bench.register(dataset, bench.item("/a.png")).uploads
        hub.delete_items(dataset, [upload.item_id])
        with pytest.raises(ObjectNotFound):
            hub.put(upload, nothing)

    def test_vanished_file(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        (upload,) = bench.register(dataset, bench.item("/a.png")).uploads
        content = upload.slot.sources[0].read_bytes()
        upload.slot.sources[0].unlink()
        with pytest.raises(NotReadable):
            hub.put(upload, nothing)
        with pytest.raises(ObjectNotFound):
            hub.confirm([upload])
        upload.slot.sources[0].write_bytes(content)
        bench.put([upload])
        hub.confirm([upload])
        assert bench.statuses(dataset) == {"/a.png": "new"}

    def test_folder_instead_of_a_file(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        (upload,) = bench.register(dataset, bench.item("/a.png")).uploads
        upload.slot.sources[0].unlink()
        upload.slot.sources[0].mkdir()
        with pytest.raises(NotReadable):
            hub.put(upload, nothing)

    def test_file_that_changes_while_it_is_read(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        (upload,) = bench.register(dataset, bench.item("/a.png", PIXEL + bytes(9_000_000))).uploads

        def grow(_: int) -> None:
            # As fast as it is read, for a while: who reads to the end gets there late.
            with upload.slot.sources[0].open("ab") as file:
                file.write(b"more" if next(calls) < 1000 else b"")

        calls = itertools.count()
        with pytest.raises(NotReadable):
            hub.put(upload, grow)
        with pytest.raises(ObjectNotFound):
            hub.confirm([upload])

    def test_last_put_counts(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        (upload,) = bench.register(dataset, bench.item("/a.png", PIXEL + b"first")).uploads
        bench.put([upload, upload])
        bench.put([attrs.evolve(upload, slot=bench.slot(PIXEL + b"the second"))])
        hub.confirm([upload])
        assert bench.listed(dataset)["/a.png"].size == len(PIXEL + b"the second")

    def test_empty_file(self, dataset: Dataset, bench: Workbench) -> None:
        (item,) = bench.push(dataset, bench.item("/a.png", b""))
        assert (item.size, item.status) == (0, ItemStatus.NEW)

    def test_same_bytes_in_many_items(self, dataset: Dataset, bench: Workbench) -> None:
        items = bench.push(dataset, *(bench.item(f"/{number}.png", PIXEL) for number in range(5)))
        assert {item.size for item in items} == {len(PIXEL)}

    def test_several_files_in_one_slot(self, dataset: Dataset, bench: Workbench) -> None:
        slot = bench.slot(b"slice 1" * 50, file_name="scan.dcm")
        slot = attrs.evolve(slot, sources=(*slot.sources, bench.file(b"slice 2" * 50)))
        (item,) = bench.push(dataset, NewItem("scan.dcm", (slot,)))
        (source,) = item.slots[0].source_files
        assert (source.file_name, item.status) == ("scan.dcm", ItemStatus.NEW)
        assert item.size > 700

    def test_puts_from_several_threads(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        wanted = [bench.item(f"/{number}.png") for number in range(60)]
        uploads = bench.register(dataset, *wanted).uploads
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda upload: hub.put(upload, nothing), uploads))
        hub.confirm(uploads)
        listed = bench.listed(dataset)
        assert {path: item.size for path, item in listed.items()} == {
            item.full_path: item.slots[0].sources[0].stat().st_size for item in wanted
        }
        assert {item.status for item in listed.values()} == {ItemStatus.NEW}


class PutAllContract(HubContract):
    """How every desk takes the bytes of several slots."""

    def test_whether_bundles_are_wanted(self, hub: AnnotationHub, dataset: Dataset) -> None:
        assert hub.takes_bundles(dataset) in {True, False}

    def test_several_slots_at_once(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        series = attrs.evolve(bench.slot(b"slice 1" * 50, file_name="scan.dcm"))
        series = attrs.evolve(series, sources=(*series.sources, bench.file(b"slice 2" * 50)))
        items = [
            *(bench.item(f"/{number:03d}.png") for number in range(70)),
            bench.item("/empty.png", b""),
            bench.item("/large.png", PIXEL + bytes(3_000_000)),
            bench.item("/two", PIXEL + b"1", PIXEL + b"2"),
            *(bench.item(f"/medium{number}.png", PIXEL + bytes(200_000 + number)) for number in range(20)),
            NewItem("scan.dcm", (series,)),
        ]
        uploads = bench.register(dataset, *items).uploads
        sent = dict.fromkeys((upload.upload_id for upload in uploads), 0)

        def count(upload: PendingUpload, size: int) -> None:
            sent[upload.upload_id] += size

        assert hub.put_all(uploads, count) == {}
        assert set(bench.statuses(dataset).values()) == {"uploading"}
        hub.confirm(uploads)
        listed = bench.listed(dataset)
        assert {item.status for item in listed.values()} == {ItemStatus.NEW}
        for item in items[:-1]:
            assert listed[item.full_path].size == sum(slot.sources[0].stat().st_size for slot in item.slots)
        for upload in uploads[:-1]:
            assert sent[upload.upload_id] == upload.slot.sources[0].stat().st_size

    def test_no_slots_at_once(self, hub: AnnotationHub) -> None:
        assert hub.put_all([], lambda *_: None) == {}

    def test_one_that_fails_holds_back_no_other(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        uploads = bench.register(dataset, *(bench.item(f"/{name}.png") for name in "abcde")).uploads
        unknown = attrs.evolve(uploads[0], upload_id=UNKNOWN_UPLOAD)
        hub.delete_items(dataset, [uploads[1].item_id])
        uploads[3].slot.sources[0].unlink()
        errors = hub.put_all([unknown, *uploads], lambda *_: None)
        assert {key: type(error) for key, error in errors.items()} == {
            UNKNOWN_UPLOAD: ObjectNotFound,
            uploads[1].upload_id: ObjectNotFound,
            uploads[3].upload_id: NotReadable,
        }
        hub.confirm([uploads[0], uploads[2], uploads[4]])
        with pytest.raises(ObjectNotFound):
            hub.confirm([uploads[3]])
        statuses = {"/a.png": "new", "/c.png": "new", "/d.png": "uploading", "/e.png": "new"}
        assert bench.statuses(dataset) == statuses

    def test_last_of_several_puts_counts(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        uploads = bench.register(dataset, bench.item("/a.png"), bench.item("/b.png")).uploads
        assert hub.put_all(uploads, lambda *_: None) == {}
        other = attrs.evolve(uploads[0], slot=bench.slot(PIXEL + b"the second"))
        assert hub.put_all([other, uploads[1]], lambda *_: None) == {}
        hub.confirm(uploads)
        # Sent once more by somebody who does not know that they are there.
        assert hub.put_all([other, uploads[1]], lambda *_: None) == {}
        hub.confirm(uploads)
        assert bench.listed(dataset)["/a.png"].size == len(PIXEL + b"the second")

    def test_bundles_from_several_threads(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        wanted = [bench.item(f"/{number}.png") for number in range(96)]
        uploads = bench.register(dataset, *wanted).uploads
        with ThreadPoolExecutor(8) as pool:
            bundles = [uploads[start : start + 8] for start in range(0, len(uploads), 8)]
            assert list(pool.map(lambda some: hub.put_all(some, lambda *_: None), bundles)) == [{}] * len(bundles)
        hub.confirm(uploads)
        assert {path: item.size for path, item in bench.listed(dataset).items()} == {
            item.full_path: item.slots[0].sources[0].stat().st_size for item in wanted
        }


class ConfirmContract(HubContract):
    """How every desk completes items."""

    def test_item_is_new_after_its_last_slot(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        uploads = bench.register(dataset, bench.item("/a", PIXEL + b"1", PIXEL + b"2")).uploads
        bench.put(uploads)
        assert bench.statuses(dataset) == {"/a": "uploading"}
        hub.confirm(uploads[1:])
        assert bench.statuses(dataset) == {"/a": "uploading"}
        hub.confirm(uploads[:1])
        assert bench.statuses(dataset) == {"/a": "new"}

    def test_confirming_again_changes_nothing(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        uploads = bench.register(dataset, bench.item("/a.png"), bench.item("/b.png")).uploads
        bench.put(uploads)
        hub.confirm(uploads)
        hub.change_status(dataset, [uploads[0].item_id], StatusChange.COMPLETE)
        before = bench.listed(dataset)
        hub.confirm(uploads)
        assert bench.listed(dataset) == before

    def test_same_upload_twice_in_a_batch(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        (upload,) = bench.register(dataset, bench.item("/a.png")).uploads
        bench.put([upload])
        hub.confirm([upload, upload])
        assert bench.statuses(dataset) == {"/a.png": "new"}

    def test_nothing_to_confirm(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        bench.register(dataset, bench.item("/a.png"))
        hub.confirm([])
        assert bench.statuses(dataset) == {"/a.png": "uploading"}

    def test_batch_with_missing_bytes_is_not_confirmed(
        self, hub: AnnotationHub, dataset: Dataset, bench: Workbench
    ) -> None:
        uploads = bench.register(dataset, *(bench.item(f"/{name}.png") for name in "abc")).uploads
        bench.put([uploads[0], uploads[2]])
        with pytest.raises(ObjectNotFound):
            hub.confirm(uploads)
        assert set(bench.statuses(dataset).values()) == {"uploading"}
        bench.put(uploads)
        hub.confirm(uploads)
        assert set(bench.statuses(dataset).values()) == {"new"}

    def test_batch_with_unknown_upload_is_not_confirmed(
        self, hub: AnnotationHub, dataset: Dataset, bench: Workbench
    ) -> None:
        (known,) = bench.register(dataset, bench.item("/a.png")).uploads
        bench.put([known])
        unknown = attrs.evolve(known, upload_id=UNKNOWN_UPLOAD)
        for batch in ([known, unknown], [unknown, known]):
            with pytest.raises(ObjectNotFound):
                hub.confirm(batch)
            assert bench.statuses(dataset) == {"/a.png": "uploading"}

    def test_deleted_item_stays_deleted(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        uploads = bench.register(dataset, bench.item("/a.png"), bench.item("/b.png")).uploads
        bench.put(uploads)
        hub.delete_items(dataset, [uploads[0].item_id])
        with pytest.raises(ObjectNotFound):
            hub.confirm(uploads)
        assert bench.statuses(dataset) == {"/b.png": "uploading"}

    def test_two_pushes_of_the_same_files(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        items = [bench.item("/a.png"), bench.item("/b.png")]
        one, two = bench.register(dataset, *items).uploads, bench.register(dataset, *items).uploads
        bench.put(one)
        bench.put(two[:1])
        hub.confirm(one)
        bench.put(two[1:])
        hub.confirm(two)
        assert bench.statuses(dataset) == {"/a.png": "new", "/b.png": "new"}


class UploadDeskContract(RegisterContract, PutContract, PutAllContract, ConfirmContract):
    """What every upload desk does."""
