"""What the library on disk does beyond the contract."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.adapters.clock import SystemClock
from groundtruth.adapters.library import FileLibrary
from groundtruth.adapters.library.atomic import storage_error
from groundtruth.adapters.library.media import checked
from groundtruth.domain.errors import Conflict, DiskFull, IntegrityError, InvalidName, NotWritable
from groundtruth.domain.names import safe_component
from groundtruth.domain.reference import DatasetReference
from groundtruth.ports.library import LocalRelease
from groundtruth.testing.library import REFERENCE, digest_of, release_named

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX links, modes and mounts")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "library"


@pytest.fixture
def library(root: Path) -> FileLibrary:
    return FileLibrary(root, SystemClock())


def dataset_of(root: Path) -> Path:
    return root / "team" / "set"


def pull(library: FileLibrary, name: str = "0.1", media: dict[str, bytes] | None = None) -> LocalRelease:
    staging = library.stage(release_named(name), "flat")
    staging.add_document("a", b"{}")
    for target, data in (media or {}).items():
        wanted = PurePosixPath(target)
        place = staging.claim(wanted, len(data), digest_of(data))
        place.write_bytes(data)
        staging.add_file(wanted, len(data), place.stat().st_mtime_ns, digest_of(data))
    return staging.publish(1, [])


def tree(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


# --- layout -----------------------------------------------------------------------------------------


def test_the_layout_is_that_of_the_darwin_sdk(library: FileLibrary, root: Path) -> None:
    staging = library.stage(release_named("0.1"), "use_folders")
    staging.add_document("a", b"{}")
    staging.add_metadata(b"{}")
    staging.add_class_list("tag", ["x"])
    staging.add_class_list("polygon", [])
    staging.claim(PurePosixPath("day/a.png")).write_bytes(b"aaa")
    staging.add_file(PurePosixPath("day/a.png"), 3, (dataset_of(root) / "images/day/a.png").stat().st_mtime_ns, None)
    library.set_latest(staging.publish(1, []))
    assert tree(dataset_of(root)) == {
        "images/day/a.png",
        "releases/0.1/annotations/a.json",
        "releases/0.1/annotations/.v7/metadata.json",
        "releases/0.1/lists/classes_tag.txt",
        "releases/0.1/.groundtruth/release.json",
        "releases/0.1/.groundtruth/files.jsonl",
    }
    assert os.readlink(dataset_of(root) / "releases" / "latest") == "0.1"


def test_the_books_can_be_read_by_others(library: FileLibrary) -> None:
    books = pull(library, media={"a.png": b"aaa"}).path / ".groundtruth"
    release = json.loads((books / "release.json").read_text())
    assert release["format"] == "groundtruth-release-1"
    assert release["reference"] == "team/set:0.1"
    document, media = (json.loads(line) for line in (books / "files.jsonl").read_text().splitlines())
    assert document["path"] == "releases/0.1/annotations/a.json"
    assert media["path"] == "images/a.png"
    assert media["digest"] == str(digest_of(b"aaa"))


def test_a_library_can_be_moved(library: FileLibrary, root: Path, tmp_path: Path) -> None:
    library.set_latest(pull(library, media={"a.png": b"aaa"}))
    root.rename(tmp_path / "elsewhere")
    moved = FileLibrary(tmp_path / "elsewhere", SystemClock())
    release = moved.release(REFERENCE)
    assert release is not None
    assert moved.is_intact(release)


def test_an_absolute_latest_link_is_followed_by_name(library: FileLibrary, root: Path) -> None:
    published = pull(library)
    (dataset_of(root) / "releases" / "latest").symlink_to("/moved/since/team/set/releases/0.1")
    assert library.release(REFERENCE) == published


@pytest.mark.parametrize("target", ["/", "..", "../..", "nothing", ".old-0.1-x", "a b"])
def test_a_hostile_latest_link_names_nothing(library: FileLibrary, root: Path, target: str) -> None:
    pull(library)
    (dataset_of(root) / "releases" / "latest").symlink_to(target)
    assert library.release(REFERENCE) is None


def test_where_there_are_no_links_latest_is_left_out(library: FileLibrary, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "this file system has no links")

    published = pull(library)
    monkeypatch.setattr(os, "symlink", refuse)
    library.set_latest(published)
    folder = library.write_lists(published, "split", [("train.txt", ["a"])])
    assert (folder / "train.txt").read_text() == "a\n"
    assert library.release(REFERENCE) is None


# --- releases of the Darwin SDK -----------------------------------------------------------------------


def darwin_dataset(root: Path, with_images: bool = True) -> Path:
    dataset = dataset_of(root)
    annotations = dataset / "releases" / "1.0" / "annotations"
    annotations.mkdir(parents=True)
    for name in ("a", "b"):
        (annotations / f"{name}.json").write_text("{}")
    (dataset / "releases" / "latest").symlink_to(annotations.parent)
    if with_images:
        (dataset / "images" / "day").mkdir(parents=True)
        (dataset / "images" / "day" / "a.png").write_bytes(b"aaa")
        (dataset / "images" / ".DS_Store").write_bytes(b"x")
    return dataset


@pytest.mark.parametrize("with_images", [True, False])
def test_a_dataset_pulled_by_the_darwin_sdk_is_listed(library: FileLibrary, root: Path, with_images: bool) -> None:
    dataset = darwin_dataset(root, with_images)
    (listed,) = library.list_datasets()
    assert listed.reference == REFERENCE
    assert listed.releases == ("1.0",)
    assert listed.image_count == int(with_images)
    assert listed.size == 4 + 4 * with_images
    assert listed.synced_at == datetime.fromtimestamp((dataset / "releases").stat().st_mtime, UTC)


def test_a_release_pulled_by_the_darwin_sdk_is_found_and_not_trusted(library: FileLibrary, root: Path) -> None:
    darwin_dataset(root)
    release = library.release(REFERENCE)
    assert release is not None
    assert (release.digest, release.recipe, release.item_count, release.file_count) == (None, "", 2, 1)
    assert not library.is_intact(release)
    (fault,) = library.verify(release)
    assert "pull it again" in fault.reason


def test_pulling_over_a_release_of_the_darwin_sdk_keeps_what_is_the_users(library: FileLibrary, root: Path) -> None:
    dataset = darwin_dataset(root)
    lists = dataset / "releases" / "1.0" / "lists"
    (lists / "7_2_1").mkdir(parents=True)
    (lists / "7_2_1" / "random_train.txt").write_text("x\n")
    (lists / "classes_tag.txt").write_text("old")
    (dataset / "releases" / "1.0" / "notes.txt").write_text("mine")
    published = pull(library, "1.0")
    assert tree(published.path) == {
        "annotations/a.json",
        "lists/7_2_1/random_train.txt",
        "notes.txt",
        ".groundtruth/release.json",
        ".groundtruth/files.jsonl",
    }


def test_folders_that_are_no_datasets_are_left_out(library: FileLibrary, root: Path) -> None:
    (root / "team" / "empty" / "releases").mkdir(parents=True)
    (root / "team" / "half" / "releases" / "1.0").mkdir(parents=True)
    (root / "team" / "images only" / "images").mkdir(parents=True)
    (root / ".incoming").mkdir()
    (root / "file").write_text("x")
    assert list(library.list_datasets()) == []


@pytest.mark.parametrize("text", ["", "{", '{"format": "groundtruth-release-2"}', "[]"])
def test_damaged_books_make_a_release_one_to_pull_again(library: FileLibrary, text: str) -> None:
    published = pull(library)
    (published.path / ".groundtruth" / "release.json").write_text(text)
    found = library.release(REFERENCE.at("0.1"))
    assert found is not None
    assert (found.digest, found.recipe) == (None, "")


def test_damaged_file_records_are_a_fault(library: FileLibrary) -> None:
    published = pull(library, media={"a.png": b"aaa"})
    books = published.path / ".groundtruth" / "files.jsonl"
    books.write_bytes(books.read_bytes()[:-10])
    assert not library.is_intact(published)
    assert [fault.path for fault in library.verify(published)] == ["releases/0.1/.groundtruth/files.jsonl"]


# --- media ------------------------------------------------------------------------------------------


@posix
@pytest.mark.parametrize("link", ["out", "day/out"])
def test_a_link_that_leads_out_is_refused(library: FileLibrary, root: Path, tmp_path: Path, link: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    path = dataset_of(root) / "images" / link
    path.parent.mkdir(parents=True)
    path.symlink_to(outside)
    staging = library.stage(release_named("0.1"), "flat")
    with pytest.raises(NotWritable) as caught:
        staging.claim(PurePosixPath(link) / "deep" / "a.png")
    assert caught.value.path == str(path)
    assert list(outside.iterdir()) == []
    staging.abandon()


@posix
def test_links_that_stay_inside_are_followed(library: FileLibrary, root: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "big disk"
    (elsewhere / "real").mkdir(parents=True)
    dataset_of(root).mkdir(parents=True)
    (dataset_of(root) / "images").symlink_to(elsewhere)
    (elsewhere / "alias").symlink_to("real")
    published = pull(library, media={"alias/a.png": b"aaa"})
    assert (elsewhere / "real" / "a.png").read_bytes() == b"aaa"
    assert library.is_intact(published)


def test_a_release_of_which_no_record_was_flushed_costs_only_time(library: FileLibrary, root: Path) -> None:
    staging = library.stage(release_named("0.1"), "flat")
    place = staging.claim(PurePosixPath("a.png"))
    place.write_bytes(b"aaa")
    staging.add_file(PurePosixPath("a.png"), 3, place.stat().st_mtime_ns, None, "https://files.test/a")
    staging.abandon()
    [notes] = (dataset_of(root) / ".groundtruth/arrived/0.1").iterdir()
    notes.write_bytes(notes.read_bytes() + b'{"path": "images/b.png", "si')
    again = library.stage(release_named("0.1"), "flat")
    assert again.known(PurePosixPath("a.png"), "https://files.test/a") is not None
    assert b"files.test" not in notes.read_bytes()
    again.publish(0, [])
    assert not notes.exists()


def test_what_arrived_beside_is_known_too(library: FileLibrary) -> None:
    """Content that waits to replace another release's is found again, and still moved when published."""
    pull(library, "0.1", {"a.png": b"one"})
    target, origin = PurePosixPath("a.png"), "https://files.test/a"
    for attempt in range(2):
        staging = library.stage(release_named("0.2"), "flat")
        known = staging.known(target, origin)
        assert (known is not None) == bool(attempt)
        place = staging.claim(target)
        place.write_bytes(b"two") if known is None else None
        staging.add_file(target, 3, place.stat().st_mtime_ns, None, origin)
        staging.publish(0, []) if attempt else staging.abandon()
    assert (library.folder(REFERENCE) / "images/a.png").read_bytes() == b"two"


