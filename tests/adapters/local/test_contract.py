from __future__ import annotations

from collections.abc import Callable

import pytest

from groundtruth.adapters.memory import FakeClock
from groundtruth.testing.hub import ServableHubContract


class TestLocalHub(ServableHubContract):
    many = 2100
    """More than a page of anything, and than a batch of an export."""

    @pytest.fixture
    def later(self, clock: FakeClock) -> Callable[[], None]:
        return lambda: clock.advance(2.0)


def test_no_suite_hides_a_test_of_another() -> None:
    owners: dict[str, str] = {}
    for suite in ServableHubContract.__mro__:
        for name in vars(suite):
            if name.startswith("test_"):
                assert owners.setdefault(name, suite.__name__) == suite.__name__
    assert len(owners) > 100
