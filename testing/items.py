"""Contract of `ports.items.ItemCatalogue`."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator

import pytest

from ..domain.dataset import Dataset
from ..domain.digest import Digest
from ..domain.errors import DatasetNotFound, ItemNotFound
from ..domain.item import LISTED_STATUSES, Comment, Item, ItemQuery, ItemStatus, ItemUpdate, StatusChange
from ..domain.names import RemotePath
from ..domain.upload import NewItem
from ..ports.hub import AnnotationHub, ServableHub
from .scenario import EVERYTHING, HOSTILE_NAMES, PIXEL, HubContract, Workbench

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

SORT_KEYS: dict[str, Callable[[Item], str | int]] = {
    "inserted_at": lambda item: item.inserted_at,
    "updated_at": lambda item: item.updated_at,
    "file_size": lambda item: item.size,
    "filename": lambda item: item.name,
    "priority": lambda item: item.priority,
}

UNKNOWN_ID = "00000000-0000-4000-8000-00000000dead"


def paths(items: Iterator[Item]) -> list[str]:
    """Full paths in the order listed."""
    return [item.full_path for item in items]


class ItemListingContract(HubContract):
    """How every catalogue lists items."""

    def test_empty_dataset_lists_nothing(self, hub: AnnotationHub, dataset: Dataset) -> None:
        assert list(hub.list_items(dataset, ItemQuery())) == []

    def test_item_tells_what_was_pushed(self, dataset: Dataset, bench: Workbench) -> None:
        left, right = PIXEL + b"left", PIXEL + b"right!"
        (item,) = bench.push(dataset, bench.item("/day 1/scan.png", left, right))
        assert (item.name, item.path, item.status) == ("scan.png", RemotePath("/day 1"), ItemStatus.NEW)
        assert item.size == len(left) + len(right)
        assert [(slot.name, slot.type) for slot in item.slots] == [("0", "image"), ("1", "image")]
        for slot, content in zip(item.slots, (left, right), strict=True):
            (source,) = slot.source_files
            assert source.file_name == "scan.png"
            assert source.size in {None, len(content)}
            assert source.digest in {None, Digest(hashlib.sha256(content).hexdigest())}
        assert TIMESTAMP.fullmatch(item.inserted_at)
        assert TIMESTAMP.fullmatch(item.updated_at)

    def test_layout_is_kept(self, dataset: Dataset, bench: Workbench) -> None:
        import attrs

        layout = {"version": 3, "slots_grid": [[["0"]], [["1"]]]}
        new = attrs.evolve(bench.item("/a", PIXEL + b"1", PIXEL + b"2"), layout=layout)
        (item,) = bench.push(dataset, new)
        assert item.layout == layout

    def test_dataset_lists_its_own_items(self, dataset: Dataset, second: Dataset, bench: Workbench) -> None:
        bench.push(dataset, "/a.png")
        bench.push(second, "/a.png", "/b.png")
        assert sorted(bench.listed(dataset)) == ["/a.png"]
        assert sorted(bench.listed(second)) == ["/a.png", "/b.png"]

    def test_names_survive(self, dataset: Dataset, bench: Workbench) -> None:
        wanted = [f"/{name}" for name in HOSTILE_NAMES] + [f"/über/{HOSTILE_NAMES[0]}/{HOSTILE_NAMES[1]}"]
        items = bench.push(dataset, *wanted)
        assert [item.full_path for item in items] == wanted
        assert len({item.id for item in items}) == len(wanted)

    @pytest.mark.parametrize("descending", [False, True])
    @pytest.mark.parametrize("field", sorted(SORT_KEYS))
    def test_sorted_with_ties_by_full_path(
        self,
        hub: AnnotationHub,
        dataset: Dataset,
        bench: Workbench,
        later: Callable[[], None],
        field: str,
        descending: bool,
    ) -> None:
        one = bench.push(dataset, bench.item("/z/b.png", PIXEL + b"long"), "/c.png", "/a.png")
        later()
        bench.push(dataset, bench.item("/y/b.png", PIXEL), bench.item("/B.png", PIXEL), "/y/a.png")
        later()
        hub.change_status(dataset, [one[0].id], StatusChange.COMPLETE)
        hub.update_items(dataset, [one[1].id, one[2].id], ItemUpdate(priority=3))
        listed = list(hub.list_items(dataset, ItemQuery(sort=(field, descending))))
        by_path = sorted(listed, key=lambda item: item.full_path)
        assert listed == sorted(by_path, key=SORT_KEYS[field], reverse=descending)
        assert len(listed) == 6

    def test_oldest_come_first_by_default(
        self, hub: AnnotationHub, dataset: Dataset, bench: Workbench, later: Callable[[], None]
    ) -> None:
        bench.push(dataset, "/z.png")
        later()
        bench.push(dataset, "/b.png", "/a.png")
        default = paths(hub.list_items(dataset, ItemQuery()))
        assert default == paths(hub.list_items(dataset, ItemQuery(sort=("inserted_at", False))))

    def test_ids_none_is_all_and_empty_is_nothing(
        self, hub: AnnotationHub, dataset: Dataset, bench: Workbench
    ) -> None:
        first, _, third = bench.push(dataset, "/a.png", "/b.png", "/c.png")
        assert len(paths(hub.list_items(dataset, ItemQuery(ids=None)))) == 3
        assert paths(hub.list_items(dataset, ItemQuery(ids=()))) == []
        chosen = ItemQuery(ids=(third.id, UNKNOWN_ID, first.id))
        assert sorted(paths(hub.list_items(dataset, chosen))) == ["/a.png", "/c.png"]

    def test_long_list_of_ids(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        (item,) = bench.push(dataset, "/a.png")
        unknown = [f"00000000-0000-4000-8000-{number:012d}" for number in range(3000)]
        query = ItemQuery(ids=(*unknown, item.id))
        assert paths(hub.list_items(dataset, query)) == ["/a.png"]

    def test_names_match_in_any_folder(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        bench.push(dataset, "/a.png", "/day1/a.png", "/day1/b.png", "/A.png")
        query = ItemQuery(names=("a.png", "no such"))
        assert sorted(paths(hub.list_items(dataset, query))) == ["/a.png", "/day1/a.png"]

    def test_folder_is_a_filter(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        bench.push(dataset, "/a.png", "/day1/a.png", "/day10/a.png")
        query = ItemQuery(folders=(RemotePath("/day1"),))
        assert paths(hub.list_items(dataset, query)) == ["/day1/a.png"]

    def test_folders_match_items_right_in_them(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        bench.push(dataset, "/a.png", "/day1/a.png", "/day1/left/a.png", "/day2/a.png", "/Day1/a.png")
        query = ItemQuery(folders=(RemotePath("/"), RemotePath("/day1"), RemotePath("/no such")))
        assert sorted(paths(hub.list_items(dataset, query))) == ["/a.png", "/day1/a.png"]

    def test_slot_types_are_a_filter(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        mixed = NewItem("mixed", (bench.slot(PIXEL, "0", "a.png"), bench.slot(b"%PDF", "1", "b.pdf")))
        bench.push(dataset, "/a.png", "/b.mp4", mixed)

        def listed(*types: str) -> list[str]:
            return sorted(paths(hub.list_items(dataset, ItemQuery(slot_types=types))))

        assert listed("image") == ["/a.png", "/mixed"]
        assert listed("pdf", "video") == ["/b.mp4", "/mixed"]
        assert listed("dicom") == []

    def test_filters_narrow_each_other(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        items = bench.push(dataset, "/a.png", "/day1/a.png", "/day1/b.png")
        hub.change_status(dataset, [items[0].id, items[1].id], StatusChange.COMPLETE)
        query = ItemQuery((ItemStatus.COMPLETE,), ("a.png",), (items[1].id, items[2].id), (RemotePath("/day1"),))
        assert paths(hub.list_items(dataset, query)) == ["/day1/a.png"]

    def test_statuses_are_a_filter(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        _, done, archived = bench.push(dataset, "/new.png", "/done.png", "/archived.png")
        bench.register(dataset, bench.item("/uploading.png"))
        hub.change_status(dataset, [done.id], StatusChange.COMPLETE)
        hub.change_status(dataset, [archived.id], StatusChange.ARCHIVED)

        def listed(*statuses: ItemStatus) -> list[str]:
            return sorted(paths(hub.list_items(dataset, ItemQuery(statuses=statuses))))

        assert listed(ItemStatus.NEW) == ["/new.png"]
        assert listed(ItemStatus.ARCHIVED) == ["/archived.png"]
        assert listed(ItemStatus.UPLOADING) == ["/uploading.png"]
        assert listed(ItemStatus.NEW, ItemStatus.COMPLETE) == ["/done.png", "/new.png"]
        assert listed() == ["/archived.png", "/done.png", "/new.png", "/uploading.png"]
        assert sorted(paths(hub.list_items(dataset, ItemQuery()))) == listed(*LISTED_STATUSES)
        assert listed(*LISTED_STATUSES) == ["/done.png", "/new.png"]

    def test_long_listing_is_complete_and_ordered(
        self, hub: AnnotationHub, dataset: Dataset, bench: Workbench
    ) -> None:
        wanted = [f"/{number:05d}.png" for number in range(self.many)]
        bench.push(dataset, *wanted)
        assert paths(hub.list_items(dataset, ItemQuery(sort=("filename", False)))) == wanted
        assert paths(hub.list_items(dataset, ItemQuery(sort=("filename", True)))) == wanted[::-1]

    def test_listing_is_not_disturbed_by_changes(
        self, hub: AnnotationHub, dataset: Dataset, bench: Workbench
    ) -> None:
        wanted = [f"/{number:05d}.png" for number in range(self.many)]
        bench.push(dataset, *wanted)
        listing = hub.list_items(dataset, EVERYTHING)
        seen = [next(listing)]
        bench.push(dataset, "/00000-before.png", "/zzz-after.png")
        hub.change_status(dataset, [seen[0].id], StatusChange.COMPLETE)
        seen += listing
        found = [item.full_path for item in seen]
        assert len(found) == len(set(found))
        assert set(wanted) <= set(found)

    def test_removed_dataset_has_no_listing(self, hub: AnnotationHub, removed: Dataset) -> None:
        with pytest.raises(DatasetNotFound):
            list(hub.list_items(removed, ItemQuery()))


class ItemChangeContract(HubContract):
    """How every catalogue changes items."""

    def test_status_changes(
        self, hub: AnnotationHub, dataset: Dataset, bench: Workbench, later: Callable[[], None]
    ) -> None:
        one, two, _ = bench.push(dataset, "/1.png", "/2.png", "/3.png")
        later()
        assert hub.change_status(dataset, [one.id, two.id], StatusChange.COMPLETE) == 2
        assert bench.statuses(dataset) == {"/1.png": "complete", "/2.png": "complete", "/3.png": "new"}
        after = bench.listed(dataset)
        assert after["/1.png"].updated_at >= one.updated_at
        assert after["/1.png"].inserted_at == one.inserted_at
        assert hub.change_status(dataset, [one.id], StatusChange.NEW) == 1
        assert bench.statuses(dataset) == {"/1.png": "new", "/2.png": "complete", "/3.png": "new"}

    def test_restoring_gives_the_former_status_back(
        self, hub: AnnotationHub, dataset: Dataset, bench: Workbench
    ) -> None:
        done, _ = (item.id for item in bench.push(dataset, "/done.png", "/new.png"))
        ids = [item.id for item in bench.listed(dataset).values()]
        hub.change_status(dataset, [done], StatusChange.COMPLETE)
        before = bench.statuses(dataset)
        for _ in range(2):
            assert hub.change_status(dataset, ids, StatusChange.ARCHIVED) == 2
            assert set(bench.statuses(dataset).values()) == {"archived"}
        for _ in range(2):
            assert hub.change_status(dataset, ids, StatusChange.RESTORE_ARCHIVED) == 2
            assert bench.statuses(dataset) == before

    def test_upload_is_not_completed_by_a_status(
        self, hub: AnnotationHub, dataset: Dataset, bench: Workbench
    ) -> None:
        registration = bench.register(dataset, bench.item("/a.png"))
        hub.change_status(dataset, [registration.uploads[0].item_id], StatusChange.COMPLETE)
        assert bench.statuses(dataset) == {"/a.png": "uploading"}

    @pytest.mark.parametrize("change", list(StatusChange))
    def test_unknown_ids_are_ignored(
        self, hub: AnnotationHub, dataset: Dataset, second: Dataset, bench: Workbench, change: StatusChange
    ) -> None:
        (mine,) = bench.push(dataset, "/a.png")
        (other,) = bench.push(second, "/b.png")
        assert hub.change_status(dataset, [], change) == 0
        assert hub.change_status(dataset, [UNKNOWN_ID, other.id], change) == 0
        assert bench.statuses(dataset) == {"/a.png": "new"}
        assert bench.statuses(second) == {"/b.png": "new"}
        assert hub.change_status(dataset, [UNKNOWN_ID, mine.id, other.id, mine.id], change) == 1
        assert bench.statuses(second) == {"/b.png": "new"}

    def test_delete(self, hub: AnnotationHub, dataset: Dataset, second: Dataset, bench: Workbench) -> None:
        gone, _ = bench.push(dataset, "/a.png", "/b.png")
        (other,) = bench.push(second, "/a.png")
        assert hub.delete_items(dataset, [gone.id, UNKNOWN_ID, other.id, gone.id]) == 1
        assert sorted(bench.listed(dataset)) == ["/b.png"]
        assert sorted(bench.listed(second)) == ["/a.png"]
        assert hub.delete_items(dataset, [gone.id]) == 0

    def test_delete_of_none_deletes_none(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        bench.push(dataset, "/a.png")
        assert hub.delete_items(dataset, []) == 0
        assert sorted(bench.listed(dataset)) == ["/a.png"]

    def test_releases_keep_deleted_items(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        (item,) = bench.push(dataset, "/a.png")
        release = bench.export(dataset, "1")
        before = bench.frozen(release)
        hub.delete_items(dataset, [item.id])
        assert bench.frozen(release) == before
        assert sorted(bench.documents(release)) == ["/a.png"]

    def test_many_items_change_at_once(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        ids = [item.id for item in bench.push(dataset, *(f"/{number}.png" for number in range(self.many)))]
        assert hub.change_status(dataset, ids, StatusChange.COMPLETE) == self.many
        assert set(bench.statuses(dataset).values()) == {"complete"}
        assert hub.delete_items(dataset, ids) == self.many
        assert bench.listed(dataset) == {}

    def test_removed_dataset_takes_no_changes(self, hub: AnnotationHub, bench: Workbench) -> None:
        dataset = hub.create_dataset(self.team, "closing")
        (item,) = bench.push(dataset, "/a.png")
        hub.remove_dataset(dataset)
        with pytest.raises(DatasetNotFound):
            hub.change_status(dataset, [item.id], StatusChange.NEW)
        with pytest.raises(DatasetNotFound):
            hub.delete_items(dataset, [item.id])


class ItemLocatorContract(HubContract):
    """How every hub of this machine finds an item's dataset."""

    def test_dataset_of_an_item(self, hub: ServableHub, dataset: Dataset, second: Dataset, bench: Workbench) -> None:
        one, _ = bench.push(dataset, "/a.png", "/b.png")
        other = bench.register(second, bench.item("/a.png")).uploads[0]
        assert hub.dataset_of(self.team, one.id) == hub.get_dataset(dataset.reference)
        assert hub.dataset_of(self.team, other.item_id) == hub.get_dataset(second.reference)

    def test_item_of_nobody(self, hub: ServableHub, dataset: Dataset, second: Dataset, bench: Workbench) -> None:
        one, gone = bench.push(dataset, "/a.png", "/gone.png")
        (lost,) = bench.push(second, "/a.png")
        hub.delete_items(dataset, [gone.id])
        hub.remove_dataset(second)
        for team, item_id in (
            (self.team, UNKNOWN_ID),
            (self.team, ""),
            (self.team, gone.id),
            (self.team, lost.id),
            ("another-team", one.id),
        ):
            with pytest.raises(ItemNotFound):
                hub.dataset_of(team, item_id)


