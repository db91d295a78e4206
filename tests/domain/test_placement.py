from __future__ import annotations

import itertools
import json
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.digest import Digest
from groundtruth.domain.errors import InvalidInput
from groundtruth.domain.item import ItemDescription, Slot, SourceFile
from groundtruth.domain.names import safe_component
from groundtruth.domain.placement import (
    FRAME_PATTERN,
    PlacedFile,
    PlacedFrames,
    PlacementOptions,
    document_name,
    folder_of,
    free_name,
    place,
)

FLAGS = ("use_folders", "force_slots", "ignore_slots", "video_frames")
ALL_OPTIONS = [PlacementOptions(*flags) for flags in itertools.product([True, False], repeat=len(FLAGS))]

hostile = st.text(st.characters(exclude_categories=()), max_size=30) | st.sampled_from(
    [
        "..",
        ".",
        "",
        "/",
        "../..",
        "/etc/passwd",
        "C:\\x",
        "a\x00b",
        "line\nbreak",
        "🦊" * 100,
        "A.JPG",
        "a.jpg",
        "nul",
    ]
)
kinds = st.sampled_from(["image", "video", "dicom", "pdf", "odd"])
sources = st.builds(SourceFile, hostile | st.sampled_from(["1.dcm", "2.dcm", "v.mp4"]), st.none() | hostile)
slots = st.builds(Slot, hostile, kinds, source_files=st.lists(sources, max_size=3).map(tuple))
items = st.builds(ItemDescription, hostile, hostile, slots=st.lists(slots, max_size=3).map(tuple))


def slot(name: str, *files: str, kind: str = "image") -> Slot:
    """A slot with these source files, each at its own URL."""
    return Slot(name, kind, source_files=tuple(SourceFile(file, f"u:{name}/{file}") for file in files))


def targets(item: ItemDescription, **options: bool) -> list[str]:
    """Where the files and frames of an item go; frames end in a slash."""
    return [
        str(one.target) if isinstance(one, PlacedFile) else f"{one.folder}/"
        for one in place(item, PlacementOptions(**options))
    ]


PHOTO = ItemDescription("photo.png", "/day1", slots=(slot("0", "raw.jpg"),))
PAIR = ItemDescription("pair", "/", slots=(slot("10", "r.png"), slot("2", "l.png")))
SERIES = ItemDescription("scan.dcm", "/", slots=(slot("0", "1.dcm", "2.DCM", kind="dicom"),))
CLIP = ItemDescription("clip.mp4", "/a/b", slots=(slot("0", "clip.mp4", kind="video"),))


@pytest.mark.parametrize(
    ("item", "options", "expected"),
    [
        (PHOTO, {}, ["day1/photo.jpg"]),
        (PHOTO, {"use_folders": False}, ["photo.jpg"]),
        (PHOTO, {"force_slots": True}, ["day1/photo.png/0/raw.jpg"]),
        (PHOTO, {"video_frames": True}, ["day1/photo.jpg"]),
        (PAIR, {}, ["pair/10/r.png", "pair/2/l.png"]),
        (PAIR, {"ignore_slots": True}, ["pair.png"]),
        (PAIR, {"ignore_slots": True, "force_slots": True}, ["pair.png"]),
        (SERIES, {}, ["scan.dcm/0/1.dcm", "scan.dcm/0/2.DCM"]),
        (SERIES, {"ignore_slots": True}, ["scan.dcm"]),
        (SERIES, {"video_frames": True}, ["scan.dcm/0/"]),
        (CLIP, {}, ["a/b/clip.mp4"]),
        (CLIP, {"video_frames": True}, ["a/b/clip/"]),
        (CLIP, {"video_frames": True, "use_folders": False}, ["clip/"]),
        (CLIP, {"video_frames": True, "force_slots": True}, ["a/b/clip.mp4/0/"]),
        (ItemDescription("scan.nii.gz", slots=(slot("0", "raw.nii.gz"),)), {}, ["scan.nii.gz"]),
        (ItemDescription("empty"), {}, []),
        (ItemDescription("no files", slots=(slot("0"),)), {}, []),
    ],
)
def test_targets(item: ItemDescription, options: dict[str, bool], expected: list[str]) -> None:
    assert targets(item, **options) == expected


def test_a_placed_file_carries_what_is_known() -> None:
    digest = Digest("0" * 64)
    source = SourceFile("raw.jpg", "https://files.test/1", size=12, digest=digest)
    item = ItemDescription("a.png", slots=(Slot("0", "image", source_files=(source,)),))
    assert list(place(item, PlacementOptions())) == [
        PlacedFile(PurePosixPath("a.jpg"), "https://files.test/1", 12, digest)
    ]


def test_a_video_with_a_frame_of_it_counts_as_one_file() -> None:
    item = ItemDescription("dog.mp4", slots=(slot("0", "frame.png", "v.mp4"),))
    assert targets(item) == ["dog.png"]
    assert targets(item, force_slots=True) == ["dog.mp4/0/frame.png", "dog.mp4/0/v.mp4"]


