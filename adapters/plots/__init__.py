"""Charts drawn with matplotlib."""

from .draw import MatplotlibPlotter

__all__ = ["MatplotlibPlotter"]
