"""Predictions: what a model says about the test rows, brought into one normal form.

The normal form is `{test set: {target: array}}`, the first axis of every array being the rows of the test set
(reference: Polaris, sections 9.1 and 9.2). Values are not judged here: what can be scored is known by the metric.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

import attrs

from .arrays import np
from .columns import object_array
from .errors import InvalidPredictions

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Predictions"]

_SCALARS = (bool, int, float, complex, str, bytes)


@attrs.frozen(eq=False, repr=False, kw_only=True)
class Predictions:
    """Predictions in normal form; make them with `Predictions.of`.

    `values[test set][target]` has `test_set_sizes[test set]` rows: 1-D for numbers and class labels, rows x classes
    for class probabilities, objects for what is neither number nor text (detections, molecules).
    """

    values: Mapping[str, Mapping[str, NDArray[Any]]]
    target_labels: tuple[str, ...]
    test_set_labels: tuple[str, ...]
    test_set_sizes: Mapping[str, int]

    @classmethod
    def of(
        cls,
        predictions: object,
        target_labels: Iterable[str],
        test_set_labels: Iterable[str],
        test_set_sizes: Mapping[str, int],
    ) -> Predictions:
        """Bring any accepted shape into normal form.

        Accepted besides the normal form itself: one array (one target, one test set), a dict by test set (one
        target), a dict by target (one test set). An array may be a list, tuple, set, generator or a series.

        Raises:
            InvalidPredictions: keys, lengths or shapes are not what targets and test sets ask for.
        """
        targets, tests = _distinct(target_labels, "target"), _distinct(test_set_labels, "test set")
        nested = _nested(predictions, targets, tests)
        values: dict[str, Mapping[str, NDArray[Any]]] = {}
        for test in tests:
            if test not in test_set_sizes:
                raise InvalidPredictions(
                    f"predictions for test set '{test}'", "have no size to be checked with", test_set=test
                )
            arrays = {target: _column(nested[test][target], test, target, test_set_sizes[test]) for target in targets}
            values[test] = MappingProxyType(arrays)
        return cls(
            values=MappingProxyType(values),
            target_labels=targets,
            test_set_labels=tests,
            test_set_sizes=MappingProxyType(dict(test_set_sizes)),
        )

    def __len__(self) -> int:
        """Count the predicted values: rows of all test sets, times targets."""
        return sum(self.test_set_sizes[test] for test in self.test_set_labels) * len(self.target_labels)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{test}: {self.test_set_sizes[test]}" for test in self.test_set_labels)
        return f"Predictions(targets={', '.join(self.target_labels)}; rows={{{sizes}}})"

    # A view is what was given: a pickle or copy of it must not depend on mapping proxies, which neither can make.
    def __reduce__(self) -> tuple[Any, ...]:
        nested = {test: dict(arrays) for test, arrays in self.values.items()}
        return (Predictions.of, (nested, self.target_labels, self.test_set_labels, dict(self.test_set_sizes)))

    def array(self, test_set: str, target: str) -> NDArray[Any]:
        """Return the predictions of one target on one test set."""
        try:
            return self.values[test_set][target]
        except KeyError:
            raise InvalidPredictions(
                "predictions", f"hold nothing for target '{target}' of test set '{test_set}'",
                test_set=test_set, target=target,
            ) from None  # fmt: skip

    def subset(self, test_sets: Iterable[str] | None = None, targets: Iterable[str] | None = None) -> Predictions:
        """Narrow to some test sets and targets; None keeps all."""
        tests = self.test_set_labels if test_sets is None else tuple(test_sets)
        kept = self.target_labels if targets is None else tuple(targets)
        nested = {test: {target: self.array(test, target) for target in kept} for test in tests}
        return Predictions.of(nested, kept, tests, {test: self.test_set_sizes[test] for test in tests})

    def flatten(self) -> NDArray[Any]:
        """Return the only array there is.

        Raises:
            InvalidPredictions: there are several targets or test sets.
        """
        if len(self.target_labels) != 1 or len(self.test_set_labels) != 1:
            raise InvalidPredictions("predictions", f"hold several arrays: {self!r}", "Take a subset of them first")
        return self.array(self.test_set_labels[0], self.target_labels[0])

    def as_lists(self) -> dict[str, dict[str, list[Any]]]:
        """Return the normal form with lists in place of arrays, as JSON has it (NaN stays NaN)."""
        return {
            test: {target: cast("list[Any]", array.tolist()) for target, array in arrays.items()}
            for test, arrays in self.values.items()
        }

    def check_dtypes(self, dtypes: Mapping[str, np.dtype[Any]]) -> None:
        """Refuse arrays whose type is not that of the dataset's column (reference: Polaris, section 9.4).

        Raises:
            InvalidPredictions: names test set, target and both types.
        """
        for test, arrays in self.values.items():
            for target, array in arrays.items():
                if target in dtypes and array.dtype != dtypes[target]:
                    raise InvalidPredictions(
                        _named(test, target), f"are {array.dtype}, the dataset's column is {dtypes[target]}",
                        "Convert them to the type of the column", test_set=test, target=target,
                    )  # fmt: skip


def _named(test: str, target: str) -> str:
    return f"predictions for target '{target}' of test set '{test}'"


def _distinct(labels: Iterable[str], what: str) -> tuple[str, ...]:
    listed = tuple(labels)
    for label in listed:
        if listed.count(label) > 1:
            raise InvalidPredictions("predictions", f"are for a {what} that is listed twice: '{label}'")
    return listed


def _nested(predictions: object, targets: tuple[str, ...], tests: tuple[str, ...]) -> Mapping[str, Mapping[str, Any]]:
    """Find out which of the accepted shapes it is; arrays are not looked at yet."""
    if _is_full(predictions, targets, tests):
        return cast("Mapping[str, Mapping[str, Any]]", predictions)
    if len(targets) > 1 and len(tests) > 1:
        return _by_level(predictions, tests, "test set", targets)
    if len(targets) == 1 and len(tests) == 1:
        if isinstance(predictions, Mapping):
            keys = _listed(cast("Mapping[Any, Any]", predictions))
            raise InvalidPredictions(
                "predictions", f"are a dict with the keys {keys}, expected one array (one target, one test set)",
                f"Give the array itself, or {{'{tests[0]}': {{'{targets[0]}': array}}}}",
                test_set=tests[0], target=targets[0],
            )  # fmt: skip
        return {tests[0]: {targets[0]: predictions}}
    if len(targets) == 1:
        by_test = _by_level(predictions, tests, "test set", ())
        return {test: {targets[0]: by_test[test]} for test in tests}
    by_target = _by_level(predictions, targets, "target", ())
    return dict.fromkeys(tests, by_target)


def _is_full(predictions: object, targets: tuple[str, ...], tests: tuple[str, ...]) -> bool:
    if not isinstance(predictions, Mapping):
        return False
    outer = cast("Mapping[Any, Any]", predictions)
    return _same(outer, tests) and all(
        isinstance(inner, Mapping) and _same(cast("Mapping[Any, Any]", inner), targets) for inner in outer.values()
    )


def _by_level(predictions: object, keys: tuple[str, ...], what: str, inner: tuple[str, ...]) -> Mapping[str, Any]:
    """Return a dict of arrays whose keys are exactly `keys`; with `inner`, say why it is not in normal form."""
    expected = f"a dict with exactly the {what}s {_listed(keys)} as keys"
    if inner:
        expected += f" and, in each, a dict with exactly the targets {_listed(inner)}"
    if not isinstance(predictions, Mapping):
        raise InvalidPredictions("predictions", f"are {type(predictions).__name__}, expected {expected}")
    given = cast("Mapping[str, Any]", predictions)
    if not _same(given, keys):
        raise InvalidPredictions("predictions", f"have the keys {_listed(given)}, expected {expected}")
    for key, value in given.items():
        named = {"test_set" if what == "test set" else "target": key}
        found = _listed(cast("Mapping[Any, Any]", value)) if isinstance(value, Mapping) else None
        if inner and found is None:
            raise InvalidPredictions(f"predictions for {what} '{key}'", f"are no dict, expected {expected}", **named)
        if inner and not _same(cast("Mapping[Any, Any]", value), inner):
            reason = f"have the keys {found}, expected {_listed(inner)}"
            raise InvalidPredictions(f"predictions for {what} '{key}'", reason, **named)
        if not inner and found is not None:
            reason = f"are a dict with the keys {found}, expected an array"
            advice = "Nest all of them by test set and target, or none"
            raise InvalidPredictions(f"predictions for {what} '{key}'", reason, advice, **named)
    return given


def _same(given: Collection[Any], keys: tuple[str, ...]) -> bool:
    return len(given) == len(keys) and all(key in given for key in keys)


def _listed(keys: Iterable[Any]) -> str:
    return ", ".join(repr(key) for key in keys) or "none"


def _column(raw: object, test: str, target: str, size: int) -> NDArray[Any]:
    """Make an array of `size` rows; a read-only view where one was given, so that a result cannot change under us."""
    what = _named(test, target)
    array = _array(raw, what, test, target)
    if not array.ndim:
        raise InvalidPredictions(
            what, f"are a single {type(raw).__name__}, expected {size} rows", test_set=test, target=target
        )
    if len(array) != size:
        raise InvalidPredictions(
            what, f"have {len(array)} rows, expected {size}", "Predict every row of the test set, in its order",
            test_set=test, target=target,
        )  # fmt: skip
    array = array.view()
    array.flags.writeable = False
    return array


def _array(raw: Any, what: str, test: str, target: str) -> NDArray[Any]:
    if isinstance(raw, np.ndarray):
        return cast("NDArray[Any]", raw)
    if raw is None or isinstance(raw, (*_SCALARS, Mapping)):
        raise InvalidPredictions(
            what, f"are {type(cast(object, raw)).__name__}, expected an array", test_set=test, target=target
        )
    if hasattr(raw, "__array__"):
        return np.asarray(raw)
    try:
        listed: list[Any] = list(raw)
    except TypeError:
        raise InvalidPredictions(
            what, f"are {type(raw).__name__}, expected an array", test_set=test, target=target
        ) from None
    if any(not _is_plain(value) for value in listed):
        return object_array(listed)  # numpy would look into what only resembles a sequence
    try:
        return np.array(listed)
    except ValueError:
        if all(isinstance(value, np.ndarray) for value in listed):  # as many objects in each image as there are
            return object_array(listed)
        raise InvalidPredictions(
            what, "have rows of different lengths", "Give each row the same number of values",
            test_set=test, target=target,
        ) from None  # fmt: skip


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, (*_SCALARS, list, tuple, np.generic, np.ndarray))
