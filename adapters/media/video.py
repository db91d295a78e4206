"""What the header of a video says, through PyAV if it is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...ports.media import MediaInfo

# A playlist that calls itself a video must not make us read other files or addresses.
_ONLY_THIS_FILE = {"protocol_whitelist": "none"}


def video_info(path: Path) -> MediaInfo | None:
    """Size as shown, frames per second and number of frames; None if it cannot be read as a video.

    The number of frames is what the container says, else duration times rate.
    """
    try:
        import av
        from av.error import FFmpegError
    except ImportError:
        return None
    try:
        with (
            path.open("rb") as file,
            av.open(file, "r", options=_ONLY_THIS_FILE, metadata_errors="ignore") as container,
        ):
            return _info(container)
    except (FFmpegError, OSError, ValueError, LookupError, ArithmeticError):
        return None


def _info(container: Any) -> MediaInfo | None:
    stream = container.streams.video[0]
    rate = stream.average_rate or stream.guessed_rate
    fps = float(rate) if rate else None
    width, height = stream.codec_context.width, stream.codec_context.height
    if not width or not height:
        return None
    count = stream.frames or _estimated_frames(container, stream, fps)
    if _lies_on_its_side(container, stream):
        width, height = height, width
    return MediaInfo(width, height, fps, count)


def _lies_on_its_side(container: Any, stream: Any) -> bool:
    """Phones store pictures as the sensor lies and say how to turn them; the first frame knows."""
    from av.error import FFmpegError

    try:
        frame = next(container.decode(stream), None)
    except (FFmpegError, OSError, ValueError):
        return False  # the frames are damaged, the header is not
    return frame is not None and frame.rotation % 180 == 90


def _estimated_frames(container: Any, stream: Any, fps: float | None) -> int | None:
    if fps is None:
        return None
    if stream.duration:
        return round(float(stream.duration * stream.time_base) * fps)
    return round(container.duration / 1_000_000 * fps) if container.duration else None
