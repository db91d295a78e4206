from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundtruth.adapters.clock import SystemClock
from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.adapters.local import LocalHub
from groundtruth.adapters.media import HeaderProbe
from groundtruth.adapters.memory import MemoryHub
from support.bench import Bench
from support.serving import Serving, serving

_numbers = itertools.count(1)


@pytest.fixture(scope="package", params=["local", "memory"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server for all tests, over each hub. Tests keep apart by their datasets."""
    if request.param == "memory":
        with serving(MemoryHub(DarwinJsonCodec(), SystemClock())) as server:
            yield server
        return
    root: Path = tmp_path_factory.mktemp("served") / "hub"
    hub = LocalHub(root, DarwinJsonCodec(), HeaderProbe(), SystemClock())
    with hub, serving(hub) as server:
        yield server


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[LocalHub]:
    """An empty hub for a server of the test's own."""
    with LocalHub(tmp_path / "hub", DarwinJsonCodec(), HeaderProbe(), SystemClock()) as hub:
        yield hub


@pytest.fixture
def bench(served: Serving) -> Bench:
    """An empty dataset."""
    record = served.post("datasets", {"name": f"set {next(_numbers)}"})
    return Bench(served, record["id"], record["slug"])
