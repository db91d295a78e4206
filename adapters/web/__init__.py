"""The web behind `ports.web`. `RequestsWeb` is in `.plain`, for importing it costs a tenth of a second."""

from __future__ import annotations

from .curl import CurlWeb

__all__ = ["CurlWeb"]
