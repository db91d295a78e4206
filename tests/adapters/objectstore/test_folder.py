from __future__ import annotations

import os
import resource
import signal
import stat
from pathlib import Path

import pytest

from groundtruth.adapters.objectstore import ObstoreObjects
from groundtruth.domain.errors import (
    AccessDenied,
    DiskFull,
    GroundtruthError,
    NotFound,
    NotWritable,
    ObjectNotFound,
    Unavailable,
)
from groundtruth.domain.storage import ExternalStorage, Provider

OBJECTS = ObstoreObjects({})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    return root


@pytest.fixture
def storage(root: Path) -> ExternalStorage:
    return ExternalStorage("shared", Provider.FOLDER, str(root))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "source"
    path.write_bytes(b"new")
    return path


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


def test_an_object_is_a_file_at_its_key(storage: ExternalStorage, root: Path, source: Path) -> None:
    OBJECTS.put(storage, "day1/left/a.bin", source)
    assert files(root) == ["day1/left/a.bin"]
    assert (root / "day1/left/a.bin").read_bytes() == b"new"


@pytest.mark.parametrize("key", ["out/secret", "file", "in/../secret", "dangling", "loop/a"])
def test_no_link_leads_out(storage: ExternalStorage, root: Path, source: Path, tmp_path: Path, key: str) -> None:
    outside = tmp_path / "root-of-another"  # begins like the root
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    (root / "out").symlink_to(outside)
    (root / "file").symlink_to(outside / "secret")
    (root / "dangling").symlink_to(tmp_path / "not yet")
    (root / "loop").symlink_to(root / "loop")
    for action in (
        lambda: OBJECTS.open(storage, key).close(),
        lambda: OBJECTS.size(storage, key),
        lambda: OBJECTS.put(storage, key, source),
    ):
        with pytest.raises(GroundtruthError) as caught:
            action()
        assert "secret" not in str(caught.value).replace(key, "")
    assert files(outside) == ["secret"]
    assert (outside / "secret").read_bytes() == b"secret"
    assert not (tmp_path / "not yet").exists()


def test_links_within_the_folder_are_followed(storage: ExternalStorage, root: Path, source: Path) -> None:
    (root / "real").mkdir()
    (root / "link").symlink_to(root / "real")
    OBJECTS.put(storage, "link/a", source)
    assert (root / "real/a").read_bytes() == b"new"
    assert OBJECTS.size(storage, "link/a") == 3


def test_the_folder_itself_may_be_a_link(storage: ExternalStorage, tmp_path: Path, source: Path) -> None:
    (tmp_path / "link").symlink_to(storage.bucket)
    linked = ExternalStorage("linked", Provider.FOLDER, str(tmp_path / "link"))
    OBJECTS.put(linked, "a", source)
    assert OBJECTS.size(storage, "a") == 3


def test_what_is_no_file_is_no_object(storage: ExternalStorage, root: Path, source: Path) -> None:
    (root / "folder").mkdir()
    os.mkfifo(root / "pipe")
    OBJECTS.put(storage, "file", source)
    for key in ("folder", "pipe", "file/below", "x" * 300):
        with pytest.raises(ObjectNotFound):
            OBJECTS.size(storage, key)


@pytest.mark.parametrize("bucket", ["/no/such/folder", "relative", ""])
def test_a_folder_that_is_none_is_not_found(source: Path, bucket: str) -> None:
    with pytest.raises(NotFound, match="storage 'gone'"):
        OBJECTS.put(ExternalStorage("gone", Provider.FOLDER, bucket), "a", source)


def test_what_cannot_be_a_folder_is_told(storage: ExternalStorage, root: Path, source: Path) -> None:
    OBJECTS.put(storage, "a", source)
    with pytest.raises(NotWritable):
        OBJECTS.put(storage, "a/b", source)
    (root / "folder").mkdir()
    with pytest.raises(NotWritable):
        OBJECTS.put(storage, "folder", source)
    assert files(root) == ["a"]


def test_a_full_disk_leaves_the_old_object(storage: ExternalStorage, root: Path, source: Path) -> None:
    OBJECTS.put(storage, "a", source)
    source.write_bytes(b"x" * 3_000_000)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_500_000, before[1]))
    try:
        with pytest.raises((DiskFull, NotWritable)):
            OBJECTS.put(storage, "a", source)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert (root / "a").read_bytes() == b"new"
    assert files(root) == ["a"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may do everything")
def test_a_folder_that_is_locked_denies_access(storage: ExternalStorage, root: Path, source: Path) -> None:
    OBJECTS.put(storage, "a", source)
    (root / "a").chmod(0)
    with pytest.raises(AccessDenied):
        OBJECTS.size(storage, "a")
    root.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        with pytest.raises(AccessDenied):
            OBJECTS.put(storage, "b", source)
    finally:
        root.chmod(stat.S_IRWXU)


def test_a_stream_goes_on_when_the_object_is_replaced(storage: ExternalStorage, source: Path) -> None:
    OBJECTS.put(storage, "a", source)
    stream = OBJECTS.open(storage, "a")
    source.write_bytes(b"later")
    OBJECTS.put(storage, "a", source)
    assert b"".join(stream.chunks()) == b"new"
    stream.close()


def test_an_object_that_is_cut_while_read_is_told(storage: ExternalStorage, root: Path, source: Path) -> None:
    OBJECTS.put(storage, "a", source)
    stream = OBJECTS.open(storage, "a")
    (root / "a").write_bytes(b"n")
    with pytest.raises(Unavailable, match="shorter"):
        list(stream.chunks())
    stream.close()
