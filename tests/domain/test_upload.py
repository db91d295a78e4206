from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.errors import InvalidInput, InvalidName
from groundtruth.domain.names import RemotePath
from groundtruth.domain.upload import MAX_VIEWPORTS, MergeMode, NewItem, NewSlot, merged_item, natural_key, slots_grid

GRIDS = {
    1: ["0"],
    2: ["0", "1"],
    3: ["0", "1", "2"],
    4: ["0,2", "1,3"],
    5: ["0,3", "1,4", "2"],
    6: ["0,3", "1,4", "2,5"],
    7: ["0,3,6", "1,4", "2,5"],
    8: ["0,3,6", "1,4,7", "2,5"],
    9: ["0,3,6", "1,4,7", "2,5,8"],
    10: ["0,4,8", "1,5,9", "2,6", "3,7"],
    11: ["0,4,8", "1,5,9", "2,6,10", "3,7"],
    12: ["0,4,8", "1,5,9", "2,6,10", "3,7,11"],
    13: ["0,4,8,12", "1,5,9", "2,6,10", "3,7,11"],
    14: ["0,4,8,12", "1,5,9,13", "2,6,10", "3,7,11"],
    15: ["0,4,8,12", "1,5,9,13", "2,6,10,14", "3,7,11"],
    16: ["0,4,8,12", "1,5,9,13", "2,6,10,14", "3,7,11,15"],
}
"""Columns of the grid for each number of viewports (reference: V7 Darwin, section 5.3)."""


@pytest.mark.parametrize("count", GRIDS)
def test_grids(count: int) -> None:
    expected = [[[cell] for cell in column.split(",")] for column in GRIDS[count]]
    assert slots_grid([str(number) for number in range(count)]) == expected


def test_grids_at_the_edges() -> None:
    assert slots_grid([]) == []
    many = [str(number) for number in range(40)]
    assert slots_grid(many) == slots_grid(many[:MAX_VIEWPORTS])


@pytest.mark.parametrize(
    "ordered",
    [
        ["img1.png", "img2.png", "img10.png"],
        ["1.png", "1a.png", "2.png", "a.png"],
        ["a", "a1", "a1b", "a2", "b"],
        ["A1", "a2", "A10"],
        ["", "0", "a"],
    ],
)
def test_natural_order(ordered: list[str]) -> None:
    shuffled = ordered.copy()
    random.Random(0).shuffle(shuffled)
    assert sorted(shuffled, key=natural_key) == ordered


@given(st.lists(st.text(max_size=30)))
def test_natural_order_takes_any_names(names: list[str]) -> None:
    in_order = sorted(names, key=natural_key)
    assert sorted(in_order) == sorted(names)


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_natural_order_is_that_of_numbers(one: int, other: int) -> None:
    assert (natural_key(f"a{one}.b") < natural_key(f"a{other}.b")) == (one < other)


def paths(*names: str) -> list[Path]:
    """Files of one folder."""
    return [Path("folder") / name for name in names]


def test_slots_of_one_item() -> None:
    item = merged_item("scan", paths("b10.png", "b9.mp4", "a.pdf"), MergeMode.SLOTS, "native")
    assert item is not None
    assert (item.name, item.full_path) == ("scan", "/scan")
    assert [(slot.name, slot.file_name, slot.fps) for slot in item.slots] == [
        ("0", "a.pdf", "native"),
        ("1", "b9.mp4", "native"),
        ("2", "b10.png", "native"),
    ]
    assert [slot.sources for slot in item.slots] == [(path,) for path in paths("a.pdf", "b9.mp4", "b10.png")]
    assert item.layout == {"version": 3, "slots_grid": [[["0"]], [["1"]], [["2"]]]}


def test_more_slots_than_viewports() -> None:
    item = merged_item("many", paths(*(f"{number}.png" for number in range(20))), MergeMode.SLOTS)
    assert item is not None and item.layout is not None
    assert len(item.slots) == 20
    assert sum(len(column) for column in item.layout["slots_grid"]) == MAX_VIEWPORTS


def test_a_series_is_one_slot() -> None:
    item = merged_item("scan", paths("2.dcm", "10.DCM", "1.dcm"), MergeMode.SERIES)
    assert item is not None
    (slot,) = item.slots
    assert (slot.name, slot.file_name, item.layout) == ("0", "scan.dcm", None)
    assert slot.sources == tuple(paths("1.dcm", "2.dcm", "10.DCM"))


def test_channels_share_a_viewport() -> None:
    item = merged_item("cell", paths("red.tif", "blue.png"), MergeMode.CHANNELS)
    assert item is not None
    assert [slot.name for slot in item.slots] == ["blue.png", "red.tif"]
    assert item.layout == {"version": 3, "slots_grid": [[["blue.png", "red.tif"]]]}


@pytest.mark.parametrize("mode", MergeMode)
def test_nothing_to_merge(mode: MergeMode) -> None:
    assert merged_item("empty", [], mode) is None


@pytest.mark.parametrize(
    ("mode", "names", "reason"),
    [
        (MergeMode.SERIES, ["1.dcm", "odd.png"], "odd.png"),
        (MergeMode.CHANNELS, ["1.png", "odd.mp4"], "odd.mp4"),
        (MergeMode.CHANNELS, [f"{number}.png" for number in range(17)], "17 channels"),
    ],
)
def test_what_cannot_be_merged(mode: MergeMode, names: list[str], reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        merged_item("folder", paths(*names), mode)


def test_sixteen_channels_fit() -> None:
    item = merged_item("folder", paths(*(f"{number}.png" for number in range(16))), MergeMode.CHANNELS)
    assert item is not None and len(item.slots) == 16


@given(st.permutations(["IMG1.png", "img1.png", "img01.png", "img001.png", "Img2.png"]))
def test_the_order_on_disk_does_not_matter(names: list[str]) -> None:
    item = merged_item("folder", paths(*names), MergeMode.SLOTS)
    assert item is not None
    assert [slot.file_name for slot in item.slots] == [
        "IMG1.png", "img001.png", "img01.png", "img1.png", "Img2.png",
    ]  # fmt: skip


def test_items() -> None:
    slots = [NewSlot("0", "a.png", [Path("a.png")])]  # type: ignore[arg-type]
    item = NewItem("a.png", slots, RemotePath("day1"))  # type: ignore[arg-type]
    assert item.full_path == "/day1/a.png"
    assert isinstance(item.slots, tuple) and isinstance(item.slots[0].sources, tuple)
    assert NewItem("a.png", ()).full_path == "/a.png"


@pytest.mark.parametrize("name", ["", "a\x00", "\ud800"])
def test_items_need_a_name(name: str) -> None:
    with pytest.raises(InvalidName):
        NewItem(name, ())
