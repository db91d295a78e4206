from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from groundtruth.adapters.checksum import tree
from groundtruth.adapters.checksum.tree import LocalTreeHasher
from groundtruth.adapters.memory.checksum import MemoryTreeHasher
from groundtruth.domain.errors import IntegrityError, NotReadable, UnsupportedFile
from groundtruth.domain.tree_digest import tree_digest
from groundtruth.testing.checksum import TreeHasherContract


class TestLocalTreeHasher(TreeHasherContract):
    def make_hasher(self) -> LocalTreeHasher:
        return LocalTreeHasher()


class TestOneThread(TreeHasherContract):
    def make_hasher(self) -> LocalTreeHasher:
        return LocalTreeHasher(threads=1)


class TestMemoryTreeHasher(TreeHasherContract):
    def make_hasher(self) -> MemoryTreeHasher:
        return MemoryTreeHasher()

    def plant(self, hasher: Any, root: Path, tree: Any) -> None:
        hasher.plant(root, tree)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "data.zarr"
    (root / "a" / "b").mkdir(parents=True)
    for i in range(50):
        (root / "a" / f"{i}").write_bytes(bytes(i))
    return root


def test_sizes_around_the_borders(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tree, "SMALL", 10)
    monkeypatch.setattr(tree, "_BUFFER", 16)
    for file in LocalTreeHasher(threads=3).files(folder):
        data = (folder / file.path).read_bytes()
        assert (file.size, file.md5) == (len(data), hashlib.md5(data, usedforsecurity=False).hexdigest())


def test_digests_of_the_golden_archives(vectors: Path) -> None:
    import json

    for case in json.loads((vectors / "polaris" / "zarr_checksums.json").read_text())["cases"]:
        files = LocalTreeHasher().files(vectors / "polaris" / case["path"])
        assert [{"path": one.path, "md5sum": one.md5, "size": one.size} for one in files] == case["files"]
        assert tree_digest(files) == case["digest"]


@pytest.fixture(params=["file", "folder", "dangling", "pipe", "socket"])
def stranger(request: pytest.FixtureRequest, folder: Path) -> Iterator[Path]:
    """Something that is neither a file nor a folder, and must be neither followed nor waited for."""
    path = folder / "a" / "x"
    if request.param == "pipe":
        os.mkfifo(path)
    elif request.param == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(os.path.relpath(path))
    else:
        path.symlink_to({"file": folder / "a" / "1", "folder": folder / "a", "dangling": "nowhere"}[request.param])
    yield path
    path.unlink()


def test_links_and_special_files_are_refused(folder: Path, stranger: Path) -> None:
    with pytest.raises(UnsupportedFile) as caught:
        LocalTreeHasher().files(folder)
    assert caught.value.path == str(stranger)


@pytest.mark.parametrize("small", [0, 1 << 20])
@pytest.mark.parametrize("by", [-1, 1, 5000])
def test_a_file_that_changes_while_it_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, small: int, by: int
) -> None:
    monkeypatch.setattr(tree, "SMALL", small)
    victim = folder / "a" / "49"
    opened, stated = os.open, os.fstat
    handles: list[int] = []

    def open_it(path: str, *args: Any) -> int:
        handle = opened(path, *args)
        if path == str(victim):
            handles.append(handle)
        return handle

    def then_change_it(handle: int) -> os.stat_result:
        found = stated(handle)
        if handle in handles:
            handles.clear()
            os.truncate(victim, 49 + by)
        return found

    monkeypatch.setattr(tree.os, "open", open_it)
    monkeypatch.setattr(tree.os, "fstat", then_change_it)
    with pytest.raises(IntegrityError, match="49 changed"):
        LocalTreeHasher(threads=1).files(folder)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(folder: Path) -> None:
    (folder / "a" / "7").chmod(0)
    with pytest.raises(NotReadable) as caught:
        LocalTreeHasher().files(folder)
    assert caught.value.path == str(folder / "a" / "7")


def test_a_file_that_vanishes_is_not_readable(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = tree._walk(f"{folder}/")
    monkeypatch.setattr(tree, "_walk", lambda root: listed)
    (folder / "a" / "7").unlink()
    with pytest.raises(NotReadable) as caught:
        LocalTreeHasher(threads=4).files(folder)
    assert caught.value.path == str(folder / "a" / "7")


def test_a_file_is_no_folder(folder: Path) -> None:
    with pytest.raises(NotReadable):
        LocalTreeHasher().files(folder / "a" / "1")
