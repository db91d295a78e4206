from __future__ import annotations

import json

import pytest

from groundtruth.adapters.memory import fake_image, fake_video
from groundtruth.application.verify import VerifyRelease
from groundtruth.domain.errors import DiskFull, IntegrityError, Unavailable
from groundtruth.domain.placement import PlacementOptions
from groundtruth.ports.annotations import ImportMode
from groundtruth.ports.progress import Finished, Started, Warned
from support.world import REFERENCE, World, box, document


def pulled(world: World) -> dict[str, bytes]:
    """Media below `images/` by their path."""
    found = (path for path in world.images.rglob("*") if path.is_file())
    return {path.relative_to(world.images).as_posix(): path.read_bytes() for path in found}


def test_a_dataset_lives(world: World) -> None:
    pushed = world.push(preserve_folders=True)
    assert (pushed.items, pushed.is_complete, len(pushed.skipped)) == (3, True, 1)
    world.export()
    assert world.pull().is_complete
    assert pulled(world)["day1/a.png"] == fake_image(30, 20)
    assert pulled(world)["day2/a.png"] == fake_image(30, 21)
    assert VerifyRelease(world.library)(REFERENCE.at("0.1")).is_clean
    assert [event.task for event in world.progress.of(Started)] == ["push", "pull"]
    assert [event.task for event in world.progress.of(Finished)] == ["push", "pull"]


def test_nothing_is_asked_for_when_nothing_changed(world: World) -> None:
    world.push(preserve_folders=True)
    world.export()
    world.pull()
    world.hub.source.opened.clear()
    again = world.pull()
    assert again.up_to_date
    assert again.is_complete
    assert world.hub.source.opened == []


def test_a_file_that_was_changed_is_fetched_again(world: World) -> None:
    world.push(preserve_folders=True)
    world.export()
    world.pull()
    (world.images / "clip.mp4").write_bytes(b"scribble")
    again = world.pull()
    assert (again.fetched, again.present) == (1, 2)


def test_annotations_first_and_the_rest_later(world: World) -> None:
    world.push(preserve_folders=True)
    world.export()
    first = world.pull(only_annotations=True)
    assert (first.documents, first.fetched, pulled(world)) == (3, 0, {})
    assert world.progress.count("pull") == 3
    assert world.pull(only_annotations=True).up_to_date
    assert world.pull().fetched == 3
    assert world.pull(only_annotations=True).up_to_date


def test_other_options_are_another_pull(world: World) -> None:
    world.push(preserve_folders=True)
    world.export()
    world.pull()
    flat = world.pull(placement=PlacementOptions(use_folders=False))
    assert not flat.up_to_date
    assert {"a.png", "a_2.png"} <= set(pulled(world))
    assert "/day2/a.png: images/a.png is taken" in world.progress.of(Warned)[0].message


def test_a_document_that_is_invalid_stops_no_other(world: World) -> None:
    world.release(document("a.png", {"name": "car", "polygon": {"paths": "none"}}), document("b.png", box()))
    report = world.pull()
    assert report.published
    [problem] = report.problems
    assert problem.name == "0.json"
    assert "$.annotations[0].polygon" in problem.reason
    assert (report.documents, report.is_complete) == (1, False)
    assert not world.pull().up_to_date


def test_media_that_lack_keep_the_release_back(world: World) -> None:
    world.push(preserve_folders=True)
    world.export()
    world.transfer.faults.fail_when("fetch", lambda request: request.key == "clip.mp4", Unavailable(), times=1)
    first = world.pull()
    assert not first.published
    assert [problem.name for problem in first.problems] == ["clip.mp4"]
    assert world.library.release(REFERENCE.at("0.1")) is None
    second = world.pull()
    assert (second.fetched, second.present, second.is_complete) == (1, 2, True)


def test_media_that_lack_can_be_allowed(world: World) -> None:
    world.push(preserve_folders=True)
    world.export()
    world.transfer.faults.fail_when("fetch", lambda request: request.key == "clip.mp4", Unavailable(), times=1)
    report = world.pull(allow_missing=True, remove_extra=True)
    assert (report.published, report.is_complete, report.removed) == (True, False, ())
    assert [problem.name for problem in VerifyRelease(world.library)(REFERENCE).problems] == ["clip.mp4"]


