"""Media formats made up for tests: an image or a video is one line of text that says what it is."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from pathlib import Path

import attrs

from ...domain.errors import IntegrityError
from ...ports.media import ExtractedFrame, MediaInfo
from .faults import Faults

_IMAGE = re.compile(rb"groundtruth fake image (\d+) x (\d+)(?:, [^\n]*)?\n")
_VIDEO = re.compile(rb"groundtruth fake video (\d+) x (\d+), (\d+) frames at (\d+(?:\.\d+)?) per second\n")


def fake_image(width: int, height: int, note: str = "") -> bytes:
    """Content of a fake image; a note makes it differ from others of its size."""
    return f"groundtruth fake image {width} x {height}{f', {note}' if note else ''}\n".encode()


def fake_video(width: int, height: int, frame_count: int, fps: float) -> bytes:
    """Content of a fake video."""
    return f"groundtruth fake video {width} x {height}, {frame_count} frames at {fps} per second\n".encode()


def media_info(data: bytes) -> MediaInfo:
    """What fake media say of themselves; nothing for other content."""
    if image := _IMAGE.fullmatch(data):
        return MediaInfo(int(image[1]), int(image[2]))
    if video := _VIDEO.fullmatch(data):
        return MediaInfo(int(video[1]), int(video[2]), float(video[4]), int(video[3]))
    return MediaInfo()


@attrs.define
class MemoryProbe:
    """Probe of fake media on disk. `known` gives the answer for files of other kinds by name."""

    known: dict[str, MediaInfo] = attrs.field(factory=dict[str, MediaInfo])
    faults: Faults = attrs.field(factory=Faults, init=False)

    def probe(self, path: Path, name: str) -> MediaInfo:
        """What the file says of itself."""
        self.faults.check("probe", path, name)
        if name in self.known:
            return self.known[name]
        return media_info(path.read_bytes()) if path.is_file() else MediaInfo()


@attrs.define
class MemoryFrameExtractor:
    """Cuts fake videos into fake images."""

    faults: Faults = attrs.field(factory=Faults, init=False)

    def extract(self, video: Path, folder: Path, fps: float | None) -> Iterator[ExtractedFrame]:
        """Write visible frames into `folder`; frames that are there are kept."""
        self.faults.check("extract", video, folder, fps)
        info = media_info(video.read_bytes()) if video.is_file() else MediaInfo()
        if info.width is None or info.height is None or info.fps is None or info.frame_count is None:
            raise IntegrityError(str(video), "is not a video that can be decoded")
        step = round(max(info.fps / fps, 1.0), 4) if fps else 1.0
        for position in range(info.frame_count):
            source = math.floor(position * step)
            if source >= info.frame_count:
                return
            self.faults.check("frame", video, position)
            target = folder / f"{position:07d}.png"
            if not target.exists():
                _write_whole(target, fake_image(info.width, info.height, f"frame {source} of {video.name}"))
            status = target.stat()
            yield ExtractedFrame(target.name, status.st_size, status.st_mtime_ns)


def _write_whole(target: Path, data: bytes) -> None:
    partial = target.with_name(f".{target.name}.part")
    partial.write_bytes(data)
    partial.replace(target)
