"""Looking into media files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

import attrs

from ..domain.digest import Digest


@attrs.frozen
class MediaInfo:
    """What a media file says of itself; None where it does not. `fps` in frames per second."""

    width: int | None = None
    height: int | None = None
    fps: float | None = None
    frame_count: int | None = None


class MediaProbe(Protocol):
    """Read the headers of media files."""

    def probe(self, path: Path, name: str) -> MediaInfo:
        """Size (and rate and length) of the file at `path`, whose name is `name`.

        Never raises for content: what cannot be read is None.
        """
        ...


@attrs.frozen
class ExtractedFrame:
    """A frame that was written: file name, size in bytes, modification time in nanoseconds, digest."""

    name: str
    size: int
    mtime_ns: int
    digest: Digest | None = None


class FrameExtractor(Protocol):
    """Make frames of slots: files `0000000.png`, ..., each of which appears whole or not at all.

    A file of that name is replaced.
    """

    def check(self) -> None:
        """Make sure that videos can be decoded.

        Raises:
            MissingExtra: no decoder is installed.
        """
        ...

    def extract(self, video: Path, folder: Path, fps: float | None, first: int = 0) -> Iterator[ExtractedFrame]:
        """Write the visible frames of a video into `folder`, from number `first` on; yield them.

        `fps` None or not below the native rate makes every frame visible.

        Raises:
            MissingExtra: no decoder is installed.
            IntegrityError: the video cannot be decoded, or has no frames.
        """
        ...

    def extract_segment(self, segment: Path, folder: Path, visible: Mapping[int, int]) -> Iterator[ExtractedFrame]:
        """Write frames of a piece of a video into `folder`; yield them.

        `visible`: by position in the piece, number under which to write the frame. Others are left out.

        Raises:
            MissingExtra: no decoder is installed.
            IntegrityError: the piece cannot be decoded, or ends before its last visible frame.
        """
        ...

    def unpack_grey(self, frame: Path) -> ExtractedFrame:
        """Turn a picture whose 16-bit grey values are packed in red (high) and green (low byte) to 8-bit grey.

        One that is grey already is left as it is.

        Raises:
            IntegrityError: it is no picture.
        """
        ...
