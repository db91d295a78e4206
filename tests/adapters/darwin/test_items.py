"""Datasets, items and comments, as they are asked for and told."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from groundtruth.adapters.darwin.api import Unsure
from groundtruth.adapters.darwin.comments import DarwinComments
from groundtruth.adapters.darwin.datasets import DarwinDatasets
from groundtruth.adapters.darwin.items import DarwinItems
from groundtruth.adapters.darwin.listing import DarwinListing
from groundtruth.domain.errors import (
    AccessDenied,
    Conflict,
    DatasetNotFound,
    IntegrityError,
    InvalidInput,
    InvalidName,
    ItemNotFound,
)
from groundtruth.domain.item import Comment, Item, ItemQuery, ItemStatus, ItemUpdate, StatusChange, position_of
from groundtruth.domain.names import RemotePath
from groundtruth.domain.reference import DatasetReference
from support.fake_hub import DATASET, HUB, FakeHub, item_record
from support.fake_web import Reply, Sent, reply

ITEMS = "v2/teams/acme/items"


def page(*records: dict[str, Any], following: Any = None) -> dict[str, Any]:
    return {"items": list(records), "page": {"count": len(records), "previous": None, "next": following}}


def listed(hub: FakeHub, query: ItemQuery | None = None) -> list[Item]:
    return list(DarwinItems(hub.api()).list_items(DATASET, query or ItemQuery()))


# --- datasets ---------------------------------------------------------------------------------------

RECORD = {"id": 7, "name": "My Set", "slug": "my-set", "num_items": None, "num_images": 3, "num_videos": 1,
          "progress": 0.25, "workflow_ids": []}  # fmt: skip


def test_dataset_as_the_hub_tells_it() -> None:
    datasets = DarwinDatasets(FakeHub({"GET datasets": [RECORD]}).api())
    (found,) = datasets.list_datasets("acme")
    assert found == attrs.evolve(DATASET, item_count=4, progress=0.25, url=f"{HUB}/datasets/7")
    assert datasets.get_dataset(DatasetReference("acme", "my-set")) == found


def test_removed_datasets_and_those_of_others_are_left_out() -> None:
    records = [{**RECORD, "archived": True}, {**RECORD, "id": 8, "team_slug": "zebra"}, {**RECORD, "id": 9}]
    datasets = DarwinDatasets(FakeHub({"GET datasets": records}).api())
    assert [one.id for one in datasets.list_datasets()] == [9]


@pytest.mark.parametrize(
    "record", [{}, {**RECORD, "id": "7"}, {**RECORD, "slug": "../up"}, {**RECORD, "slug": ""}, 5]
)
def test_dataset_that_cannot_be_one(record: Any) -> None:
    with pytest.raises((IntegrityError, InvalidName)):
        DarwinDatasets(FakeHub({"GET datasets": [record]}).api()).list_datasets("acme")


def test_datasets_of_nobody() -> None:
    with pytest.raises(AccessDenied, match="wants a key"):
        DarwinDatasets(FakeHub().api({})).list_datasets()


def test_public_dataset_needs_no_key() -> None:
    hub = FakeHub({"GET datasets": reply({}, 401), "GET acme/my-set": RECORD})
    datasets = DarwinDatasets(hub.api({}))
    assert datasets.get_dataset(DatasetReference("acme", "my-set")).id == 7
    assert all("Authorization" not in sent.headers for sent in hub.web.sent)
    with pytest.raises(AccessDenied):
        datasets.get_dataset(DatasetReference("acme", "other"))


def test_creation_of_which_nobody_knows_whether_it_happened() -> None:
    there: list[dict[str, Any]] = []

    def create(sent: Sent) -> Reply:
        there.append({**RECORD, "name": sent.json["name"], "num_images": 0, "num_videos": 0})
        return reply({}, 503)

    hub = FakeHub({"POST datasets": create, "GET datasets": lambda sent: there})
    assert DarwinDatasets(hub.api()).create_dataset("acme", "My Set").slug == "my-set"
    assert hub.asked == ["POST datasets", "GET datasets"]


def test_creation_that_did_not_happen() -> None:
    hub = FakeHub({"POST datasets": reply({}, 503), "GET datasets": [{**RECORD, "num_items": 5}]})
    with pytest.raises(Unsure):
        DarwinDatasets(hub.api()).create_dataset("acme", "My Set")


# --- items ------------------------------------------------------------------------------------------


def test_item_as_the_hub_tells_it() -> None:
    slot = {"slot_name": "0", "type": "video", "file_name": "c.mp4", "size_bytes": 9, "fps": 5, "total_sections": 13,
            "metadata": {"width": 64, "height": 48}, "unknown": [1]}  # fmt: skip
    record = item_record(
        "c.mp4", path="/day1", slots=[slot], layout={"version": 1}, priority=3, new_field={}, workflow_data={"a": 1},
        updated_at="2026-01-02T00:00:00.123456+02:00",
    )  # fmt: skip
    (item,) = listed(FakeHub({f"GET {ITEMS}": page(record)}))
    assert (item.full_path, item.size, item.priority, item.layout) == ("/day1/c.mp4", 9, 3, {"version": 1})
    assert item.updated_at == "2026-01-01T22:00:00Z"
    assert item.url == f"{HUB}/workview?dataset=7&item=id-c.mp4"
    (found,) = item.slots
    assert (found.type, found.width, found.height, found.fps, found.frame_count) == ("video", 64, 48, 5.0, 13)
    assert (found.source_files[0].file_name, found.source_files[0].size) == ("c.mp4", 9)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"archived": True, "status": "complete"}, ItemStatus.ARCHIVED),
        ({"status": "consensus"}, ItemStatus.ANNOTATE),
        ({"status": "", "processing_status": "uploading_confirmed"}, ItemStatus.UPLOADING),
        ({"status": "odd", "processing_status": "error"}, ItemStatus.ERROR),
        ({"status": "review", "processing_status": "complete"}, ItemStatus.REVIEW),
    ],
)
def test_statuses(changes: dict[str, Any], status: ItemStatus) -> None:
    assert [item.status for item in listed(FakeHub({f"GET {ITEMS}": page(item_record(**changes))}))] == [status]


def test_item_that_is_being_uploaded_shows_its_uploads_as_slots() -> None:
    record = item_record(slots=[], uploads=[{"type": "image", "file_name": "a.jpg", "slot_name": "0", "fps": None}])
    (item,) = listed(FakeHub({f"GET {ITEMS}": page(record)}))
    assert ([slot.name for slot in item.slots], item.size) == (["0"], 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"path": "/../etc"}, {"path": "/a\x00"}, {"name": ""}, {"name": "a\x00"}, {"id": 5}, {"name": None},
        {"slots": [{"type": "image"}]}, {"slots": 3}, {"inserted_at": "yesterday"}, {"dataset_id": None},
    ],
)  # fmt: skip
def test_item_that_cannot_be_one(changes: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError):
        listed(FakeHub({f"GET {ITEMS}": page(item_record(**changes))}))


def test_query_is_written_as_darwin_expects_it() -> None:
    hub = FakeHub({f"GET {ITEMS}": page()})
    query = ItemQuery(
        (ItemStatus.NEW, ItemStatus.ARCHIVED), ("a b.jpg", "c,d.jpg"), None, (RemotePath("/x"),), ("image",),
        ("filename", True),
    )  # fmt: skip
    assert listed(hub, query) == []
    assert hub.web.sent[0].query == [
        ("item_names[]", "a b.jpg"), ("item_names[]", "c,d.jpg"), ("statuses[]", "new"), ("statuses[]", "archived"),
        ("item_paths[]", "/x"), ("slot_types[]", "image"), ("sort[filename]", "desc"), ("page[size]", "500"),
        ("include_workflow_data", "true"), ("dataset_ids[]", "7"),
    ]  # fmt: skip


def test_pages_are_fetched_as_they_are_read() -> None:
    def answer(sent: Sent) -> Any:
        number = int(dict(sent.query).get("page[from]", 0))
        return page(item_record(f"{number}.jpg"), following=str(number + 1) if number < 4 else None)

    hub = FakeHub({f"GET {ITEMS}": answer})
    listing = DarwinItems(hub.api()).list_items(DATASET, ItemQuery())
    assert hub.web.sent == []
    assert [next(listing).name, next(listing).name] == ["0.jpg", "1.jpg"]
    assert len(hub.web.sent) == 2
    assert [item.name for item in listing] == ["2.jpg", "3.jpg", "4.jpg"]


def test_pages_that_never_end() -> None:
    repeating = FakeHub({f"GET {ITEMS}": page(item_record(), following="again")})
    with pytest.raises(IntegrityError, match="never ends"):
        listed(repeating)
    assert len(repeating.web.sent) == 2
    empty = FakeHub({f"GET {ITEMS}": lambda sent: page(following=f"c{len(empty.web.sent)}")})
    with pytest.raises(IntegrityError, match="never ends"):
        listed(empty)
    assert len(empty.web.sent) < 30
    fresh = FakeHub({f"GET {ITEMS}": lambda sent: page(item_record(), following=f"c{len(fresh.web.sent)}")})
    with pytest.raises(IntegrityError, match="never ends"):
        list(DarwinListing(fresh.api(), max_pages=40).list_items(DATASET, ItemQuery()))
    assert len(fresh.web.sent) == 40


def test_what_a_hub_does_not_filter_is_filtered_here() -> None:
    records = [
        item_record("a.jpg"), item_record("b.jpg"), item_record("a.jpg", path="/x", id="x"),
        item_record("a.jpg", path="/x/y", id="y"), item_record("a.jpg", path="/x", id="v", slots=[]),
        item_record("a.jpg", path="/x", id="w", dataset_id=8),
    ]  # fmt: skip
    hub = FakeHub({f"GET {ITEMS}": page(*records)})
    query = ItemQuery(names=("a.jpg",), folders=(RemotePath("x"),), slot_types=("image",))
    assert [item.id for item in listed(hub, query)] == ["x"]
    assert [item.id for item in listed(hub, ItemQuery(ids=("y", "id-b.jpg")))] == ["id-b.jpg", "y"]
    assert [item.id for item in listed(hub, ItemQuery(limit=2))] == ["id-a.jpg", "id-b.jpg"]
    assert listed(hub, ItemQuery(limit=0)) == []


def test_no_ids_are_not_asked_for() -> None:
    hub = FakeHub()
    assert listed(hub, ItemQuery(ids=())) == []
    assert hub.web.sent == []


@pytest.mark.parametrize("descending", [False, True])
def test_list_goes_on_behind_a_place(descending: bool) -> None:
    records = [item_record(f"{number % 3}.jpg", id=str(number), path=f"/{number}") for number in range(9)]
    records.sort(key=lambda record: record["path"])
    records.sort(key=lambda record: record["name"], reverse=descending)
    hub = FakeHub({f"GET {ITEMS}": page(*records)})
    whole = listed(hub, ItemQuery(sort=("filename", descending)))
    for position, item in enumerate(whole):
        after = position_of(item, "filename")
        assert listed(hub, ItemQuery(sort=("filename", descending), after=after)) == whole[position + 1 :]


def test_many_names_take_several_requests_and_keep_the_order() -> None:
    names = [f"{number:04d} & more.jpg" for number in range(900)]

    def answer(sent: Sent) -> Any:
        assert len(sent.url) < 8000
        return page(*(item_record(value) for name, value in reversed(sent.query) if name == "item_names[]"))

    hub = FakeHub({f"GET {ITEMS}": answer})
    found = listed(hub, ItemQuery(names=(*names, names[0]), sort=("filename", False)))
    assert [item.name for item in found] == names
    assert 1 < len(hub.web.sent) < 12


def test_requests_that_a_hub_finds_too_long_are_halved() -> None:
    def answer(sent: Sent) -> Any:
        values = [value for name, value in sent.query if name == "item_ids[]"]
        return Reply(414) if len(values) > 3 else page(*(item_record(value, id=value) for value in values))

    hub = FakeHub({f"GET {ITEMS}": answer})
    ids = tuple(f"{number:02d}" for number in range(20))
    assert [item.id for item in listed(hub, ItemQuery(ids=ids, sort=("filename", True)))] == list(reversed(ids))


def test_unknown_sort_field_and_unknown_dataset() -> None:
    hub = FakeHub()
    with pytest.raises(InvalidInput, match="colour"):
        listed(hub, ItemQuery(sort=("colour", False)))
    assert hub.web.sent == []
    with pytest.raises(DatasetNotFound):
        listed(hub)


# --- changes ----------------------------------------------------------------------------------------


def filters(ids: list[str]) -> dict[str, Any]:
    return {"filters": {"dataset_ids": [7], "item_ids": ids}}


@pytest.mark.parametrize(
    ("change", "name"), [(StatusChange.ARCHIVED, "archive"), (StatusChange.RESTORE_ARCHIVED, "restore")]
)
def test_archive_and_restore(change: StatusChange, name: str) -> None:
    hub = FakeHub({f"POST {ITEMS}/{name}": {"affected_item_count": 1}})
    assert DarwinItems(hub.api()).change_status(DATASET, ["a", "b", "a"], change) == 1
    assert hub.web.sent[0].json == filters(["a", "b"])


WORKFLOW = {"stages": [{"id": "s1", "type": "dataset"}, {"id": "s2", "type": "new-kind"},
                       {"id": "s3", "type": "complete"}, {"id": "s4", "type": "complete"}]}  # fmt: skip


@pytest.mark.parametrize(("change", "stage"), [(StatusChange.NEW, "s1"), (StatusChange.COMPLETE, "s3")])
def test_status_is_a_stage_of_the_first_workflow(change: StatusChange, stage: str) -> None:
    hub = FakeHub(
        {
            "GET datasets/7": {"workflow_ids": ["w1", "w2"]},
            "GET v2/teams/acme/workflows/w1": WORKFLOW,
            f"POST {ITEMS}/stage": Reply(204),
        }
    )
    assert DarwinItems(hub.api()).change_status(DATASET, ["a", "b"], change) == 2
    assert hub.web.sent[-1].json == {**filters(["a", "b"]), "stage_id": stage, "workflow_id": "w1"}


def test_status_without_a_workflow_or_a_stage() -> None:
    items = DarwinItems(FakeHub({"GET datasets/7": {"workflow_ids": []}}).api())
    with pytest.raises(Conflict, match="no workflow"):
        items.change_status(DATASET, ["a"], StatusChange.NEW)
    stages = {"GET datasets/7": {"workflow_ids": ["w"]}, "GET v2/teams/acme/workflows/w": {"stages": []}}
    with pytest.raises(Conflict, match="'complete'"):
        DarwinItems(FakeHub(stages).api()).change_status(DATASET, ["a"], StatusChange.COMPLETE)


def test_no_ids_change_nothing() -> None:
    hub = FakeHub()
    items = DarwinItems(hub.api())
    assert [items.change_status(DATASET, [], change) for change in StatusChange] == [0] * 4
    assert (items.delete_items(DATASET, []), items.update_items(DATASET, [], ItemUpdate(priority=1))) == (0, 0)
    assert hub.web.sent == []


def test_many_ids_are_deleted_in_batches() -> None:
    hub = FakeHub({f"DELETE {ITEMS}": lambda sent: {"affected_item_count": len(sent.json["filters"]["item_ids"])}})
    ids = [str(number) for number in range(2500)]
    assert DarwinItems(hub.api()).delete_items(DATASET, ids) == 2500
    assert [one for sent in hub.web.sent for one in sent.json["filters"]["item_ids"]] == ids
    assert len(hub.web.sent) == 3


def test_updates() -> None:
    answers = {f"POST {ITEMS}/{name}": {"affected_item_count": 2} for name in ("path", "priority", "layout")}
    hub = FakeHub(answers)
    update = ItemUpdate(RemotePath("/x"), 4, {"version": 1})
    assert DarwinItems(hub.api()).update_items(DATASET, ["a", "b"], update) == 2
    assert [sent.json for sent in hub.web.sent] == [
        {**filters(["a", "b"]), name: value}
        for name, value in {"path": "/x", "priority": 4, "layout": {"version": 1}}.items()
    ]


@pytest.mark.parametrize("change", list(StatusChange))
def test_changes_in_a_removed_dataset(change: StatusChange) -> None:
    items = DarwinItems(FakeHub().api())
    with pytest.raises(DatasetNotFound):
        items.change_status(DATASET, ["a"], change)
    with pytest.raises(DatasetNotFound):
        items.delete_items(DATASET, ["a"])
    with pytest.raises(DatasetNotFound):
        items.update_items(DATASET, ["a"], ItemUpdate(priority=0))


# --- comments ---------------------------------------------------------------------------------------

THREADS = f"{ITEMS}/i/comment_threads"


def test_comment_is_a_thread() -> None:
    hub = FakeHub({f"GET {ITEMS}/i": item_record(id="i"), f"POST {THREADS}": {"id": "t1"}})
    assert DarwinComments(hub.api()).add_comment(DATASET, "i", Comment("blurry", (1, 2, 3, 4))) == "t1"
    assert hub.web.sent[-1].json == {
        "bounding_box": {"x": 1, "y": 2, "w": 3, "h": 4}, "comments": [{"body": "blurry"}], "slot_name": "0",
    }  # fmt: skip


def test_comment_on_one_of_several_slots() -> None:
    slots = [{"slot_name": name, "type": "image"} for name in ("left", "right")]
    hub = FakeHub({f"GET {ITEMS}/i": item_record(id="i", slots=slots), f"POST {THREADS}": {}})
    comments = DarwinComments(hub.api())
    with pytest.raises(InvalidInput, match="left, right"):
        comments.add_comment(DATASET, "i", Comment("x"))
    assert comments.add_comment(DATASET, "i", Comment("x", slot_name="right")) == ""
    assert hub.web.sent[-1].json["slot_name"] == "right"


def test_comment_is_not_sent_twice() -> None:
    hub = FakeHub({f"GET {ITEMS}/i": item_record(id="i"), f"POST {THREADS}": reply({}, 500)})
    with pytest.raises(Unsure):
        DarwinComments(hub.api()).add_comment(DATASET, "i", Comment("x"))
    assert hub.asked.count(f"POST {THREADS}") == 1


def test_comments_of_all_threads() -> None:
    threads = [
        {"id": 1, "bounding_box": {"x": 1.5, "y": 2, "w": 3, "h": 4}, "slot_name": "0", "comments": [{"body": "a"}]},
        {"id": 2, "bounding_box": None, "comments": [{"body": "b"}, {"body": "c", "author": {}}]},
    ]
    hub = FakeHub({f"GET {ITEMS}/i": item_record(id="i"), f"GET {THREADS}": {"comment_threads": threads}})
    assert DarwinComments(hub.api()).list_comments(DATASET, "i") == [
        Comment("a", (1.5, 2.0, 3.0, 4.0), "0"), Comment("b"), Comment("c"),
    ]  # fmt: skip


@pytest.mark.parametrize("item_id", ["gone", "../../../users/token_info", ""])
def test_comments_of_no_item(item_id: str) -> None:
    hub = FakeHub({"GET users/token_info": item_record(id="i"), f"GET {ITEMS}/": item_record()})
    with pytest.raises(ItemNotFound):
        DarwinComments(hub.api()).list_comments(DATASET, item_id)


def test_comments_of_an_item_of_another_dataset() -> None:
    hub = FakeHub({f"GET {ITEMS}/i": item_record(id="i", dataset_id=8), f"POST {THREADS}": {}})
    with pytest.raises(ItemNotFound):
        DarwinComments(hub.api()).add_comment(DATASET, "i", Comment("x"))
    assert f"POST {THREADS}" not in hub.asked


def test_hub_that_does_not_list_comments() -> None:
    hub = FakeHub({f"GET {ITEMS}/i": item_record(id="i")})
    with pytest.raises(InvalidInput, match="does not list comments"):
        DarwinComments(hub.api()).list_comments(DATASET, "i")