def test_content_that_was_replaced_is_not_protected(library: FileLibrary, root: Path) -> None:
    """Once 0.2 has put its own file there, 0.1 does not need what is there."""
    pull(library, "0.1", {"a.png": b"one"})
    pull(library, "0.2", {"a.png": b"two"})
    staging = library.stage(release_named("0.2"), "flat")
    final = dataset_of(root) / "images" / "a.png"
    assert staging.claim(PurePosixPath("a.png"), 3, digest_of(b"two")) == final
    staging.abandon()
    back = library.stage(release_named("0.1"), "flat")
    assert back.claim(PurePosixPath("a.png"), 3, digest_of(b"one")) != final
    back.abandon()


def test_what_waits_to_replace_is_found_by_the_next_attempt(library: FileLibrary) -> None:
    pull(library, "0.1", {"a.png": b"one"})
    places = []
    for _ in range(2):
        staging = library.stage(release_named("0.2"), "flat")
        places.append(staging.claim(PurePosixPath("a.png"), 3, digest_of(b"two")))
        if not places[0].exists():
            places[0].write_bytes(b"two")
        staging.abandon()
    assert places[0] == places[1]
    assert places[1].read_bytes() == b"two"


def test_names_that_differ_in_case_are_one_file_where_the_disk_says_so(root: Path) -> None:
    """The content of `A.png` is protected from `a.png`, and `A.png` is not extra when `a.png` is wanted."""
    library = FileLibrary(root, SystemClock(), case_sensitive=False)
    pull(library, "0.1", {"A.png": b"one"})
    # On a disk without case this is the same file; here a link plays its part.
    (dataset_of(root) / "images" / "a.png").symlink_to("A.png")
    staging = library.stage(release_named("0.2"), "flat")
    place = staging.claim(PurePosixPath("a.png"), 3, digest_of(b"two"))
    assert "replacing" in place.parts
    staging.abandon()
    assert library.remove_extra(REFERENCE, [PurePosixPath("a.png")]) == []


