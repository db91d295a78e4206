"""Looking into media files."""

from .pictures import PillowPictures
from .probe import HeaderProbe

__all__ = ["HeaderProbe", "PillowPictures"]
