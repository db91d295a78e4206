"""Finding files on disk."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from groundtruth.adapters.files import DiskFiles
from groundtruth.domain.errors import NotReadable
from groundtruth.ports.files import FoundFile, LocalFiles
from groundtruth.testing.files import WritableFilesContract

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX links and pipes")


class TestDiskFiles(WritableFilesContract):
    def make_files(self) -> LocalFiles:
        return DiskFiles()


def names(paths: list[Path]) -> list[str]:
    return [one.relative.as_posix() for one in DiskFiles().find(paths) if isinstance(one, FoundFile)]


def errors(paths: list[Path]) -> list[OSError]:
    return [one for one in DiskFiles().find(paths) if isinstance(one, OSError)]


@posix
def test_links_lead_to_files_and_never_to_folders(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "a.png").write_bytes(b"aaa")
    (root / "file.png").symlink_to(outside / "a.png")
    (root / "folder").symlink_to(outside)
    (root / "up").symlink_to("..")
    assert names([root]) == ["file.png"]
    assert errors([root]) == []


@posix
def test_a_link_to_a_folder_is_followed_when_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a.png").write_bytes(b"a")
    (tmp_path / "link").symlink_to("real")
    assert names([tmp_path / "link"]) == ["a.png"]


@posix
def test_broken_and_circular_links_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.png").symlink_to("gone")
    (tmp_path / "b.png").symlink_to("b.png")
    (tmp_path / "c.png").write_bytes(b"c")
    assert names([tmp_path]) == ["c.png"]
    broken, circular = errors([tmp_path])
    assert isinstance(broken, FileNotFoundError)
    assert broken.filename == str(tmp_path / "a.png") or str(broken.filename).endswith("a.png")
    assert "b.png" in str(circular)


@posix
def test_a_pipe_is_told_and_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    (error,) = errors([tmp_path])
    assert "neither a file nor a folder" in str(error)
    (error,) = errors([tmp_path / "a.png"])
    assert str(tmp_path / "a.png") in str(error)


def test_a_folder_that_vanishes_is_told_and_the_rest_found(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.png").write_bytes(b"x")
    search = DiskFiles().find([tmp_path])
    first = next(search)
    (tmp_path / "b" / "x.png").unlink()
    (tmp_path / "b").rmdir()
    rest = list(search)
    assert isinstance(first, FoundFile)
    assert isinstance(rest[0], FileNotFoundError)
    assert isinstance(rest[1], FoundFile)


def test_a_file_that_vanishes_is_told(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(b"x")
    search = DiskFiles().find([tmp_path])
    next(search)
    (tmp_path / "b.png").unlink()
    assert [type(one) for one in search] == [FileNotFoundError]


def test_a_path_with_nul_is_told(tmp_path: Path) -> None:
    (error,) = errors([tmp_path / "a\x00b"])
    assert isinstance(error, OSError)
    with pytest.raises(NotReadable):
        DiskFiles().read(tmp_path / "a\x00b")


@posix
@pytest.mark.parametrize("name", ["new\nline.png", "💡.png", "ü" * 125 + "x.png", "..png", " .png", "A.PNG", "a.png"])
def test_names_are_taken_as_they_are(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    assert names([tmp_path]) == [name]
    assert names([tmp_path / name]) == [name]


@posix
def test_a_name_that_is_no_unicode_is_found(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/\xff.png"
    with open(path, "wb"):
        pass
    (found,) = DiskFiles().find([tmp_path])
    assert isinstance(found, FoundFile)
    assert os.fsencode(found.path) == path
    assert DiskFiles().read(found.path) == b""


def test_a_very_deep_folder_is_searched(tmp_path: Path) -> None:
    # Deeper than Python recurses.
    folders = [f"{tmp_path}{'/d' * depth}" for depth in range(1, 1050)]
    for folder in folders:
        os.mkdir(folder)
    with open(f"{folders[-1]}/a.png", "wb"):
        pass
    try:
        assert len(names([tmp_path])) == 1
    finally:
        # What clears up after the test cannot go that deep.
        os.unlink(f"{folders[-1]}/a.png")
        for folder in reversed(folders):
            os.rmdir(folder)


@posix
def test_what_may_not_be_looked_at_is_told_and_the_rest_found(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "a.png").write_bytes(b"x")
    (tmp_path / "z.png").write_bytes(b"x")
    (tmp_path / "closed").chmod(0)
    code = (
        "import sys; from pathlib import Path; from groundtruth.adapters.files import DiskFiles\n"
        "print([type(one).__name__ for one in DiskFiles().find([Path(sys.argv[1])])])"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    if os.geteuid() == 0:
        # Root may read everything, unless that right is taken away.
        if shutil.which("setpriv") is None:
            pytest.skip("nothing here can take root's rights away")
        command = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", *command]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    (tmp_path / "closed").chmod(0o700)
    assert output.strip() == "['PermissionError', 'FoundFile']"