def test_case_is_found_out_once_and_leaves_nothing(library: FileLibrary, root: Path) -> None:
    assert library.case_sensitive is not (root / "TEAM").exists() or library.case_sensitive
    root_names = os.listdir(root)
    assert root_names == []
    (root / "probe").write_text("x")
    assert library.case_sensitive == (not (root / "PROBE").exists())


def test_media_recorded_and_then_replaced_by_the_same_are_intact(library: FileLibrary) -> None:
    staging = library.stage(release_named("0.1"), "flat")
    place = staging.claim(PurePosixPath("a.png"))
    place.write_bytes(b"aaa")
    staging.add_file(PurePosixPath("a.png"), 3, place.stat().st_mtime_ns, digest_of(b"aaa"))
    os.utime(place, ns=(1, 1))
    published = staging.publish(0, [])
    assert published.is_complete
    assert library.is_intact(published)
    assert list(library.verify(published)) == []


@pytest.mark.parametrize("data", [None, b"bbb", b"bbbb"])
def test_media_recorded_and_then_lost_are_a_problem(library: FileLibrary, data: bytes | None) -> None:
    staging = library.stage(release_named("0.1"), "flat")
    place = staging.claim(PurePosixPath("a.png"))
    place.write_bytes(b"aaa")
    staging.add_file(PurePosixPath("a.png"), 3, place.stat().st_mtime_ns, digest_of(b"aaa"))
    place.unlink()
    if data is not None:
        place.write_bytes(data)
        os.utime(place, ns=(1, 1))
    published = staging.publish(0, [])
    assert [problem.name for problem in published.problems] == ["images/a.png"]
    assert library.release(REFERENCE.at("0.1")) == published


