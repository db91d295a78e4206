"""Runners: where independent pieces of work are done."""

from __future__ import annotations

from .inline import InlineRunner
from .threads import ThreadRunner

__all__ = ["InlineRunner", "ThreadRunner"]
