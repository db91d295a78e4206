from __future__ import annotations

from typing import Any

import pytest

from groundtruth.adapters.arrays.files import LocalArrayFiles
from groundtruth.adapters.memory.arrays import MemoryArrayFiles
from groundtruth.testing.arrays import ArrayFilesContract


class TestLocalArrayFiles(ArrayFilesContract):
    @pytest.fixture(autouse=True)
    def _codec(self, codec: Any) -> None:
        self.codec = codec

    def make_files(self) -> LocalArrayFiles:
        return LocalArrayFiles(self.codec)


class TestMemoryArrayFiles(ArrayFilesContract):
    def make_files(self) -> MemoryArrayFiles:
        return MemoryArrayFiles()
