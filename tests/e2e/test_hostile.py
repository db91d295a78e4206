"""Hostile names, damaged stores, full and read-only disks: a clear error or a correct result, nothing lost."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.program import Program, tree

NAMES = [
    "emoji 🐄.png",
    "new\nline.png",
    "quote'\".png",
    "back\\slash.png",
    "-dash.png",
    "..png",
    "été.png",
    "x" * 251 + ".png",
    "Case.png",
    "case.png",
    "percent%20.png",
    "tab\t.png",
]


def test_odd_names_come_back_with_their_bytes(program: Program, pictures: Callable[..., Path]) -> None:
    folder = pictures(names=NAMES)
    program.run("dataset", "create", "test")
    assert program.json("dataset", "push", "test", folder)["items"] == len(NAMES)
    program.run("dataset", "export", "test", "0.1")
    program.run("dataset", "pull", "test:0.1")
    pulled = tree(program.datasets / "local/test/images")
    assert sorted(pulled.values()) == sorted(tree(folder).values())
    assert program.json("dataset", "verify", "test:0.1")["clean"]
    assert {one["name"] for one in program.json("dataset", "files", "test")} == set(NAMES)
    listing = program.run("dataset", "files", "test").stdout
    assert len(listing.splitlines()) == len(NAMES) + 1


def test_names_that_clash_when_flat_are_kept_apart(program: Program, pictures: Callable[..., Path]) -> None:
    folder = pictures(names=["a/x.png", "b/x.png", "x_2.png"])
    program.run("dataset", "create", "test")
    program.run("dataset", "push", "test", folder, "--preserve-folders")
    program.run("dataset", "export", "test", "0.1")
    done = program.run("dataset", "pull", "test:0.1", "--no-folders")
    assert "is taken by another item" in done.stderr
    assert sorted(tree(program.datasets / "local/test/images").values()) == sorted(tree(folder).values())
    assert len(list((program.datasets / "local/test/releases/0.1/annotations").glob("*.json"))) == 3


def test_two_files_of_one_name_are_not_taken_for_one(program: Program, pictures: Callable[..., Path]) -> None:
    folder = pictures(names=["a/x.png", "b/x.png"])
    program.run("dataset", "create", "test")
    refused = program.run("dataset", "push", "test", folder, code=1)
    assert "--preserve-folders" in refused.stderr
    assert "1 item uploaded" in refused.stdout


def test_empty_unreadable_missing_and_unsupported_files(program: Program, pictures: Callable[..., Path]) -> None:
    folder = pictures(2)
    (folder / "empty.png").touch()
    (folder / "notes.txt").write_text("no picture")
    (folder / "dangling.png").symlink_to(folder / "nowhere.png")
    program.run("dataset", "create", "test")
    report = program.json("dataset", "push", "test", folder, folder / "vanished.png", code=1)
    assert report["items"] == 2
    reasons = {Path(issue["path"]).name: issue["reason"] for issue in report["failed"]}
    assert set(reasons) == {"empty.png", "dangling.png", "vanished.png"}
    assert "0 bytes" in reasons["empty.png"]
    assert [Path(issue["path"]).name for issue in report["skipped"]] == ["notes.txt"]
    named = program.run("dataset", "push", "test", folder / "notes.txt", code=1)
    assert "unsupported" in named.stderr


def test_a_name_that_is_no_text_is_refused_and_the_rest_lands(
    program: Program, pictures: Callable[..., Path]
) -> None:
    folder = pictures(1)
    try:
        Path(os.fsdecode(os.fsencode(folder) + b"/bad\xff.png")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes only names that are text")
    program.run("dataset", "create", "test")
    report = program.json("dataset", "push", "test", folder, code=1)
    assert (report["items"], len(report["failed"])) == (1, 1)


def exported(program: Program, folder: Path) -> list[Path]:
    """Push and export; return the blob files."""
    program.run("dataset", "create", "test")
    program.run("dataset", "push", "test", folder)
    program.run("dataset", "export", "test", "0.1")
    return [path for path in (program.home / "hub" / "blobs").rglob("*") if path.is_file()]


@pytest.mark.parametrize("damage", ["corrupt", "truncated", "missing"])
def test_damaged_blobs_are_found_named_and_not_pulled(
    program: Program, pictures: Callable[..., Path], damage: str
) -> None:
    blobs = exported(program, pictures(3))
    victim = blobs[0]
    victim.chmod(0o644)
    data = victim.read_bytes()
    if damage == "missing":
        victim.unlink()
    else:
        victim.write_bytes(bytes([data[0] ^ 1]) + data[1:] if damage == "corrupt" else data[:-3])
    check = program.json("hub", "fsck", code=1)
    [finding] = check["findings"]
    assert finding["damage"] == damage
    assert victim.name in finding["object"]
    report = program.json("dataset", "pull", "test:0.1", code=1)
    assert report["published"] is False
    assert len(report["problems"]) == 1
    assert not (program.datasets / "local/test/releases/0.1").exists()
    assert len(tree(program.datasets / "local/test/images")) == 2

    program.run("dataset", "pull", "test:0.1", "--allow-missing", code=1)
    verified = program.json("dataset", "verify", "test:0.1", code=1)
    assert len(verified["problems"]) == 1

    # The remedy works: once the bytes are back, the next pull completes the release.
    victim.parent.mkdir(exist_ok=True)
    victim.write_bytes(data)
    again = program.json("dataset", "pull", "test:0.1")
    assert (again["fetched"], again["present"]) == (1, 2)
    assert program.json("dataset", "verify", "test:0.1")["clean"]


def test_a_catalogue_that_is_no_database_is_an_error(program: Program) -> None:
    program.run("dataset", "create", "test")
    for path in (program.home / "hub").glob("catalogue.sqlite3*"):
        path.write_bytes(b"not a database at all" * 100)
    failed = program.run("dataset", "remote", code=1)
    assert "catalogue" in failed.stderr and "Traceback" not in failed.stderr


def test_a_damaged_release_document_is_an_error(program: Program, pictures: Callable[..., Path]) -> None:
    exported(program, pictures(3))
    with contextlib.closing(sqlite3.connect(program.home / "hub" / "catalogue.sqlite3")) as catalogue, catalogue:
        catalogue.execute("UPDATE documents SET body = x'00' WHERE rowid = (SELECT min(rowid) FROM documents)")
    assert program.json("hub", "fsck", code=1)["findings"]
    failed = program.run("dataset", "pull", "test:0.1", code=1)
    assert "Traceback" not in failed.stderr
    assert not (program.datasets / "local/test/releases/0.1").exists()


def test_changed_local_files_are_found_and_mended(program: Program, pictures: Callable[..., Path]) -> None:
    exported(program, pictures(3))
    program.run("dataset", "pull", "test:0.1")
    image = program.datasets / "local/test/images/img00001.png"
    good = image.read_bytes()
    image.write_bytes(b"\0" * len(good))
    [fault] = program.json("dataset", "verify", "test:0.1", code=1)["faults"]
    assert fault["path"].endswith("img00001.png")
    report = program.json("dataset", "pull", "test:0.1", "--force")
    assert (report["fetched"], report["present"]) == (1, 2)
    assert image.read_bytes() == good


def test_links_out_of_the_library_are_not_followed(program: Program, pictures: Callable[..., Path]) -> None:
    folder = pictures(names=["day1/a.png"])
    program.run("dataset", "create", "test")
    program.run("dataset", "push", "test", folder, "--preserve-folders")
    program.run("dataset", "export", "test", "0.1")
    outside = program.folder / "outside"
    outside.mkdir()
    images = program.datasets / "local/test/images"
    images.mkdir(parents=True)
    (images / "day1").symlink_to(outside)
    failed = program.run("dataset", "pull", "test:0.1", code=1)
    assert "day1" in failed.stderr and "Traceback" not in failed.stderr
    assert list(outside.iterdir()) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def noise(folder: Path, count: int, size: int) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"n{number}.png").write_bytes(os.urandom(size))
    return folder


def make_room(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=32m", disk], check=True)


def test_a_full_disk_stops_a_push_which_then_goes_on(small_disk: Path, tmp_path: Path) -> None:
    program = Program(small_disk / "home", tmp_path)
    program.run("dataset", "create", "test")
    folder = noise(tmp_path / "noise", 40, 100_000)
    failed = program.run("dataset", "push", "test", folder, code=1)
    assert "room" in failed.stderr
    assert "Traceback" not in failed.stderr
    make_room(small_disk)
    assert program.json("hub", "fsck")["findings"] == []
    program.run("dataset", "push", "test", folder)
    assert len(program.json("dataset", "files", "test")) == 40
    assert program.json("hub", "fsck")["findings"] == []


def test_a_full_disk_stops_a_pull_which_then_goes_on(small_disk: Path, tmp_path: Path) -> None:
    program = Program(tmp_path / "home", tmp_path)
    program.run("authenticate", "--datasets_dir", small_disk / "datasets")
    program.run("dataset", "create", "test")
    program.run("dataset", "push", "test", noise(tmp_path / "noise", 40, 100_000))
    program.run("dataset", "export", "test", "0.1")
    failed = program.run("dataset", "pull", "test:0.1", code=1)
    assert "room" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert not (small_disk / "datasets/local/test/releases/0.1").exists()
    make_room(small_disk)
    report = program.json("dataset", "pull", "test:0.1")
    assert report["present"] > 0
    assert report["present"] + report["fetched"] == 40
    assert program.json("dataset", "verify", "test:0.1")["clean"]


def test_a_read_only_destination_is_an_error(small_disk: Path, tmp_path: Path, pictures: Callable[..., Path]) -> None:
    program = Program(tmp_path / "home", tmp_path)
    program.run("authenticate", "--datasets_dir", small_disk / "datasets")
    exported(program, pictures(2))
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    failed = program.run("dataset", "pull", "test:0.1", code=1)
    assert failed.stderr.startswith("error: ") and "Traceback" not in failed.stderr


def test_an_invalid_document_is_named_and_the_rest_lands(program: Program, pictures: Callable[..., Path]) -> None:
    """A release made by something else may hold documents that break the rules; here one is planted."""

    exported(program, pictures(3))
    body = json.dumps(
        {"version": "2.0", "item": {"name": "x.png", "path": "/"}, "annotations": [{"name": 5}]}
    ).encode()
    plant(program.home / "hub" / "catalogue.sqlite3", body)
    report = program.json("dataset", "pull", "test:0.1", code=1)
    assert report["published"] is True
    [problem] = report["problems"]
    assert "$.annotations[0]" in problem["reason"] and "str" in problem["reason"]
    release = program.datasets / "local/test/releases/0.1"
    assert len(list((release / "annotations").glob("*.json"))) == 2
    verified = program.json("dataset", "verify", "test:0.1", code=1)
    assert len(verified["problems"]) == 1


def plant(catalogue: Path, body: bytes) -> None:
    """Replace the first document of the only release."""
    with contextlib.closing(sqlite3.connect(catalogue)) as connection, connection:
        [old] = connection.execute("SELECT document FROM release_documents ORDER BY position LIMIT 1").fetchone()
        connection.execute(
            "UPDATE documents SET digest = ?, size = ?, body = ? WHERE id = ?",
            (hashlib.sha256(body).digest(), len(body), body, old),
        )
