"""A file that is read while it comes: what is given out is what was sent, however often it breaks off."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.errors import (
    DiskFull,
    IntegrityError,
    LinkExpired,
    NotWritable,
    ObjectNotFound,
    Truncated,
    Unavailable,
)
from groundtruth.testing.transfer import content
from support.arriving import TRIES, Source, arrival, patiently

DATA = content(20_000, 1)


def read_all(source: Source, folder: Path, step: int = 700, **options: object) -> bytes:
    with contextlib.closing(arrival(source, folder, **options)) as found:  # type: ignore[arg-type]
        pieces = []
        while piece := bytes(found.read(step)):
            pieces.append(piece)
        assert found.position == len(b"".join(pieces))
        found.discard()
        return b"".join(pieces)


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# --- reading ------------------------------------------------------------------------------------------


@given(
    size=st.integers(0, 5000),
    piece=st.integers(1, 700),
    cuts=st.lists(st.integers(0, 3000), max_size=6),
    steps=st.lists(st.tuples(st.sampled_from(["read", "skip", "finish"]), st.integers(0, 2000)), max_size=12),
    resumes=st.booleans(),
    tells_size=st.booleans(),
    validator=st.sampled_from(['"1"', None, '"' + "x" * 300 + '"']),
)
def test_bytes_come_in_order_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory,
    size: int,
    piece: int,
    cuts: list[int | None],
    steps: list[tuple[str, int]],
    resumes: bool,
    tells_size: bool,
    validator: str | None,
) -> None:
    folder = tmp_path_factory.mktemp("arrival")
    data = content(size, size)
    source = Source(data, list(cuts), [], validator, resumes, tells_size, piece)
    with contextlib.closing(arrival(source, folder, repeat=patiently)) as found:
        place = 0
        for what, count in steps:
            if what == "read":
                assert bytes(found.read(count)) == data[place : place + count]
            elif what == "skip":
                found.skip(count)
            else:
                found.finish()
                count = 0
            place = min(place + count, size)
            assert found.position == place
        assert bytes(found.read(size + 1)) == data[place:]
        found.finish()
        assert found.path.read_bytes() == data
    assert all(stream.closed or stream.cut is None for stream in source.streams[:-1])


@given(st.integers(0, 20_000), st.integers(1, 9000), st.booleans())
def test_what_an_earlier_run_left_is_gone_on_with(
    tmp_path_factory: pytest.TempPathFactory, taken: int, cut: int, resumes: bool
) -> None:
    folder = tmp_path_factory.mktemp("arrival")
    first = Source(DATA, [cut] * TRIES, resumes=resumes)
    with contextlib.suppress(Unavailable), contextlib.closing(arrival(first, folder)) as found:
        found.read(taken)
    kept = sum(path.stat().st_size for path in folder.iterdir())
    source = Source(DATA, resumes=resumes)
    assert read_all(source, folder) == DATA
    whole = (folder / "release-1.zip").exists()
    assert whole or source.opened[0] == ("test:object", kept, '"1"' if kept else None)
    assert whole or left(folder) == []


@pytest.mark.parametrize("finish", [True, False])
def test_whole_one_is_left_under_its_name(tmp_path: Path, finish: bool) -> None:
    with contextlib.closing(arrival(Source(DATA, piece=20_000), tmp_path)) as found:
        found.read(10)
        if finish:
            found.finish()
    assert left(tmp_path) == ["release-1.zip"]
    assert (tmp_path / "release-1.zip").read_bytes() == DATA


def test_whole_one_that_was_not_known_to_be_whole(tmp_path: Path) -> None:
    with contextlib.closing(arrival(Source(DATA, tells_size=False, piece=20_000), tmp_path)) as found:
        found.read(20_000)
    (name,) = left(tmp_path)
    assert name.endswith(".part")
    source = Source(DATA)
    assert read_all(source, tmp_path) == DATA
    assert source.opened == [("test:object", 20_000, '"1"')]


@pytest.mark.parametrize("validator", [None, '"' + "x" * 200 + '"'])
def test_what_could_not_be_gone_on_with_is_not_left(tmp_path: Path, validator: str | None) -> None:
    with contextlib.closing(arrival(Source(DATA, validator=validator), tmp_path)) as found:
        found.read(10)
    assert left(tmp_path) == []


def test_nothing_is_left_that_was_discarded(tmp_path: Path) -> None:
    for whole in (True, False):
        found = arrival(Source(DATA), tmp_path)
        found.read(10)
        if whole:
            found.finish()
        found.discard()
        found.close()
        found.close()
    assert left(tmp_path) == []


def test_of_two_at_once_each_has_its_own(tmp_path: Path) -> None:
    with contextlib.closing(arrival(Source(DATA), tmp_path)) as found:
        found.read(5000)
    first, second = Source(DATA), Source(DATA)
    with contextlib.closing(arrival(first, tmp_path)) as one, contextlib.closing(arrival(second, tmp_path)) as other:
        assert one.path != other.path
        for _ in range(10):
            assert bytes(one.read(2000)) == bytes(other.read(2000))
        one.discard()
        other.discard()
    assert sorted(start for _, start, _ in first.opened + second.opened)[0] == 0
    assert max(start for _, start, _ in first.opened + second.opened) >= 5000
    assert left(tmp_path) == []


@pytest.mark.parametrize("name", ["release-1..part", "release-1.a.part", "release-1.____.part", "release-1.é.part"])
def test_files_that_are_not_ours_are_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"something else")
    assert read_all(Source(DATA), tmp_path) == DATA
    assert left(tmp_path) in ([], [name])


# --- the object changes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("resumes", [True, False])
@pytest.mark.parametrize("other", [content(20_000, 2), DATA[:9000] + content(11_000, 2), DATA[:3000], b"", DATA * 2])
def test_leftover_of_another_object_is_of_no_harm(tmp_path: Path, other: bytes, resumes: bool) -> None:
    with contextlib.closing(arrival(Source(DATA), tmp_path)) as found:
        found.read(10_000)
    source = Source(other, validator='"2"', resumes=resumes)
    assert read_all(source, tmp_path) == other
    assert left(tmp_path) == []


@pytest.mark.parametrize("other", [content(20_000, 2), DATA[:4000], b"", DATA[:5499] + content(20_000, 2)])
def test_object_that_changes_after_some_was_given_out(tmp_path: Path, other: bytes) -> None:
    source = Source(DATA, [6000])
    with contextlib.closing(arrival(source, tmp_path)) as found:
        assert bytes(found.read(5500)) == DATA[:5500]
        source.data, source.validator = other, '"2"'
        with pytest.raises(IntegrityError, match="was replaced by another"):
            found.read(5000)
        found.discard()
    assert left(tmp_path) == []


@given(st.integers(0, 6000), st.integers(0, 20_000), st.integers(1, 5000))
def test_object_that_changes_is_never_mixed(
    tmp_path_factory: pytest.TempPathFactory, taken: int, same: int, piece: int
) -> None:
    folder = tmp_path_factory.mktemp("arrival")
    other = DATA[:same] + content(20_000 - same, 3)
    source = Source(DATA, [6000], piece=piece)
    with contextlib.closing(arrival(source, folder)) as found:
        before = bytes(found.read(taken))
        source.data, source.validator = other, '"2"'
        try:
            after = bytes(found.read(30_000))
        except IntegrityError:
            assert other[:6000] != DATA[:6000]
            return
        assert before + after == (other if len(source.opened) > 1 else DATA)


def test_size_that_does_not_hold(tmp_path: Path) -> None:
    class Liar(Source):
        def open(self, url: str, start: int = 0, validator: str | None = None):
            stream = super().open(url, start, validator)
            stream.size = 30_000
            return stream

    with contextlib.closing(arrival(Liar(DATA), tmp_path)) as found, pytest.raises(Truncated):
        found.read(25_000)


# --- what goes wrong ----------------------------------------------------------------------------------


def test_gives_up_after_so_many_tries(tmp_path: Path) -> None:
    source = Source(DATA, [3000, 0, 0, 0])
    with contextlib.closing(arrival(source, tmp_path)) as found:
        assert bytes(found.read(2000)) == DATA[:2000]
        with pytest.raises(Unavailable):
            found.read(2000)
    assert len(source.opened) == 1 + TRIES - 1
    assert all(stream.closed for stream in source.streams)
    assert len(left(tmp_path)) == 1


@pytest.mark.parametrize("error", [ObjectNotFound("object", "x"), IntegrityError("object")])
def test_what_cannot_get_better_is_told_at_once(tmp_path: Path, error: Exception) -> None:
    source = Source(DATA, refusals=[error])  # type: ignore[list-item]
    with contextlib.closing(arrival(source, tmp_path)) as found, pytest.raises(type(error)):
        found.read(1)
    assert len(source.opened) == 1


def test_expired_address_is_renewed(tmp_path: Path) -> None:
    expired = LinkExpired("the address", "is too old", 403)
    source = Source(DATA, [5000, None], [None, expired, None])
    asked: list[bool] = []

    def address(is_expired: bool) -> str:
        asked.append(is_expired)
        return f"test:{sum(asked)}"

    assert read_all(source, tmp_path, address=address) == DATA
    assert asked == [False, False, True]
    assert source.opened == [("test:0", 0, None), ("test:0", 5000, '"1"'), ("test:1", 5000, '"1"')]


def test_fresh_address_that_is_refused_as_well(tmp_path: Path) -> None:
    expired = [LinkExpired("the address", "is too old", 403) for _ in range(2)]
    source = Source(DATA, refusals=list(expired))
    with contextlib.closing(arrival(source, tmp_path)) as found, pytest.raises(LinkExpired):
        found.read(1)
    assert len(source.opened) == 2


def test_trouble_while_a_fresh_address_is_asked_for(tmp_path: Path) -> None:
    asked: list[bool] = []

    def address(is_expired: bool) -> str:
        asked.append(is_expired)
        if asked == [False, True]:
            raise Unavailable("the hub")
        return "test:object"

    source = Source(DATA, refusals=[LinkExpired("the address", "is too old", 403)])
    assert read_all(source, tmp_path, address=address) == DATA
    assert asked == [False, True, True]


def test_full_disk(device: Callable[..., Path]) -> None:
    folder = device(size="16k")
    with contextlib.closing(arrival(Source(DATA), folder)) as found, pytest.raises(DiskFull) as caught:
        found.finish()
    assert caught.value.path == str(folder)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="permissions do not bind root")
def test_folder_that_may_not_be_written_to(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(NotWritable):
        arrival(Source(DATA), tmp_path / "inside")


def test_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(NotWritable):
        arrival(Source(DATA), tmp_path / "file" / "inside")


def test_large_reads_are_in_pieces_of_what_comes(tmp_path: Path) -> None:
    data = content(3_000_000, 4)
    with contextlib.closing(arrival(Source(data, [1_000_000], piece=100_000), tmp_path)) as found:
        found.skip(2_500_000)
        assert len(found._held) <= 1 << 19
        assert bytes(found.read(500_001)) == data[2_500_000:]
