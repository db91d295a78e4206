"""Which keys objects can have, and what their names say of their content."""

from __future__ import annotations

import os
from functools import cache
from mimetypes import MimeTypes

from ...domain.errors import InvalidInput

_MEDIA = {
    ".dcm": "application/dicom",
    ".m3u8": "application/vnd.apple.mpegurl",
    ".mkv": "video/x-matroska",
    ".mp4": "video/mp4",
    ".ts": "video/mp2t",
    ".webp": "image/webp",
}


def check_key(key: str) -> None:
    """Refuse what is not the key of one object everywhere.

    Some stores would take `a//b`, `/a` or `a/./b`, but others make `a/b` or `a` of it, which is another object.

    Raises:
        InvalidInput: it is not one.
    """
    printable = not any(ord(letter) < 32 or ord(letter) == 127 for letter in key)
    if not printable or not _encodable(key) or not {"", ".", ".."}.isdisjoint(key.split("/")):
        raise InvalidInput(
            f"storage key {key!r}",
            "cannot be the key of an object",
            "Use names separated by single slashes, without '.', '..' and control characters",
        )
    if os.name == "nt" and {"\\", ":"} & set(key):
        raise InvalidInput(f"storage key {key!r}", "holds a backslash or colon", "Rename the object")


def _encodable(key: str) -> bool:
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True


def content_type(key: str, encoding: str | None) -> str:
    """Media type of an object, by its name. What is stored as gzip has the type of what is packed in it."""
    kind, packed = _types().guess_type(key.rpartition("/")[2], strict=True)
    if packed and not encoding:
        return "application/gzip" if packed == "gzip" else "application/octet-stream"
    return kind or "application/octet-stream"


@cache
def _types() -> MimeTypes:
    types = MimeTypes()  # the same on every machine: not what its registry or /etc/mime.types say
    for suffix, kind in _MEDIA.items():
        types.add_type(kind, suffix)
    return types
