"""Hashing folders, and manifests of what is in them."""

from __future__ import annotations

from .manifest import ParquetManifests
from .tree import LocalTreeHasher

__all__ = ["LocalTreeHasher", "ParquetManifests"]