@pytest.mark.parametrize("files", [("a.png", "b.png"), ("1.dcm", "b.png"), ("a.mp4", "b.mp4", "c.png")])
def test_files_that_make_no_whole_are_refused(files: tuple[str, ...]) -> None:
    item = ItemDescription("mix", "/day1", slots=(slot("0", *files),))
    with pytest.raises(InvalidInput) as caught:
        list(place(item, PlacementOptions()))
    assert "slot '0' of item '/day1/mix'" in caught.value.message
    assert targets(item, ignore_slots=True) == [f"day1/mix{PurePosixPath(files[0]).suffix}"]
    taken = [str(one.target) for one in place(item, PlacementOptions(), strict=False) if isinstance(one, PlacedFile)]
    assert taken == [f"day1/mix/0/{file}" for file in files]


def test_a_slot_folder_needs_a_name() -> None:
    item = ItemDescription("a", slots=(slot("", "a.png"), slot("1", "b.png")))
    with pytest.raises(InvalidInput) as caught:
        list(place(item, PlacementOptions()))
    assert "'/a' needs a folder and has no name" in caught.value.message
    assert targets(item, ignore_slots=True) == ["a.png"]


@pytest.mark.parametrize(
    ("name", "file", "target"),
    [
        ("scan.2021.03", "raw.dcm", "scan.2021.dcm"),
        (".cat", ".cat", ".cat"),
        (".cat.png", "x.png", ".cat.png"),
        ("..png", "a.png", "..png"),
        ("end.", "a.png", "end..png"),
        ("north-up.PNG", "north.png", "north-up.png"),
        ("a.tar.gz", "b.tar.gz", "a.tar.gz"),
        ("cat.nii.gz", "x.nii.gz", "cat.nii.gz"),
        ("cat.NII.GZ", "x.nii.gz", "cat.nii.gz"),
        ("cat.nii.gz", "x.NII.GZ", "cat.nii.GZ"),
        ("cat.nii.gz", "x.dcm", "cat.nii.dcm"),
        ("short", "x.nii.gz", "short.nii.gz"),
        ("long name", "x.nii.gz", "long name.nii.gz"),
        ("a/b.png", "x.png", "a_b.png"),
    ],
)
def test_names_of_single_files(name: str, file: str, target: str) -> None:
    assert targets(ItemDescription(name, slots=(slot("0", file),))) == [target]


@pytest.mark.parametrize(
    ("name", "document"),
    [
        ("cat.nii.gz", "cat.nii.json"),
        ("a.v1.png", "a.v1.json"),
        ("..", "...json"),
        (".cat", ".cat.json"),
        ("a/b.png", "a_b.json"),
        ("ü" * 200 + ".png", document_name("ü" * 200)),
    ],
)
def test_names_of_documents(name: str, document: str) -> None:
    assert document_name(name) == safe_component(document) == document


def test_frames_without_folders_are_named_like_the_document() -> None:
    flat = PlacementOptions(use_folders=False, video_frames=True)
    [frames] = place(CLIP, flat, "clip_2.json")
    assert isinstance(frames, PlacedFrames)
    assert str(frames.folder) == "clip_2"


@pytest.mark.parametrize(
    ("path", "folder"),
    [("/", "."), ("", "."), ("/a/b", "a/b"), ("a//./b/", "a/b"), ("/../x", "_../x"), ("/a\\b/c:d", "a_b/c:d")],
)
def test_folders(path: str, folder: str) -> None:
    assert str(folder_of(ItemDescription("x", path), use_folders=True)) == folder
    assert str(folder_of(ItemDescription("x", path), use_folders=False)) == "."


@given(items, st.sampled_from(ALL_OPTIONS))
def test_no_target_escapes(item: ItemDescription, options: PlacementOptions) -> None:
    try:
        placed = list(place(item, options))
    except InvalidInput:
        return
    for one in placed:
        target = one.target if isinstance(one, PlacedFile) else one.folder / FRAME_PATTERN.format(0)
        assert not target.is_absolute()
        assert target.parts
        assert all(part == safe_component(part) for part in target.parts)
        assert Path("/images", *target.parts).parts[:2] == ("/", "images")


@given(items)
def test_without_frames_every_source_has_its_address(item: ItemDescription) -> None:
    try:
        placed = list(place(item, PlacementOptions(force_slots=True)))
    except InvalidInput:
        return
    wanted = [source.url for slot in sorted(item.slots, key=lambda slot: slot.name) for source in slot.source_files]
    assert [one.url for one in placed if isinstance(one, PlacedFile)] == wanted


def test_keys_differ_where_layouts_do() -> None:
    keys: dict[str, list[list[str]]] = {}
    examples = (PHOTO, PAIR, SERIES, CLIP)
    for options in ALL_OPTIONS:
        chosen = {name: getattr(options, name) for name in FLAGS}
        keys.setdefault(options.key, []).append([target for item in examples for target in targets(item, **chosen)])
    assert all(layout == same[0] for same in keys.values() for layout in same)
    layouts = [tuple(same[0]) for same in keys.values()]
    assert len(set(layouts)) == len(layouts) == 12
    assert PlacementOptions(use_folders=False).key == "flat"