class CommentContract(HubContract):
    """How every catalogue keeps comments."""

    def test_comments_are_kept_oldest_first(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        one, two = bench.push(dataset, "/a.png", "/b.png")
        assert list(hub.list_comments(dataset, one.id)) == []
        wanted = [Comment("z: blurry\n☀️", (3.5, 4.0, 5.0, 6.25), "0"), Comment("a: dark", slot_name="0")]
        ids = [hub.add_comment(dataset, one.id, comment) for comment in wanted]
        assert len(set(ids)) == 2
        assert list(hub.list_comments(dataset, one.id)) == wanted
        assert list(hub.list_comments(dataset, two.id)) == []

    def test_equal_comments_are_two(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        (item,) = bench.push(dataset, "/a.png")
        comment = Comment("again", slot_name="0")
        assert hub.add_comment(dataset, item.id, comment) != hub.add_comment(dataset, item.id, comment)
        assert list(hub.list_comments(dataset, item.id)) == [comment, comment]

    def test_comment_needs_an_item(
        self, hub: AnnotationHub, dataset: Dataset, second: Dataset, bench: Workbench
    ) -> None:
        gone, stays = bench.push(dataset, "/a.png", "/b.png")
        hub.delete_items(dataset, [gone.id])
        for where, item_id in ((dataset, UNKNOWN_ID), (dataset, gone.id), (second, stays.id)):
            with pytest.raises(ItemNotFound):
                hub.add_comment(where, item_id, Comment("lost"))
            with pytest.raises(ItemNotFound):
                hub.list_comments(where, item_id)


class ItemCatalogueContract(ItemListingContract, ItemChangeContract, CommentContract):
    """What every catalogue of items does."""
