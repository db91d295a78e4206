"""Fixtures of the tests that run the real program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from support.program import Program


@pytest.fixture
def program(tmp_path: Path) -> Program:
    folder = tmp_path / "work"
    folder.mkdir()
    return Program(tmp_path / "home", folder)


@pytest.fixture
def pictures(tmp_path: Path) -> Callable[..., Path]:
    """Make a folder of small, distinct pictures: `pictures(5)` or `pictures(names=[...])`."""

    def make(count: int = 0, names: list[str] | None = None, folder: str = "pictures") -> Path:
        root = tmp_path / folder
        for position, name in enumerate(names or [f"img{number:05d}.png" for number in range(count)]):
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            color = (position % 256, position // 256 % 256, 7)
            Image.new("RGB", (8, 6), color).save(path, format="PNG")
        return root

    return make
