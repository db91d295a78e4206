"""IndexSet: which rows of a dataset belong to a part of a split (reference: Polaris, section 7.6)."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import attrs

from .arrays import np
from .errors import InvalidInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["HIGHEST_INDEX", "IndexSet", "whole_numbers"]

HIGHEST_INDEX = 2**32 - 1


@attrs.frozen(eq=False, repr=False)
class IndexSet:
    """Row positions, ascending, each once.

    `values` is a read-only uint32 array. `serialized` holds the bytes the set was read from, where it was: they are
    written back as they were, because another spelling of the same set has another digest.
    """

    values: NDArray[np.uint32]
    serialized: bytes | None = None

    def __attrs_post_init__(self) -> None:
        values = self.values
        if values.dtype != np.uint32 or values.ndim != 1 or bool((values[1:] <= values[:-1]).any()):
            raise InvalidInput("index set", "is not an ascending array of uint32", "Use IndexSet.of")
        if values.flags.writeable:
            frozen = values.view()
            frozen.flags.writeable = False
            object.__setattr__(self, "values", frozen)

    @classmethod
    def of(cls, indices: Iterable[int] | NDArray[Any]) -> IndexSet:
        """Make a set of indices in any order; duplicates vanish. Integral floats are accepted.

        Raises:
            InvalidInput: not whole numbers from 0 to 4294967295.
        """
        if isinstance(indices, IndexSet):
            return indices
        numbers = whole_numbers(indices, "index set")
        if numbers.size and not 0 <= int(numbers.min()) <= int(numbers.max()) <= HIGHEST_INDEX:
            outside = numbers.min() if numbers.min() < 0 else numbers.max()
            raise InvalidInput("index set", f"holds {outside}", f"Indices go from 0 to {HIGHEST_INDEX}")
        ordered = np.sort(numbers.astype(np.uint32))
        return cls(ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])] if ordered.size else ordered)

    @property
    def positions(self) -> NDArray[np.intp]:
        """The rows as an array that numpy indexes with."""
        return self.values.astype(np.intp)

    @property
    def highest(self) -> int | None:
        """Largest index; None if the set is empty."""
        return int(self.values[-1]) if self.values.size else None

    def isdisjoint(self, other: IndexSet) -> bool:
        """True if no row is in both."""
        return np.intersect1d(self.values, other.values, assume_unique=True).size == 0

    def __len__(self) -> int:
        return len(self.values)

    def __iter__(self) -> Iterator[int]:
        return iter(self.values.tolist())

    def __contains__(self, index: object) -> bool:
        try:
            number = operator.index(index)  # pyright: ignore[reportArgumentType]
        except TypeError:
            return False
        if not 0 <= number <= HIGHEST_INDEX:
            return False
        place = int(np.searchsorted(self.values, np.uint32(number)))
        return place < len(self.values) and int(self.values[place]) == number

    def __eq__(self, other: object) -> bool:
        return np.array_equal(self.values, other.values) if isinstance(other, IndexSet) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.values.tobytes())

    def __repr__(self) -> str:
        return f"IndexSet({len(self.values)} indices up to {self.highest})" if self.values.size else "IndexSet(empty)"


def whole_numbers(numbers: Iterable[Any] | NDArray[Any], what: str) -> NDArray[np.int64]:
    """Return numbers as a new one-dimensional int64 array; `what` names them in errors.

    Integral floats are accepted, as from JSON written by others; booleans are not.

    Raises:
        InvalidInput: something else than whole numbers of 64 bits.
    """
    if isinstance(numbers, str | bytes):
        raise InvalidInput(what, "is a text, not a list of numbers")
    try:
        given = np.asarray(numbers if isinstance(numbers, np.ndarray | list | tuple) else list(numbers))  # pyright: ignore[reportUnknownArgumentType]
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(what, f"is no list of whole numbers: {error}") from None
    if given.size == 0 and given.ndim == 1:
        return np.empty(0, dtype=np.int64)
    if given.ndim != 1 or given.dtype.kind not in "iuf":
        raise InvalidInput(what, f"holds {given.dtype} of shape {given.shape}, not a list of whole numbers")
    if given.dtype.kind == "f":
        # The bounds come first: a float beyond them has no int64.
        bounded = np.abs(given) < 2**63
        if not bool((bounded & (given == np.floor(np.where(bounded, given, 0)))).all()):
            raise InvalidInput(what, "holds numbers that are not whole")
    elif given.dtype == np.uint64 and int(given.max()) > np.iinfo(np.int64).max:
        raise InvalidInput(what, f"holds {given.max()}, which is too large")
    return given.astype(np.int64)
