"""The embedded hub: one folder with a SQLite catalogue and content-addressed blobs."""

from .hub import LocalHub
from .source import BlobSource

__all__ = ["BlobSource", "LocalHub"]
