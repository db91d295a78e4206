"""`PyAvVideoReader`: visible frames of a video as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from ...domain.arrays import np
from .frames import shown, visible_frames


@attrs.frozen
class PyAvVideoReader:
    """Implements `ports.pictures.VideoReader` with PyAV (extra `video`); pixels are those of extracted frames."""

    def frames(self, video: Path, fps: float | None) -> Iterator[Any]:
        """As `VideoReader.frames`."""
        for frame in visible_frames(video, fps):
            yield np.array(shown(frame).convert("RGB"), dtype=np.uint8)
