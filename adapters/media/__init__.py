"""Looking into media files."""

from .probe import HeaderProbe

__all__ = ["HeaderProbe"]
