"""Darwin JSON: the annotation documents and the metadata of a release (reference: V7 Darwin, sections 8 and 9.6)."""

from __future__ import annotations

from .codec import DarwinJsonCodec

__all__ = ["DarwinJsonCodec"]
