"""Devices that refuse."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mount a small file system: `device(size="1m")`; `freeze(path)` forbids writing, `grow(path, size)` is that."""
    mounted: list[Path] = []

    def mount(name: str = "device", size: str = "1m") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        _mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder)
        mounted.append(folder)
        return folder

    mount.freeze = lambda folder: _mount("-o", "remount,ro", folder)  # type: ignore[attr-defined]
    mount.grow = lambda folder, size: _mount("-o", f"remount,size={size}", folder)  # type: ignore[attr-defined]
    yield mount
    for folder in mounted:
        subprocess.run(["umount", folder], check=True)


def _mount(*arguments: object) -> None:
    if sys.platform != "linux":
        pytest.skip("needs a small file system, which only Linux mounts here")
    done = subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"needs the right to mount a small file system: {done.stderr.strip()}")