def test_a_file_without_address_is_missing(world: World) -> None:
    slot = {"slot_name": "0", "type": "image", "source_files": [{"file_name": "a.png", "url": None}]}
    world.release(document("a.png", slots=[slot]))
    assert [problem.reason for problem in world.pull().problems] == ["the release gives no address for it"]


def test_a_damaged_release_leaves_the_earlier_pull_alone(world: World) -> None:
    world.push(preserve_folders=True)
    world.export()
    before = world.pull().local
    world.hub.faults.fail("document", IntegrityError("document"))
    with pytest.raises(IntegrityError):
        world.pull(force=True)
    assert world.library.release(REFERENCE) == before


def test_a_full_disk_stops_the_pull(world: World) -> None:
    world.push(preserve_folders=True)
    world.export()
    world.transfer.faults.fail("fetch", DiskFull("/data"))
    with pytest.raises(DiskFull):
        world.pull()
    assert world.pull().is_complete


def test_extra_files_are_removed(world: World) -> None:
    world.library.case_sensitive = False
    world.put(A=fake_image(1, 2), b=fake_image(2, 1))
    world.push()
    world.export()
    world.pull()
    (world.images / "left").mkdir()
    (world.images / "left" / "over.png").write_bytes(b"")
    report = world.pull(remove_extra=True)
    assert report.removed == ("left/over.png",)
    assert set(pulled(world)) == {"A.png", "b.png"}


def test_force_looks_at_the_content(world: World) -> None:
    world.push(preserve_folders=True)
    world.export()
    world.pull()
    report = world.pull(force=True)
    assert (report.up_to_date, report.fetched, report.present) == (False, 0, 3)


@pytest.mark.parametrize("case_sensitive", [True, False])
def test_names_that_differ_in_case_only(world: World, case_sensitive: bool) -> None:
    world.library.case_sensitive = case_sensitive
    world.put(A=fake_image(1, 2), a=fake_image(2, 1))
    world.push()
    world.export()
    world.pull()
    documents = sorted(path.name for path in world.library.annotation_files(world.library.release(REFERENCE)))
    assert sorted(pulled(world).values()) == sorted([fake_image(1, 2), fake_image(2, 1)])
    assert documents == (["A.json", "a.json"] if case_sensitive else ["A.json", "a_2.json"])


def test_items_of_one_stem_have_documents_of_their_own(world: World) -> None:
    world.release(*(document(name) for name in ("a.png", "a.jpg", "a_2.png")))
    assert world.pull().documents == 3
    names = [path.name for path in world.library.annotation_files(world.library.release(REFERENCE))]
    assert len(set(names)) == 3


@pytest.mark.parametrize("file_first", [True, False])
def test_a_file_where_another_needs_a_folder(world: World, file_first: bool) -> None:
    single = document("a.png", path="/x", slots=[world.slot("a.png", b"single")])
    slots = [world.slot("l.png", b"left", "0"), world.slot("r.png", b"right", "1")]
    several = document("a.png", path="/y", slots=slots)
    flat = PlacementOptions(use_folders=False)
    world.release(*((single, several) if file_first else (several, single)))
    assert world.pull(placement=flat).is_complete
    file, folder = ("a.png", "a.png_2") if file_first else ("a_2.png", "a.png")
    assert pulled(world) == {file: b"single", f"{folder}/0/l.png": b"left", f"{folder}/1/r.png": b"right"}


def test_frames_by_address_keep_their_folders_apart(world: World) -> None:
    def video(name: str) -> bytes:
        urls = [world.hub.source.add(f"{name} {number}".encode()) for number in range(2)]
        return document(name, slots=[{"slot_name": "0", "type": "video", "source_files": [], "frame_urls": urls}])

    world.release(video("clip.mp4"), video("clip.mov"))
    assert world.pull(placement=PlacementOptions(video_frames=True)).is_complete
    assert pulled(world) == {
        "clip/0000000.png": b"clip.mp4 0",
        "clip/0000001.png": b"clip.mp4 1",
        "clip_2/0000000.png": b"clip.mov 0",
        "clip_2/0000001.png": b"clip.mov 1",
    }


