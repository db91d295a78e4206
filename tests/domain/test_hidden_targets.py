from __future__ import annotations

import copy
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from groundtruth.domain.array_dataset import ArrayDataset
from groundtruth.domain.errors import GroundtruthError, HiddenTargets
from groundtruth.domain.subset import Subset
from support.reach import pickled, reachable, secrets_reached
from support.tables import table

ROWS = 40
SECRET = np.random.default_rng(3).normal(size=ROWS) * 1e6
TEXTS = [f"row {i}" for i in range(ROWS)]


def separate() -> ArrayDataset:
    return table({"x": np.arange(float(ROWS)), "s": TEXTS, "y": SECRET.copy(), "z": -SECRET})


def one_block() -> ArrayDataset:
    """Columns that are views of one array, as a data frame has them."""
    block = np.stack([np.arange(float(ROWS)), SECRET, -SECRET], axis=1)
    return table({"x": block[:, 0], "s": TEXTS, "y": block[:, 1], "z": block[:, 2]})


@pytest.fixture(params=[separate, one_block])
def hidden(request: pytest.FixtureRequest) -> Subset:
    make: Callable[[], ArrayDataset] = request.param
    return Subset.of(make(), range(10, 30), ["x", "s"], ["y", "z"], hide_targets=True)


def test_the_search_finds_targets_that_are_shown() -> None:
    shown = Subset.of(separate(), range(10, 30), ["x", "s"], ["y", "z"])
    assert secrets_reached(shown, SECRET)
    assert secrets_reached([{"deep": iter(SECRET.tolist())}], SECRET)
    assert SECRET[12:14].tobytes() in pickled(shown)


def test_nothing_that_can_be_reached_is_a_target(hidden: Subset) -> None:
    for one in (
        hidden,
        copy.copy(hidden),
        copy.deepcopy(hidden),
        hidden[2:],
        hidden.extend_inputs("s"),
        iter(hidden),
    ):
        assert not secrets_reached(one, SECRET)
        assert not secrets_reached(one, -SECRET)


def test_nothing_that_can_be_reached_reads_a_target(hidden: Subset) -> None:
    for one in reachable(hidden):
        for ask in ("read", "row", "get_data", "project", "__getitem__"):
            method = getattr(one, ask, None)
            if method is None or isinstance(one, np.ndarray | str | bytes | tuple | list):
                continue
            for arguments in (("y", slice(None)), ("y", 0), (slice(None), "y"), (["y"],), ("y",), ((0, "y"),)):
                try:
                    answer = method(*arguments)
                except (GroundtruthError, LookupError, TypeError, ValueError, AttributeError):
                    continue
                assert not secrets_reached(answer, SECRET), (one, ask, arguments)


def test_a_pickle_and_a_repr_say_nothing(hidden: Subset) -> None:
    data = pickled(hidden)
    for i in range(ROWS - 1):
        assert SECRET[i : i + 1].tobytes() not in data
        assert str(SECRET[i]) not in repr(hidden)


def test_turning_the_flag_does_not_help(hidden: Subset) -> None:
    for one in (hidden, copy.copy(hidden)):
        object.__setattr__(one, "hide_targets", False)
        with pytest.raises(GroundtruthError):
            one.y  # noqa: B018
        with pytest.raises(GroundtruthError):
            one[0]


def test_neither_the_function_nor_what_it_is_given_leads_to_targets() -> None:
    given: list[Any] = []
    list(Subset.of(one_block(), range(20), ["x", "s"], "y", featurization_fn=given.append, hide_targets=True))
    subset = Subset.of(one_block(), range(20), "x", "y", featurization_fn=given.append, hide_targets=True)
    subset.X  # noqa: B018
    subset[3]
    assert len(given) == 41
    assert not secrets_reached(given, SECRET)


def test_errors_do_not_lead_to_targets(hidden: Subset) -> None:
    def fail(x: Any) -> Any:
        raise ValueError(f"cannot use {x}")

    broken = Subset.of(one_block(), range(20), "x", "y", featurization_fn=fail, hide_targets=True)
    for ask in (lambda: hidden.y, lambda: hidden.columns.read("y", slice(None)), lambda: broken.X, lambda: broken[0]):
        with pytest.raises((HiddenTargets, GroundtruthError, ValueError)) as caught:
            ask()
        told = "".join(traceback.format_exception(caught.value))
        assert not any(str(value) in told for value in SECRET.tolist())
        frames = [frame.f_locals for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
        assert not secrets_reached([{k: v for k, v in one.items() if k != "self"} for one in frames[1:]], SECRET)
