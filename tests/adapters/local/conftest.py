from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from groundtruth.adapters.formats.darwin_json import DarwinJsonCodec
from groundtruth.adapters.local import LocalHub
from groundtruth.adapters.memory import FakeClock
from groundtruth.domain.dataset import Dataset
from groundtruth.ports.media import MediaInfo
from groundtruth.testing.scenario import Workbench


class HeaderProbe:
    """Reads `WxH` and `@FPSxFRAMES` written as text at the end of a file; counts how often it looked."""

    def __init__(self) -> None:
        self.looked = 0

    def probe(self, path: Path, name: str) -> MediaInfo:
        self.looked += 1
        content = b""
        with contextlib.suppress(FileNotFoundError):  # a confirmation of the same upload took it meanwhile
            content = path.read_bytes()
        size, video = re.search(rb"(\d+)x(\d+)", content), re.search(rb"@(\d+)x(\d+)", content)
        return MediaInfo(
            int(size[1]) if size else None,
            int(size[2]) if size else None,
            float(video[1]) if video else None,
            int(video[2]) if video else None,
        )


@pytest.fixture
def clock() -> FakeClock:
    """Starts now, as the times of files do."""
    return FakeClock(datetime.now(UTC).replace(microsecond=0))


@pytest.fixture
def probe() -> HeaderProbe:
    return HeaderProbe()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "hub"


@pytest.fixture
def open_hub(root: Path, probe: HeaderProbe, clock: FakeClock) -> Iterator[Callable[[], LocalHub]]:
    """Opens the same folder again, as another process would."""
    opened: list[LocalHub] = []

    def open_again() -> LocalHub:
        opened.append(LocalHub(root, DarwinJsonCodec(), probe, clock))
        return opened[-1]

    yield open_again
    for hub in opened:
        hub.close()


@pytest.fixture
def hub(open_hub: Callable[[], LocalHub]) -> LocalHub:
    return open_hub()


@pytest.fixture
def bench(hub: LocalHub, tmp_path: Path) -> Workbench:
    return Workbench(hub, tmp_path / "pushed")


@pytest.fixture
def dataset(hub: LocalHub) -> Dataset:
    return hub.create_dataset("example-team", "street-scenes")
