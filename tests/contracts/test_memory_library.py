from __future__ import annotations

from pathlib import Path

from groundtruth.adapters.memory import MemoryLibrary
from groundtruth.testing.library import LibraryContract


class TestMemoryLibrary(LibraryContract):
    def make_library(self, root: Path) -> MemoryLibrary:
        return MemoryLibrary(root)
