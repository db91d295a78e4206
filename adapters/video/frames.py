"""`PyAvFrameExtractor`: visible frames of a video as PNG files."""

from __future__ import annotations

import errno
import math
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from ...domain.errors import DiskFull, IntegrityError, MissingExtra, NotReadable, NotWritable, StorageError
from ...domain.placement import FRAME_PATTERN
from ...ports.media import ExtractedFrame

# A playlist that calls itself a video must not make us read other files or addresses.
_ONLY_THIS_FILE = {"protocol_whitelist": "none"}

# Frames are written once and read a few times; the default level takes three times as long for a tenth of the size.
_COMPRESSION = 1


def downsampling_step(native: float | None, fps: float | None) -> float:
    """How many frames pass per visible one (reference: V7 Darwin, section 13.1)."""
    return round(max(native / fps, 1.0), 4) if native and fps and fps > 0 else 1.0


@attrs.frozen
class PyAvFrameExtractor:
    """Implements `ports.media.FrameExtractor` with PyAV (extra `video`).

    The video is decoded once. Frames that are there are kept: they appear whole or not at all, so what has the
    name is the frame. Frames are turned as the video says they are to be shown.
    """

    def extract(self, video: Path, folder: Path, fps: float | None) -> Iterator[ExtractedFrame]:
        """As `FrameExtractor.extract`.

        Raises:
            NotReadable: the video may not be read.
            NotWritable, DiskFull: a frame cannot be written.
        """
        visible = 0
        for number, step, frame in _decoded(video, fps):
            if number == math.floor(visible * step):
                yield _written(frame, folder / FRAME_PATTERN.format(visible))
                visible += 1
        if visible == 0:
            raise IntegrityError(f"video {video}", "has no frames", "Fetch it again")


def _decoded(video: Path, fps: float | None) -> Iterator[tuple[int, float, Any]]:
    """Frames with their number, and the step between visible ones."""
    try:
        import av
        from av.error import FFmpegError
    except ImportError:
        raise MissingExtra("video frames", "video") from None
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
        except (FFmpegError, OSError, ValueError, LookupError) as error:
            raise IntegrityError(f"video {video}", f"cannot be decoded: {error}", "Fetch it again") from error


def _native_rate(container: Any, stream: Any) -> float | None:
    if stream.average_rate:
        return float(stream.average_rate)
    seconds = container.duration / 1_000_000 if container.duration else 0
    return round(stream.frames / seconds, 2) if stream.frames and seconds else None


def _written(frame: Any, path: Path) -> ExtractedFrame:
    try:
        if not path.exists():
            _write(frame, path)
        status = path.stat()
    except OSError as error:
        raise _storage_error(error, path) from error
    return ExtractedFrame(path.name, status.st_size, status.st_mtime_ns)


def _write(frame: Any, path: Path) -> None:
    image = frame.to_image()
    if frame.rotation:
        image = image.rotate(frame.rotation, expand=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.tmp")
    try:
        image.save(temporary, format="PNG", compress_level=_COMPRESSION)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _storage_error(error: OSError, path: Path) -> StorageError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return DiskFull(str(path), "no room is left on the device", "Make room, then run the command again")
    return NotWritable(str(path), f"cannot be written: {error.strerror or error}", "Check that you may write to it")
