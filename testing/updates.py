"""Contract of `ports.items.ItemCatalogue.update_items`."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ..domain.dataset import Dataset
from ..domain.errors import DatasetNotFound, NameTaken
from ..domain.item import ItemQuery, ItemUpdate
from ..domain.names import RemotePath
from ..ports.annotations import ImportMode
from ..ports.hub import AnnotationHub
from .items import UNKNOWN_ID
from .scenario import PIXEL, HubContract, Workbench, car, uuid


class ItemUpdateContract(HubContract):
    """How every catalogue updates items."""

    def test_items_move(
        self, hub: AnnotationHub, dataset: Dataset, bench: Workbench, later: Callable[[], None]
    ) -> None:
        one, two, _ = before = bench.push(dataset, "/a.png", "/x/b.png", "/stays.png")
        later()
        assert hub.update_items(dataset, [one.id, two.id], ItemUpdate(RemotePath("/día 1/left"))) == 2
        after = bench.listed(dataset)
        assert sorted(after) == ["/día 1/left/a.png", "/día 1/left/b.png", "/stays.png"]
        moved = after["/día 1/left/a.png"]
        assert (moved.id, moved.name, moved.path) == (one.id, "a.png", RemotePath("/día 1/left"))
        assert (moved.status, moved.size, moved.inserted_at) == (one.status, one.size, one.inserted_at)
        assert moved.updated_at >= one.updated_at
        assert after["/stays.png"] == before[2]
        query = ItemQuery(folders=(RemotePath("/día 1/left"),))
        assert sorted(bench.listed(dataset, query)) == sorted(after)[:2]
        assert hub.update_items(dataset, [one.id], ItemUpdate(RemotePath("/"))) == 1
        assert sorted(bench.listed(dataset)) == ["/a.png", "/día 1/left/b.png", "/stays.png"]

    def test_updates_are_idempotent(
        self, hub: AnnotationHub, dataset: Dataset, bench: Workbench, later: Callable[[], None]
    ) -> None:
        (item,) = bench.push(dataset, "/a.png")
        layout = {"version": 3, "slots_grid": [[["0"]]]}
        update = ItemUpdate(RemotePath("/x"), 5, layout)
        assert hub.update_items(dataset, [item.id], update) == 1
        before = bench.listed(dataset)["/x/a.png"]
        assert (before.priority, before.layout) == (5, layout)
        later()
        assert hub.update_items(dataset, [item.id, item.id], update) == 1
        assert hub.update_items(dataset, [item.id], ItemUpdate()) == 1
        assert bench.listed(dataset) == {"/x/a.png": before}

    def test_priority_and_layout_change_by_themselves(
        self, hub: AnnotationHub, dataset: Dataset, bench: Workbench
    ) -> None:
        one, two = bench.push(dataset, "/1.png", "/2.png")
        assert (one.priority, one.layout) == (0, None)
        layout = {"version": 1, "type": "simple", "slots": ["0"]}
        hub.update_items(dataset, [one.id, two.id], ItemUpdate(priority=-7))
        hub.update_items(dataset, [two.id], ItemUpdate(layout=layout))
        listed = bench.listed(dataset)
        assert [(item.full_path, item.priority, item.layout) for item in listed.values()] == [
            ("/1.png", -7, None),
            ("/2.png", -7, layout),
        ]
        hub.update_items(dataset, [one.id], ItemUpdate(priority=0))
        assert bench.listed(dataset)["/1.png"].priority == 0

    def test_two_items_never_share_a_path(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        items = bench.push(dataset, "/x/a.png", "/y/a.png", "/y/b.png", "/c.png")
        before = bench.listed(dataset)
        for chosen in (items[:2], items[::-1], [items[3], items[1], items[0]]):
            with pytest.raises(NameTaken):
                hub.update_items(dataset, [item.id for item in chosen], ItemUpdate(RemotePath("/z")))
        with pytest.raises(NameTaken):
            hub.update_items(dataset, [items[0].id, items[3].id], ItemUpdate(RemotePath("/y")))
        assert bench.listed(dataset) == before
        assert hub.update_items(dataset, [items[1].id, items[3].id], ItemUpdate(RemotePath("/y"))) == 2
        assert sorted(bench.listed(dataset)) == ["/x/a.png", "/y/a.png", "/y/b.png", "/y/c.png"]

    def test_updates_ignore_unknown_ids(
        self, hub: AnnotationHub, dataset: Dataset, second: Dataset, bench: Workbench
    ) -> None:
        (mine,) = bench.push(dataset, "/a.png")
        (other,) = bench.push(second, "/b.png")
        update = ItemUpdate(RemotePath("/moved"))
        assert hub.update_items(dataset, [], update) == 0
        assert hub.update_items(dataset, [UNKNOWN_ID, other.id], update) == 0
        assert hub.update_items(dataset, [UNKNOWN_ID, mine.id, other.id, mine.id], update) == 1
        assert (list(bench.listed(dataset)), list(bench.listed(second))) == (["/moved/a.png"], ["/b.png"])

    def test_documents_follow_their_item(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        one, two = bench.push(dataset, "/a.png", "/b.png")
        hub.import_annotations(dataset, one.id, [car(uuid(1))], [], ImportMode.OVERWRITE)
        old = bench.export(dataset, "old")
        frozen = bench.frozen(old)
        hub.update_items(dataset, [one.id, two.id], ItemUpdate(RemotePath("/moved")))
        assert hub.get_annotations(dataset, one.id).item.full_path == "/moved/a.png"
        new = bench.documents(bench.export(dataset, "new"))
        assert sorted(new) == ["/moved/a.png", "/moved/b.png"]
        assert [annotation["id"] for annotation in new["/moved/a.png"]["annotations"]] == [uuid(1)]
        assert bench.frozen(old) == frozen
        hub.import_annotations(dataset, one.id, [car(uuid(2))], [], ImportMode.APPEND)
        later = bench.documents(bench.export(dataset, "later"))["/moved/a.png"]
        assert [annotation["id"] for annotation in later["annotations"]] == [uuid(1), uuid(2)]

    def test_place_of_a_moved_item_is_free(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        (old,) = bench.push(dataset, bench.item("/a.png", PIXEL + b"old"))
        hub.update_items(dataset, [old.id], ItemUpdate(RemotePath("/x")))
        (new,) = bench.push(dataset, bench.item("/a.png", PIXEL + b"newer"))
        assert new.id != old.id
        assert {path: item.size for path, item in bench.listed(dataset).items()} == {
            "/x/a.png": old.size,
            "/a.png": len(PIXEL + b"newer"),
        }
        assert bench.register(dataset, bench.item("/x/a.png")).uploads == ()
        with pytest.raises(NameTaken):
            hub.update_items(dataset, [old.id], ItemUpdate(RemotePath("/")))

    def test_many_items_move_at_once(self, hub: AnnotationHub, dataset: Dataset, bench: Workbench) -> None:
        items = bench.push(dataset, *(f"/{number}.png" for number in range(self.many)))
        clash = bench.push(dataset, f"/x/{self.many - 1}.png")
        ids = [item.id for item in items]
        with pytest.raises(NameTaken):
            hub.update_items(dataset, ids, ItemUpdate(RemotePath("/x")))
        assert len(bench.listed(dataset, ItemQuery(folders=(RemotePath("/x"),)))) == 1
        hub.delete_items(dataset, [clash[0].id])
        assert hub.update_items(dataset, ids, ItemUpdate(RemotePath("/x"), 1)) == self.many
        assert {(item.path.value, item.priority) for item in bench.listed(dataset).values()} == {("/x", 1)}

    def test_removed_dataset_takes_no_updates(self, hub: AnnotationHub, bench: Workbench) -> None:
        dataset = hub.create_dataset(self.team, "closing")
        (item,) = bench.push(dataset, "/a.png")
        hub.remove_dataset(dataset)
        with pytest.raises(DatasetNotFound):
            hub.update_items(dataset, [item.id], ItemUpdate(priority=1))
