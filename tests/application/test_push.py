from __future__ import annotations

from pathlib import Path

import pytest

from groundtruth.adapters.memory import MemoryRunner, fake_image
from groundtruth.application.push import REGISTER_BATCH, TASK, PushItems, PushOptions
from groundtruth.domain.bundle import MAX_OBJECT
from groundtruth.domain.errors import DatasetNotFound, DiskFull, InvalidInput, ObjectNotFound, Unavailable
from groundtruth.domain.item import ItemStatus
from groundtruth.domain.names import RemotePath
from groundtruth.domain.upload import BlockedItem, BlockReason, MergeMode, Registration
from groundtruth.ports.files import FoundFile
from groundtruth.ports.progress import Finished, Started
from support.world import PHOTOS, REFERENCE, World, photos


def pictures(*names: str) -> dict[Path, bytes]:
    return {PHOTOS / name: fake_image(number + 1, 7) for number, name in enumerate(names)}


def adds_up(world: World) -> bool:
    """True if as many files were reported done as were announced."""
    [started] = [event for event in world.progress.of(Started) if event.task == TASK]
    return world.progress.count(TASK) == started.total


@pytest.mark.parametrize(
    ("pattern", "excluded"),
    [
        (".JPG", True),
        (".png", False),
        ("b.jpg", True),
        ("?.jpg", True),
        ("day1/*", True),
        ("/photos/day1/b.jpg", True),
        ("photos/day1/b.jpg", False),
        ("day1", False),
        ("B.jpg", False),
    ],
)
def test_what_a_pattern_excludes(pattern: str, excluded: bool) -> None:
    file = FoundFile(PHOTOS / "day1/b.jpg", PHOTOS, 1)
    assert PushOptions(exclude=(pattern,)).excludes(file) is excluded


def test_a_name_with_brackets_excludes_itself() -> None:
    assert PushOptions(exclude=("a[1].jpg",)).excludes(FoundFile(PHOTOS / "a[1].jpg", PHOTOS, 1))


def test_an_unsupported_file_is_refused_when_named_and_skipped_when_met(world: World) -> None:
    met = world.push(preserve_folders=True)
    assert [issue.path for issue in met.skipped] == ["/photos/notes.txt"]
    named = world.push("/photos/notes.txt")
    assert [issue.reason for issue in named.failed] == ["is of an unsupported type"]


def test_excluded_files_are_told(world: World) -> None:
    report = world.push(exclude=(".mp4", "day2/*"))
    assert {issue.path for issue in report.skipped if issue.stage == "exclude"} == {
        "/photos/clip.mp4",
        "/photos/day2/a.png",
    }
    assert (report.items, report.is_complete) == (1, True)


def test_empty_and_missing_files_are_refused(world: World) -> None:
    world.files.tree = {PHOTOS / "a.png": b"", **pictures("b.png")}
    report = world.push("/photos", "/nowhere")
    assert [issue.path for issue in report.failed] == ["/photos/a.png", "/nowhere"]
    assert report.items == 1
    assert adds_up(world)


def test_the_second_of_two_files_with_one_name_is_refused(world: World) -> None:
    report = world.push()
    assert set(world.items()) == {"/clip.mp4", "/a.png"}
    [issue] = report.failed
    assert issue.path == "/photos/day2/a.png"
    assert "--preserve-folders" in issue.reason
    assert adds_up(world)


def test_folders_are_kept_or_replaced(world: World) -> None:
    world.push(preserve_folders=True)
    assert set(world.items()) == {"/day1/a.png", "/day2/a.png", "/clip.mp4"}
    world.push("/photos/clip.mp4", path=RemotePath("x/y"))
    assert "/x/y/clip.mp4" in world.items()


def test_slots_of_a_folder(world: World) -> None:
    world.files.tree = pictures("left10.png", "left9.png", "notes.txt")
    report = world.push(merge=MergeMode.SLOTS)
    [item] = world.items().values()
    assert (item.name, report.items, report.files) == ("photos", 1, 2)
    assert [slot.source_files[0].file_name for slot in item.slots] == ["left9.png", "left10.png"]
    assert adds_up(world)


def test_a_series_is_one_file_of_several(world: World) -> None:
    world.files.tree = pictures("1.dcm", "2.dcm", "deeper/3.dcm")
    report = world.push(merge=MergeMode.SERIES)
    [item] = world.items().values()
    assert [slot.source_files[0].file_name for slot in item.slots] == ["photos.dcm"]
    assert report.files == 2
    assert adds_up(world)


def test_channels_are_named_by_their_files(world: World) -> None:
    world.files.tree = pictures("red.png", "blue.png")
    world.push(merge=MergeMode.CHANNELS)
    [item] = world.items().values()
    assert [slot.name for slot in item.slots] == ["blue.png", "red.png"]


