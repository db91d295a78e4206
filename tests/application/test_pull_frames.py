"""Frames, parts and places of pulled media (reference: V7 Darwin, sections 7.5 and 7.6)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from groundtruth.adapters.memory import fake_image, fake_video
from groundtruth.adapters.memory.source import MemorySource, MemoryStream
from groundtruth.application.parts import LARGEST_LIST
from groundtruth.domain.errors import DiskFull, MissingExtra, ObjectNotFound, Unavailable
from groundtruth.domain.placement import PlacementOptions
from groundtruth.ports.progress import Warned
from support.world import REFERENCE, World, box, document

FRAMES = PlacementOptions(video_frames=True)
MANIFEST = b"0:0:1:0\n1:0:0:1\n2:0:1:2\n", b"0:1:0:0\n1:1:1:1\n2:1:1:2\n"


def pulled(world: World) -> dict[str, bytes]:
    """Media below `images/` by their path."""
    found = (path for path in world.images.rglob("*") if path.is_file())
    return {path.relative_to(world.images).as_posix(): path.read_bytes() for path in found}


def long_video(world: World, manifests: tuple[bytes, ...] = MANIFEST, count: int = 2, **slot: Any) -> bytes:
    """A document of a video in segments of three frames each."""
    segments = [world.hub.source.add(fake_video(8, 6, 3, 1.0), f"segment {number}") for number in range(count)]
    lists = [world.hub.source.add(data, f"manifest {number}") for number, data in enumerate(manifests)]
    described = {
        "slot_name": "0",
        "type": "video",
        "source_files": [{"file_name": "v.mp4", "url": world.hub.source.add(b"the whole", "whole")}],
        "segments": [{"url": url, "duration": 3.0} for url in segments],
        "frame_manifests": [{"url": url} for url in lists],
    }
    return document("v.mp4", path="/d", slots=[{**described, **slot}])


def opened(world: World, kind: str) -> list[str]:
    return [url for url in world.hub.source.opened if url.startswith(f"memory:{kind}")]


# --- long videos ------------------------------------------------------------------------------------


def test_visible_frames_of_all_segments(world: World) -> None:
    world.release(long_video(world))
    report = world.pull(placement=FRAMES, remove_extra=True)
    assert (report.is_complete, report.fetched, report.removed) == (True, 4, ())
    assert sorted(pulled(world)) == [f"d/v/{number:07d}.png" for number in range(4)]
    assert [data.split(b", ")[1].split(b" of")[0] for _, data in sorted(pulled(world).items())] == [
        b"frame 0", b"frame 2", b"frame 1", b"frame 2",
    ]  # fmt: skip
    assert opened(world, "whole") == []


def test_without_frames_the_source_is_pulled(world: World) -> None:
    world.release(long_video(world))
    assert world.pull().is_complete
    assert pulled(world) == {"d/v.mp4": b"the whole"}


def test_only_segments_that_lack_frames_are_fetched_again(world: World) -> None:
    world.release(long_video(world))
    world.transfer.faults.fail_when("fetch", lambda request: "segment 1" in request.key, Unavailable(), times=1)
    first = world.pull(placement=FRAMES)
    assert (first.published, first.fetched) == (False, 2)
    assert first.problems[0].name == "d/v, segment 1"
    second = world.pull(placement=FRAMES)
    assert (second.is_complete, second.fetched, second.present) == (True, 2, 2)
    assert len(opened(world, "segment%200")) == len(opened(world, "segment%201")) == 1
    (world.images / "d/v/0000001.png").unlink()
    third = world.pull(placement=FRAMES)
    assert (third.fetched, third.present) == (1, 3)
    assert (len(opened(world, "segment%200")), len(opened(world, "segment%201"))) == (2, 1)


def test_a_segment_is_dropped_when_it_is_cut(world: World) -> None:
    world.release(long_video(world))
    left: list[list[Path]] = []
    scratch = world.library.root / ".staging"

    def look(segment: Path, *_: object) -> bool:
        left.append([path for path in scratch.rglob("*") if path.is_file()])
        return False

    world.frames.faults.fail_when("extract_segment", look, Unavailable())
    assert world.pull(placement=FRAMES).is_complete
    assert [len(files) for files in left] == [1, 1]


@pytest.mark.parametrize(
    ("manifests", "count", "reason"),
    [
        ((b"",), 2, "is empty"),
        ((MANIFEST[0], b""), 2, "manifest 1 at $: is empty"),
        ((), 2, "no frame manifest"),
        ((b"0:0:1\n",), 2, "line 1"),
        (MANIFEST, 1, "names 2 segments, and the release has 1"),
        ((b"5:0:1:0\n",), 1, "ends before its last visible frame"),
        ((b"\xff\xfe",), 2, "line 1"),
    ],
)
def test_a_video_that_makes_no_sense_is_told(
    world: World, manifests: tuple[bytes, ...], count: int, reason: str
) -> None:
    world.release(long_video(world, manifests, count), document("b.png", slots=[world.slot("b.png", b"b")]))
    report = world.pull(placement=FRAMES)
    [problem] = report.problems
    assert problem.name.startswith("d/v")
    assert reason in problem.reason
    assert (report.published, report.documents) == (True, 2)
    assert pulled(world) == {"b.png": b"b"}


def test_a_manifest_that_cannot_be_had_keeps_the_release_back(world: World) -> None:
    world.release(long_video(world))
    world.transfer.faults.fail_when("fetch", lambda request: "manifest" in request.key, ObjectNotFound(), times=1)
    assert not world.pull(placement=FRAMES).published
    assert world.pull(placement=FRAMES).is_complete


def test_a_full_disk_stops_a_long_video(world: World) -> None:
    world.release(long_video(world))
    world.frames.faults.fail("extract_segment", DiskFull("/data"))
    with pytest.raises(DiskFull):
        world.pull(placement=FRAMES)


@pytest.mark.parametrize("long", [True, False])
def test_without_a_decoder_nothing_is_fetched(world: World, long: bool) -> None:
    video = long_video(world) if long else document("c.mp4", slots=[world.slot("c.mp4", b"v", kind="video")])
    world.release(document("b.png", slots=[world.slot("b.png", b"b")]), video)
    world.hub.source.opened.clear()
    world.frames.faults.fail("check", MissingExtra("video frames", "video"))
    with pytest.raises(MissingExtra):
        world.pull(placement=FRAMES)
    assert world.hub.source.opened == []
    assert world.pull().is_complete


def test_frames_by_address_need_no_decoder(world: World) -> None:
    urls = [world.hub.source.add(b"frame")]
    slot = {"slot_name": "0", "type": "video", "source_files": [], "frame_urls": urls}
    world.release(document("c.mp4", slots=[slot]), b"{not json")
    world.frames.faults.fail("check", MissingExtra("video frames", "video"))
    assert world.pull(placement=FRAMES).fetched == 1


def test_a_video_cut_half_way_is_gone_on_with(world: World) -> None:
    world.release(document("c.mp4", slots=[world.slot("c.mp4", fake_video(8, 6, 5, 1.0), kind="video")]))
    world.frames.faults.fail_when("frame", lambda video, number: number == 3, DiskFull("/data"), times=1)
    with pytest.raises(DiskFull):
        world.pull(placement=FRAMES)
    report = world.pull(placement=FRAMES)
    assert (report.is_complete, report.fetched, report.present) == (True, 2, 3)


# --- packed grey ------------------------------------------------------------------------------------


def packed(world: World, data: bytes, colorspace: str = "RG16") -> bytes:
    urls = [world.hub.source.add(data, f"frame {number}") for number in range(2)]
    slot = {"slot_name": "0", "type": "dicom", "source_files": [], "frame_urls": urls}
    return document("ct.dcm", slots=[{**slot, "metadata": {"colorspace": colorspace}}])


def test_packed_frames_become_grey_once(world: World) -> None:
    world.release(packed(world, fake_image(4, 3, "packed")))
    assert world.pull(placement=FRAMES).fetched == 2
    assert set(pulled(world).values()) == {fake_image(4, 3, "grey")}
    (world.images / "ct/0000001.png").unlink()
    again = world.pull(placement=FRAMES)
    assert (again.fetched, again.present) == (1, 1)
    assert set(pulled(world).values()) == {fake_image(4, 3, "grey")}


def test_other_frames_stay_as_they_are(world: World) -> None:
    world.release(packed(world, fake_image(4, 3, "packed"), "RGB"))
    world.pull(placement=FRAMES)
    assert set(pulled(world).values()) == {fake_image(4, 3, "packed")}


def test_a_packed_frame_that_is_no_picture_is_told(world: World) -> None:
    world.release(packed(world, b"no picture"))
    report = world.pull(placement=FRAMES)
    assert [problem.name for problem in report.problems] == ["ct/0000000.png", "ct/0000001.png"]
    assert report.published


# --- files in parts ---------------------------------------------------------------------------------


@attrs.define
class TypedStream(MemoryStream):
    content_type: str = ""


@attrs.define
class TypedSource(MemorySource):
    """A source that says of some addresses what they hold."""

    kinds: dict[str, str] = attrs.field(factory=dict)

    def open(self, url: str, start: int = 0, validator: str | None = None) -> MemoryStream:
        stream = super().open(url, start, validator)
        return TypedStream(stream.start, stream.validator, url, stream._data, self, False, self.kinds.get(url, ""))


def in_parts(world: World, answer: bytes, name: str = "m.mp4", kind: str = "application/json; charset=utf-8") -> None:
    source = TypedSource()
    source.objects = world.hub.source.objects
    world.transfer.source = source
    url = source.add(answer, "list")
    source.kinds[url] = kind
    file = {"file_name": name, "url": url}
    world.release(document(name, slots=[{"slot_name": "0", "type": "video", "source_files": [file]}]))


def parts(world: World, *names: str) -> bytes:
    urls = [f"{world.hub.source.add(name.encode(), f'x/{name}')}?sig=1" for name in names]
    return json.dumps({"urls": urls}).encode()


def test_a_list_of_parts_becomes_a_folder(world: World) -> None:
    in_parts(world, parts(world, "p0.mp4", "p1.mp4"))
    report = world.pull(remove_extra=True)
    assert (report.is_complete, report.fetched, report.removed) == (True, 2, ())
    assert pulled(world) == {"m/p0.mp4": b"p0.mp4", "m/p1.mp4": b"p1.mp4"}


def test_parts_of_one_name_are_all_kept(world: World) -> None:
    answer = json.dumps({"urls": [world.hub.source.add(data, f"{data!r}/p") for data in (b"1", b"2")]}).encode()
    in_parts(world, answer, name="m")
    assert world.pull().is_complete
    assert pulled(world) == {"m/p": b"1", "m/p_2": b"2"}


@pytest.mark.parametrize(
    ("name", "kind"), [("m.json", "application/json"), ("m.mp4", "video/mp4"), ("m.mp4", ""), ("m.JSON", "text/json")]
)
def test_json_that_was_asked_for_is_a_file(world: World, name: str, kind: str) -> None:
    answer = parts(world, "p0.mp4")
    in_parts(world, answer, name, kind)
    assert world.pull().is_complete
    assert pulled(world) == {name: answer}


NO_LISTS = (b"", b"{", b"[]", b"{}", b'{"urls": []}', b'{"urls": [1]}', b'{"urls": "x"}', b'{"error": "no"}')


@pytest.mark.parametrize("answer", [*NO_LISTS, b"[" * 100_000, b" " * (LARGEST_LIST + 1)], ids=range(10))
def test_json_that_is_no_list_is_no_file(world: World, answer: bytes) -> None:
    in_parts(world, answer)
    report = world.pull()
    assert not report.published
    assert [problem.name for problem in report.problems] == ["m.mp4"]
    assert pulled(world) == {}


def test_a_part_that_is_a_list_again_is_not_followed(world: World) -> None:
    in_parts(world, parts(world, "p0"))
    source = world.transfer.source
    assert isinstance(source, TypedSource)
    source.kinds[json.loads(source.objects["memory:list"])["urls"][0]] = "application/json"
    assert world.pull().is_complete
    assert pulled(world) == {"m/p0": b"p0"}


# --- places -----------------------------------------------------------------------------------------


def test_a_folder_where_another_release_has_a_file(world: World) -> None:
    world.release(document("a.png", slots=[world.slot("a.png", b"single")]), name="1")
    world.pull("1")
    several = [world.slot("l.png", b"left", "0"), world.slot("r.png", b"right", "1")]
    world.release(document("a.png", slots=several), name="2")
    report = world.pull("2")
    assert report.is_complete
    assert pulled(world) == {"a.png": b"single", "a.png_2/0/l.png": b"left", "a.png_2/1/r.png": b"right"}
    assert "images/a.png/0/l.png is taken by what is there" in world.progress.of(Warned)[0].message
    assert world.library.is_intact(world.library.release(REFERENCE.at("1")))


def test_a_file_where_another_release_has_a_folder(world: World) -> None:
    several = [world.slot("l.png", b"left", "0"), world.slot("r.png", b"right", "1")]
    world.release(document("a.png", slots=several), name="1")
    world.pull("1")
    world.release(document("a.png", slots=[world.slot("a.png", b"single")]), name="2")
    assert world.pull("2").is_complete
    assert pulled(world)["a_2.png"] == b"single"
    assert world.library.is_intact(world.library.release(REFERENCE.at("1")))


# --- documents --------------------------------------------------------------------------------------


def test_documents_say_where_their_files_are(world: World) -> None:
    url = world.hub.source.add(b"a")
    world.release(document("a.png", box(), path="/d", slots=[world.slot("raw.jpg", b"a")]))
    local = world.pull().local
    assert local is not None
    [path] = world.library.annotation_files(local)
    [file] = json.loads(path.read_bytes())["item"]["slots"][0]["source_files"]
    assert file == {"file_name": "raw.jpg", "url": url, "local_path": str(world.images / "d/a.jpg")}
    assert Path(file["local_path"]).read_bytes() == b"a"
    assert world.library.is_intact(local)
    untouched = world.pull(local_paths=False).local
    assert untouched is not None
    assert path.read_bytes() == document("a.png", box(), path="/d", slots=[world.slot("raw.jpg", b"a")])
    assert world.pull(local_paths=False).up_to_date


def test_what_has_no_annotations_is_no_annotation_document(world: World) -> None:
    world.release(document("a.png", box()), b'{"item": {"name": "b.png", "path": "/"}}', b"[]")
    report = world.pull()
    assert report.documents == 1
    assert [problem.name for problem in report.problems] == ["2.json"]
    assert "1.json is left out" in world.progress.of(Warned)[0].message


def test_files_that_make_no_whole_come_with_force(world: World) -> None:
    slot = world.slot("a.png", b"a")
    slot["source_files"].append({"file_name": "b.png", "url": world.hub.source.add(b"b")})
    world.release(document("mix", slots=[slot]))
    report = world.pull()
    assert (report.published, report.documents, pulled(world)) == (True, 1, {})
    assert "neither all .dcm nor a video" in report.problems[0].reason
    assert world.pull(force=True).is_complete
    assert pulled(world) == {"mix/0/a.png": b"a", "mix/0/b.png": b"b"}


# --- what is here already ---------------------------------------------------------------------------


def test_an_interrupted_pull_is_gone_on_with_where_hubs_tell_no_digests(world: World) -> None:
    documents = [document(f"{n}.png", slots=[world.slot(f"{n}.png", str(n).encode())]) for n in range(4)]
    world.release(*documents)
    world.transfer.faults.fail_when("fetch", lambda request: request.key == "3.png", DiskFull("/data"), times=1)
    with pytest.raises(DiskFull):
        world.pull()
    world.hub.source.opened.clear()
    report = world.pull()
    assert (report.is_complete, report.fetched, report.present) == (True, 1, 3)
    assert len(world.hub.source.opened) == 1


def test_the_next_release_shares_what_it_has_in_common(world: World) -> None:
    def release(name: str, *tokens: str) -> None:
        slots = [world.slot(f"{n}.png", str(n).encode()) for n in range(3)]
        for slot, token in zip(slots, tokens, strict=True):
            slot["source_files"][0]["url"] += token
        world.release(*(document(f"{n}.png", slots=[slot]) for n, slot in enumerate(slots)), name=name)

    release("1", "?token=a", "?token=a", "?size=1&token=a")
    assert world.pull("1").fetched == 3
    release("2", "?token=b", "?token=b", "?size=2&token=b")
    report = world.pull("2")
    assert (report.fetched, report.present) == (1, 2)
    assert world.pull("2", force=True).fetched == 3
