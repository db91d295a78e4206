"""The library on disk keeps the contract."""

from pathlib import Path

from groundtruth.adapters.clock import SystemClock
from groundtruth.adapters.library import FileLibrary
from groundtruth.ports.library import LocalLibrary
from groundtruth.testing.library import LibraryContract


class TestFileLibrary(LibraryContract):
    def make_library(self, root: Path) -> LocalLibrary:
        return FileLibrary(root, SystemClock())


class TestFileLibraryWithoutCase(LibraryContract):
    """As on a file system that does not tell `A` from `a`."""

    def make_library(self, root: Path) -> LocalLibrary:
        return FileLibrary(root, SystemClock(), case_sensitive=False)
