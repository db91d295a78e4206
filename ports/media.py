"""Looking into media files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import attrs


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
    """A frame that was written: file name, size in bytes, modification time in nanoseconds."""

    name: str
    size: int
    mtime_ns: int


class FrameExtractor(Protocol):
    """Cut a video into frames."""

    def extract(self, video: Path, folder: Path, fps: float | None) -> Iterator[ExtractedFrame]:
        """Write visible frames as `0000000.png`, ... into `folder`, each whole or not at all; yield them.

        `fps` None or not below the native rate keeps every frame.

        Raises:
            MissingExtra: no decoder is installed.
            IntegrityError: the video cannot be decoded.
        """
        ...
