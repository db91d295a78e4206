"""Target types: what kind of value a target takes, told by its column (reference: Polaris, section 7.3)."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any, cast

from .arrays import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .columns import Columns

__all__ = ["TargetType", "count_classes", "infer_target_type"]


class TargetType(enum.StrEnum):
    """What kind of value a target takes. The wire of version 1 knows the first three."""

    REGRESSION = "regression"
    CLASSIFICATION = "classification"
    DOCKING = "docking"
    DETECTION = "detection"
    SEGMENTATION = "segmentation"


def infer_target_type(columns: Columns, name: str) -> TargetType | None:
    """Tell the type of a target from its values; None for text, booleans and whatever else is no real number.

    A column with a fractional value is regression; one of whole numbers only, whatever their number and type, is
    classification, also if all are missing.
    """
    kind = columns.dtype(name).kind
    if kind in "iu":
        return TargetType.CLASSIFICATION
    if kind != "f":
        return None
    values = columns.read(name, slice(None))
    return TargetType.REGRESSION if _has_fractions(values[~np.isnan(values)]) else TargetType.CLASSIFICATION


def count_classes(columns: Columns, name: str) -> int:
    """Number of distinct values of a column that are not missing, over all rows."""
    values = columns.read(name, slice(None))
    if values.dtype.kind in "fcmM":
        values = values[~np.isnan(values)]  # of times, too
    if values.dtype == object:
        return len({_key(value) for value in values.tolist() if not _is_missing(value)})
    return len(np.unique(values))


def _has_fractions(values: NDArray[Any]) -> bool:
    # Infinities and numbers beyond 64 bits do not survive the cast, and so are taken for regression.
    with np.errstate(invalid="ignore"):
        return bool((values != values.astype(np.int64)).any())


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float | np.floating) and bool(value != value))


def _key(value: Any) -> Any:
    """A hashable that equal values share, also where the value itself is an array."""
    if not isinstance(value, np.ndarray):
        return value
    array = cast("NDArray[Any]", value)
    return (array.dtype.str, array.shape, array.tobytes())
