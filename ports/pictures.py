"""Pixels of media files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]
    """Red, green and blue, shape (height, width, 3)."""

__all__ = ["PictureReader", "VideoReader"]


class PictureReader(Protocol):
    """Reads still images as a viewer shows them. Safe to use from several threads.

    Always red, green and blue in 8 bits each, so that the pictures of a dataset are of one kind:

    - turned as their EXIF orientation says, because annotations are made on what is shown;
    - grey in all three channels; 16-bit values keep their upper 8 bits, whatever their range;
    - palettes looked up, other colour spaces converted;
    - transparency dropped, colours kept as they are stored;
    - of several frames or pages the first.
    """

    def size(self, path: Path) -> tuple[int, int]:
        """Width and height of what `read` returns, from the header.

        Raises:
            NotReadable: it does not exist or may not be read.
            IntegrityError: it is no picture, or damaged.
            UnsupportedFile: its values have no place in 8 bits (floating point), or it is too large to be decoded.
        """
        ...

    def read(self, path: Path) -> Pixels:
        """Decode; errors as `size`."""
        ...


class VideoReader(Protocol):
    """Reads the frames of videos."""

    def frames(self, video: Path, fps: float | None) -> Iterator[Pixels]:
        """Visible frames in order, turned as the video says; lazy. They are those of `FrameExtractor.extract`.

        Raises:
            MissingExtra: no decoder is installed.
            NotReadable: it does not exist or may not be read.
            IntegrityError: the video cannot be decoded, or has no frames.
        """
        ...
