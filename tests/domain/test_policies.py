from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundtruth.domain.errors import InvalidInput
from groundtruth.domain.policies import NO_RETRY, RetryPolicy

policies = st.builds(
    RetryPolicy,
    st.integers(1, 100),
    st.floats(0, 1e6),
    st.floats(0, 1e6),
    st.floats(0, 1),
)
NAN, INFINITY = float("nan"), float("inf")


def test_waits_double_up_to_the_longest() -> None:
    policy = RetryPolicy(max_attempts=9, initial_wait=0.5, max_wait=5.0, jitter=0.0)
    assert [policy.wait(attempt, 0.7) for attempt in range(1, 7)] == [0.5, 1.0, 2.0, 4.0, 5.0, 5.0]


def test_jitter_takes_its_share_away() -> None:
    policy = RetryPolicy(initial_wait=8.0, jitter=0.25)
    assert [policy.wait(1, fraction) for fraction in (0.0, 0.5, 1.0)] == [8.0, 7.0, 6.0]


@pytest.mark.parametrize(
    ("retry_after", "expected"), [(0.0, 0.0), (7.5, 7.5), (1e9, 30.0), (INFINITY, 30.0), (-5.0, 0.0), (NAN, 0.0)]
)
def test_what_the_other_side_asks_for_is_honoured(retry_after: float, expected: float) -> None:
    assert RetryPolicy(max_wait=30.0).wait(1, 0.5, retry_after) == expected


@given(policies, st.integers(1, 10_000), st.floats(0, 1), st.none() | st.floats())
def test_no_wait_is_out_of_bounds(
    policy: RetryPolicy, attempt: int, fraction: float, retry_after: float | None
) -> None:
    assert 0 <= policy.wait(attempt, fraction, retry_after) <= policy.max_wait


@pytest.mark.parametrize(
    "facts",
    [
        {"max_attempts": 0},
        {"initial_wait": -0.1},
        {"max_wait": -1},
        {"jitter": -0.1},
        {"jitter": 1.1},
        {"initial_wait": NAN},
        {"max_wait": NAN},
        {"jitter": NAN},
    ],
)
def test_impossible_policies(facts: dict[str, float]) -> None:
    with pytest.raises(InvalidInput):
        RetryPolicy(**facts)  # type: ignore[arg-type]


def test_no_retry_tries_once() -> None:
    assert NO_RETRY.max_attempts == 1
