from __future__ import annotations

from datetime import UTC, datetime

import pytest

from groundtruth.adapters.memory import FakeClock, MemoryBenchmarkHub
from groundtruth.domain.artifact import ArtifactId, ArtifactKind
from groundtruth.domain.errors import Unavailable
from groundtruth.ports.benchmarks import ServableBenchmarkHub
from groundtruth.testing.benchmark_scenario import OpenHub
from groundtruth.testing.benchmarks import BenchmarkHubContract
from groundtruth.testing.competitions import CompetitionContract


class Opens:
    @pytest.fixture
    def now(self) -> datetime:
        return datetime(2026, 3, 5, 12, 0, tzinfo=UTC)

    @pytest.fixture
    def open_hub(self, now: datetime) -> OpenHub:
        return MemoryBenchmarkHub(None, FakeClock(now)).as_actor

    def damage(self, hub: ServableBenchmarkHub, kind: ArtifactKind, identity: ArtifactId) -> None:
        assert isinstance(hub, MemoryBenchmarkHub)
        hub.damage(kind, identity)


class TestMemoryBenchmarkHub(Opens, BenchmarkHubContract):
    def test_fails_when_told_to(self, open_hub: OpenHub) -> None:
        hub = open_hub("example-team")
        assert isinstance(hub, MemoryBenchmarkHub)
        hub.faults.fail("list_datasets", Unavailable("the hub", status=503))
        with pytest.raises(Unavailable):
            hub.list_datasets()
        assert hub.list_datasets().total == 0


class TestMemoryCompetitions(Opens, CompetitionContract):
    pass
