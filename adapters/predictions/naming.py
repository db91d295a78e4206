"""Which array is of which target and test set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...domain.errors import InvalidPredictions
from ...domain.predictions import Predictions
from ...ports.prediction_files import Wanted

if TYPE_CHECKING:
    from numpy.typing import NDArray

Nested = dict[str, dict[str, "NDArray[Any]"]]


def listed(names: Iterable[object]) -> str:
    """Names for a message."""
    return ", ".join(f"'{name}'" for name in names) or "none"


def by_name(arrays: Mapping[str, Any], wanted: Wanted, path: Path) -> Any:
    """Nest arrays that are named `<test set>/<target>`, by target or by test set; the only one may have any name.

    Raises:
        InvalidPredictions: names that are none of these, or some are missing.
    """
    single = len(wanted.targets) == 1 and len(wanted.rows) == 1
    if single and len(arrays) == 1:
        return next(iter(arrays.values()))
    full = {f"{test}/{target}": (test, target) for test in wanted.rows for target in wanted.targets}
    for expected in (list(full), list(wanted.targets), list(wanted.rows)):
        if set(arrays) == set(expected):
            break
    else:
        raise InvalidPredictions(f"file {path}", f"holds the arrays {listed(arrays)}", f"Name them {listed(full)}")
    if set(arrays) == set(full):
        nested: dict[str, dict[str, Any]] = {test: {} for test in wanted.rows}
        for name, (test, target) in full.items():
            nested[test][target] = arrays[name]
        return nested
    if single:
        return next(iter(arrays.values()))
    return dict(arrays)


def in_normal_form(given: Any, wanted: Wanted, path: Path) -> Nested:
    """Bring what a file holds into normal form, numbers where numbers are wanted.

    Raises:
        InvalidPredictions: keys, lengths or types are not what is wanted; names the file.
    """
    try:
        forms = Predictions.of(given, wanted.targets, wanted.rows, wanted.sizes)
    except InvalidPredictions as error:
        raise InvalidPredictions(
            f"file {path}: {error.what}", error.reason, error.advice, error.test_set, error.target
        ) from error
    for test, arrays in forms.values.items():
        for target, array in arrays.items():
            _check_numbers(array, test, target, wanted, path)
    return {test: dict(arrays) for test, arrays in forms.values.items()}


def _check_numbers(array: NDArray[Any], test: str, target: str, wanted: Wanted, path: Path) -> None:
    if target in wanted.text_targets:
        return
    where = f"file {path}: predictions for target '{target}' of test set '{test}'"
    if array.dtype.kind in "UTS":
        row, value = next(((i, one) for i, one in enumerate(array.ravel().tolist()) if not is_number(one)), (0, ""))
        row //= max(1, array.size // max(1, len(array)))
        raise InvalidPredictions(
            where, f"are text, not numbers: {value!r:.40} in row {row}", "Write numbers", test, target
        )
    if array.dtype.kind not in "biufO":
        raise InvalidPredictions(where, f"are {array.dtype}, not numbers", "Write numbers", test, target)


def is_number(value: object) -> bool:
    """Tell whether a text is a number."""
    try:
        float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return True
