"""Fakes of every port: small real programs that keep everything in memory and can be told to fail.

Every fake has `faults`; see `Faults` for how to make a method fail.
"""

from __future__ import annotations

from .arrays import MemoryArrayFiles
from .benchmarks import MemoryBenchmarkHub
from .clock import FakeClock
from .credentials import MemoryCredentials
from .faults import Faults
from .files import MemoryFiles
from .hub import MemoryHub
from .library import MemoryLibrary
from .media import MemoryFrameExtractor, MemoryProbe, fake_image, fake_video
from .objectstore import MemoryObjectStore
from .pictures import MemoryPictures, MemoryVideos
from .progress import MemoryProgress
from .runner import MemoryRunner
from .source import MemorySource
from .transfer import MemoryTransfer
from .web import MemoryReply, MemoryRequest, MemoryWeb

__all__ = [
    "FakeClock",
    "Faults",
    "MemoryArrayFiles",
    "MemoryBenchmarkHub",
    "MemoryCredentials",
    "MemoryFiles",
    "MemoryFrameExtractor",
    "MemoryHub",
    "MemoryLibrary",
    "MemoryObjectStore",
    "MemoryPictures",
    "MemoryProbe",
    "MemoryProgress",
    "MemoryReply",
    "MemoryRequest",
    "MemoryRunner",
    "MemorySource",
    "MemoryTransfer",
    "MemoryVideos",
    "MemoryWeb",
    "fake_image",
    "fake_video",
]
