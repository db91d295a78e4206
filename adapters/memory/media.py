"""Media formats made up for tests: an image or a video is one line of text that says what it is."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import attrs

from ...domain.digest import Digest
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
    """Cuts fake videos into fake images. Grey values are packed in an image whose note begins with `packed`."""

    faults: Faults = attrs.field(factory=Faults, init=False)

    def check(self) -> None:
        """Nothing is needed to decode fake videos."""
        self.faults.check("check")

    def extract(self, video: Path, folder: Path, fps: float | None, first: int = 0) -> Iterator[ExtractedFrame]:
        """Write visible frames into `folder`, from number `first` on."""
        self.faults.check("extract", video, folder, fps)
        info = _video(video)
        step = round(max(info.fps / fps, 1.0), 4) if fps else 1.0
        for position in range(first, info.frame_count):
            if math.floor(position * step) < info.frame_count:
                yield self._frame(info, video, math.floor(position * step), folder, position)

    def extract_segment(self, segment: Path, folder: Path, visible: Mapping[int, int]) -> Iterator[ExtractedFrame]:
        """Write frames of a piece of a video into `folder`."""
        self.faults.check("extract_segment", segment, folder, visible)
        info = _video(segment)
        for source in range(info.frame_count):
            if source in visible:
                yield self._frame(info, segment, source, folder, visible[source])
        if any(source >= info.frame_count for source in visible):
            raise IntegrityError(str(segment), "ends before its last visible frame")

    def unpack_grey(self, frame: Path) -> ExtractedFrame:
        """Turn a packed fake image into a grey one."""
        self.faults.check("unpack_grey", frame)
        data = frame.read_bytes()
        info = media_info(data)
        if info.width is None or info.height is None:
            raise IntegrityError(str(frame), "is no picture")
        if b", packed" in data:
            return _write_whole(frame, fake_image(info.width, info.height, "grey"))
        return _described(frame, data)

    def _frame(self, info: _Video, video: Path, source: int, folder: Path, number: int) -> ExtractedFrame:
        self.faults.check("frame", video, number)
        data = fake_image(info.width, info.height, f"frame {source} of {video.name}")
        return _write_whole(folder / f"{number:07d}.png", data)


@attrs.frozen
class _Video:
    width: int
    height: int
    fps: float
    frame_count: int


def _video(path: Path) -> _Video:
    info = media_info(path.read_bytes()) if path.is_file() else MediaInfo()
    if info.width is None or info.height is None or info.fps is None or info.frame_count is None:
        raise IntegrityError(str(path), "is not a video that can be decoded")
    return _Video(info.width, info.height, info.fps, info.frame_count)


def _write_whole(target: Path, data: bytes) -> ExtractedFrame:
    partial = target.with_name(f".{target.name}.part")
    partial.write_bytes(data)
    partial.replace(target)
    return _described(target, data)


def _described(target: Path, data: bytes) -> ExtractedFrame:
    status = target.stat()
    return ExtractedFrame(target.name, status.st_size, status.st_mtime_ns, Digest(hashlib.sha256(data).hexdigest()))
