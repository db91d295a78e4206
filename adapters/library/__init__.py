"""The local library on disk: pulled datasets, in the layout of the Darwin SDK."""

from .library import FileLibrary

__all__ = ["FileLibrary"]