@posix
def test_removing_extra_files_follows_no_links(library: FileLibrary, root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious.png").write_bytes(b"x")
    pull(library, media={"a.png": b"aaa"})
    images = dataset_of(root) / "images"
    (images / "folder").symlink_to(outside)
    (images / "file.png").symlink_to(outside / "precious.png")
    (images / "empty" / "deep").mkdir(parents=True)
    assert sorted(library.remove_extra(REFERENCE, [PurePosixPath("a.png")])) == ["file.png"]
    assert (outside / "precious.png").exists()
    assert sorted(os.listdir(images)) == ["a.png", "folder"]


@given(st.text())
def test_a_target_is_accepted_only_if_each_part_is_a_file_name(text: str) -> None:
    target = PurePosixPath(text)
    try:
        accepted = checked(target)
    except InvalidName:
        assert not target.parts or target.is_absolute() or any(safe_component(one) != one for one in target.parts)
        return
    assert accepted == str(target)
    assert ".." not in target.parts
    assert "\x00" not in accepted


@given(st.lists(st.text(min_size=1), min_size=1, max_size=4))
def test_a_target_made_of_safe_parts_is_accepted(parts: list[str]) -> None:
    assert checked(PurePosixPath(*(safe_component(part) for part in parts)))


# --- staging ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["..", "a/b", "latest", "", ".old-1-x", ".incoming-1-x", ".trash-1"])
def test_a_release_that_cannot_be_a_folder_is_refused(library: FileLibrary, root: Path, name: str) -> None:
    with pytest.raises(InvalidName):
        library.stage(release_named(name), "flat")
    assert not root.exists()


def test_publishing_twice_is_a_conflict(library: FileLibrary) -> None:
    staging = library.stage(release_named("0.1"), "flat")
    staging.publish(0, [])
    with pytest.raises(Conflict):
        staging.publish(0, [])


def test_two_invalid_documents_of_one_name_are_both_kept(library: FileLibrary) -> None:
    staging = library.stage(release_named("0.1"), "flat")
    paths = [staging.add_invalid("a.json", data) for data in (b"{1", b"{2")]
    published = staging.publish(0, [])
    assert {(published.path / path).read_bytes() for path in paths} == {b"{1", b"{2"}


def test_a_file_in_the_place_of_a_release_is_moved_out_of_the_way(library: FileLibrary, root: Path) -> None:
    releases = dataset_of(root) / "releases"
    releases.mkdir(parents=True)
    (releases / "0.1").write_text("not a folder")
    assert library.release(REFERENCE.at("0.1")) is None
    assert pull(library).path.is_dir()


def test_users_files_win_over_nothing_and_lose_against_the_new(library: FileLibrary) -> None:
    first = pull(library)
    library.write_lists(first, "split", [("train.txt", ["old"])])
    staging = library.stage(release_named("0.1"), "flat")
    published = staging.publish(0, [])
    library.write_lists(published, "split", [("val.txt", ["new"])])
    assert (published.path / "lists" / "split" / "train.txt").read_text() == "old\n"
    assert (published.path / "lists" / "split" / "val.txt").read_text() == "new\n"


@posix
def test_a_dangling_default_link_is_replaced(library: FileLibrary) -> None:
    published = pull(library)
    (published.path / "lists").mkdir()
    (published.path / "lists" / "default").symlink_to("./gone")
    library.write_lists(published, "split", [("train.txt", [])])
    assert os.readlink(published.path / "lists" / "default") == "./split"


@pytest.mark.parametrize("folder", ["..", "a/../..", "/etc"])
def test_lists_stay_inside(library: FileLibrary, folder: str) -> None:
    published = pull(library)
    place = library.write_lists(published, folder, [("../../x.txt", ["a"])])
    assert place.parent == published.path / "lists"
    assert [path.parent for path in place.iterdir()] == [place]


@posix
def test_links_in_a_circle_stop_nothing(library: FileLibrary, root: Path) -> None:
    pull(library, media={"a.png": b"aaa"})
    (root / "circle").symlink_to("circle")
    circle = dataset_of(root) / "images" / "circle.png"
    circle.symlink_to("circle.png")
    (listed,) = library.list_datasets()
    assert listed.image_count == 1
    assert library.remove_extra(REFERENCE, [PurePosixPath("a.png")]) == ["circle.png"]


def test_a_damaged_note_of_what_to_move_stops_no_reader(library: FileLibrary) -> None:
    published = pull(library)
    note = published.path / ".groundtruth" / "replacing.jsonl"
    note.write_text('"../../escape"\n')
    assert library.release(REFERENCE.at("0.1")) == published
    with pytest.raises(IntegrityError) as caught:
        library.stage(release_named("0.2"), "flat")
    assert str(note) in str(caught.value)


# --- disks that refuse --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.ENOSPC, DiskFull), (errno.EDQUOT, DiskFull), (errno.EROFS, NotWritable)]
)
def test_errors_of_the_disk_have_their_class(number: int, kind: type) -> None:
    error = storage_error(OSError(number, os.strerror(number)), "/x")
    assert type(error) is kind
    assert error.path == "/x"
    assert error.remedy


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting a file system is not allowed here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_told_and_leaves_the_earlier_release(small_disk: Path) -> None:
    library = FileLibrary(small_disk, SystemClock())
    published = pull(library, media={"a.png": b"aaa"})
    staging = library.stage(release_named("0.1", content="other"), "flat")
    with pytest.raises(DiskFull):
        for number in range(100):
            staging.add_document(f"{number}", b"x" * 100_000)
    staging.abandon()
    assert library.release(REFERENCE.at("0.1")) == published
    assert library.is_intact(published)
    assert pull(library).is_complete


