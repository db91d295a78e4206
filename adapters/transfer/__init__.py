"""Fetching many objects to local files. `HttpSource` is in `.http`, for a pull of local files does without it."""

from __future__ import annotations

from .engine import TransferEngine
from .file import FileSource
from .on_demand import OnDemand

__all__ = ["FileSource", "OnDemand", "TransferEngine"]