@pytest.mark.parametrize(
    ("mode", "names"),
    [
        (MergeMode.SERIES, ["a.dcm", "b.png"]),
        (MergeMode.CHANNELS, ["a.png", "b.mp4"]),
        (MergeMode.CHANNELS, [f"{number}.png" for number in range(17)]),
        (MergeMode.SLOTS, ["notes.txt"]),
    ],
)
def test_folders_that_cannot_be_merged(world: World, mode: MergeMode, names: list[str]) -> None:
    world.files.tree = pictures(*names)
    report = world.push(merge=mode)
    assert [issue.path for issue in report.failed] == ["/photos"]
    assert world.items() == {}
    assert adds_up(world)


def test_a_merged_item_is_whole_or_not_at_all(world: World) -> None:
    world.files.tree = {**pictures("1.dcm", "2.dcm"), PHOTOS / "3.dcm": b""}
    report = world.push(merge=MergeMode.SERIES)
    assert [issue.path for issue in report.failed] == ["/photos/3.dcm", "/photos"]
    assert world.items() == {}
    assert adds_up(world)


def test_only_folders_can_be_merged(world: World) -> None:
    report = world.push("/photos/clip.mp4", "/nowhere", merge=MergeMode.SLOTS)
    assert [issue.path for issue in report.failed] == ["/photos/clip.mp4", "/nowhere"]


@pytest.mark.parametrize("fps", ["fast", -1, float("nan"), float("inf"), 1e6])
def test_frame_rates_that_are_none(fps: float | str) -> None:
    with pytest.raises(InvalidInput, match="frame rate"):
        PushOptions(fps=fps)


@pytest.mark.parametrize("flag", ["preserve_folders", "as_frames", "extract_views"])
def test_merging_clashes_with(flag: str) -> None:
    with pytest.raises(InvalidInput, match=f"--{flag.removeprefix('as_').replace('_', '-')}"):
        PushOptions(merge=MergeMode.SLOTS, **{flag: True})


def test_a_path_clashes_with_preserved_folders() -> None:
    with pytest.raises(InvalidInput, match="--path"):
        PushOptions(preserve_folders=True, path=RemotePath("/x"))


def test_a_dataset_that_is_not_there(world: World) -> None:
    world.hub.remove_dataset(world.dataset)
    with pytest.raises(DatasetNotFound):
        world.push()


def test_one_file_that_fails_stops_no_other(world: World) -> None:
    world.hub.faults.fail_when("put", lambda upload, _: upload.item_path == "/clip.mp4", Unavailable(), times=1)
    first = world.push(preserve_folders=True)
    assert [(issue.path, issue.stage) for issue in first.failed] == [("/photos/clip.mp4", "upload")]
    assert first.items == 2
    assert adds_up(world)
    second = world.push(preserve_folders=True)
    assert (second.items, sorted(second.present), second.is_complete) == (1, ["/day1/a.png", "/day2/a.png"], True)


def test_an_item_counts_when_all_its_slots_landed(world: World) -> None:
    world.files.tree = pictures("1.png", "2.png")
    world.hub.faults.fail_when("put", lambda upload, _: upload.slot.name == "1", Unavailable(), times=1)
    first = world.push(merge=MergeMode.SLOTS)
    assert (first.items, first.files) == (0, 1)
    assert world.items()["/photos"].status is ItemStatus.UPLOADING
    assert world.push(merge=MergeMode.SLOTS).items == 1


def test_a_full_disk_stops_and_what_was_sent_is_kept(world: World) -> None:
    world.files.tree = pictures("a.png", "b.png", "c.png")
    world.hub.faults.fail_when("put", lambda upload, _: upload.item_path == "/b.png", DiskFull("/hub"))
    with pytest.raises(DiskFull):
        world.push()
    assert {path: str(item.status) for path, item in world.items().items()} == {
        "/a.png": "new",
        "/b.png": "uploading",
        "/c.png": "uploading",
    }


def test_small_files_are_sent_together_where_the_hub_wants_them_so(world: World) -> None:
    world.files.tree = pictures(*(f"{number:03d}.png" for number in range(100)))
    world.files.tree[PHOTOS / "050.png"] = fake_image(1, 1) + bytes(MAX_OBJECT)
    world.hub.take_bundles()
    report = world.push()
    # Three full bundles, the large one alone, and what is left.
    assert world.runner.calls == 5
    assert (report.items, report.files, report.is_complete) == (100, 100, True)
    assert report.size == sum(map(len, world.files.tree.values())) == world.progress.size(TASK)
    assert adds_up(world)


