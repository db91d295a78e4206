"""Split: a partition of a release's items into train, validation and test."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

import attrs

from .arrays import np
from .errors import InvalidInput

PARTITIONS = ("train", "val", "test")


@attrs.frozen
class SplitSizes:
    """How many items each partition gets."""

    train: int
    val: int
    test: int


@attrs.frozen
class Split:
    """Positions of items per partition. Every position occurs once."""

    sizes: SplitSizes
    seed: int
    partitions: Mapping[str, tuple[int, ...]]

    @property
    def id(self) -> str:
        """Folder name of the split: `<train>_<val>_<test>[_s<seed>]` (reference: V7 Darwin, section 12)."""
        name = f"{self.sizes.train}_{self.sizes.val}_{self.sizes.test}"
        return f"{name}_s{self.seed}" if self.seed else name


def split_sizes(count: int, val: float, test: float) -> SplitSizes:
    """Sizes for `count` items: val and test are rounded up, train is the rest (section 12).

    The products are taken exactly, so that 7 % of 100 is 7 and not 8. `val` and `test` are fractions, each
    at least 0; together they are above 0 and below 1.

    Raises:
        InvalidInput: fractions out of range, or too few items to leave one for training.
    """
    if not (0 <= val < 1 and 0 <= test < 1 and 0 < val + test < 1):
        raise InvalidInput(
            f"split fractions val={val} test={test}",
            "are out of range",
            "Give two fractions of at least 0 that sum to more than 0 and less than 1, for example 0.1 and 0.2",
        )
    held_out = [math.ceil(Fraction(str(part)) * count) for part in (val, test)]
    train = count - sum(held_out)
    if train < 1:
        raise InvalidInput(
            f"a split of {count} items", "leaves none for training", "Use smaller fractions or more items"
        )
    return SplitSizes(train, *held_out)


def random_split(count: int, val: float, test: float, seed: int = 0) -> Split:
    """Shuffle `count` positions and cut them into train, val and test.

    The permutation is that of numpy's legacy generator (`RandomState(seed)`, MT19937), whose stream numpy
    keeps frozen: the same seed gives the same split on every machine and as in darwin-py.

    Raises:
        InvalidInput: fractions or seed out of range, too few items.
    """
    if not 0 <= seed < 2**32:
        raise InvalidInput(f"seed {seed}", "is out of range", "Use a whole number from 0 to 4294967295")
    sizes = split_sizes(count, val, test)
    order: list[int] = np.random.RandomState(seed).permutation(count).tolist()
    ends = (sizes.train, sizes.train + sizes.val, count)
    starts = (0, *ends[:-1])
    cuts = [tuple(order[start:end]) for start, end in zip(starts, ends, strict=True)]
    return Split(sizes, seed, dict(zip(PARTITIONS, cuts, strict=True)))


def check_partition(parts: Sequence[Sequence[int]], count: int) -> None:
    """Check that `parts` hold each of `count` positions exactly once.

    Raises:
        InvalidInput: a position is missing, occurs twice or is out of range.
    """
    positions = np.concatenate([np.asarray(part, dtype=np.int64) for part in parts] or [np.empty(0, np.int64)])
    if positions.size != count or not np.array_equal(np.sort(positions), np.arange(count)):
        raise InvalidInput("split", f"does not hold each of the {count} items exactly once")
