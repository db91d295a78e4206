"""Regression metrics, equal to scikit-learn 1.9 and SciPy 1.17 (reference: Polaris, section 10.1).

`truth` and `predicted` have the same number of rows; rows with missing truth are gone already.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..arrays import np
from ..errors import InvalidInput, InvalidPredictions, UndefinedScore

if TYPE_CHECKING:
    from numpy.typing import NDArray


def mean_absolute_error(truth: NDArray[Any], predicted: NDArray[Any]) -> float:
    """Mean of |t - p|."""
    true, given = _finite_pair(truth, predicted)
    return float(np.abs(given - true).mean(axis=0).mean())


def mean_squared_error(truth: NDArray[Any], predicted: NDArray[Any]) -> float:
    """Mean of (t - p)²."""
    true, given = _finite_pair(truth, predicted)
    return float(np.square(true - given).mean(axis=0).mean())


def r2(truth: NDArray[Any], predicted: NDArray[Any]) -> float:
    """1 - SSres / SStot; NaN for a single row; constant truth gives 1.0 if met exactly, else 0.0."""
    true, given = _finite_pair(truth, predicted)
    if len(true) < 2:
        return math.nan
    return _explained(np.square(true - given).sum(axis=0), _squared_deviations(true).sum(axis=0))


def explained_var(truth: NDArray[Any], predicted: NDArray[Any]) -> float:
    """1 - var(t - p) / var(t); constant truth gives 1.0 if the error is constant, else 0.0."""
    true, given = _finite_pair(truth, predicted)
    return _explained(_squared_deviations(true - given).mean(axis=0), _squared_deviations(true).mean(axis=0))


def _squared_deviations(values: NDArray[Any]) -> NDArray[Any]:
    deviations = values - values.mean(axis=0)
    return np.square(deviations, out=deviations)


def _explained(residual: NDArray[Any], total: NDArray[Any]) -> float:
    residual, total = np.atleast_1d(residual), np.atleast_1d(total)
    scores = (residual == 0).astype(residual.dtype)
    usual = (residual != 0) & (total != 0)
    scores[usual] = 1 - residual[usual] / total[usual]
    return float(scores.mean())


def pearsonr(truth: NDArray[Any], predicted: NDArray[Any]) -> float:
    """Pearson correlation; NaN if one side is constant or not finite, exactly ±1 for two rows."""
    true, given = _numbers(truth, "true values", InvalidInput), _numbers(predicted, "predictions")
    if given.ndim != 1 or true.ndim != 1:
        raise InvalidPredictions("predictions", f"have the shape {given.shape}", "Give one number per row")
    if len(true) < 2:
        raise UndefinedScore("pearsonr", "needs at least 2 rows")
    dtype = np.result_type(true, given)
    x, y = true.astype(dtype, copy=False), given.astype(dtype, copy=False)
    if (x == x[0]).all() or (y == y[0]).all():
        return math.nan
    with np.errstate(all="ignore"):  # infinities end as NaN
        r = float(np.dot(_unit(x), _unit(y)))
    r = min(1.0, max(-1.0, r)) if not math.isnan(r) else r
    return float(round(r)) if len(x) == 2 and not math.isnan(r) else r


def _unit(values: NDArray[Any]) -> NDArray[Any]:
    """Deviations from the mean, scaled to length 1; scaled by the largest first, so that nothing overflows."""
    deviations = values - values.mean()
    largest = np.abs(deviations).max()
    deviations /= largest * np.linalg.norm(deviations / largest)
    return deviations


def spearmanr(truth: NDArray[Any], predicted: NDArray[Any]) -> float:
    """Pearson correlation of average ranks; NaN if a side is constant, holds NaN, or there is one row."""
    true, given = _numbers(truth, "true values", InvalidInput), _numbers(predicted, "predictions")
    true, given = (values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values for values in (true, given))
    if given.ndim != 1 or true.ndim != 1:
        raise InvalidPredictions("predictions", f"have the shape {given.shape}", "Give one number per row")
    if len(true) < 2 or np.isnan(given.max()) or np.isnan(true.max()):
        return math.nan
    first, second = average_ranks(true), average_ranks(given)
    middle = (len(true) + 1) / 2  # mean of the ranks, ties or not
    first -= middle
    second -= middle
    scale = math.sqrt(float(np.dot(first, first)) * float(np.dot(second, second)))
    return float(np.dot(first, second)) / scale if scale else math.nan


def average_ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    """Ranks from 1; equal values share the mean of their ranks."""
    order = np.argsort(values)
    ordered = values[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    ranks = np.empty(values.size, dtype=np.float64)
    if starts.size == values.size:
        ranks[order] = np.arange(1, values.size + 1)
        return ranks
    ends = np.append(starts[1:], values.size)
    ranks[order] = np.repeat((starts + ends + 1) / 2, ends - starts)
    return ranks


def absolute_average_fold_error(truth: NDArray[Any], predicted: NDArray[Any]) -> float:
    """Mean of |p| / |t|; NaN without rows; NaN and infinity in p propagate.

    Predictions as a column (n, 1) are averaged over all pairs of a prediction and a true value: the reference
    does so, and scores on record depend on it.
    """
    true, given = _numbers(truth, "true values", InvalidInput), _numbers(predicted, "predictions")
    if (true == 0).any():
        raise UndefinedScore("absolute_average_fold_error", "is infinite where a true value is 0")
    if not len(true):
        return math.nan
    with np.errstate(all="ignore"):
        if given.ndim == 2 and given.shape[1] == 1 and true.ndim == 1:
            return float(np.abs(given).mean() * (1 / np.abs(true)).mean())
        if given.shape != true.shape:
            raise InvalidPredictions("predictions", f"have the shape {given.shape}, expected {true.shape}")
        return float((np.abs(given) / np.abs(true)).mean())


def _numbers(values: NDArray[Any], what: str, error: type[InvalidInput] = InvalidPredictions) -> NDArray[Any]:
    """Values as float32 or float64. Half precision is widened: its squares overflow.

    Raises:
        error: texts, None, complex numbers or other things.
    """
    if values.dtype.kind == "f":
        return values.astype(np.float64) if values.dtype.itemsize == 2 else values
    if values.dtype.kind in "biu":
        return values.astype(np.float64)
    if values.dtype.kind == "O" and not any(isinstance(value, str | bytes) for value in values.flat):
        try:
            return values.astype(np.float64)
        except (TypeError, ValueError) as cause:
            raise error(what, "hold something that is no number", "Give numbers") from cause
    raise error(what, f"of type {values.dtype} are no numbers", "Give numbers")


def _finite_pair(truth: NDArray[Any], predicted: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both sides as finite floats of one type and shape; a column (n, 1) counts as (n,).

    Two float32 sides are computed in float32, and so is float32 against whole numbers, as scikit-learn does.
    """
    floats = [values.dtype for values in (truth, predicted) if values.dtype.kind == "f"]
    dtype = np.result_type(*floats) if floats else np.dtype(np.float64)
    dtype = np.dtype(np.float64) if dtype.itemsize == 2 else dtype
    true = _numbers(truth, "true values", InvalidInput).astype(dtype, copy=False)
    given = _numbers(predicted, "predictions").astype(dtype, copy=False)
    true, given = (values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values for values in (true, given))
    if not len(true):
        raise UndefinedScore("true values", "are none, at least one is needed")
    if true.shape != given.shape or true.ndim > 2:
        raise InvalidPredictions("predictions", f"have the shape {given.shape}, expected {true.shape}")
    _check_finite(true, "true values", InvalidInput)
    _check_finite(given, "predictions", InvalidPredictions)
    return true, given


def _check_finite(values: NDArray[Any], what: str, error: type[InvalidInput]) -> None:
    with np.errstate(all="ignore"):
        if np.isfinite(values.sum()):  # one sum finds nearly every bad value without a second array
            return
    if not np.isfinite(values).all():
        kind = "NaN" if np.isnan(values).any() else "infinity"
        raise error(what, f"hold {kind}", "Give finite numbers")
