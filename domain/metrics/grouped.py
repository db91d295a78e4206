"""Groups: rows that share a key, and one score out of theirs (reference: Polaris, section 10.3)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from ..arrays import np
from ..errors import InvalidInput
from .rows import ScoredRows
from .spec import Aggregation, GroupedConfig, OnError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def group_rows(keys: NDArray[Any]) -> list[tuple[Any, NDArray[np.intp]]]:
    """Each key with the positions of its rows, keys ascending; rows whose key is missing belong nowhere."""
    if keys.dtype.kind in "OT":
        values = keys.tolist()
        there = [not (value is None or value != value) for value in values]
        found = {value for value, kept in zip(values, there, strict=True) if kept}
        ordered = _ascending(found)
        places = {value: place for place, value in enumerate(ordered)}
        codes = np.array([places[value] if kept else -1 for value, kept in zip(values, there, strict=True)], np.intp)
    else:
        distinct, codes = np.unique(keys, return_inverse=True)
        codes = np.where(keys == keys, codes, -1)  # NaN differs from itself
        ordered = distinct.tolist()
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(ordered) + 1))
    pieces = ((key, order[starts[place] : starts[place + 1]]) for place, key in enumerate(ordered))
    return [(key, rows) for key, rows in pieces if rows.size]


def _ascending(keys: Iterable[Any]) -> list[Any]:
    try:
        return sorted(keys)
    except TypeError:  # texts and numbers in one column
        return sorted(keys, key=lambda key: (type(key).__name__, str(key)))


def group_scores(
    label: str,
    config: GroupedConfig,
    rows: ScoredRows,
    groups: Iterable[NDArray[np.intp]],
    nan_is_error: bool = False,
) -> Iterator[float | None]:
    """Score of each group; None for one that is left out.

    A NaN score is a score, as in the reference, unless `nan_is_error`: then `on_error` decides about it too.

    Raises:
        InvalidInput: a group cannot be scored and `on_error` is `raise`.
    """
    for positions in groups:
        try:
            score = rows.score(label, positions)
            if nan_is_error and math.isnan(score):
                raise InvalidInput(f"metric '{label}'", "is undefined for a group")
        except InvalidInput:
            if config.on_error is OnError.RAISE:
                raise
            score = config.default if config.on_error is OnError.DEFAULT else None
        yield score


def aggregate(scores: Iterable[float | None], aggregation: Aggregation) -> float:
    """Mean or median of the scores; NaN if there is none or one of them is NaN."""
    kept = np.array([score for score in scores if score is not None], dtype=np.float64)
    if not kept.size:
        return math.nan
    return float(kept.mean() if aggregation is Aggregation.MEAN else np.median(kept))
