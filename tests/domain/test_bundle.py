"""Several small objects in one body: what is packed comes out again, and nothing else does."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.bundle import (
    GIVEN,
    MAX_BUNDLE,
    MAX_CONTENT,
    MAX_LABEL,
    MAX_OBJECT,
    MAX_OBJECTS,
    Frame,
    pack_frames,
    unpack_frames,
)
from groundtruth.domain.errors import IntegrityError, InvalidInput

FRAMES = st.lists(
    st.builds(
        Frame, st.integers(0, 0xFFFF), st.text(st.characters(codec="utf-8"), max_size=40), st.binary(max_size=200)
    ),
    max_size=8,
)


def plain(frames: object) -> list[tuple[int, str, bytes]]:
    return [(frame.status, frame.label, bytes(frame.content)) for frame in frames]  # type: ignore[attr-defined]


@given(FRAMES)
def test_what_is_packed_comes_out(frames: list[Frame]) -> None:
    assert plain(unpack_frames(pack_frames(frames))) == plain(frames)


@given(FRAMES, st.data())
def test_body_that_is_cut_gives_whole_frames_and_an_error(frames: list[Frame], data: st.DataObject) -> None:
    ends, position = {0}, 0
    for frame in frames:
        position += len(pack_frames([frame]))
        ends.add(position)
    cut = data.draw(st.integers(0, position))
    given = unpack_frames(pack_frames(frames)[:cut])
    whole = [next(given) for end in sorted(ends - {0}) if end <= cut]
    assert plain(whole) == plain(frames[: len(whole)])
    if cut in ends:
        assert list(given) == []
    else:
        with pytest.raises(IntegrityError):
            next(given)


@given(st.binary(max_size=300))
def test_any_bytes_are_frames_or_an_error(body: bytes) -> None:
    try:
        frames = list(unpack_frames(body))
    except IntegrityError:
        return
    assert pack_frames(frames) == body


@given(FRAMES.filter(bool), st.integers(0), st.integers(1, 255))
def test_a_wrong_byte_is_never_more_than_wrong_frames(frames: list[Frame], position: int, change: int) -> None:
    body = bytearray(pack_frames(frames))
    body[position % len(body)] ^= change
    try:
        found = list(unpack_frames(bytes(body)))
    except IntegrityError:
        return
    assert sum(len(frame.content) for frame in found) <= len(body)


@pytest.mark.parametrize("size", [1, 1 << 32, (1 << 64) - 1])
def test_sizes_beyond_the_end_are_not_believed(size: int) -> None:
    with pytest.raises(IntegrityError, match="ends in the middle"):
        list(unpack_frames(struct.pack(">HHQ", GIVEN, 0, size)))


def test_long_labels() -> None:
    longest = Frame(GIVEN, "é" * (MAX_LABEL // 2))
    assert plain(unpack_frames(pack_frames([longest]))) == plain([longest])
    with pytest.raises(InvalidInput, match="longer than"):
        pack_frames([Frame(GIVEN, "é" * (MAX_LABEL // 2) + "e")])
    with pytest.raises(IntegrityError, match="label of more than"):
        list(unpack_frames(struct.pack(">HHQ", GIVEN, MAX_LABEL + 1, 0) + bytes(MAX_LABEL + 1)))


def test_labels_that_are_no_text() -> None:
    with pytest.raises(InvalidInput, match="not text that can be sent"):
        pack_frames([Frame(GIVEN, "\ud800")])
    with pytest.raises(IntegrityError, match="not UTF-8"):
        list(unpack_frames(struct.pack(">HHQ", GIVEN, 1, 0) + b"\xff"))


def test_contents_are_views_of_the_body() -> None:
    body = pack_frames([Frame(GIVEN, "", bytes(1000))])
    (frame,) = unpack_frames(body)
    assert isinstance(frame.content, memoryview)
    assert frame.content.obj is body
    assert "content" not in repr(frame)


def test_the_largest_bundle_has_room_for_what_may_be_in_it() -> None:
    assert MAX_CONTENT + MAX_OBJECTS * (MAX_LABEL + 12) <= MAX_BUNDLE
    assert MAX_OBJECT <= MAX_CONTENT
