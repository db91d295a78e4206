"""Geometry on arrays: points, paths, boxes, polygons and run lengths.

Coordinates are pixels with the origin at the top left of the image, x to the right, y down.
Point arrays are float64 of shape (N, 2), read-only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from .arrays import np
from .errors import InvalidInput

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Points = NDArray[np.float64]
else:
    Points = Any


def points(values: ArrayLike) -> Points:
    """Make a read-only float64 array of shape (N, 2).

    Raises:
        InvalidInput: not a list of pairs, or a coordinate is not finite.
    """
    try:
        array = np.array(values, dtype=np.float64)
    except (ValueError, TypeError) as error:
        raise InvalidInput("points", "are not pairs of numbers") from error
    if array.shape == (0,):
        array = array.reshape(0, 2)
    if array.ndim != 2 or array.shape[1] != 2:
        raise InvalidInput(f"points of shape {array.shape}", "are not pairs of x and y")
    if not np.isfinite(array).all():
        raise InvalidInput("points", "hold a coordinate that is not finite")
    array.flags.writeable = False
    return array


def same_paths(one: Sequence[Points], other: Sequence[Points]) -> bool:
    """True if both hold equal arrays in the same order."""
    return len(one) == len(other) and all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def as_paths(values: Iterable[ArrayLike]) -> tuple[Points, ...]:
    """Make each path a read-only array, as `points` does."""
    return tuple(points(path) for path in values)


@attrs.frozen
class Box:
    """Axis-parallel box: left, top, width and height."""

    x: float
    y: float
    w: float
    h: float

    @property
    def area(self) -> float:
        """Width times height."""
        return self.w * self.h

    def corners(self) -> Points:
        """The four corners, clockwise from the top left, shape (4, 2)."""
        right, bottom = self.x + self.w, self.y + self.h
        return points([(self.x, self.y), (right, self.y), (right, bottom), (self.x, bottom)])


def bounding_box(paths: Iterable[Points]) -> Box:
    """Smallest box around all points.

    Raises:
        InvalidInput: there is no point.
    """
    stacked = np.concatenate([np.empty((0, 2)), *paths])
    if not len(stacked):
        raise InvalidInput("a bounding box", "needs at least one point")
    (left, top), (right, bottom) = stacked.min(axis=0).tolist(), stacked.max(axis=0).tolist()
    return Box(left, top, right - left, bottom - top)


def path_area(path: Points) -> float:
    """Area inside one closed path, by the shoelace formula; never negative."""
    if len(path) < 3:
        return 0.0
    x, y = path[:, 0], path[:, 1]
    return abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1)))) / 2


def _same_array(one: Points, other: Points) -> bool:
    return np.array_equal(one, other)


def _whole_numbers(values: ArrayLike) -> NDArray[np.int64]:
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise InvalidInput("run lengths", "are not a flat list") from error
    if array.size and (array.dtype.kind not in "biu" or (array.dtype == np.uint64 and int(array.max()) >= 2**63)):
        raise InvalidInput("run lengths", "hold something that is not a whole number of 63 bits")
    return array.astype(np.int64)


compare_paths: Any = attrs.cmp_using(eq=same_paths)
compare_points: Any = attrs.cmp_using(eq=_same_array)
"""Equality by content, for attrs fields that hold arrays."""


@attrs.frozen
class RunLengths:
    """A label image as (value, run length) pairs in row-major order (reference: V7 Darwin, section 8.3).

    `values` and `lengths` are int64 of shape (N,). Value 0 is background. The runs of a whole image sum
    to width times height.
    """

    values: NDArray[np.int64] = attrs.field(eq=compare_points)
    lengths: NDArray[np.int64] = attrs.field(eq=compare_points)

    @classmethod
    def from_pairs(cls, flat: ArrayLike) -> RunLengths:
        """Read the flat `[value, length, value, length, ...]` list.

        Raises:
            InvalidInput: odd number of entries, or one that is negative or no whole number.
        """
        array = _whole_numbers(flat)
        if array.ndim != 1 or array.size % 2:
            raise InvalidInput("dense_rle", "is not a flat list of (value, run length) pairs")
        if array.size and int(array.min()) < 0:
            raise InvalidInput("dense_rle", "holds a negative number")
        return cls(array[0::2].copy(), array[1::2].copy())

    @classmethod
    def from_labels(cls, labels: NDArray[Any]) -> RunLengths:
        """Encode a label image of shape (H, W), of whole numbers or booleans.

        Raises:
            InvalidInput: a label is negative or no whole number.
        """
        flat = _whole_numbers(labels).ravel()
        if flat.size and int(flat.min()) < 0:
            raise InvalidInput("a label image", "holds a negative label")
        if not flat.size:
            return cls(np.empty(0, np.int64), np.empty(0, np.int64))
        starts = np.concatenate([[0], np.flatnonzero(np.diff(flat)) + 1])
        return cls(flat[starts], np.diff(np.concatenate([starts, [flat.size]])).astype(np.int64))

    def pairs(self) -> list[int]:
        """The flat list again."""
        return np.stack([self.values, self.lengths], axis=1).ravel().tolist()

    @property
    def total(self) -> int:
        """Pixels covered by all runs."""
        # Summed as floats (exact to 2**53): hostile lengths could wrap an integer sum round to the right one.
        return int(self.lengths.sum(dtype=np.float64))

    def labels(self, height: int, width: int) -> NDArray[np.int64]:
        """Decode to a label image of shape (height, width).

        Raises:
            InvalidInput: the runs do not sum to height times width.
        """
        if self.total != height * width:
            raise InvalidInput("dense_rle", f"covers {self.total} pixels, the image has {height * width}")
        return np.repeat(self.values, self.lengths).reshape(height, width)
