from __future__ import annotations

import pytest

from groundtruth.adapters.memory import fake_image
from groundtruth.application.items import (
    NAMES_PER_QUERY,
    CommentOnItem,
    DeleteItems,
    ListItems,
    SetItemStatus,
    find_by_name,
)
from groundtruth.domain.errors import InvalidInput, ItemNotFound
from groundtruth.domain.item import Comment, StatusChange
from groundtruth.domain.upload import MergeMode
from support.world import REFERENCE, World


@pytest.fixture
def pushed(world: World) -> World:
    world.push(preserve_folders=True)
    return world


@pytest.mark.parametrize(
    ("names", "found", "missing"),
    [
        (["clip.mp4"], {"/clip.mp4"}, ()),
        (["a.png"], {"/day1/a.png", "/day2/a.png"}, ()),
        (["/day1/a.png"], {"/day1/a.png"}, ()),
        (["day1/a.png", "/day1/a.png"], {"/day1/a.png"}, ()),
        (["a.png", "/day1/a.png", "a.png"], {"/day1/a.png", "/day2/a.png"}, ()),
        (["/a.png", "/day3/a.png", "b"], set(), ("/a.png", "/day3/a.png", "b")),
        (["/clip.mp4", "nothing"], {"/clip.mp4"}, ("nothing",)),
        ([], set(), ()),
    ],
)
def test_items_by_name(pushed: World, names: list[str], found: set[str], missing: tuple[str, ...]) -> None:
    items, lacking = find_by_name(pushed.hub, pushed.dataset, names)
    assert sorted(item.full_path for item in items) == sorted(found)
    assert lacking == missing


def test_an_item_named_twice_far_apart_is_found_once(world: World) -> None:
    world.put(a=fake_image(1, 1))
    world.push()
    names = ["a.png", *(f"{number}.png" for number in range(NAMES_PER_QUERY)), "/a.png"]
    items, missing = find_by_name(world.hub, world.dataset, names)
    assert (len(items), len(missing)) == (1, NAMES_PER_QUERY)


def test_statuses_change_by_name(pushed: World) -> None:
    change = SetItemStatus(pushed.hub, pushed.hub)
    changed = change(REFERENCE, ["a.png", "nothing"], StatusChange.ARCHIVED)
    assert (changed.count, changed.missing) == (2, ("nothing",))
    assert [item.full_path for item in ListItems(pushed.hub, pushed.hub)(REFERENCE)] == ["/clip.mp4"]
    assert change(REFERENCE, ["a.png"], StatusChange.RESTORE_ARCHIVED).count == 2
    assert change(REFERENCE, ["nothing"], StatusChange.COMPLETE).count == 0
    assert {str(item.status) for item in pushed.items().values()} == {"new"}


def test_deleting_reaches_only_what_is_named(pushed: World) -> None:
    deleted = DeleteItems(pushed.hub, pushed.hub)(REFERENCE, ["/day1/a.png", "nothing"])
    assert (deleted.count, deleted.missing) == (1, ("nothing",))
    assert DeleteItems(pushed.hub, pushed.hub)(REFERENCE, ["nothing"]).count == 0
    assert set(pushed.items()) == {"/day2/a.png", "/clip.mp4"}


def test_a_comment_goes_to_the_only_slot(pushed: World) -> None:
    CommentOnItem(pushed.hub, pushed.hub)(REFERENCE, "clip.mp4", Comment("blurry"))
    [comment] = pushed.hub.list_comments(pushed.dataset, pushed.items()["/clip.mp4"].id)
    assert (comment.text, comment.slot_name) == ("blurry", "0")


@pytest.mark.parametrize(
    ("name", "slot", "error", "match"),
    [
        ("nothing", None, ItemNotFound, "dataset files"),
        ("a.png", None, InvalidInput, "/day1/a.png, /day2/a.png"),
        ("day1", None, InvalidInput, "--slot: 0, 1"),
        ("day1", "7", InvalidInput, "has no slot '7'"),
    ],
)
def test_comments_that_cannot_be_placed(
    pushed: World, name: str, slot: str | None, error: type[Exception], match: str
) -> None:
    pushed.files.tree = {
        path.with_name(n): data for path, data in pushed.files.tree.items() for n in ("1.png", "2.png")
    }
    pushed.push("/photos/day1", merge=MergeMode.SLOTS)
    with pytest.raises(error, match=match):
        CommentOnItem(pushed.hub, pushed.hub)(REFERENCE, name, Comment("x", slot_name=slot))
