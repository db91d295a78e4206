"""Cutting videos into frames."""

from .frames import PyAvFrameExtractor

__all__ = ["PyAvFrameExtractor"]