def test_a_bundle_holds_so_many_bytes(world: World) -> None:
    world.files.tree = {PHOTOS / f"{number}.png": fake_image(1, 1) + bytes(200_000) for number in range(25)}
    world.hub.take_bundles()
    assert world.push().files == 25
    assert world.runner.calls == 3


def test_one_file_of_a_bundle_that_fails_stops_no_other(world: World) -> None:
    world.files.tree = pictures("a.png", "b.png", "c.png")
    world.hub.take_bundles()
    world.hub.faults.fail_when("put", lambda upload, _: upload.item_path == "/b.png", Unavailable(), times=1)
    report = world.push()
    assert world.runner.calls == 1
    assert [(issue.path, issue.stage) for issue in report.failed] == [("/photos/b.png", "upload")]
    assert report.items == 2
    assert adds_up(world)


def test_what_a_full_disk_took_of_a_bundle_is_kept(world: World) -> None:
    world.files.tree = pictures("a.png", "b.png")
    world.hub.take_bundles()
    world.hub.faults.fail_when("put", lambda upload, _: upload.item_path == "/b.png", DiskFull("/hub"))
    with pytest.raises(DiskFull):
        world.push()
    assert {path: str(item.status) for path, item in world.items().items()} == {
        "/a.png": "new",
        "/b.png": "uploading",
    }


@pytest.mark.parametrize("where", ["put", "map"])
def test_an_interrupted_push_keeps_what_it_finished(world: World, where: str) -> None:
    world.files.tree = pictures("a.png", "b.png")
    faults = world.hub.faults if where == "put" else world.runner.faults
    faults.fail_when(where, lambda work, *_: "/b.png" in str(work), KeyboardInterrupt(), times=1)
    with pytest.raises(KeyboardInterrupt):
        world.push()
    assert world.items()["/a.png"].status is ItemStatus.NEW
    again = world.push()
    assert (again.present, again.items) == (["/a.png"], 1)


class ClosedRunner(MemoryRunner):
    """Remembers that its results were closed."""

    closed = False

    def map(self, function, inputs):
        try:
            yield from super().map(function, inputs)
        finally:
            self.closed = True


def test_work_is_ended_before_a_failed_push_returns(world: World) -> None:
    world.files.tree = pictures(*(f"{number}.png" for number in range(300)))
    world.runner = ClosedRunner()
    world.hub.faults.fail("confirm", Unavailable(), times=None)
    with pytest.raises(Unavailable) as caught:
        world.push()
    # Looked at while the traceback still holds every frame: nothing is left to the garbage collector.
    assert caught.tb is not None
    assert world.runner.closed
    assert world.runner.calls == 250


def test_an_item_deleted_meanwhile_holds_back_no_other(world: World) -> None:
    world.files.tree = pictures("a.png", "b.png")

    def is_gone(uploads) -> bool:
        return any(upload.item_path == "/a.png" for upload in uploads)

    world.hub.faults.fail_when("confirm", is_gone, ObjectNotFound("upload", "1"))
    report = world.push()
    assert [(issue.path, issue.stage) for issue in report.failed] == [("/photos/a.png", "confirm")]
    assert report.items == 1
    assert adds_up(world)


def test_blocked_items_say_why(world: World) -> None:
    world.files.tree = pictures("a.png")
    register = world.hub.register

    class Desk:
        put, confirm = world.hub.put, world.hub.confirm

        def register(self, dataset, items, options):
            register(dataset, [], options)
            return Registration((), tuple(BlockedItem(one, BlockReason.UNKNOWN_TAGS, "'x'") for one in items))

    report = PushItems(world.hub, Desk(), world.files, world.runner, world.progress)(REFERENCE, [PHOTOS])
    assert [(issue.path, issue.reason) for issue in report.failed] == [("/a.png", "unknown tags 'x'")]
    assert adds_up(world)


def test_many_items_are_registered_in_batches(world: World) -> None:
    count = 2 * REGISTER_BATCH + 200
    world.files.tree = pictures(*(f"{number:05d}.png" for number in range(count)))
    batches: list[int] = []
    world.hub.faults.fail_when("register", lambda _, items, __: bool(batches.append(len(items))), OSError())
    report = world.push()
    assert (report.items, report.files, report.is_complete) == (count, count, True)
    assert batches == [REGISTER_BATCH, REGISTER_BATCH, 200]
    assert report.size == sum(map(len, world.files.tree.values())) == world.progress.size(TASK)
    assert adds_up(world)
    assert world.progress.events[-1] == Finished(TASK)
    assert len(world.push().present) == count


def test_progress_adds_up_when_nothing_is_new(world: World) -> None:
    world.files.tree = photos()
    world.push(preserve_folders=True)
    world.progress.events.clear()
    world.push(preserve_folders=True)
    assert adds_up(world)
