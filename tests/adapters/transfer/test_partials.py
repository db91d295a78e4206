"""Files on their way, and what processes that are gone left of them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.adapters.transfer.partials import KEPT_SECONDS, LONGEST_VALIDATOR, Partial, PartialFolder
from groundtruth.domain.errors import NotWritable, StorageError, Unavailable
from groundtruth.testing.transfer import digest_of

KEY, OTHER = "0" * 32, "f" * 32


def folder_at(path: Path, now: float | None = None) -> PartialFolder:
    """The folder as a process that starts sees it."""
    folder = PartialFolder(str(path))
    folder.scan(time.time() if now is None else now)
    return folder


def leave(path: Path, data: bytes, key: str = KEY, validator: str | None = '"1"') -> str:
    """Leave a partial file behind as a process that was killed would; return its name."""
    before = set(os.listdir(path)) if path.exists() else set()
    partial = PartialFolder(str(path)).create(key, validator)
    partial.append(data)
    partial.close()
    (name,) = set(os.listdir(path)) - before
    return name


def adopted(partial: Partial | None) -> tuple[bytes, str | None] | None:
    """Content and validator of a file taken over."""
    if partial is None:
        return None
    partial.read_again(lambda: None)
    data = Path(partial.path).read_bytes()
    assert partial.digest == digest_of(data)
    assert partial.size == len(data)
    partial.close()
    return data, partial.validator


def test_what_was_left_behind_is_found_by_its_key(tmp_path: Path) -> None:
    leave(tmp_path, b"one")
    leave(tmp_path, b"other", key=OTHER, validator='"2"')
    folder = folder_at(tmp_path)
    assert adopted(folder.adopt(OTHER)) == (b"other", '"2"')
    assert adopted(folder.adopt(KEY)) == (b"one", '"1"')
    assert folder.adopt(KEY) is None
    assert not folder.has_orphans


@given(validator=st.text(min_size=1).filter(lambda text: 0 < len(text.encode()) <= LONGEST_VALIDATOR))
def test_any_validator_survives(tmp_path_factory: pytest.TempPathFactory, validator: str) -> None:
    path = tmp_path_factory.mktemp("partials")
    leave(path, b"data", validator=validator)
    assert adopted(folder_at(path).adopt(KEY)) == (b"data", validator)


def test_the_longest_of_several_is_gone_on_with(tmp_path: Path) -> None:
    for data in (b"12", b"1234", b"1"):
        leave(tmp_path, data)
    assert adopted(folder_at(tmp_path).adopt(KEY)) == (b"1234", '"1"')
    assert len(os.listdir(tmp_path)) == 1


def test_a_file_that_someone_is_at_work_on_is_left_alone(tmp_path: Path) -> None:
    live = PartialFolder(str(tmp_path)).create(KEY, '"1"')
    temporary = PartialFolder(str(tmp_path)).create()
    live.append(b"data")
    temporary.append(b"data")
    assert folder_at(tmp_path).adopt(KEY) is None
    assert len(os.listdir(tmp_path)) == 2
    for number, partial in enumerate((live, temporary)):
        partial.publish(str(tmp_path / str(number)))
    assert sorted(os.listdir(tmp_path)) == ["0", "1"]


def test_two_processes_never_go_on_with_one_file(tmp_path: Path) -> None:
    leave(tmp_path, b"data")
    one, other = folder_at(tmp_path), folder_at(tmp_path)
    mine = one.adopt(KEY)
    assert mine is not None
    assert other.adopt(KEY) is None
    mine.keep()
    assert adopted(folder_at(tmp_path).adopt(KEY)) == (b"data", '"1"')


def test_a_file_published_meanwhile_is_not_taken(tmp_path: Path) -> None:
    name = leave(tmp_path, b"data")
    folder = folder_at(tmp_path)
    os.rename(tmp_path / name, tmp_path / "published")
    assert folder.adopt(KEY) is None
    assert (tmp_path / "published").read_bytes() == b"data"


def test_temporary_files_left_behind_are_deleted_and_nothing_else(tmp_path: Path) -> None:
    leave(tmp_path, b"data", validator=None)
    others = ["a.jpg", ".groundtruth-x.tmp", ".groundtruth-00.tmp.txt", ".tmp", f".groundtruth-{KEY}.!.0.part"]
    for name in others:
        (tmp_path / name).write_bytes(b"data")
    folder_at(tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted(others)


def test_a_name_whose_validator_makes_no_sense_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / f".groundtruth-{KEY}.___=.0.part").write_bytes(b"data")
    (tmp_path / f".groundtruth-{KEY}.a.1.part").write_bytes(b"data")
    assert folder_at(tmp_path).adopt(KEY) is None


def test_a_link_is_not_taken(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(b"data")
    folder = tmp_path / "incoming"
    name = leave(folder, b"old")
    (folder / name).unlink()
    (folder / name).symlink_to(outside)
    (folder / ".groundtruth-0.tmp").symlink_to(outside)
    assert folder_at(folder).adopt(KEY) is None
    assert outside.read_bytes() == b"data"


def test_what_nobody_comes_back_for_is_deleted_in_the_end(tmp_path: Path) -> None:
    leave(tmp_path, b"data")
    soon, late = time.time() + KEPT_SECONDS - 3600, time.time() + KEPT_SECONDS + 3600
    assert folder_at(tmp_path, soon).has_orphans
    assert not folder_at(tmp_path, late).has_orphans
    assert os.listdir(tmp_path) == []


def test_keeping_is_for_what_can_be_gone_on_with(tmp_path: Path) -> None:
    folder = PartialFolder(str(tmp_path))
    empty, temporary, good = folder.create(KEY, '"1"'), folder.create(), folder.create(OTHER, '"1"')
    temporary.append(b"data")
    good.append(b"data")
    for partial in (empty, temporary, good):
        partial.keep()
        partial.keep()
    assert len(os.listdir(tmp_path)) == 1
    assert folder_at(tmp_path).adopt(KEY) is None


def test_a_file_that_was_taken_away_cannot_be_published(tmp_path: Path) -> None:
    partial = PartialFolder(str(tmp_path / "incoming")).create(KEY, '"1"')
    partial.append(b"data")
    os.unlink(partial.path)
    with pytest.raises(Unavailable, match="another process"):
        partial.publish(str(tmp_path / "deep" / "a"))
    partial.discard()
    assert not (tmp_path / "deep" / "a").exists()


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError) as caught:
        PartialFolder(str(tmp_path / "file")).create()
    assert caught.value.path == str(tmp_path / "file")
    with pytest.raises(StorageError):
        folder_at(tmp_path / "file")


def test_a_folder_that_may_not_be_listed_is_an_error(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("permissions do not bind root")
    tmp_path.chmod(0o300)
    with pytest.raises(NotWritable):
        folder_at(tmp_path)
