from __future__ import annotations

from pathlib import Path

import pytest

from groundtruth.adapters.memory import MemoryLibrary
from support.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(MemoryLibrary(tmp_path / "library"))
