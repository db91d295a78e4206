"""Fetching many objects to local files. `HttpSource` is in `.http`, for importing it costs a tenth of a second."""

from __future__ import annotations

from .engine import TransferEngine
from .file import FileSource
from .on_demand import http_source

__all__ = ["FileSource", "TransferEngine", "http_source"]
