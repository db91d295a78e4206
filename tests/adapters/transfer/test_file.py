from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.adapters.transfer import FileSource
from groundtruth.adapters.transfer.file import path_of
from groundtruth.domain.errors import InvalidInput, NotReadable, ObjectNotFound, Unavailable
from groundtruth.testing.transfer import ObjectSourceContract


class TestFileSource(ObjectSourceContract):
    def make_source(self, folder: Path) -> FileSource:
        folder.mkdir()
        self.folder = folder
        return FileSource()

    def add(self, source: object, data: bytes) -> str:
        path = self.folder / f"größe 100%#{len(os.listdir(self.folder))}?.bin"
        path.write_bytes(data)
        return path.as_uri()

    def change(self, source: object, url: str, data: bytes) -> None:
        path = Path(path_of(url))
        new = path.with_name("new")
        new.write_bytes(data)
        os.replace(new, path)

    def missing(self, source: object) -> str:
        return (self.folder / "nothing").as_uri()


@pytest.mark.parametrize("host", ["", "localhost", "LOCALHOST"])
def test_this_machine_goes_by_several_names(tmp_path: Path, host: str) -> None:
    (tmp_path / "a").write_bytes(b"data")
    stream = FileSource().open(f"file://{host}{tmp_path}/a")
    assert b"".join(stream.chunks()) == b"data"
    stream.close()


@pytest.mark.parametrize(
    "url",
    [
        "file://server/share/a",
        "file://127.0.0.1/etc/hostname",
        "file:a",
        "file://",
        "file:///a%00b",
        "file:///a?query",
        "file:///a#fragment",
    ],
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(InvalidInput):
        FileSource().open(url)


@given(st.binary(min_size=1, max_size=50).filter(lambda name: b"\0" not in name and b"/" not in name))
def test_any_name_survives_the_address(name: bytes) -> None:
    path = f"/folder/{os.fsdecode(name)}"
    assert path_of(Path(path).as_uri()) == str(Path(path))


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_only_files_are_served(tmp_path: Path, kind: str) -> None:
    path = tmp_path / kind
    path.mkdir() if kind == "folder" else os.mkfifo(path)
    with pytest.raises(InvalidInput, match="regular file"):
        FileSource().open(path.as_uri())


def test_a_path_below_a_file_does_not_exist(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    with pytest.raises(ObjectNotFound):
        FileSource().open(f"file://{tmp_path}/a/b")


def test_what_cannot_be_opened_is_not_readable(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(NotReadable) as caught:
        FileSource().open(f"file://{tmp_path}/loop")
    assert caught.value.path == f"{tmp_path}/loop"


def test_a_file_that_gets_shorter_while_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(3_000_000))
    stream = FileSource().open(path.as_uri())
    chunks = stream.chunks()
    next(chunks)
    os.truncate(path, 5)
    with pytest.raises(Unavailable, match="shorter"):
        list(chunks)
    stream.close()
