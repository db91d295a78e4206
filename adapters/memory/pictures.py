"""Pixels of fake media: every picture has one colour, which follows from its content."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from ...domain.arrays import np
from ...domain.errors import IntegrityError, NotReadable
from ...ports.media import MediaInfo
from .faults import Faults
from .media import media_info


@attrs.define
class MemoryPictures:
    """Reads fake images from disk."""

    faults: Faults = attrs.field(factory=Faults, init=False)

    def size(self, path: Path) -> tuple[int, int]:
        """Width and height."""
        self.faults.check("size", path)
        info = _info(path)
        if info.width is None or info.height is None or info.frame_count is not None:
            raise IntegrityError(str(path), "is no picture")
        return info.width, info.height

    def read(self, path: Path) -> Any:
        """Pixels."""
        self.faults.check("read", path)
        return _plain(*self.size(path), path.read_bytes())


@attrs.define
class MemoryVideos:
    """Reads fake videos from disk."""

    faults: Faults = attrs.field(factory=Faults, init=False)

    def frames(self, video: Path, fps: float | None) -> Iterator[Any]:
        """Visible frames."""
        self.faults.check("frames", video, fps)
        info = _info(video)
        if info.width is None or info.height is None or info.fps is None or not info.frame_count:
            raise IntegrityError(str(video), "is not a video that can be decoded")
        step = round(max(info.fps / fps, 1.0), 4) if fps else 1.0
        for visible in range(info.frame_count):
            source = math.floor(visible * step)
            if source < info.frame_count:
                yield _plain(info.width, info.height, video.read_bytes() + bytes([source % 256]))


def _info(path: Path) -> MediaInfo:
    try:
        return media_info(path.read_bytes())
    except OSError as error:
        raise NotReadable(str(path), f"cannot be read: {error.strerror}") from error


def _plain(width: int, height: int, content: bytes) -> Any:
    colour = np.frombuffer(hashlib.sha256(content).digest()[:3], dtype=np.uint8)
    return np.broadcast_to(colour, (height, width, 3)).copy()
