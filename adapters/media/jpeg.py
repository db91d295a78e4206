"""Size of an ordinary JPEG, from its first bytes: Pillow takes ten times as long, and most pictures are such."""

from __future__ import annotations

from struct import Struct

_BEGINNING = b"\xff\xd8\xff"
_FRAMES = {0xC0, 0xC1, 0xC2}
"""Markers of frames: baseline, extended, progressive."""
_SCAN = 0xDA
_SEGMENTS = {0xC4, 0xCC, 0xDB, 0xDD, *range(0xE0, 0xF0), 0xFE}
"""Markers of what may be passed over: tables, applications' own, comments."""
_FRAME = Struct(">BHHB")
_LENGTH = Struct(">H")


def jpeg_size(head: bytes) -> tuple[int, int] | None:
    """Width and height in pixels, if `head` reaches to the first scan and nothing in it is unusual; else None."""
    if not head.startswith(_BEGINNING):
        return None
    size: tuple[int, int] | None = None
    position, end = 2, len(head) - 2 - _LENGTH.size - _FRAME.size
    while position <= end and head[position] == 0xFF:
        marker = head[position + 1]
        if marker == _SCAN:
            return size
        (length,) = _LENGTH.unpack_from(head, position + 2)
        if marker in _FRAMES:
            bits, height, width, layers = _FRAME.unpack_from(head, position + 4)
            if bits != 8 or layers not in {1, 3, 4} or not width or not height:
                return None
            size = width, height
        elif marker not in _SEGMENTS or length < 2:
            return None
        position += 2 + length
    return None
