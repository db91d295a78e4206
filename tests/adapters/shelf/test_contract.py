from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from groundtruth.adapters.shelf import ShelfHub
from groundtruth.domain.array_dataset import ArrayDataset
from groundtruth.domain.artifact import ArtifactId, ArtifactKind
from groundtruth.ports.benchmarks import ServableBenchmarkHub
from groundtruth.testing.benchmark_scenario import OpenHub
from groundtruth.testing.benchmarks import BenchmarkHubContract
from groundtruth.testing.competitions import CompetitionContract


class Opens:
    @pytest.fixture
    def open_hub(self, open_hub: OpenHub) -> OpenHub:
        return open_hub

    @pytest.fixture
    def now(self, now: datetime) -> datetime:
        return now

    @pytest.fixture
    def pictures(self, pictures: ArrayDataset) -> ArrayDataset:
        return pictures

    def damage(self, hub: ServableBenchmarkHub, kind: ArtifactKind, identity: ArtifactId) -> None:
        assert isinstance(hub, ShelfHub)
        files = [path for path in (hub.root / kind / str(identity)).rglob("*") if is_data(path)]
        path = max(files, key=lambda path: path.stat().st_size)
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)


def is_data(path: Path) -> bool:
    return path.is_file() and not path.name.startswith(".") and path.suffix != ".json"


class TestShelf(Opens, BenchmarkHubContract):
    pass


class TestCompetitions(Opens, CompetitionContract):
    pass
