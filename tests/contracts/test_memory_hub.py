from __future__ import annotations

from collections.abc import Callable

import pytest

from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.adapters.memory import FakeClock, MemoryHub
from groundtruth.testing.hub import ServableHubContract


class TestMemoryHub(ServableHubContract):
    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock()

    @pytest.fixture
    def hub(self, clock: FakeClock) -> MemoryHub:
        return MemoryHub(DarwinJsonCodec(), clock)

    @pytest.fixture
    def later(self, clock: FakeClock) -> Callable[[], None]:
        return lambda: clock.advance(2.0)
