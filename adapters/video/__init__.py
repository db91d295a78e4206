"""Cutting videos into frames."""

from .frames import PyAvFrameExtractor
from .reading import PyAvVideoReader

__all__ = ["PyAvFrameExtractor", "PyAvVideoReader"]
