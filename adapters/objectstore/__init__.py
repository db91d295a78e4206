"""Objects in external storages. `obstore`, which speaks to the clouds, is imported when a bucket is first used."""

from __future__ import annotations

from .objects import ObstoreObjects

__all__ = ["ObstoreObjects"]