# --- against the golden cases ------------------------------------------------------------------------

DEVIATIONS = {
    "bad_long_name": "a name of over 255 bytes is cut instead of failing",
    "video_frames_no_cv2": "that decoders are installed is checked elsewhere",
}
"""Cases without `quirk` in which groundtruth places otherwise, on purpose."""


def golden_item(document: dict) -> ItemDescription:
    """The item of a golden document, read without the codec that is tested elsewhere."""
    item = document["item"]
    slots = [
        Slot(
            slot["slot_name"],
            slot["type"],
            source_files=tuple(
                SourceFile(file["file_name"], file.get("url")) for file in slot.get("source_files", [])
            ),
            frame_urls=tuple(slot.get("frame_urls", [])),
        )
        for slot in item.get("slots", [])
    ]
    return ItemDescription(item["name"], item["path"], slots=tuple(slots))


def placed_urls(item: ItemDescription, options: PlacementOptions, strict: bool) -> set[tuple[str | None, str]]:
    """Address and target of everything an item is placed as."""
    found: set[tuple[str | None, str]] = set()
    for one in place(item, options, strict=strict):
        if isinstance(one, PlacedFrames):
            urls = enumerate(one.slot.frame_urls)
            found |= {(url, str(one.folder / FRAME_PATTERN.format(number))) for number, url in urls}
        else:
            found.add((one.url, str(one.target)))
    return found


def test_golden_cases(vectors: Path) -> None:
    root = vectors / "darwin" / "pull_layout"
    checked = 0
    for path in sorted((root / "cases").glob("*.json")):
        case = json.loads(path.read_text())
        if case.get("quirk") or case["id"] in DEVIATIONS or case["options"].get("only_annotations"):
            continue
        options = PlacementOptions(**{name: value for name, value in case["options"].items() if name in FLAGS})
        documents = [
            json.loads(one.read_text()) for one in sorted((root / "releases" / case["release"]).glob("*.json"))
        ]
        items = [golden_item(document) for document in documents if "annotations" in document]
        strict = not case["options"].get("force_replace", False)
        if case["id"] in {"bad_mixed", "bad_slot_name"}:
            with pytest.raises(InvalidInput):
                [list(place(item, options)) for item in items]
            continue
        if case["expected"]["error"]:
            continue  # what fails there comes after placement
        prefix = "$DATASETS/team/set/images/"
        planned = [one for one in case["expected"]["planned"] if one[0] != "segment"]
        expected = {(url, target.removeprefix(prefix)) for _, url, target in planned}
        assert set().union(*(placed_urls(item, options, strict) for item in items)) == expected, case["id"]
        checked += 1
    assert checked > 30


# --- free names -------------------------------------------------------------------------------------


def test_free_names() -> None:
    taken: set[str] = set()
    names = [free_name(name, taken) for name in ("a.jpg", "a.jpg", "A.jpg", "a.jpg", "b", "b", "d.1/a", "d.1/a")]
    assert names == ["a.jpg", "a_2.jpg", "A.jpg", "a_3.jpg", "b", "b_2", "d.1/a", "d.1/a_2"]
    assert taken == set(names)


def test_names_that_are_numbered_already() -> None:
    taken: set[str] = set()
    names = [free_name(name, taken) for name in ("a", "a_2", "a", "a_3", "a", "a_2", "scan.nii.gz", "scan.nii.gz")]
    assert names[:2] == ["a", "a_2"]
    assert len(set(names)) == len(names)
    assert names[-1] == "scan_2.nii.gz"


def test_folded_names_differ_in_more_than_case() -> None:
    taken: set[str] = set()
    names = [free_name(name, taken, fold=True) for name in ("A.jpg", "a.JPG", "a.jpg", "ß", "SS")]
    assert names == ["A.jpg", "a_2.JPG", "a_3.jpg", "ß", "SS_2"]


@given(
    st.lists(st.sampled_from(["a", "A", "a_2", "a_3.x", "a.x", "d/a", "ß", "ss", "x" * 255, "y" * 250 + ".jpg"])),
    st.booleans(),
)
def test_no_name_is_given_twice(wanted: list[str], fold: bool) -> None:
    taken: set[str] = set()
    given_names = [free_name(name, taken, fold) for name in wanted]
    seen = [name.casefold() if fold else name for name in given_names]
    assert len(set(seen)) == len(seen)
    assert set(seen) == taken
    assert all(len(part.encode()) <= 255 for name in given_names for part in name.split("/"))


def test_many_names_take_few_steps() -> None:
    class Counting(set[str]):
        looks = 0

        def __contains__(self, name: object) -> bool:
            self.looks += 1
            return super().__contains__(name)

    taken = Counting()
    names = [free_name("day/frame.jpg", taken) for _ in range(2000)]
    assert names[-1] == "day/frame_2000.jpg"
    assert len(set(names)) == 2000
    assert taken.looks < 2000 * 25
