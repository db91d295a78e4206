"""`PyAvFrameExtractor`: visible frames of a video as PNG files."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from ...domain.errors import IntegrityError, MissingExtra, NotReadable
from ...domain.placement import FRAME_PATTERN
from ...ports.media import ExtractedFrame
from .pictures import unpack_grey, write_picture

# A playlist that calls itself a video must not make us read other files or addresses.
_ONLY_THIS_FILE = {"protocol_whitelist": "none"}


def downsampling_step(native: float | None, fps: float | None) -> float:
    """How many frames pass per visible one (reference: V7 Darwin, section 13.1)."""
    return round(max(native / fps, 1.0), 4) if native and fps and fps > 0 else 1.0


@attrs.frozen
class PyAvFrameExtractor:
    """Implements `ports.media.FrameExtractor` with PyAV (extra `video`) and Pillow.

    A video is decoded once, frame after frame. Frames are turned as the video says they are to be shown.
    """

    def check(self) -> None:
        """As `FrameExtractor.check`."""
        _decoder()

    def extract(self, video: Path, folder: Path, fps: float | None, first: int = 0) -> Iterator[ExtractedFrame]:
        """As `FrameExtractor.extract`.

        Raises:
            NotReadable: the video may not be read.
            NotWritable, DiskFull: a frame cannot be written.
        """
        for visible, frame in enumerate(visible_frames(video, fps)):
            if visible >= first:
                yield _write(frame, folder / FRAME_PATTERN.format(visible))

    def extract_segment(self, segment: Path, folder: Path, visible: Mapping[int, int]) -> Iterator[ExtractedFrame]:
        """As `FrameExtractor.extract_segment`; raises as `extract`."""
        last = max(visible, default=-1)
        count = 0
        for number, _, frame in _decoded(segment, None):
            count = number + 1
            if number in visible:
                yield _write(frame, folder / FRAME_PATTERN.format(visible[number]))
            if number >= last:
                return
        if count <= last:
            reason = f"has {count} frames, and frame {last} is to be visible"
            raise IntegrityError(f"video segment {segment}", reason, "Ask the hub to process the video again")

    def unpack_grey(self, frame: Path) -> ExtractedFrame:
        """As `FrameExtractor.unpack_grey`.

        Raises:
            NotWritable, DiskFull: the picture cannot be replaced.
        """
        return unpack_grey(frame)


def visible_frames(video: Path, fps: float | None) -> Iterator[Any]:
    """Visible frames of a video, as PyAV has them; raises as `VideoReader.frames`."""
    visible = 0
    for number, step, frame in _decoded(video, fps):
        if number == math.floor(visible * step):
            yield frame
            visible += 1
    if visible == 0:
        raise IntegrityError(f"video {video}", "has no frames", "Fetch it again")


def shown(frame: Any) -> Any:
    """A frame as Pillow image, turned as the video says."""
    image = frame.to_image()
    return image.rotate(frame.rotation, expand=True) if frame.rotation else image


def _decoder() -> Any:
    try:
        import av
    except ImportError:
        raise MissingExtra("video frames", "video") from None
    return av


def _decoded(video: Path, fps: float | None) -> Iterator[tuple[int, float, Any]]:
    """Frames with their number, and the step between visible ones."""
    av = _decoder()
    try:
        file = video.open("rb")
    except OSError as error:
        raise NotReadable(str(video), f"cannot be read: {error.strerror}") from error
    with file:
        try:
            with av.open(file, "r", options=_ONLY_THIS_FILE, metadata_errors="ignore") as container:
                stream = container.streams.video[0]
                stream.thread_type = "AUTO"
                step = downsampling_step(_native_rate(container, stream), fps)
                for number, frame in enumerate(container.decode(stream)):
                    yield number, step, frame
        except (av.error.FFmpegError, OSError, ValueError, LookupError) as error:
            reason = f"cannot be decoded: {getattr(error, 'strerror', None) or error}"
            raise IntegrityError(f"video {video}", reason, "Fetch it again") from error


def _native_rate(container: Any, stream: Any) -> float | None:
    if stream.average_rate:
        return float(stream.average_rate)
    seconds = container.duration / 1_000_000 if container.duration else 0
    return round(stream.frames / seconds, 2) if stream.frames and seconds else None


def _write(frame: Any, path: Path) -> ExtractedFrame:
    return write_picture(shown(frame), path)
