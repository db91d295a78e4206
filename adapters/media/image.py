"""Size of an image, from its header."""

from __future__ import annotations

import struct
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from .jpeg import jpeg_size

# What the readers of Pillow raise over damaged headers; they also warn, which may have been made an error.
_UNREADABLE = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RuntimeError,
    AssertionError, struct.error, Warning,
)  # fmt: skip


_HEAD = 1 << 14
"""Bytes in which the header of most pictures ends."""

_FORMATS = {"PNG": "Png", "JPEG": "Jpeg", "TIFF": "Tiff", "WEBP": "WebP", "BMP": "Bmp", "GIF": "Gif"}


def image_size(path: Path) -> tuple[int, int] | None:
    """Width and height in pixels; None if the file cannot be read as an image."""
    try:
        with open(path, "rb", buffering=0) as file:
            head = file.read(_HEAD)
        return jpeg_size(head) or _size(path, head[:16])
    except _UNREADABLE:
        return None


def _size(path: Path, prefix: bytes) -> tuple[int, int] | None:
    for accept, reader in _readers():
        accepted = accept(prefix)
        # A text says what Pillow lacks to read this format.
        if accepted and not isinstance(accepted, str):
            with open(path, "rb") as file:
                width, height = reader(file, "").size
                return (width, height) if width > 0 and height > 0 else None
    return None


@cache
def _readers() -> list[tuple[Any, Any]]:
    """How to recognise and how to read each format a hub takes: Pillow's readers, asked directly.

    `Image.open` would do the same, but refuses pictures over 180 megapixels, which slide scans are, and that
    limit cannot be lifted without lifting it for the whole process. No pixel is decoded here.
    """
    from PIL import Image

    for module in _FORMATS.values():
        import_module(f"PIL.{module}ImagePlugin")
    readers = (Image.OPEN[name] for name in _FORMATS if name in Image.OPEN)
    return [(accept, reader) for reader, accept in readers if accept is not None]