def test_a_disk_that_fills_up_while_publishing_leaves_the_earlier_release(small_disk: Path) -> None:
    library = FileLibrary(small_disk, SystemClock())
    published = pull(library, media={"a.png": b"aaa"})
    staging = library.stage(release_named("0.1", content="other"), "flat")
    for number in range(20):
        staging.add_document(f"{number}", b"{}")
    with pytest.raises(OSError, match="No space"):
        (small_disk / "filler").write_bytes(b"x" * 2_000_000)
    with pytest.raises(DiskFull):
        staging.publish(20, [])
    staging.abandon()
    (small_disk / "filler").unlink()
    assert library.release(REFERENCE.at("0.1")) == published
    assert library.is_intact(published)


def test_a_read_only_library_can_be_read_but_not_written(small_disk: Path) -> None:
    library = FileLibrary(small_disk, SystemClock())
    published = pull(library, media={"a.png": b"aaa"})
    aside = published.path.with_name(".old-0.2-1")
    aside.mkdir()
    (aside / "annotations").mkdir()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert library.release(REFERENCE.at("0.1")) == published
    assert library.is_intact(published)
    assert [one.reference for one in library.list_datasets()] == [REFERENCE]
    with pytest.raises(NotWritable):
        library.stage(release_named("0.2"), "flat")
    with pytest.raises(NotWritable):
        library.remove_extra(REFERENCE, [])


def test_a_reference_with_a_hub_is_the_same_dataset(library: FileLibrary) -> None:
    published = pull(library)
    assert library.release(DatasetReference("team", "set", "0.1", "elsewhere")) == published
