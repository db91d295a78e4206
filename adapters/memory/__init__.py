"""Fakes of every port: small real programs that keep everything in memory and can be told to fail.

Every fake has `faults`; see `Faults` for how to make a method fail.
"""

from __future__ import annotations

from .clock import FakeClock
from .credentials import MemoryCredentials
from .faults import Faults
from .files import MemoryFiles
from .hub import MemoryHub
from .library import MemoryLibrary
from .media import MemoryFrameExtractor, MemoryProbe, fake_image, fake_video
from .objectstore import MemoryObjectStore
from .progress import MemoryProgress
from .runner import MemoryRunner
from .source import MemorySource
from .transfer import MemoryTransfer
from .web import MemoryReply, MemoryRequest, MemoryWeb

__all__ = [
    "FakeClock",
    "Faults",
    "MemoryCredentials",
    "MemoryFiles",
    "MemoryFrameExtractor",
    "MemoryHub",
    "MemoryLibrary",
    "MemoryObjectStore",
    "MemoryProbe",
    "MemoryProgress",
    "MemoryReply",
    "MemoryRequest",
    "MemoryRunner",
    "MemorySource",
    "MemoryTransfer",
    "MemoryWeb",
    "fake_image",
    "fake_video",
]
