"""Frame manifests: which frames of a long video are visible (reference: V7 Darwin, section 7.5).

A line is `<frame in segment>:<segment>:<1 if visible else 0>:<timestamp>`. Visible frames are numbered over the
whole video, in the order of the lines.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator

import attrs

from .errors import InvalidDocument

MOST_FRAMES = 16_000_000
"""Frames a video may have: three days at 60 per second, in 64 MB."""

_HIDDEN = -1


@attrs.define
class FrameManifest:
    """The visible frames of a video, segment by segment, in the order in which its manifests name the segments."""

    visible: int = attrs.field(default=0, init=False)
    _segments: dict[int, array[int]] = attrs.field(factory=dict[int, "array[int]"], init=False, repr=False)
    _frames: int = attrs.field(default=0, init=False)

    def read(self, lines: Iterable[bytes], source: str) -> None:
        """Take in a manifest that continues those before; `source` names it.

        Raises:
            InvalidDocument: it is empty, or a line is not one of a manifest.
        """
        number = 0
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    self._add(line)
                except ValueError as error:
                    raise _invalid(source, f"line {number}", str(error)) from None
        if number == 0:
            raise _invalid(source, "$", "is empty")

    def segments(self) -> Iterator[dict[int, int]]:
        """Of each segment, by number of a frame in it, which visible frame of the video that is."""
        for frames in self._segments.values():
            yield {frame: index for frame, index in enumerate(frames) if index != _HIDDEN}

    @property
    def segment_count(self) -> int:
        """Number of segments the manifests name."""
        return len(self._segments)

    def _add(self, line: bytes) -> None:
        fields = line.split(b":")
        if len(fields) != 4:
            raise ValueError("is not '<frame>:<segment>:<visible>:<timestamp>'")
        frame, segment, visible = int(fields[0]), int(fields[1]), int(fields[2])
        float(fields[3])
        frames = self._segments.setdefault(segment, array("i"))
        gap = frame - len(frames)
        self._frames += max(gap + 1, 0)
        if frame < 0 or self._frames > MOST_FRAMES:
            raise ValueError(f"names frame {frame}, which no video has")
        if gap >= 0:
            frames.extend([_HIDDEN] * (gap + 1))
        if visible:
            if frames[frame] != _HIDDEN:
                raise ValueError(f"names frame {frame} of segment {segment} again")
            frames[frame] = self.visible
            self.visible += 1


def _invalid(source: str, location: str, reason: str) -> InvalidDocument:
    return InvalidDocument("frame manifest", reason, "Ask the hub to process the video again", source, location)