def test_videos_become_frames(world: World) -> None:
    world.push(preserve_folders=True)
    world.export()
    report = world.pull(placement=PlacementOptions(video_frames=True), remove_extra=True)
    assert report.is_complete
    frames = [path for path in pulled(world) if path.startswith("clip/")]
    assert sorted(frames) == [f"clip/{number:07d}.png" for number in range(6)]


def test_frames_of_two_releases_do_not_mix(world: World) -> None:
    frames = PlacementOptions(video_frames=True)
    for name, width in (("1", 10), ("2", 20)):
        slot = world.slot("c.mp4", fake_video(width, 8, 3, 1.0), kind="video")
        world.release(document("c.mp4", slots=[slot]), name=name)
        assert world.pull(name, placement=frames).is_complete
        assert VerifyRelease(world.library)(REFERENCE.at(name)).is_clean
    assert all(content.startswith(b"groundtruth fake image 20") for content in pulled(world).values())


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "no address"), (b"no video", "is not a video")], ids=["none", "odd"]
)
def test_a_video_that_gives_no_frames(world: World, content: bytes | None, reason: str) -> None:
    slot = world.slot("c.mp4", content or b"", kind="video")
    slot["source_files"] = slot["source_files"] if content else []
    world.release(document("c.mp4", slots=[slot]))
    report = world.pull(placement=PlacementOptions(video_frames=True))
    assert (report.published, report.is_complete) == (True, False)
    assert reason in report.problems[0].reason


def test_a_full_disk_stops_the_cutting_of_frames(world: World) -> None:
    world.push(preserve_folders=True)
    world.export()
    world.frames.faults.fail("extract", DiskFull("/data"))
    with pytest.raises(DiskFull):
        world.pull(placement=PlacementOptions(video_frames=True))


def test_classes_are_listed_and_metadata_comes_along(world: World) -> None:
    tag = {"name": "night", "slot_names": ["0"], "tag": {}}
    line = {"name": "lane", "line": {"path": [{"x": 0, "y": 0}, {"x": 1, "y": 1}]}}
    documents = [document("a.png", box("car"), box("bus"), tag), document("b.png", box("car"), line)]
    metadata = {"version": "1.0", "classes": [], "properties": []}
    world.release(*documents, metadata=json.dumps(metadata).encode())
    local = world.pull().local
    assert local is not None
    lists = {path.name: path.read_text() for path in (local.path / "lists").iterdir()}
    assert lists == {"classes_bounding_box.txt": "bus\ncar", "classes_tag.txt": "night"}
    assert json.loads((local.path / "annotations/.v7/metadata.json").read_text()) == metadata


def test_only_the_newest_release_is_the_latest(world: World) -> None:
    world.push(preserve_folders=True)
    world.export("old")
    world.clock.advance(60)
    world.export("new")
    world.pull("old")
    assert world.library.release(REFERENCE) is None
    assert world.pull("latest").release.name == "new"
    assert world.library.release(REFERENCE).path.name == "new"
    world.pull("old")
    assert world.library.release(REFERENCE).path.name == "new"


def test_annotations_come_back_as_they_were(world: World) -> None:
    world.push(preserve_folders=True)
    item = world.items()["/day1/a.png"]
    annotations = world.codec.read(document("a.png", box(future=1))).annotations
    world.hub.import_annotations(world.dataset, item.id, annotations, (), ImportMode.APPEND)
    world.export()
    local = world.pull().local
    assert local is not None
    found = [json.loads(path.read_text()) for path in world.library.annotation_files(local)]
    [kept] = [one for document in found for one in document["annotations"]]
    assert (kept["bounding_box"], kept["future"]) == ({"x": 1, "y": 2, "w": 3, "h": 4}, 1)
