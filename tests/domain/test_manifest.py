from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain import manifest as module
from groundtruth.domain.errors import InvalidDocument
from groundtruth.domain.manifest import FrameManifest


def read(*manifests: bytes) -> FrameManifest:
    made = FrameManifest()
    for number, data in enumerate(manifests):
        made.read(data.splitlines(keepends=True), f"manifest {number}")
    return made


def test_visible_frames_are_numbered_over_all_segments() -> None:
    made = read(b"0:0:1:0.0\n1:0:0:0.2\n2:0:1:0.4\r\n\n", b"0:1:0:1.0\n1:1:1:1.2")
    assert list(made.segments()) == [{0: 0, 2: 1}, {1: 2}]
    assert (made.segment_count, made.visible) == (2, 3)


def test_segments_stand_in_the_order_in_which_they_are_named() -> None:
    made = read(b"0:7:1:0\n0:3:1:0\n1:7:1:0\n")
    assert list(made.segments()) == [{0: 0, 1: 2}, {0: 1}]


def test_frames_that_are_not_named_are_hidden() -> None:
    assert list(read(b"3:0:1:0\n1:0:1:0\n").segments()) == [{1: 1, 3: 0}]


@pytest.mark.parametrize(
    ("data", "where"),
    [
        (b"", "is empty"),
        (b"0:0:1:0.0\n1:0:1\n", "line 2"),
        (b"0:0:1:0.0:4\n", "line 1"),
        (b"a:0:1:0.0\n", "line 1"),
        (b"0:0:1:now\n", "line 1"),
        (b"0:0:yes:0\n", "line 1"),
        (b"-1:0:1:0\n", "line 1"),
        (b"0:0:1:0\n0:0:1:0\n", "frame 0 of segment 0 again"),
        (b"99999999999:0:1:0\n", "which no video has"),
        (b"<html><body>", "line 1"),
    ],
)
def test_what_is_no_manifest_is_refused(data: bytes, where: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        read(data)
    assert where in str(caught.value)
    assert "manifest 0" in str(caught.value)


def test_the_number_of_frames_is_bounded_over_all_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FRAMES", 10)
    read(b"4:0:1:0\n4:1:1:0\n")
    with pytest.raises(InvalidDocument):
        read(b"4:0:1:0\n4:1:1:0\n0:2:0:0\n")


@given(st.lists(st.lists(st.booleans(), min_size=1, max_size=9), max_size=5), st.integers(1, 4))
def test_every_visible_frame_has_its_number(segments: list[list[bool]], pieces: int) -> None:
    lines = [
        f"{frame}:{segment}:{int(visible)}:{frame / 10}\n".encode()
        for segment, frames in enumerate(segments)
        for frame, visible in enumerate(frames)
    ]
    chunks = [lines[start : start + pieces] for start in range(0, len(lines), pieces)]
    made = FrameManifest()
    for chunk in chunks:
        made.read(chunk, "m")
    flags = [visible for frames in segments for visible in frames]
    found = [index for segment in made.segments() for index in segment.values()]
    assert found == list(range(sum(flags))) and made.visible == sum(flags)
    assert [sorted(segment) for segment in made.segments()] == [
        [frame for frame, visible in enumerate(frames) if visible] for frames in segments
    ]
