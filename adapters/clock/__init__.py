"""The clock of this machine."""

from __future__ import annotations

from .system import SystemClock

__all__ = ["SystemClock"]
