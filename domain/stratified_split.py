"""Stratified split: every class has its share on both sides, also where an item has several classes.

Iterative stratification: Sechidis, Tsoumakas, Vlahavas, "On the Stratification of Multi-Label Data", 2011.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .arrays import np
from .errors import InvalidInput
from .split import Split, split_sizes

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["stratified_split"]

_TRAIN, _TEST = 0, 1


def stratified_split(has_class: NDArray[np.bool_], test: float, seed: int = 0) -> Split:
    """Divide items into train and test, `test` being a fraction; the sizes are those of a random split.

    `has_class` (items, classes) tells which classes an item has. The rarest class is dealt out first, each of its
    items to the side that still wants most of that class; a class of one item is trained on. Items without a class
    fill up what is left. The same seed gives the same split.

    Raises:
        InvalidInput: fraction or seed out of range, too few items.
    """
    if not 0 <= seed < 2**32:
        raise InvalidInput(f"seed {seed}", "is out of range", "Use a whole number from 0 to 4294967295")
    count = len(has_class)
    sizes = split_sizes(count, 0, test)
    order = np.random.RandomState(seed).permutation(count)
    sides = _deal(has_class[order], np.array([sizes.train, sizes.test]))
    parts = [tuple(order[sides == side].tolist()) for side in (_TRAIN, _TEST)]
    return Split(sizes, seed, {"train": parts[_TRAIN], "val": (), "test": parts[_TEST]})


def _deal(has_class: NDArray[np.bool_], room: NDArray[np.int64]) -> NDArray[np.int64]:
    """Side of each item; as many on each side as there is `room`."""
    sides = np.full(len(has_class), -1)
    left = has_class.sum(axis=0)
    wanted: NDArray[np.float64] = (room / len(has_class))[:, None] * left
    while left.any():
        rarest = int(np.argmin(np.where(left > 0, left, len(has_class) + 1)))
        for item in np.flatnonzero(has_class[:, rarest] & (sides < 0)).tolist():
            side = _side(wanted[:, rarest], room)
            sides[item] = side
            room[side] -= 1
            wanted[side] -= has_class[item]
            left -= has_class[item]
    rest = np.flatnonzero(sides < 0)
    sides[rest[: room[_TRAIN]]] = _TRAIN
    sides[rest[room[_TRAIN] :]] = _TEST
    return sides


def _side(wanted: NDArray[np.float64], room: NDArray[np.int64]) -> int:
    """The side that wants most and has room; of equals the one with more room, then training."""
    return max((side for side in (_TRAIN, _TEST) if room[side]), key=lambda side: (wanted[side], room[side], -side))
