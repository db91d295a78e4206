"""Contract suite of `ports.files`: subclass `FilesContract`, say how to make the adapter, run pytest."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from pathlib import Path

import pytest

from ..domain.errors import NotReadable, NotWritable
from ..ports.files import FoundFile, LocalFiles, WritableFiles

TREE = {
    "b.png": b"bb",
    "a.png": b"a",
    "day2/x.jpg": b"xxx",
    "day1/z.jpg": b"",
    "day1/sub/y.jpg": b"y",
    ".h.png": b"h",
}
"""Files that the suite looks for: path below the root, content."""


class FilesContract(abc.ABC):
    """What every source of local files does. One that is not the disk overrides `plant`."""

    @abc.abstractmethod
    def make_files(self) -> LocalFiles:
        """A new adapter."""

    def plant(self, files: LocalFiles, root: Path, tree: Mapping[str, bytes]) -> None:
        """Make these files exist below `root`."""
        for name, data in tree.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    @pytest.fixture
    def files(self, tmp_path: Path) -> LocalFiles:
        files = self.make_files()
        self.plant(files, tmp_path / "root", TREE)
        return files

    def test_a_folder_is_searched_to_the_bottom_in_order(self, files: LocalFiles, tmp_path: Path) -> None:
        found = list(files.find([tmp_path / "root"]))
        assert [one.relative.as_posix() for one in found if isinstance(one, FoundFile)] == [
            ".h.png", "a.png", "b.png", "day1/sub/y.jpg", "day1/z.jpg", "day2/x.jpg",
        ]  # fmt: skip
        assert len(found) == len(TREE)

    def test_a_found_file_knows_its_size_and_root(self, files: LocalFiles, tmp_path: Path) -> None:
        found = {
            one.relative.as_posix(): one for one in files.find([tmp_path / "root"]) if isinstance(one, FoundFile)
        }
        assert {name: one.size for name, one in found.items()} == {name: len(data) for name, data in TREE.items()}
        assert {one.root for one in found.values()} == {tmp_path / "root"}

    def test_paths_are_searched_in_the_order_given(self, files: LocalFiles, tmp_path: Path) -> None:
        root = tmp_path / "root"
        found = list(files.find([root / "day2", root / "b.png", root / "day1"]))
        assert [one.path.name for one in found if isinstance(one, FoundFile)] == ["x.jpg", "b.png", "y.jpg", "z.jpg"]

    def test_a_file_that_is_named_is_found_in_its_folder(self, files: LocalFiles, tmp_path: Path) -> None:
        path = tmp_path / "root" / "day1" / "sub" / "y.jpg"
        assert list(files.find([path])) == [FoundFile(path, path.parent, 1)]

    def test_what_does_not_exist_is_told_and_the_rest_found(self, files: LocalFiles, tmp_path: Path) -> None:
        root = tmp_path / "root"
        missing, found = files.find([root / "no such", root / "a.png"])
        assert isinstance(missing, FileNotFoundError)
        assert str(root / "no such") in str(missing)
        assert isinstance(found, FoundFile)

    def test_children_are_the_files_of_one_folder(self, files: LocalFiles, tmp_path: Path) -> None:
        root = tmp_path / "root"
        children = [one for one in files.children(root) if isinstance(one, FoundFile)]
        assert [one.path for one in children] == [root / ".h.png", root / "a.png", root / "b.png"]
        assert {one.root for one in children} == {root}

    def test_a_file_has_no_children(self, files: LocalFiles, tmp_path: Path) -> None:
        (error,) = files.children(tmp_path / "root" / "a.png")
        assert isinstance(error, NotADirectoryError)

    def test_a_missing_folder_has_no_children(self, files: LocalFiles, tmp_path: Path) -> None:
        (error,) = files.children(tmp_path / "root" / "no such")
        assert isinstance(error, OSError)

    def test_content_is_read(self, files: LocalFiles, tmp_path: Path) -> None:
        assert files.read(tmp_path / "root" / "day2" / "x.jpg") == b"xxx"
        assert files.read(tmp_path / "root" / "day1" / "z.jpg") == b""

    @pytest.mark.parametrize("name", ["no such", "day1"])
    def test_what_cannot_be_read_is_an_error(self, files: LocalFiles, tmp_path: Path, name: str) -> None:
        path = tmp_path / "root" / name
        with pytest.raises(NotReadable) as caught:
            files.read(path)
        assert caught.value.path == str(path)


class WritableFilesContract(FilesContract):
    """What files that can be written do besides."""

    @abc.abstractmethod
    def make_files(self) -> WritableFiles:
        """A new adapter."""

    def test_what_was_written_is_read(self, tmp_path: Path) -> None:
        files = self.make_files()
        path = tmp_path / "new" / "folder" / "a.json"
        files.write(path, b"one")
        files.write(path, b"two")
        assert files.read(path) == b"two"
        assert (files.exists(path), files.exists(path.parent), files.exists(tmp_path / "none")) == (
            True,
            False,
            False,
        )
        assert [one.path for one in files.children(path.parent) if isinstance(one, FoundFile)] == [path]

    def test_a_folder_is_not_written_over(self, files: WritableFiles, tmp_path: Path) -> None:
        with pytest.raises(NotWritable):
            files.write(tmp_path / "root" / "day1", b"")
        assert files.read(tmp_path / "root" / "day2" / "x.jpg") == b"xxx"
