"""Index sets in the portable Roaring format."""

from __future__ import annotations

from .codec import RoaringCodec

__all__ = ["RoaringCodec"]
