"""Files of this machine."""

from .disk import DiskFiles

__all__ = ["DiskFiles"]
