"""Painting: which pixels lie inside closed paths, and label images made of them.

A pixel belongs to a path if its centre lies inside, by the even-odd rule; pixel (row 0, column 0) has its centre at
(0.5, 0.5). Two areas that share an edge therefore never share a pixel, nor leave one out between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from .arrays import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .geometry import Points

__all__ = ["Window", "inside", "paint"]

_FARTHEST = 1e9
"""Pixels from the origin; what lies beyond is drawn there, so that no coordinate overflows."""


@attrs.frozen(eq=False)
class Window:
    """Pixels inside something: `mask` (rows, columns) of bool, whose first pixel is at `top`, `left` of the image."""

    top: int
    left: int
    mask: NDArray[np.bool_]

    def of(self, image: NDArray[Any]) -> NDArray[Any]:
        """The part of an image that the window is on: a view."""
        height, width = self.mask.shape
        return image[self.top : self.top + height, self.left : self.left + width]


def inside(paths: Sequence[Points], height: int, width: int) -> Window:
    """Pixels of an image inside closed paths (n, 2), by the even-odd rule: a path inside another is a hole.

    Time and memory follow the area of the box around the paths, as far as it lies in the image.
    """
    row, column = _crossings(paths, height, width)
    if not row.size:
        return Window(0, 0, np.zeros((0, 0), dtype=bool))
    top, left = int(row.min()), int(column.min())
    rows, columns = int(row.max()) - top + 1, int(column.max()) - left + 1
    # The number of crossings left of a pixel, of which only the last bit counts.
    times = np.zeros((rows, columns), dtype=np.uint8)
    np.add.at(times, (row - top, column - left), 1)
    np.add.accumulate(times, axis=1, out=times)
    return Window(top, left, (times[:, :-1] & 1).astype(bool))


def _crossings(paths: Sequence[Points], height: int, width: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where edges cross the middle of rows: the row, and the first column whose middle lies right of the crossing."""
    starts = np.clip(np.concatenate([np.empty((0, 2)), *paths]), -_FARTHEST, _FARTHEST)
    ends = np.clip(
        np.concatenate([np.empty((0, 2)), *(np.roll(one, -1, axis=0) for one in paths)]), -_FARTHEST, _FARTHEST
    )
    upper = np.where((starts[:, 1] <= ends[:, 1])[:, None], starts, ends)
    lower = np.where((starts[:, 1] <= ends[:, 1])[:, None], ends, starts)
    # Half-open: a row whose middle is at the upper end of an edge is crossed, at the lower end not.
    first = np.clip(np.ceil(upper[:, 1] - 0.5), 0, height).astype(np.int64)
    count = np.clip(np.ceil(lower[:, 1] - 0.5), 0, height).astype(np.int64) - first
    edge = np.repeat(np.arange(len(count)), count)
    row = np.arange(edge.size) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    down = (row + 0.5 - upper[edge, 1]) / (lower[edge, 1] - upper[edge, 1])
    across = upper[edge, 0] + down * (lower[edge, 0] - upper[edge, 0])
    return row, np.clip(np.ceil(across - 0.5), 0, width).astype(np.int64)


def paint(areas: Iterable[tuple[int, Window]], height: int, width: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Label image (height, width) with each area in its number, later ones above earlier ones, 0 elsewhere."""
    image = np.zeros((height, width), dtype=dtype)
    for label, window in areas:
        window.of(image)[window.mask] = label
    return image
